// Not counted: it starts many threads.
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { join } from "@std/path";
import { decodeNpy } from "../../../../lib/io/npy.ts";
import { LENSES_TRUTH_HEADER, writeLenses } from "../../../../lib/simulate/lenses/set.ts";
import { withFolder } from "../../../folder.ts";

Deno.test("writeLenses() reproduces the one real sample's statistics", () =>
  withFolder(async (folder) => {
    const { comparison } = await writeLenses(folder, { lenses: 100, others: 1 }, { seed: 1 });
    const off = comparison!.filter(({ published, simulated, tolerance }) =>
      !(Math.abs(simulated - published) <= tolerance)
    );
    assertEquals(off, []);
    assertEquals(comparison!.length, 27);
  }));

Deno.test("writeLenses() writes the same bytes whatever the number of threads, in the document's shape", () =>
  withFolder(async (folder) => {
    for (const workers of [1, 3]) {
      const { files, events } = await writeLenses(
        join(folder, String(workers)),
        { lenses: 3, others: 36 },
        { seed: 6, workers },
      );
      assertEquals(events, 39);
      assertEquals(files.map((file) => file.split("/").at(-1)), ["lenses.npy", "other.npy", "truth.csv"]);
    }
    for (const [name, count] of [["lenses.npy", 3], ["other.npy", 36]] as const) {
      const bytes = await Deno.readFile(join(folder, "1", name));
      assertEquals(bytes, await Deno.readFile(join(folder, "3", name)));
      const { shape, dtype } = decodeNpy(bytes);
      assertEquals([shape, dtype], [[count, 100, 100, 3], "f4"]);
    }
    const truth = (await Deno.readTextFile(join(folder, "1", "truth.csv"))).split("\n");
    assertEquals([truth.length, truth[0] + "\n"], [41, LENSES_TRUTH_HEADER]);
    assert(truth[3].startsWith("lenses.npy,2,lens,") && truth[4].startsWith("other.npy,0,"));
  }));

Deno.test("writeLenses() refuses to overwrite and numbers that make no set, and leaves nothing when stopped", () =>
  withFolder(async (folder) => {
    for (const lenses of [0, 2.5, 1_000_001]) {
      await assertRejects(() => writeLenses(folder, { lenses }, { seed: 1 }), RangeError, `got ${lenses}`);
    }
    const stop = new AbortController();
    await assertRejects(
      () =>
        writeLenses(folder, { lenses: 2, others: 400 }, {
          seed: 1,
          workers: 1,
          signal: stop.signal,
          onProgress: (done) => done > 2 && stop.abort(new Error("enough")),
        }),
      Error,
      "enough",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
    await Deno.writeTextFile(join(folder, "other.npy"), "");
    await assertRejects(
      () => writeLenses(folder, {}, { seed: 1 }),
      Deno.errors.AlreadyExists,
      "other.npy",
    );
  }));
