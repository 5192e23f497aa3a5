import { join } from "@std/path";
import { cutoutsOf, groupsOf, pairClasses, readCutouts, readLensSet } from "../../../lib/data/lenses.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeFits } from "../../../lib/io/fits.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { testWith } from "../../needs.ts";
import { runPython } from "../io/_python.ts";

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

Deno.test("readCutouts() reads a .npy file slab by slab, whatever its numbers", () =>
  withFolder(async (folder) => {
    const path = join(folder, "x.npy"), shape = [5, 1, 2, 1], slabBytes = 2 * 2 * 8;
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const types = [
      Float32Array.from(numbers),
      Uint16Array.from(numbers),
      BigInt64Array.from(numbers, BigInt),
    ];
    for (const data of types) {
      await Deno.writeFile(path, encodeNpy({ data, shape }));
      const read = await readCutouts(path, { slabBytes });
      assertEquals([[...read.data], read.shape, read.masked], [numbers, shape, 0], data.constructor.name);
    }
    await Deno.writeFile(path, encodeNpy({ data: Float64Array.of(1, 2, 3, NaN, 5, 6), shape: [3, 1, 2, 1] }));
    const refused = { slabBytes, nonFinite: "refuse" } as const;
    await assertRejects(() => readCutouts(path, refused), RangeError, "1 are not, the first in image 1");
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

/** Cutouts of 12 × 10 pixels and 2 bands, bands first as FITS has them, each of one value; the last has a hole. */
const cube = (value: number, hole = false) => {
  const data = new Float32Array(2 * 12 * 10).fill(value).fill(value + 0.5, 120);
  if (hole) data[7] = NaN;
  return encodeFits([{ data, shape: [2, 12, 10] }]);
};
const CATALOGUE = [["a.fits", "lens"], ["b.fits", "spiral"], ["c.fits", "star"], ["d.fits", "spiral"]];

async function writeCubes(folder: string) {
  await Deno.mkdir(join(folder, "cutouts"));
  for (const [i, [file]] of CATALOGUE.entries()) {
    await Deno.writeFile(join(folder, "cutouts", file), cube(i, i === 3));
  }
}

Deno.test("readLensSet() follows a CSV catalogue to FITS cutouts of several classes", () =>
  withFolder(async (folder) => {
    await writeCubes(folder);
    const rows = CATALOGUE.map(([file, kind], i) => `cutouts/${file},${kind},${20 + i}`);
    const catalogue = join(folder, "sources.csv");
    await Deno.writeTextFile(catalogue, ["file,kind,magnitude", ...rows].join("\n"));
    const set = await readLensSet({ lenses: catalogue, column: "kind" });
    assertEquals(set.kinds, ["lens", "spiral", "star", "spiral"]);
    assertEquals([set.lenses.shape, set.others.shape, set.others.masked], [
      [1, 12, 10, 2],
      [3, 12, 10, 2],
      1,
    ]);
    assertEquals([...set.lenses.data.subarray(0, 4)], [0, 0.5, 0, 0.5]);
    const stars = await readLensSet({ lenses: catalogue, column: "kind", positive: "star" });
    assertEquals([stars.kinds, stars.lenses.data[0]], [["star", "lens", "spiral", "spiral"], 2]);
    await assertRejects(
      () => readLensSet({ lenses: catalogue, column: "kind", positive: "stars" }),
      RangeError,
      '(nearest: "star"): say --positive, one of "lens", "spiral", "star"',
    );
    await assertRejects(
      () => readLensSet({ lenses: catalogue, column: "kind" }, { nonFinite: "refuse" }),
      RangeError,
      "must be finite: 1 are not",
    );
  }));

testWith(
  "formats",
  "readLensSet() follows a FITS table to cutouts, and to images of one array",
  (python) =>
    withFolder(async (folder) => {
      await writeCubes(folder);
      const { data } = some([4, 12, 10, 2]);
      data.forEach((_, i) => data[i] = Math.floor(i / 240));
      await Deno.writeFile(join(folder, "all.npy"), encodeNpy({ data, shape: [4, 12, 10, 2] }));
      await runPython(
        python,
        `
from astropy.table import Table
kinds = ["lens", "spiral", "star", "spiral"]
Table(dict(file=[f"cutouts/{x}.fits" for x in "abcd"], kind=kinds)).write("files.fits")
Table(dict(file=["all.npy"] * 3, index=[3, 0, 1], kind=["lens", "spiral", "star"])).write("rows.fits")
`,
        folder,
      );
      assertEquals((await readLensSet({ lenses: join(folder, "files.fits") })).kinds, [
        "lens",
        "spiral",
        "star",
        "spiral",
      ]);
      const rows = await readLensSet({ lenses: join(folder, "rows.fits") });
      assertEquals([rows.lenses.data[0], rows.others.data[0], rows.others.data[240]], [3, 0, 1]);
    }),
);

Deno.test("readLensSet() takes labels in a file, and refuses bands that differ", () =>
  withFolder(async (folder) => {
    const images = { data: Float32Array.from({ length: 4 * 100 }, (_, i) => i), shape: [4, 10, 10, 1] };
    const place = join(folder, "set.npz");
    await Deno.writeFile(
      place,
      await encodeNpz({ images, labels: { data: Uint8Array.of(0, 1, 1, 0), shape: [4] } }),
    );
    const set = await readLensSet({ lenses: place });
    assertEquals([set.kinds, set.lenses.data[0], set.others.data[0]], [["1", "1", "0", "0"], 100, 0]);
    await Deno.mkdir(join(folder, "kinds", "lens"), { recursive: true });
    await Deno.mkdir(join(folder, "kinds", "star"));
    await Deno.writeFile(join(folder, "kinds", "lens", "a.fits"), cube(1));
    const flat = encodeFits([{ data: new Float32Array(120), shape: [12, 10] }]);
    await Deno.writeFile(join(folder, "kinds", "star", "b.fits"), flat);
    await assertRejects(
      () => readLensSet({ lenses: join(folder, "kinds") }),
      RangeError,
      'all cutouts must have the same bands: "lens/a.fits" has 2, "star/b.fits" 1',
    );
  }));

Deno.test("readCutouts() reads a stack of FITS cubes", () =>
  withFolder(async (folder) => {
    const data = Float32Array.from({ length: 3 * 2 * 12 * 10 }, (_, i) => i), path = join(folder, "x.fits");
    await Deno.writeFile(path, encodeFits([{ data, shape: [3, 2, 12, 10] }]));
    const cutouts = await readCutouts(path);
    assertEquals([cutouts.shape, [...cutouts.data.subarray(0, 4)]], [[3, 12, 10, 2], [0, 120, 1, 121]]);
  }));
