// Not counted: it starts many threads.
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { join } from "@std/path";
import { openHdf5 } from "../../../../lib/io/hdf5.ts";
import { openRoot } from "../../../../lib/io/root.ts";
import { superNemoFileName, writeSuperNemo } from "../../../../lib/simulate/supernemo/set.ts";
import { withFolder } from "../../../folder.ts";

Deno.test("writeSuperNemo() writes the document's branches as columns whose offsets fit", () =>
  withFolder(async (folder) => {
    const settings = { law: "document", tracks: [2, 3], events: 1100 } as const;
    const { files, events, comparison } = await writeSuperNemo(folder, settings, { seed: 3, workers: 1 });
    assertEquals(files, ["my_generator_t2_0.h5", "my_generator_t3_0.h5"].map((name) => join(folder, name)));
    assertEquals(events, 2200);
    assert(
      comparison!.every(({ published, simulated, tolerance }) =>
        Math.abs(published - simulated) < 2 * tolerance
      ),
    );
    for (const [index, tracks] of [2, 3].entries()) {
      using file = await openHdf5(files[index]);
      const read = async (path: string) => (await file.read(path)).data as Float64Array;
      const hits = await read("hit_offsets"), ends = await read("track_offsets");
      const split = await read("track_split");
      assertEquals([hits.length, ends.length], [1101, 1101]);
      assertEquals([hits[1100], ends[1100]], [(await read("wirez")).length, (await read("calo_row")).length]);
      for (let event = 0; event < 1100; event++) {
        assertEquals(ends[event + 1] - ends[event], tracks);
        assertEquals(
          split[ends[event + 1] - 1],
          hits[event + 1] - hits[event],
          "the last track ends at the last hit",
        );
        assert(split[ends[event]] >= 5);
      }
      const layers = await read("grid_layer"), columns = await read("grid_column");
      const radius = await read("radius");
      assert(layers.every((l) => l >= 0 && l < 9) && columns.every((c) => c >= 0 && c < 113));
      assert(radius.every((r) => r >= 0 && r < 31.12));
      assert(!(await file.datasets()).includes("grid_side"));
      assertEquals(await file.attributes("radius"), { unit: "mm", offsets: "hit_offsets" });
    }
  }));

Deno.test("writeSuperNemo() writes the same bytes whatever the number of threads, other ones in another file", () =>
  withFolder(async (folder) => {
    for (const law of ["document", "detector"] as const) {
      for (const workers of [1, 3]) {
        const settings = { law, tracks: [2], files: 2, events: 700 };
        await writeSuperNemo(join(folder, String(workers)), settings, { seed: 3, workers });
      }
      const name = superNemoFileName(law, 2, 0);
      const bytes = (folder_: string, file: number) =>
        Deno.readFile(join(folder, folder_, superNemoFileName(law, 2, file)));
      const [one, three, next] = await Promise.all([bytes("1", 0), bytes("3", 0), bytes("1", 1)]);
      assertEquals(one, three, name);
      using first = await openHdf5(one);
      using second = await openHdf5(next);
      assert((await first.read("wirez")).data[0] !== (await second.read("wirez")).data[0]);
    }
  }));

Deno.test("writeSuperNemo() writes both sides, modules and the truth of our own generator", () =>
  withFolder(async (folder) => {
    const { files: [path], comparison } = await writeSuperNemo(folder, { tracks: [3], events: 200 }, {
      seed: 1,
    });
    assertEquals(comparison, undefined);
    using file = await openHdf5(path);
    const read = async (name: string) => Array.from((await file.read(name)).data as Int32Array);
    const names = ["grid_side", "grid_layer", "grid_column", "grid_id"];
    const [side, layer, column, id] = await Promise.all(names.map(read));
    assertEquals([...new Set(side)].sort(), [0, 1]);
    assert(id.every((cell, i) => cell === 1017 * side[i] + 9 * column[i] + layer[i]));
    const offsets = await read("calo_offsets");
    assertEquals([offsets.length, offsets[200]], [201, (await read("calo_energy")).length]);
    assertEquals([...new Set(await read("calo_type"))].sort(), [0, 1, 2]);
    assertEquals((await read("truth/vertex_y")).length, 600);
    const truth = await read("truth/tracks"), modules = await read("truth/calo");
    assert(truth.every((mask) => mask >= 0 && mask < 8) && modules.every((m) => m >= 0 && m < 712));
  }));

