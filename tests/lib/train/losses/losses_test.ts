import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import {
  binaryCrossEntropy,
  categoricalFocal,
  categoricalHinge,
  cosineSimilarity,
  crossEntropy,
  dice,
  focal,
  gaussianLikelihood,
  hinge,
  huber,
  jaccard,
  klDivergence,
  logCosh,
  type Loss,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  overlapOfBatch,
  poisson,
  squaredHinge,
  weightedBinaryCrossEntropy,
} from "../../../../lib/train/mod.ts";
import { assertClose, assertThrows } from "../../../assert.ts";

await startEngine({ backend: "cpu" });

const truths = tf.tensor1d([1, 0, 1, 0]);
const probabilities = [0.9, 0.3, 0.2, 0.8];
const column = tf.tensor2d(probabilities, [4, 1]);
const logits = tf.tensor2d(probabilities.map((p) => Math.log(p / (1 - p))), [4, 1]);
const masks = tf.tensor2d([[1, 1, 0, 0], [0, 1, 0, 1]]);
const found = tf.tensor2d([[0.9, 0.2, 0.4, 0.1], [0.5, 0.5, 0.5, 0.5]]);

function check(loss: Loss, expected: readonly number[], options: { logits: boolean }, output = column) {
  assertClose(loss.perExample(truths, output, options).dataSync(), expected, 3e-6);
}

// Printed by Keras 3.15 and TensorFlow, each loss with reduction="none", of y = [[1], [0], [1], [0]],
// p = [[.9], [.3], [.2], [.8]], z = log(p / (1 - p)), masks m and found q as above:
//   Hinge()(y, p), SquaredHinge()(y, p), LogCosh()(y, 10 * p)
//   KLDivergence()(np.concatenate([y, 1 - y], 1), np.concatenate([p, 1 - p], 1))
//   BinaryFocalCrossentropy(from_logits=True)(y, z)
//   BinaryFocalCrossentropy(apply_class_balancing=True, alpha=.25, gamma=3, from_logits=True)(y, z)
//   tf.nn.weighted_cross_entropy_with_logits(y, z, 25.)
//   Dice(axis=(1,))(m, q), and Dice()(y, p) of the whole batch
Deno.test("hinge() and squaredHinge() agree with Keras", () => {
  check(hinge(), [0.1, 1.3, 0.8, 1.8], { logits: false });
  check(squaredHinge(), [0.01, 1.69, 0.64, 3.24], { logits: false });
});

Deno.test("klDivergence() of one column agrees with Keras on the two answers", () => {
  check(klDivergence(), [0.10535919, 0.3566735, 1.6094364, 1.6094364], { logits: false });
  const both = (values: tf.Tensor) => tf.concat([values, tf.sub(1, values)], 1);
  const pair = klDivergence().perExample(both(tf.reshape(truths, [4, 1])), both(column), { logits: false });
  assertClose(pair.dataSync(), [0.10535919, 0.3566735, 1.6094364, 1.6094364], 3e-6);
});

Deno.test("logCosh() agrees with Keras and stays finite far out", () => {
  check(logCosh(), [7.3068528, 2.3093286, 0.4337808, 7.3068528], { logits: false }, tf.mul(column, 10));
  const far = logCosh().perExample(tf.tensor1d([0]), tf.tensor2d([[1e4]]), { logits: false });
  assertClose(far.dataSync(), [1e4 - Math.LN2]);
});

Deno.test("focal() agrees with Keras, of logits and of probabilities, with weights and without", () => {
  const plain = [0.0010536058, 0.03210075, 1.0300404, 1.0300404];
  check(focal(), plain, { logits: true }, logits);
  check(focal(), plain, { logits: false });
  const weighted = [2.6340154e-5, 0.0072226683, 0.20600806, 0.61802423];
  check(focal({ gamma: 3, alpha: 0.25 }), weighted, { logits: true }, logits);
});

Deno.test("weightedBinaryCrossEntropy() agrees with TensorFlow, of logits and of probabilities", () => {
  const expected = [2.6340134, 0.356675, 40.235947, 1.6094381];
  check(weightedBinaryCrossEntropy(25), expected, { logits: true }, logits);
  check(weightedBinaryCrossEntropy(25), expected, { logits: false });
});

