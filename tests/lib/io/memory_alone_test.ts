import { join } from "@std/path";
import { assert, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

/** Runs a way of the program in a process of its own, as memory belongs to the whole of it. */
async function measure(way: string, folder: string): Promise<{ result: number; mebibytes: number }> {
  const program = new URL("./_memory_program.ts", import.meta.url).pathname, path = join(folder, way);
  const run = async (...more: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", program, way, path, ...more],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  await run("prepare");
  return JSON.parse(await run());
}

Deno.test("what a decoder of a whole file holds is what its reader says", async () => {
  const program = new URL("./_held_program.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", program],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.length, 10);
  for (const { name, says, mebibytes } of lines) { // 32 MiB are less than one copy more would take
    assert(mebibytes <= says + 32, `${name}: ${mebibytes} MiB, ${says} said`);
  }
  // What is refused on the way may be refused long before its most is held, and what an earlier reader let go of may be used
  // again: least is only asked of all together.
  const sum = (key: string) => lines.reduce((total, line) => total + line[key], 0);
  assert(sum("mebibytes") >= sum("says") / 4, `${sum("mebibytes")} MiB in all, ${sum("says")} said`);
});

Deno.test("readers hold no more than they say: 410 MB of HDF5, 800 MB of ROOT, a gzip of FITS beyond its limit", () =>
  withFolder(async (folder) => {
    // What is added to an empty process: the library, 500 rows twice (16 MiB), a cache of 64 MiB, and what one batch lets
    // go of while it is read.
    const hdf5 = await measure("hdf5", folder);
    assertEquals(hdf5.result, 25_000);
    assert(hdf5.mebibytes < 200, `HDF5: ${hdf5.mebibytes} MiB`);
    const root = await measure("root", folder);
    assertEquals(root.result, 2_000_000);
    assert(root.mebibytes < 200, `ROOT: ${root.mebibytes} MiB`);
    const fits = await measure("fits", folder); // refused at 64 MiB of the 256 that it unpacks to
    assertEquals(fits.result, -1);
    assert(fits.mebibytes < 200, `FITS: ${fits.mebibytes} MiB`);
  }));
