import { createSparseImages, sparseSource } from "../../../lib/data/sparse_images.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";

Deno.test("createSparseImages() gives back every image as it was, over blocks and in any order", () => {
  const images = createSparseImages([2, 2, 2]);
  const first = Float32Array.of(0, 0, 1, -2, 0, 3, 0, 0, 4, 0, 0, 0, 0, 0, NaN, 5);
  const second = new Float32Array(8);
  images.add(first);
  images.add(second);
  assertEquals(images.length, 3);
  const { data, shape } = images.read([2, 1, 0, 1]);
  assertEquals(shape, [4, 2, 2, 2]);
  assertEquals([...data], [...second, ...first.subarray(8), ...first.subarray(0, 8), ...first.subarray(8)]);
});

Deno.test("createSparseImages() takes ten bytes for a pixel of two channels that is not zero", () => {
  const images = createSparseImages([32, 32, 2]);
  const values = new Float32Array(100 * 2048);
  for (let i = 0; i < 46 * 100; i++) values[Math.floor(i / 46) * 2048 + (i % 46) * 2] = 1;
  images.add(values);
  assertEquals(images.bytes, 46 * 100 * 10 + 101 * 4);
  assert(images.bytes < values.byteLength / 16);
});

Deno.test("createSparseImages() refuses part of an image, one that is not there, and too many pixels", () => {
  const images = createSparseImages([2, 2, 1]);
  assertThrows(() => images.add(new Float32Array(6)), RangeError, "6 values as images of [2,2,1]");
  assertThrows(() => images.read([0]), RangeError, "Cannot read image 0: there are 0");
  assertThrows(() => createSparseImages([257, 256, 1]), RangeError, "257 × 256");
});

Deno.test("sparseSource() reads images with their labels, and refuses a wrong number of labels", async () => {
  const images = createSparseImages([1, 2, 1]);
  images.add(Float32Array.of(0, 1, 2, 0, 3, 4));
  assertThrows(() => sparseSource(images, Int32Array.of(1)), RangeError, "3 images as there are 1 labels");
  const source = sparseSource(images, Int32Array.of(5, 6, 7));
  const { inputs, targets } = await source.read(Uint32Array.of(2, 0));
  assertEquals([...inputs.image.data], [3, 4, 0, 1]);
  assertEquals([...targets.label.data], [7, 5]);
  await assertRejects(() => source.read(Uint32Array.of(3)), RangeError, "there are 3");
});