// Jaccard by hand: 1 - 1.1 / (2 + 1.6 - 1.1) and 1 - 1 / (2 + 2 - 1).
Deno.test("dice() and jaccard() of masks", () => {
  const options = { logits: false };
  assertClose(dice().perExample(masks, found, options).dataSync(), [0.38888884, 0.5], 1e-6);
  assertClose(jaccard().perExample(masks, found, options).dataSync(), [0.56, 2 / 3], 1e-6);
});

// By hand: 1.1 of 2 positives found, 2.2 said; Dice 1 - 2.2 / 4.2, as Keras; Jaccard 1 - 1.1 / 3.1.
Deno.test("overlapOfBatch() gives every example the value of the batch", () => {
  const of = (how: "dice" | "jaccard") =>
    overlapOfBatch(how, "lens").together({ lens: truths }, { lens: column }, {}) as tf.Tensor;
  assertClose(of("dice").dataSync(), new Array(4).fill(0.47619045), 1e-6);
  assertClose(of("jaccard").dataSync(), new Array(4).fill(0.64516127), 1e-6);
});

Deno.test("losses refuse weights and exponents that make no sense", () => {
  assertThrows(() => weightedBinaryCrossEntropy(-1), RangeError, "at least 0: got -1");
  assertThrows(() => focal({ gamma: -1 }), RangeError, "gamma must be at least 0: got -1");
  assertThrows(() => focal({ alpha: 2 }), RangeError, "alpha must lie between 0 and 1: got 2");
});

Deno.test("losses take the ends of what they allow, and nothing beyond", () => {
  const alphas = [0, 1].map((alpha) =>
    focal({ alpha }).perExample(truths, column, { logits: false }).dataSync()
  );
  assertClose([alphas[0][0], alphas[0][2], alphas[1][1], alphas[1][3]], [0, 0, 0, 0], 1e-9, "", 1);
  assertClose(focal({ gamma: 0 }).perExample(truths, logits, { logits: true }).dataSync(), [
    -Math.log(0.9),
    -Math.log(0.7),
    -Math.log(0.2),
    -Math.log(0.2),
  ], 1e-5);
  assertClose(
    weightedBinaryCrossEntropy(0).perExample(truths, column, { logits: false }).dataSync()[0],
    0,
    1e-9,
    "",
    1,
  );
  assertClose(
    huber(0.5).perExample(truths, column, { logits: false }).dataSync()[2],
    0.5 * 0.8 - 0.125,
    1e-6,
  );
  crossEntropy({ labelSmoothing: 0 });
  for (const wrong of [1, -0.1, NaN]) {
    assertThrows(() => crossEntropy({ labelSmoothing: wrong }), RangeError, `between 0 and 1: got ${wrong}`);
    assertThrows(
      () => binaryCrossEntropy({ labelSmoothing: wrong }),
      RangeError,
      `between 0 and 1: got ${wrong}`,
    );
  }
  for (const wrong of [0, -1, NaN]) assertThrows(() => huber(wrong), RangeError, `positive: got ${wrong}`);
  for (const wrong of [NaN, Infinity]) {
    assertThrows(() => weightedBinaryCrossEntropy(wrong), RangeError, `got ${wrong}`);
  }
  for (const wrong of [-0.1, 1.1, NaN]) {
    assertThrows(() => focal({ alpha: wrong }), RangeError, `got ${wrong}`);
  }
  assertThrows(() => focal({ gamma: NaN }), RangeError, "got NaN");
});