Deno.test("writeSuperNemo() writes a tree with the document's branches, the sides empty, value for value as HDF5", () =>
  withFolder(async (folder) => {
    const settings = { law: "document", tracks: [2], events: 600 } as const;
    const { files: [plain] } = await writeSuperNemo(folder, settings, { seed: 3, workers: 1 });
    const { files: [path] } = await writeSuperNemo(folder, { ...settings, format: "root" }, { seed: 3 });
    assertEquals(path, join(folder, "my_generator_t2_0.root"));
    using file = await openRoot(path);
    using other = await openHdf5(plain);
    const tree = await file.tree("hit_tree");
    assertEquals(tree.entries, 600);
    const { wirez, calo_row, grid_side, calo_side, truth_slope_y } = await tree.read([
      "wirez",
      "calo_row",
      "grid_side",
      "calo_side",
      "truth_slope_y",
    ]);
    assertEquals(wirez.data, (await other.read("wirez")).data);
    assertEquals(
      Array.from(wirez.offsets!),
      Array.from((await other.read("hit_offsets")).data as Int32Array),
    );
    assertEquals(calo_row.data, (await other.read("calo_row")).data);
    assertEquals(truth_slope_y.data, (await other.read("truth/slope_y")).data);
    assertEquals([grid_side.data.length, calo_side.data.length], [0, 0]);
    const { files: [hard] } = await writeSuperNemo(folder, { tracks: [2], events: 50, format: "root" }, {
      seed: 3,
    });
    using both = await openRoot(hard);
    const sides = await (await both.tree("hit_tree")).read(["grid_side", "radius"]);
    assertEquals(sides.grid_side.data.length, sides.radius.data.length);
  }));

Deno.test("writeSuperNemo() lets electrons drift by the law that is asked for", () =>
  withFolder(async (folder) => {
    const largest: number[] = [];
    for (const drift of ["manchester", "betsy"] as const) {
      const into = join(folder, drift);
      await Deno.mkdir(into);
      const { files } = await writeSuperNemo(into, { tracks: [2], events: 200, drift }, {
        seed: 3,
        workers: 1,
      });
      using file = await openHdf5(files[0]);
      largest.push(Math.max(...(await file.read("radius")).data as Float64Array));
    }
    // Where 10 µs of drift end: by Manchester's law at 23.545 mm, by Betsy's at 29.672 mm.
    assert(largest[0] <= 23.546 && largest[0] > 23, `${largest[0]}`);
    assert(largest[1] <= 29.673 && largest[1] > 28, `${largest[1]}`);
  }));

Deno.test("writeSuperNemo() refuses settings that make no set, and to overwrite", () =>
  withFolder(async (folder) => {
    for (
      const [settings, message] of [
        [{ tracks: [] }, "no number of tracks"],
        [{ tracks: [0] }, "the number of tracks must be 1 to 12: got 0"],
        [{ tracks: [NaN] }, "got NaN"],
        [{ files: 0 }, "the number of files"],
        [{ events: 1.5 }, "the number of events"],
        [{ law: "document", drift: "betsy" }, "as it has none: got betsy"],
      ] as const
    ) await assertRejects(() => writeSuperNemo(folder, settings, { seed: 1 }), RangeError, message);
    await writeSuperNemo(folder, { tracks: [1], events: 3 }, { seed: 1, workers: 1 });
    await assertRejects(
      () => writeSuperNemo(folder, { tracks: [1, 2], events: 3 }, { seed: 1 }),
      Deno.errors.AlreadyExists,
      "supernemo_t1_0.h5",
    );
  }));
