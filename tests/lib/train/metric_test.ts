import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  absoluteError,
  accuracy,
  binaryAccuracy,
  squaredError,
  topAccuracy,
  validationName,
} from "../../../lib/train/metric.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const column = (...values: number[]) => tf.tensor2d(values, [values.length, 1]);
const of = (tensor: tf.Tensor) => [...tensor.dataSync<"float32">()];

Deno.test("accuracy() takes the first of equals, and averages an example's places", () => {
  const form = { logits: true }, labels = tf.tensor1d([0, 1, 1], "int32");
  assertEquals(of(accuracy().perExample(labels, tf.tensor2d([[2, 2], [2, 2], [1, 3]]), form)), [1, 0, 1]);
  const places = tf.tensor3d([[[1, 0], [0, 1]], [[1, 0], [1, 0]]]);
  const truth = tf.tensor2d([[0, 0], [0, 0]], [2, 2], "int32");
  assertEquals(of(accuracy().perExample(truth, places, form)), [0.5, 1]);
  assertEquals([accuracy().name, accuracy().better], ["accuracy", "higher"]);
});

Deno.test("binaryAccuracy() cuts at the threshold, of probabilities and of logits alike", () => {
  const truth = tf.tensor1d([1, 1, 0, 0]), p = [0.9, 0.79, 0.79, 0.9];
  const logits = column(...p.map((share) => Math.log(share / (1 - share))));
  const metric = binaryAccuracy({ threshold: 0.8 });
  assertEquals(of(metric.perExample(truth, column(...p), { logits: false })), [1, 0, 1, 0]);
  assertEquals(of(metric.perExample(truth, logits, { logits: true })), [1, 0, 1, 0]);
  assertEquals(of(binaryAccuracy().perExample(truth, column(0.5, 0.51, 0.5, 0.51), { logits: false })), [
    0,
    1,
    1,
    0,
  ]);
  const several = binaryAccuracy().perExample(tf.tensor2d([[1, 0]]), tf.tensor2d([[0.9, 0.9]]), {
    logits: false,
  });
  assertEquals(of(several), [0.5]);
  assertEquals([metric.name, metric.better], ["accuracy", "higher"]);
});

Deno.test("absoluteError() is in the units asked for, averaged over an example's values", () => {
  const error = (factor?: number) =>
    of(absoluteError(factor).perExample(tf.tensor2d([[1, 2]]), tf.tensor2d([[2, -1]]), { logits: false }));
  assertEquals([error(), error(30)], [[2], [60]]);
  assertEquals([absoluteError().name, absoluteError().better], ["absoluteError", "lower"]);
  assertThrows(
    () => absoluteError().perExample(tf.tensor1d([1, 2]), tf.tensor2d([[1, 2, 3]]), { logits: false }),
    TypeError,
    "Cannot compare an output [1,3] with targets [2]",
  );
});

Deno.test("squaredError() and topAccuracy() say what Keras's metrics say", () => {
  const squared = squaredError().perExample(tf.tensor2d([[1, 2]]), tf.tensor2d([[2, -1]]), { logits: false });
  assertEquals(of(squared), [5]);
  // keras.metrics.top_k_categorical_accuracy(np.eye(3)[[2, 0]], [[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]], 2): 1, 0
  const output = tf.tensor2d([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]);
  assertEquals(of(topAccuracy(2).perExample(tf.tensor1d([2, 0], "int32"), output, { logits: false })), [
    1,
    0,
  ]);
});

Deno.test("validationName() puts a name behind validation", () => {
  assertEquals(["loss", "energyLoss", "x"].map(validationName), [
    "validationLoss",
    "validationEnergyLoss",
    "validationX",
  ]);
});
