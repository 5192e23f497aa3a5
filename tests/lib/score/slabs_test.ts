import { type FileArray, heldArray } from "../../../lib/io/file_array.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { findExamples } from "../../../lib/score/examples.ts";
import { examplesInSlabs, slabRows } from "../../../lib/score/slabs.ts";
import { tinyCard } from "../../tiny_model.ts";
import { assertEquals, assertRejects } from "../../assert.ts";

Deno.test("examplesInSlabs() finds what findExamples() finds, a slab at a time", async () => {
  const data = Float32Array.from({ length: 5 * 36 }, (_, i) => i), shape = [5, 6, 6, 1], read: unknown[] = [];
  const array = heldArray("", { data, shape });
  const watched: FileArray = { ...array, read: (rows) => (read.push(rows), array.read(rows)) };
  const card = tinyCard(), options = { what: "score", name: "survey.npy", most: 2 };
  const found = await Array.fromAsync(examplesInSlabs(card, watched, options));
  const whole = await findExamples(encodeNpy({ data, shape }), { inputs: card.inputs, name: "survey.npy" });
  const plain = (examples: typeof whole) =>
    examples.map((one) => {
      if (!("arrays" in one)) return one;
      const { data, shape, dtype } = one.arrays.image;
      return { name: one.name, data: Array.from(data), shape, dtype };
    });
  assertEquals(plain(found), plain(whole));
  assertEquals(found.map(({ name }) => name), [0, 1, 2, 3, 4].map((i) => `survey.npy[${i}]`));
  assertEquals(read, [[0, 2], [2, 4], [4, 5]]);
});

Deno.test("examplesInSlabs() refuses what must be seen whole to be understood", async () => {
  const all = (array: FileArray, card = tinyCard()) =>
    Array.fromAsync(examplesInSlabs(card, array, { what: "score", name: "a.npy" }));
  const floats = (...shape: number[]) =>
    heldArray("", { data: new Float32Array(shape.reduce((a, b) => a * b)), shape });
  await assertRejects(() => all(floats(7)), TypeError, "Cannot score an array of [7] by");
  const ranged = tinyCard({
    inputs: [{ name: "image", shape: [4, 4, 1], dtype: "float32", units: "counts", range: [0, 255] }],
  });
  await assertRejects(() => all(floats(2, 4, 4), ranged), RangeError, "what is black and white in the file");
  const known = { ...floats(2, 4, 4), white: 1 };
  assertEquals((await all(known, ranged)).length, 2);
});

Deno.test("slabRows() keeps a slab of large examples as small as one of small ones", () => {
  assertEquals([slabRows([4, 4], 128), slabRows([2048, 2048, 3], 128), slabRows([1 << 13, 1 << 13], 128)], [
    128,
    1,
    1,
  ]);
  assertEquals(slabRows([1024, 1024], 128), 16);
});
