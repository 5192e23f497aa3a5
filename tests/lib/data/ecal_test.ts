import { join } from "@std/path";
import { openEcal, standardSplit } from "../../../lib/data/ecal.ts";
import { encodeHdf5 } from "../../../lib/io/hdf5_write.ts";
import { decodeNpy } from "../../../lib/io/npy.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { pythonFolder } from "../io/_python.ts";
import { testWith } from "../../needs.ts";

/** Images of which pixel 0 has the image's own number as its energy, and ten times as much as its time. */
function numbered(numbers: readonly number[]) {
  const data = new Float32Array(numbers.length * 2048);
  numbers.forEach((number, i) => data.set([number, 10 * number], i * 2048));
  return { data, shape: [numbers.length, 32, 32, 2] };
}

const column = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });

/** The numbers of images. */
function numbersOf({ data }: { data: Float32Array }): number[] {
  return Array.from({ length: data.length / 2048 }, (_, i) => data[i * 2048]);
}

Deno.test("loadData() takes photons from start to before stop, then electrons, wherever they lie", async () => {
  const mixed = await encodeHdf5({ X: numbered([1, 101, 2, 3]), y: column(0, 1, 0, 0) });
  const more = await encodeHdf5({ X: numbered([102, 4, 103]), y: column(1, 0, 1) });
  using set = await openEcal([mixed, more]);
  assertEquals(set.counts, { photon: 4, electron: 3 });
  const { images, labels, faults } = await set.loadData(1, 3);
  assertEquals(images.shape, [4, 32, 32, 2]); // (1, 3) is two images of each kind
  assertEquals(numbersOf(images), [2, 3, 102, 103]);
  assertEquals([images.data[1], images.data[2049]], [20, 30]);
  assertEquals([...labels], [0, 0, 1, 1]);
  assertEquals(faults, []);
  await assertRejects(() => set.loadData(0, 4), RangeError, "Cannot take electrons 0 to 4: there are 3");
  await assertRejects(() => set.loadData(2, 1), RangeError, "Cannot take photons 2 to 1");
});

Deno.test("openEcal() takes the kind from the file's name where there is no y", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const photons = join(folder, "SinglePhotonPt50.hdf5"), electrons = join(folder, "electron.h5");
    const neither = join(folder, "muons.h5");
    const file = await encodeHdf5({ X: numbered([1, 2, 3]) });
    for (const path of [photons, electrons, neither]) await Deno.writeFile(path, file);
    using set = await openEcal([photons, electrons]);
    assertEquals([...set.labels], [0, 0, 0, 1, 1, 1]);
    assertEquals(set.files.map(({ labelsFrom }) => labelsFrom), ["name", "name"]);
    assertEquals(await set.truth("eta"), undefined);
    await assertRejects(() => openEcal([neither]), TypeError, "their kind is not known");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("read() says what is wrong with values, and empties pixels that are no numbers", async () => {
  const X = numbered([1, 2]);
  X.data[1] = NaN;
  X.data[2048] = Infinity;
  X.data[5] = 0.25; // a time without energy
  using set = await openEcal([await encodeHdf5({ X, y: column(0, 1) })]);
  const { images, faults } = await set.read([0, 1]);
  const { data } = images.read([0, 1]);
  assertEquals([data[0], data[1], data[2048], data[2049], data[4], data[5]], [0, 0, 0, 0, 0, 0.25]);
  assertEquals(faults, [
    "2 pixels have an energy or time that is no number: taken for empty",
    "1 pixel has a time without energy",
  ]);
});

Deno.test("read() gives far and near rows in the order asked for, with their truth", async () => {
  const numbers = Array.from({ length: 700 }, (_, i) => i + 1);
  const file = await encodeHdf5({
    X: numbered(numbers),
    y: column(...numbers.map((n) => n % 2)),
    "truth/eta": column(...numbers.map((n) => n / 8)),
  });
  using set = await openEcal([file]);
  const rows = [699, 0, 1, 2, 350, 300, 301, 5];
  const { images } = await set.read(rows);
  assertEquals(numbersOf(images.read(rows.map((_, i) => i))), rows.map((row) => row + 1));
  assertEquals((await set.truth("eta"))![8], 9 / 8);
});

Deno.test("openEcal() refuses other shapes, labels and numbers of labels, naming file and row", async () => {
  const shape = await encodeHdf5({ X: { data: new Float32Array(8), shape: [2, 2, 2] } });
  await assertRejects(() => openEcal([shape]), TypeError, "must be numbers of [images, 32, 32, 2]");
  const label = await encodeHdf5({ X: numbered([1, 2]), y: column(0, 2) });
  await assertRejects(() => openEcal([label]), TypeError, 'row 1 of "y" is 2');
  const part = await encodeHdf5({ X: numbered([1, 2]), y: column(0, 0.5) });
  await assertRejects(() => openEcal([part]), TypeError, 'row 1 of "y" is 0.5');
  const few = await encodeHdf5({ X: numbered([1, 2]), y: column(0) });
  await assertRejects(() => openEcal([few]), TypeError, "must have one label each, 2: it is [1]");
  await assertRejects(() => openEcal([]), RangeError, "there is no file");
});

Deno.test("standardSplit() is the document's for 249,000 images, and in proportion for others", () => {
  assertEquals(standardSplit(249_000), {
    train: [0, 160_000],
    validation: [160_000, 204_800],
    test: [204_800, 249_000],
  });
  assertEquals(standardSplit(10), { train: [0, 6], validation: [6, 8], test: [8, 10] });
  assertThrows(() => standardSplit(2), RangeError, "Cannot split 2 images");
});

// As the published files are made: dask's to_hdf5 writes with h5py.
const WRITE = `
import h5py, numpy as np
rng = np.random.default_rng(3)
x = rng.random((40, 32, 32, 2), dtype=np.float32)
x[rng.random((40, 32, 32)) > .045] = 0
np.save("x.npy", x.sum((1, 2, 3)))
with h5py.File("SinglePhoton.hdf5", "w") as f:
    f.create_dataset("X", data=x[:25], chunks=(7, 32, 32, 2), compression="lzf")
    f.create_dataset("y", data=np.zeros(25, np.float32))
with h5py.File("SingleElectron.hdf5", "w") as f:
    f.create_dataset("X", data=x[25:].astype(">f4"), chunks=(4, 32, 32, 2), compression="gzip", shuffle=True)
`;

testWith(
  "formats",
  "openEcal() reads what h5py wrote: LZF, gzip, big-endian, a file without y",
  async (python) => {
    await using folder = await pythonFolder(python, WRITE);
    const places = ["SinglePhoton", "SingleElectron"].map((name) => folder.path(`${name}.hdf5`));
    using set = await openEcal(places);
    assertEquals(set.counts, { photon: 25, electron: 15 });
    const { images } = await set.read(Array.from({ length: 40 }, (_, i) => i));
    const sums = decodeNpy(await Deno.readFile(folder.path("x.npy"))).data;
    for (let i = 0; i < 40; i++) {
      const sum = images.read([i]).data.reduce((a, b) => a + b);
      assert(Math.abs(sum - Number(sums[i])) < 1e-4 * sum, `image ${i}: ${sum}, not ${sums[i]}`);
    }
    const bytes = await Deno.readFile(places[0]);
    await Deno.writeFile(places[0], bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const { message } = await assertRejects(() => openEcal(places), SyntaxError);
    const [, row] = message.match(/SinglePhoton\.hdf5": .*"X" from row (\d+) on/) ?? [];
    assert(["7", "14"].includes(row), message); // chunks of 7 rows, of 25; 60 % of the bytes
  },
);
