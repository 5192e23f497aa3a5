// Not counted: it starts many threads.
import { assert, assertClose, assertEquals, assertRejects } from "../../../assert.ts";
import { join } from "@std/path";
import { createRng } from "../../../../lib/base/rng.ts";
import { simulateEcal } from "../../../../lib/simulate/ecal/event.ts";
import { openHdf5 } from "../../../../lib/io/hdf5.ts";
import { ecalFileName, writeEcal } from "../../../../lib/simulate/ecal/set.ts";
import { createEcalStatistics } from "../../../../lib/simulate/ecal/statistics.ts";
import { withFolder } from "../../../folder.ts";

Deno.test("ecalFileName() is the published one for 249,000", () => {
  assertEquals(ecalFileName("photon", 249_000), "SinglePhotonPt50_IMGCROPS_n249k_RHv1.hdf5");
  assertEquals(ecalFileName("electron", 249), "SingleElectronPt50_IMGCROPS_n249_RHv1.hdf5");
});

Deno.test("writeEcal() reproduces the published files' figures", () =>
  withFolder(async (folder) => {
    const { comparison } = await writeEcal(folder, { events: 3000 }, { seed: 5 });
    const off = comparison!.filter(({ published, simulated, tolerance }) =>
      !(Math.abs(simulated - published) <= tolerance)
    );
    assertEquals(off, []);
    assertEquals(comparison!.length, 21);
  }));

Deno.test("createEcalStatistics() counts hits, columns, times and crystals as by hand", () => {
  const statistics = createEcalStatistics();
  /** Crystals of a row from a column on, 1 and later a quarter; another one far away. */
  const image = (columns: number, time: number) => {
    const data = new Float32Array(2048);
    for (let i = 0; i < columns; i++) data.set([i === 0 ? 1 : 0.25, time], 2 * (16 * 32 + 16 + i));
    data.set([0.125, -time], 2 * (17 * 32 + 31));
    data.set([0.5, 0], 2 * (2 * 32 + 15)); // no row of the window
    return data;
  };
  statistics.add(image(2, 0.5), "photon");
  statistics.add(image(5, 0.25), "electron");
  const found = new Map(statistics.compare().map(({ quantity, simulated }) => [quantity, simulated]));
  const by = (part: string) => [...found].find(([quantity]) => quantity.includes(part))![1];
  assertEquals([by("columns"), by("time of a pixel, largest")], [3.5, 0.5]);
  assertEquals([by("pixels not zero"), by("fewest"), by("most but")], [5.5, 4, 7]);
  assertClose(by("largest crystal"), 1.005, 1e-9);
  assertClose(by("scripts"), (1 + 0.25 + 0.625 + 1 + 1 + 0.625) / 2048, 1e-9);
});

Deno.test("writeEcal() writes the same bytes whatever the number of threads, in the published layout", () =>
  withFolder(async (folder) => {
    const progress: number[] = [];
    const names = ["photon", "electron"].map((kind) => ecalFileName(kind as "photon", 300));
    for (const workers of [1, 3]) {
      const { files, events } = await writeEcal(join(folder, String(workers)), { events: 300 }, {
        seed: 4,
        workers,
        onProgress: (done) => progress.push(done),
      });
      assertEquals(files, names.map((name) => join(folder, String(workers), name)));
      assertEquals(events, 600);
    }
    assertEquals(progress, [256, 300, 556, 600, 256, 300, 556, 600]);
    for (const [label, name] of names.entries()) {
      const bytes = await Deno.readFile(join(folder, "1", name));
      assertEquals(bytes, await Deno.readFile(join(folder, "3", name)));
      using file = await openHdf5(bytes);
      const x = await file.read("X"), y = await file.read("y");
      assertEquals([x.shape, x.dtype, y.shape, y.dtype], [[300, 32, 32, 2], "f4", [300], "f4"]);
      assert((y.data as Float32Array).every((value) => value === label));
      assertEquals((await file.info("X")).filters, ["lzf"]);
      for (const event of [0, 299]) { // photons have the even streams of a seed, electrons the odd ones
        const { image } = simulateEcal(label === 0 ? "photon" : "electron", createRng(4, 2 * event + label));
        const written = (x.data as Float32Array).subarray(event * image.length, (event + 1) * image.length);
        assertEquals(written.slice(), image);
      }
      const charge = (await file.read("truth/charge")).data as Float32Array;
      assert(charge.every((value) => value === label)); // electrons of one charge
    }
  }));

Deno.test("writeEcal() refuses to overwrite, numbers that make no set, and stops at a signal leaving nothing", () =>
  withFolder(async (folder) => {
    await writeEcal(folder, { events: 2 }, { seed: 1, workers: 1 });
    await assertRejects(
      () => writeEcal(folder, { events: 2 }, { seed: 1 }),
      Deno.errors.AlreadyExists,
      "is there already",
    );
    for (const events of [0, 1.5, 10_000_001]) {
      await assertRejects(() => writeEcal(folder, { events }, { seed: 1 }), RangeError, `got ${events}`);
    }
    const stop = new AbortController(), out = join(folder, "stopped");
    await assertRejects(
      () =>
        writeEcal(out, { events: 2000 }, {
          seed: 1,
          workers: 1,
          signal: stop.signal,
          onProgress: () => stop.abort(new Error("enough")),
        }),
      Error,
      "enough",
    );
    assertEquals([...Deno.readDirSync(out)], []);
  }));