Deno.test("losses of sizes, counts and directions are Keras's", () => {
  // Printed by Keras 3.15:
  //   y = np.array([[1, 2], [0.5, 4]]); p = np.array([[0.5, 2.5], [1, 3]])
  //   print(keras.losses.MeanAbsolutePercentageError(reduction="none")(y, p)) # and so on
  const y = tf.tensor2d([[1, 2], [0.5, 4]]), p = tf.tensor2d([[0.5, 2.5], [1, 3]]);
  const cases: [Loss, number[]][] = [
    [meanAbsolutePercentageError(), [37.5, 62.5]],
    [meanSquaredLogarithmicError(), [0.053262, 0.066277]],
    [poisson(), [0.930283, -0.197225]],
    [cosineSimilarity(), [-0.964764, -0.980581]],
  ];
  for (const [loss, expected] of cases) {
    assertClose(
      loss.perExample(y, p, { logits: false }).dataSync(),
      expected,
      2e-5,
      String(loss.config.name),
    );
  }
});

Deno.test("klDivergence() averages the places of an example", () => {
  // Σ y log(y / p) of each place: [0.5, 0.5] against itself is 0, [1, 0] against [0.5, 0.5] is log 2.
  const y = tf.tensor3d([[[0.5, 0.5], [1, 0]]]), p = tf.tensor3d([[[0.5, 0.5], [0.5, 0.5]]]);
  const values = klDivergence().perExample(y, p, { logits: false });
  assertClose(values.dataSync(), [Math.LN2 / 2], 1e-5);
});

Deno.test("losses of one class among several are Keras's", () => {
  // hot = np.eye(3)[[2, 0]]; q = np.array([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]])
  // print(keras.losses.CategoricalHinge(reduction="none")(hot, q))
  // print(keras.losses.CategoricalFocalCrossentropy(alpha=0.4, gamma=1.5, reduction="none")(hot, q))
  const numbers = tf.tensor1d([2, 0], "int32"), q = tf.tensor2d([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]);
  const of = (loss: Loss, output: tf.Tensor, logits: boolean) =>
    loss.perExample(numbers, output, { logits }).dataSync();
  assertClose(of(categoricalHinge(), q, false), [0.8, 1.5], 1e-6);
  const focalLoss = categoricalFocal({ alpha: 0.4, gamma: 1.5 });
  assertClose(of(focalLoss, q, false), [0.09802582, 0.7863927], 1e-5);
  assertClose(of(focalLoss, tf.log(q), true), [0.09802582, 0.7863927], 1e-5);
});

// By hand, for (μ, σ, y) of (1, 2, 3) and (0, 0.5, 1): log 2 + 1 / 2 and log 0.5 + 2.
Deno.test("gaussianLikelihood() is that of a Gaussian, weighed by σ, which moves the mean alone", () => {
  const output = tf.tensor2d([[1, 2], [0, 0.5]]), targets = tf.tensor1d([3, 1]), form = { logits: false };
  const by = (beta: number) =>
    gaussianLikelihood({ beta, leastSigma: 0 }).perExample(targets, output, form).dataSync();
  const plain = [Math.log(2) + 0.5, Math.log(0.5) + 2];
  assertClose(by(0), plain, 1e-5);
  assertClose(by(1), [2 * plain[0], 0.5 * plain[1]], 1e-5);
  assertClose(by(2), [4 * plain[0], 0.25 * plain[1]], 1e-5);
  // The derivative by σ of the first is (1 / 2 - 4 / 8), of the second (2 - 1 / 0.125): the weight is as a constant.
  const loss = gaussianLikelihood({ leastSigma: 0 });
  const [gradient] = tf.grads((y: tf.Tensor) => loss.perExample(targets, y, form))([output]);
  assertClose(gradient.dataSync(), [2 * -0.5, 2 * 0, 0.5 * -4, 0.5 * -6], 1e-4);
  assertThrows(() => loss.perExample(targets, column, form), TypeError, "must be [batch, 2]");
});

Deno.test("focal() of a probability that is certain and wrong is large and finite, and of one that is right nothing", () => {
  const output = tf.tensor2d([[1], [0], [1], [0]]);
  const costs = focal().perExample(tf.tensor1d([0, 1, 1, 0]), output, { logits: false }).dataSync();
  // Clipped by 1e-7, which float32 makes 1.19e-7 of one: -log of it, and the square of how wrong it is.
  assertClose(costs, [-Math.log(2 ** -23), -Math.log(1e-7), 0, 0], 1e-3);
});
