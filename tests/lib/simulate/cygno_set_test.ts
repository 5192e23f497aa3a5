// Not counted: it starts many threads.
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { join } from "@std/path";
import { decodePng } from "../../../lib/io/png.ts";
import { type SetSettings, simulateSet, TRUTH_HEADER, writeSet } from "../../../lib/simulate/cygno_set.ts";
import { listZip, openZipFile } from "../../../lib/io/zip.ts";

async function collect(settings: SetSettings, workers: number) {
  const out = [];
  for await (const event of simulateSet(settings, { workers })) out.push(event);
  return out;
}

Deno.test("simulateSet() gives the same bytes whatever the number of workers", async () => {
  const settings = { events: 9, seed: 4, energiesKeV: [1, 20] };
  const [one, three] = [await collect(settings, 1), await collect(settings, 3)];
  assertEquals(one, three);
  const { data, height, width } = decodePng(one[3].png);
  assertEquals([height, width, data.length], [576, 576, 576 * 576]);
});

Deno.test("simulateSet() names events by run, kind and energy, half of each kind", async () => {
  const set = await collect({ events: 4, seed: 12, energiesKeV: [1, 20] }, 1);
  assertEquals(set.map(({ name }) => name), [
    "data/export/run_00012/NR/1_keV/000000.png",
    "data/export/run_00012/ER/1_keV/000001.png",
    "data/export/run_00012/NR/20_keV/000002.png",
    "data/export/run_00012/ER/20_keV/000003.png",
  ]);
  for (const { name, truth } of set) assert(name.includes(`/${truth.kind}/${truth.energyKeV}_keV/`));
});

Deno.test("simulateSet() gives events for the data acquisition no name but a number, in no order", async () => {
  const set = await collect({ events: 24, seed: 1, energiesKeV: [1, 2, 3], daq: true }, 2);
  assertEquals(set[7].name, "event_000007.png");
  const kinds = set.map(({ truth }) => truth.kind).join(" ");
  assert(kinds.includes("NR NR") && kinds.includes("ER ER"), kinds);
  assert(new Set(set.map(({ truth }) => truth.energyKeV)).size === 3);
});

Deno.test("simulateSet() refuses settings that make no set", async () => {
  for (
    const [settings, message] of [
      [{ events: 0 }, "1 to 2³¹ events: got 0"],
      [{ events: 1, energiesKeV: [1.5] }, "whole keV from 1 to 200: got 1.5"],
      [{ events: 1, energiesKeV: [] }, "whole keV"],
      [{ events: 1, seed: -1 }, "the seed"],
    ] as [SetSettings, string][]
  ) await assertRejects(() => collect(settings, 1), RangeError, message);
});

Deno.test("simulateSet() stops at a signal and ends its threads", async () => {
  const stop = new AbortController();
  await assertRejects(
    async () => {
      for await (const { event } of simulateSet({ events: 1000 }, { workers: 1, signal: stop.signal })) {
        if (event === 1) stop.abort(new Error("enough"));
      }
    },
    Error,
    "enough",
  );
});

Deno.test("writeSet() writes an archive or a folder with the truth beside it, and overwrites neither", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const settings = { events: 3, energiesKeV: [2] };
    const zip = join(folder, "set.zip"), plain = join(folder, "set");
    const counts: number[] = [];
    assertEquals(await writeSet(zip, settings, { workers: 1, onEvent: (done) => counts.push(done) }), {
      events: 3,
      truth: `${zip}.truth.csv`,
    });
    assertEquals(counts, [1, 2, 3]);
    await writeSet(plain, settings, { workers: 1 });
    const lines = (await Deno.readTextFile(`${zip}.truth.csv`)).trimEnd().split("\n");
    assertEquals([lines.length, lines[0] + "\n"], [4, TRUTH_HEADER]);
    assertEquals(await Deno.readTextFile(`${plain}.truth.csv`), lines.join("\n") + "\n");
    const archive = openZipFile(zip);
    const entries = listZip(archive);
    archive.close();
    for (const { name, size } of entries) assertEquals((await Deno.stat(join(plain, name))).size, size);
    await assertRejects(() => writeSet(zip, settings), Deno.errors.AlreadyExists, "is there already");
    await Deno.remove(`${plain}.truth.csv`);
    await assertRejects(() => writeSet(plain, settings, { workers: 1 }), Deno.errors.AlreadyExists);
    await assertRejects(() => writeSet(join(folder, "bad.zip"), { events: -1 }), RangeError);
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), [
      "set",
      "set.zip",
      "set.zip.truth.csv",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
