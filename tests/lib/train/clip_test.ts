import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { clipByGlobalNorm, clipByNorm, clipByValue } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

Deno.test("clipByGlobalNorm() shrinks all gradients alike, and only long ones", () => {
  const gradients = [tf.tensor1d([3, 0]), tf.tensor2d([[4]])]; // norm 5
  const clipped = clipByGlobalNorm(gradients, 2.5);
  assertClose(clipped[0].dataSync(), [1.5, 0]);
  assertClose(clipped[1].dataSync(), [2]);
  assertClose(clipByGlobalNorm(gradients, 10)[0].dataSync(), [3, 0]);
  assertClose(clipByGlobalNorm([tf.zeros([2])], 1)[0].dataSync(), [0, 0]);
});

Deno.test("clipByGlobalNorm() hides no NaN", () => {
  assert(clipByGlobalNorm([tf.tensor1d([NaN, 1])], 1)[0].dataSync().every(Number.isNaN));
});

Deno.test("clipByNorm() shrinks each gradient on its own", () => {
  const clipped = clipByNorm([tf.tensor1d([3, 4]), tf.tensor1d([0.3, 0.4]), tf.tensor2d([[-8]])], 1);
  assertClose(clipped.flatMap((gradient) => [...gradient.dataSync()]), [0.6, 0.8, 0.3, 0.4, -1]);
});

Deno.test("clipByValue() cuts each component", () => {
  assertClose(clipByValue([tf.tensor1d([-3, 0.5, 2])], 1)[0].dataSync(), [-1, 0.5, 1]);
});

Deno.test("clipping wants a positive limit", () => {
  assertThrows(() => clipByGlobalNorm([], 0), RangeError, "the norm must be positive: got 0");
  assertThrows(() => clipByGlobalNorm([], NaN), RangeError, "got NaN");
  assertThrows(() => clipByValue([], 0), RangeError, "the limit must be positive: got 0");
  assertThrows(() => clipByValue([], -1), RangeError, "the limit must be positive: got -1");
});
