// Not counted: it starts many threads.
import { join } from "@std/path";
import { readSuperNemo } from "../../../lib/data/supernemo.ts";
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { encodeRoot } from "../../../lib/io/root_write.ts";
import { superNemoFileName, writeSuperNemo } from "../../../lib/simulate/supernemo/set.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";

async function inFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const law of ["document", "detector"] as const) {
  Deno.test(`readSuperNemo() reads the same of HDF5 and ROOT files of the ${law}'s events`, () =>
    inFolder(async (folder) => {
      const settings = { law, tracks: [1, 3], events: 40 };
      await writeSuperNemo(folder, { ...settings, format: "hdf5" }, { seed: 3, workers: 1 });
      await writeSuperNemo(folder, { ...settings, format: "root" }, { seed: 3, workers: 1 });
      const pathOf = (tracks: number, format: "hdf5" | "root") =>
        join(folder, superNemoFileName(law, tracks, 0, format));
      const hdf5 = await readSuperNemo([pathOf(1, "hdf5"), pathOf(3, "hdf5")]);
      const root = await readSuperNemo([pathOf(1, "root"), pathOf(3, "root")]);
      assertEquals(root, hdf5);
      assertEquals([...hdf5.trackCounts!], [...Array(40).fill(1), ...Array(40).fill(3)]);
      assertEquals(hdf5.firstWireMm, law === "document" ? 22 : 51);
      assertEquals(hdf5.truth!.offsets.at(-1), 160);
      assertEquals(new Set(hdf5.hits.side).size, law === "document" ? 1 : 2);
      const last = await readSuperNemo([join(folder, `*_t3_0.h5`)]);
      assertEquals(last.hits.layer, hdf5.hits.layer.subarray(hdf5.hits.offsets[40]));
    }));
}

Deno.test("readSuperNemo() reads cells and numbers of tracks alone where no more is wanted, of files without the rest too", () =>
  inFolder(async (folder) => {
    for (const law of ["document", "detector"] as const) {
      await writeSuperNemo(folder, { law, tracks: [2], events: 20 }, { seed: 3 });
      const path = join(folder, superNemoFileName(law, 2, 0)), all = await readSuperNemo([path]);
      const few = { heights: false, radii: false, truth: false, calorimeter: false };
      const { hits, trackCounts, truth, calorimeter, firstWireMm } = await readSuperNemo([path], few);
      assertEquals([hits.offsets, hits.side, hits.layer, hits.column], [
        all.hits.offsets,
        all.hits.side,
        all.hits.layer,
        all.hits.column,
      ]);
      assertEquals(new Set(hits.heightMm), new Set([0]), "as where none was measured");
      assertEquals(new Set(hits.radiusMm), new Set([-1]));
      assertEquals([hits.tracks, truth, calorimeter], [undefined, undefined, undefined]);
      assertEquals([trackCounts, firstWireMm], [all.trackCounts, all.firstWireMm]);
    }
    const path = join(folder, "cells.root"), { grid_layer, grid_column } = COLUMNS;
    const branches = Object.entries({ grid_layer, grid_column }).map(([name, values]) => [
      name,
      { type: "vector<int>", data: Int32Array.from(values), offsets: [0, 2] },
    ]);
    await Deno.writeFile(path, encodeRoot("hit_tree", Object.fromEntries(branches)));
    const { hits: { column } } = await readSuperNemo([path], { heights: false, radii: false });
    assertEquals([...column], [7, 8]);
    await assertRejects(() => readSuperNemo([path], { heights: false }), RangeError, "radius");
  }));

Deno.test("readSuperNemo() places truth where the hits are", () =>
  inFolder(async (folder) => {
    for (const law of ["document", "detector"] as const) {
      await writeSuperNemo(folder, { law, tracks: [2], events: 60 }, { seed: 4, workers: 1 });
      const { hits, truth, firstWireMm } = await readSuperNemo([join(folder, superNemoFileName(law, 2, 0))]);
      let near = 0, all = 0;
      for (let event = 0; event < 60; event++) {
        for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
          for (const bit of [0, 1]) {
            if (hits.tracks![i] !== 1 << bit || hits.layer[i] > 0) continue;
            const track = truth!.offsets[event] + bit, slope = truth!.slopeY[track];
            const y = truth!.vertexYMm[track] + slope * firstWireMm;
            const apart = Math.abs(y - 44 * (hits.column[i] - 56)) / Math.hypot(1, slope);
            all++;
            if (apart < 31.2 && Math.abs(apart - hits.radiusMm[i]) < (law === "document" ? 1e-2 : 6)) near++;
          }
        }
      }
      assert(all > 60 && near > all * (law === "document" ? 0.999 : 0.9), `${law}: ${near} of ${all}`);
    }
  }));

/** One event with two hits, in ROOT as the published generator leaves it, side empty. */
const COLUMNS = {
  wirez: [10, 0],
  radius: [5, NaN],
  grid_layer: [0, 1],
  grid_column: [7, 8],
} as const;

Deno.test("readSuperNemo() takes an empty side as side 0, and what is no number as missing", () =>
  inFolder(async (folder) => {
    const path = join(folder, "one.root");
    const branches = Object.entries(COLUMNS).map(([name, values]) => [
      name,
      { type: "vector<double>", data: Float64Array.from(values), offsets: [0, 2] },
    ]);
    const empty = { type: "vector<int>", data: new Int32Array(0), offsets: [0, 0] };
    await Deno.writeFile(
      path,
      encodeRoot("hit_tree", { ...Object.fromEntries(branches), grid_side: empty }),
    );
    const { hits, trackCounts, truth, firstWireMm } = await readSuperNemo([path]);
    assertEquals([[...hits.side], [...hits.radiusMm], [...hits.heightMm]], [[0, 0], [5, -1], [10, 0]]);
    assertEquals([trackCounts, truth, firstWireMm], [undefined, undefined, 51]);
  }));

Deno.test("readSuperNemo() names file, column and event of what no detector has", () =>
  inFolder(async (folder) => {
    const path = join(folder, "wrong.h5"), offsets = { data: Int32Array.of(0, 0, 2), shape: [3] };
    const columns = Object.entries({ ...COLUMNS, grid_layer: [0, 9] }).map(([name, values]) => [
      name,
      { data: Float64Array.from(values), shape: [2], attributes: { offsets: "hit_offsets" } },
    ]);
    await Deno.writeFile(path, await encodeHdf5({ hit_offsets: offsets, ...Object.fromEntries(columns) }));
    const message = `Cannot read "grid_layer" of "${path}" as it must be 0 to 8: got 9 in event 1`;
    await assertRejects(() => readSuperNemo([path]), RangeError, message);
    await assertRejects(() => readSuperNemo([join(folder, "*.root")]), Deno.errors.NotFound, "no file fits");
  }));
