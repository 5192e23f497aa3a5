import { join } from "@std/path";
import { cutoutsOf, groupsOf, pairClasses, readCutouts, readLensSet } from "../../../lib/data/lenses.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const some = (shape: number[], value = 1) => ({
  data: new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(value),
  shape,
});

Deno.test("readLensSet() reads both classes of a folder, any type and any number of bands", () =>
  withFolder(async (folder) => {
    const lenses = { data: Float64Array.of(1, 2, 3, 4, 5), shape: [1, 1, 1, 5] };
    const others = { data: Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), shape: [2, 1, 1, 5] };
    await Deno.writeFile(join(folder, "lenses.npy"), encodeNpy(lenses));
    await Deno.writeFile(join(folder, "other.npy"), encodeNpy(others));
    const set = await readLensSet({ lenses: folder });
    assertEquals([set.bands, set.lenses.shape, set.others.shape], [5, [1, 1, 1, 5], [2, 1, 1, 5]]);
    assertEquals([...set.others.data], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const apart = { lenses: join(folder, "lenses.npy"), others: join(folder, "other.npy") };
    assertEquals((await readLensSet(apart)).fingerprint, set.fingerprint);
  }));

Deno.test("readCutouts() reads the one array of an .npz, and pictures of one band without an axis for it", () =>
  withFolder(async (folder) => {
    const path = join(folder, "x.npz"), pictures = some([2, 3, 4]);
    await Deno.writeFile(path, await encodeNpz({ x: pictures }));
    assertEquals((await readCutouts(path)).shape, [2, 3, 4, 1]);
    await Deno.writeFile(path, await encodeNpz({ x: pictures, y: pictures }));
    await assertRejects(() => readCutouts(path), RangeError, "must hold one array: got x, y");
  }));

Deno.test("pixels that are not finite are counted and masked by band, or refused", () => {
  const array = { data: Float32Array.of(1, 2, NaN, Infinity, 5, -Infinity), shape: [3, 1, 1, 2] };
  const { data, masked } = cutoutsOf(array, "x.npy", { fill: [7, 8] });
  assertEquals([[...data], masked], [[1, 2, 7, 8, 5, 8], 3]);
  assertThrows(
    () => cutoutsOf(array, "x.npy", { nonFinite: "refuse" }),
    RangeError,
    'Cannot use "x.npy" as its pixels must be finite: 3 are not, the first in image 1',
  );
  assertThrows(
    () => cutoutsOf(array, "x.npy", { fill: [7] }),
    RangeError,
    "each of 2 bands needs a value: got 1",
  );
});

Deno.test("empty classes, other axes and differing bands are refused in one line", async () => {
  assertThrows(
    () => cutoutsOf(some([0, 4, 4, 3]), "lenses.npy"),
    RangeError,
    "holds no image: got [0, 4, 4, 3]",
  );
  assertThrows(() => cutoutsOf(some([4, 4]), "lenses.npy"), TypeError, "got [4, 4]");
  const of = (bands: number) => cutoutsOf(some([2, 4, 4, bands]), "x");
  assertThrows(() => pairClasses(of(3), of(5)), RangeError, "lenses have 3, others 5");
  await assertRejects(() => readLensSet({ lenses: "nowhere" }), Deno.errors.NotFound, "lenses.npy");
});

Deno.test("groupsOf() joins images that are the same, and those made of the same", () => {
  const set = { data: Float32Array.of(1, 2, 1, 3, 4), shape: [5, 1, 1, 1] };
  assertEquals([...groupsOf(set)], [0, 1, 0, 3, 4]);
  assertEquals([...groupsOf(set, [[0], [1], [2], [1, 3], [3]])], [0, 1, 0, 1, 1]);
});
