import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  absoluteError,
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  crossEntropy,
  huber,
  meanAbsoluteError,
  meanSquaredError,
} from "../../../lib/train/mod.ts";
import { validationName } from "../../../lib/train/metric.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const classes = tf.tensor1d([2, 0], "int32");
const logits = tf.tensor2d([[1, 2, 3], [0.5, -1, 2]]);
const truths = tf.tensor1d([1, 0]);
const column = tf.tensor2d([[0.7], [2]]);

// Printed by Keras 3.15, each loss with reduction="none":
//   y, z = np.array([2, 0]), np.array([[1., 2., 3.], [0.5, -1., 2.]], "float32")
//   b, q = np.array([[1.], [0.]], "float32"), np.array([[0.7], [2.]], "float32")
//   SparseCategoricalCrossentropy(from_logits=True)(y, z)
//   CategoricalCrossentropy(from_logits=True, label_smoothing=0.3)(keras.ops.one_hot(y, 3), z)
//   BinaryCrossentropy(from_logits=True)(b, q), BinaryCrossentropy(from_logits=True, label_smoothing=0.2)(b, q)
//   Huber(0.5)(b, q)
Deno.test("crossEntropy() agrees with Keras, smoothed or not", () => {
  assertClose(crossEntropy().perExample(classes, logits, { logits: true }).dataSync(), [
    0.40760595,
    1.7413113,
  ]);
  const smooth = crossEntropy({ labelSmoothing: 0.3 }).perExample(classes, logits, { logits: true });
  assertClose(smooth.dataSync(), [0.70760596, 1.7413114]);
});

Deno.test("crossEntropy() takes class numbers as they come out of held bytes", () => {
  assertClose(crossEntropy().perExample(tf.tensor2d([[2], [0]]), logits, { logits: true }).dataSync(), [
    0.40760595,
    1.7413113,
  ]);
});

Deno.test("binaryCrossEntropy() agrees with Keras, smoothed or not", () => {
  assertClose(binaryCrossEntropy().perExample(truths, column, { logits: true }).dataSync(), [
    0.40318605,
    2.126928,
  ]);
  const smooth = binaryCrossEntropy({ labelSmoothing: 0.2 }).perExample(truths, column, { logits: true });
  assertClose(smooth.dataSync(), [0.47318605, 1.9269279]);
});

// SparseCategoricalCrossentropy()(y, p), CategoricalCrossentropy(label_smoothing=0.3)(one_hot(y, 3), p) and
// BinaryCrossentropy()(b, q) of probabilities p = [[.2, .3, .5], [.25, .25, .6]]; q beyond 1 is clipped.
Deno.test("cross-entropies agree with Keras where the model gives probabilities", () => {
  const probabilities = tf.tensor2d([[0.2, 0.3, 0.5], [0.25, 0.25, 0.6]]), form = { logits: false };
  assertClose(crossEntropy().perExample(classes, probabilities, form).dataSync(), [0.6931472, 1.4816046]);
  const smooth = crossEntropy({ labelSmoothing: 0.3 }).perExample(classes, probabilities, form);
  assertClose(smooth.dataSync(), [0.8358588, 1.3940578]);
  assertClose(
    binaryCrossEntropy().perExample(truths, column, form).dataSync(),
    [0.35667497, 15.942385],
    1e-5,
  );
});

Deno.test("crossEntropy() averages over the places of an example", () => {
  // By hand: places of equal scores cost log 2 each, whatever the class.
  const scores = tf.zeros([2, 3, 2]), numbers = tf.tensor2d([[0, 1, 0], [1, 1, 1]], [2, 3], "int32");
  assertClose(crossEntropy().perExample(numbers, scores, { logits: true }).dataSync(), [Math.LN2, Math.LN2]);
});

Deno.test("regression losses average over an example's values", () => {
  assertClose(huber(0.5).perExample(truths, column, { logits: false }).dataSync(), [0.045, 0.875]);
  const labels = tf.tensor2d([[1, 2], [0, 0]]), outputs = tf.tensor2d([[1, 4], [3, 0]]);
  assertClose(meanSquaredError().perExample(labels, outputs, { logits: false }).dataSync(), [2, 4.5]);
  assertClose(meanAbsoluteError().perExample(labels, outputs, { logits: false }).dataSync(), [1, 1.5]);
});

Deno.test("losses refuse settings out of range", () => {
  assertThrows(() => crossEntropy({ labelSmoothing: 1 }), RangeError, "between 0 and 1: got 1");
  assertThrows(() => huber(0), RangeError, "delta must be positive: got 0");
});

Deno.test("metrics give one value an example", () => {
  assertEquals([...accuracy().perExample(classes, logits, { logits: true }).dataSync()], [1, 0]);
  assertEquals([...binaryAccuracy().perExample(truths, column, { logits: true }).dataSync()], [1, 0]);
  assertEquals([
    ...binaryAccuracy({ threshold: 0.8 }).perExample(truths, column, { logits: true }).dataSync(),
  ], [0, 0]);
  assertClose(absoluteError(10).perExample(truths, column, { logits: false }).dataSync(), [3, 20]);
  assertEquals(validationName("absoluteError"), "validationAbsoluteError");
});

Deno.test("cross-entropies want a smoothing from 0 to less than 1", () => {
  for (const make of [crossEntropy, binaryCrossEntropy]) {
    assertEquals(make({ labelSmoothing: 0.99 }).config.labelSmoothing, 0.99);
    for (const wrong of [1, -0.01, NaN]) {
      assertThrows(() => make({ labelSmoothing: wrong }), RangeError, `between 0 and 1: got ${wrong}`);
    }
  }
});
