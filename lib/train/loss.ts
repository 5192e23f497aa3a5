/**
 * Losses per example. Those for classes take logits, the model's output before its last softmax or sigmoid: it is
 * steadier, and TensorFlow has one fused op for it.
 * @module
 */
import { losses, tf } from "../engine/mod.ts";

/** In which form a loss or a metric gets an output. */
export interface OutputForm {
  /** Before its last softmax or sigmoid; probabilities otherwise. */
  logits: boolean;
}

/** A loss of one output. */
export interface Loss {
  /** Name and settings, as written in `run.json`. */
  readonly config: Readonly<Record<string, string | number>>;
  /** Whether it is steadier on the model's output before its last softmax or sigmoid. */
  readonly logits: boolean;
  /** The activation before which it takes an output; behind another one it takes probabilities. @default {either} */
  readonly squashing?: "softmax" | "sigmoid";
  /** What targets are: class numbers, values of the output's own shape, or one value that the output says several things of. */
  readonly target: "classes" | "values" | "value";
  /**
   * Loss of every example.
   *
   * Shapes: targets [batch] or [batch, …]; output [batch, …]; [batch] out. Losses of several places are averaged.
   */
  perExample(targets: tf.Tensor, output: tf.Tensor, form: OutputForm): tf.Tensor;
}

/** Mean over all axes but the first. */
export function meanOfExample(values: tf.Tensor): tf.Tensor {
  return values.rank < 2 ? values : tf.mean(tf.reshape(values, [values.shape[0], -1]), 1);
}

/** Targets as floats of the output's shape; axes of one place may be missing. @throws {TypeError} If they differ. */
export function targetsLike(targets: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const squeezed = (shape: readonly number[]) => shape.filter((side) => side !== 1).join();
  if (squeezed(targets.shape) !== squeezed(output.shape)) {
    throw new TypeError(`Cannot compare an output [${output.shape}] with targets [${targets.shape}]`);
  }
  return tf.reshape(tf.cast(targets, "float32"), output.shape);
}

/** Targets as class numbers of all places in one row, int32 [places]. */
export function classNumbers(targets: tf.Tensor): tf.Tensor1D {
  return tf.cast(tf.reshape(targets, [-1]), "int32");
}

/** Targets that are class numbers as 1 at the class and 0 at all others, float32 of the output's shape. */
export function classesLike(targets: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const classes = output.shape[output.rank - 1];
  return tf.reshape(tf.oneHot(classNumbers(targets), classes, 1, 0, "float32"), output.shape);
}

/** Keras's smallest probability. */
const EPSILON = 1e-7;

function clipped(probabilities: tf.Tensor): tf.Tensor {
  return tf.clipByValue(probabilities, EPSILON, 1 - EPSILON);
}

/** Values of all places, one after the other, averaged by example. */
function byExample(values: tf.Tensor, batch: number): tf.Tensor {
  return values.size === batch ? tf.reshape(values, [batch]) : tf.mean(tf.reshape(values, [batch, -1]), 1);
}

/** Options for {@linkcode crossEntropy} and {@linkcode binaryCrossEntropy}. */
export interface SmoothingOptions {
  /** Probability spread evenly over all classes, from 0 up to 1. @default {0} */
  labelSmoothing?: number;
}

function checkSmoothing(labelSmoothing: number): void {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new RangeError(
      `Cannot make a loss as label smoothing must lie between 0 and 1: got ${labelSmoothing}`,
    );
  }
}

/**
 * Cross-entropy between class numbers [batch, …] and one score for each class, [batch, …, classes].
 *
 * Source: Keras 3 `SparseCategoricalCrossentropy`, on logits wherever the model has some; smoothing as
 * `CategoricalCrossentropy` has it.
 *
 * @throws {RangeError} If the smoothing is outside [0, 1).
 * @example An even guess between two classes costs log 2
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { crossEntropy } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const logits = tf.tensor2d([[3, 3]]);
 * crossEntropy().perExample(tf.tensor1d([1], "int32"), logits, { logits: true }).dataSync(); // 0.6931…
 * ```
 */
export function crossEntropy(options: SmoothingOptions = {}): Loss {
  const { labelSmoothing = 0 } = options;
  checkSmoothing(labelSmoothing);
  return {
    config: { name: "crossEntropy", labelSmoothing },
    logits: true,
    squashing: "softmax",
    target: "classes",
    perExample(targets, output, form) {
      const batch = output.shape[0], classes = output.shape[output.rank - 1];
      const scores = tf.reshape(output, [-1, classes]) as tf.Tensor2D;
      const numbers = classNumbers(targets);
      if (form.logits && labelSmoothing === 0) {
        return byExample(losses.sparseSoftmaxCrossEntropy(numbers, scores), batch);
      }
      const on = 1 - labelSmoothing + labelSmoothing / classes;
      const smooth = tf.oneHot(numbers, classes, on, labelSmoothing / classes, "float32") as tf.Tensor2D;
      if (form.logits) return byExample(losses.softmaxCrossEntropy(smooth, scores), batch);
      const shares = clipped(tf.div(scores, tf.sum(scores, 1, true)));
      return byExample(tf.neg(tf.sum(tf.mul(smooth, tf.log(shares)), 1)), batch);
    },
  };
}

/**
 * Cross-entropy of independent yes-or-no labels (0 or 1) with logits of the same shape; a label [batch] also fits
 * logits [batch, 1]. Several labels of an example are averaged.
 *
 * Source: Keras 3 `BinaryCrossentropy`, on logits wherever the model has some.
 *
 * @throws {RangeError} If the smoothing is outside [0, 1).
 * @example Undecided
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { binaryCrossEntropy } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * binaryCrossEntropy().perExample(tf.tensor1d([1]), tf.tensor2d([[0]]), { logits: true }).dataSync(); // 0.6931…
 * ```
 */
export function binaryCrossEntropy(options: SmoothingOptions = {}): Loss {
  const { labelSmoothing = 0 } = options;
  checkSmoothing(labelSmoothing);
  return {
    config: { name: "binaryCrossEntropy", labelSmoothing },
    logits: true,
    squashing: "sigmoid",
    target: "values",
    perExample(targets, output, form) {
      const hard = targetsLike(targets, output);
      const wanted = labelSmoothing === 0
        ? hard
        : tf.add(tf.mul(hard, 1 - labelSmoothing), labelSmoothing / 2);
      if (form.logits) return meanOfExample(losses.sigmoidCrossEntropy(wanted, output));
      const p = clipped(output);
      const hit = tf.mul(wanted, tf.log(p)), miss = tf.mul(tf.sub(1, wanted), tf.log(tf.sub(1, p)));
      return meanOfExample(tf.neg(tf.add(hit, miss)));
    },
  };
}

/**
 * Square of the difference, averaged over an example's values.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { meanSquaredError } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * meanSquaredError().perExample(tf.tensor1d([1]), tf.tensor2d([[3]]), { logits: false }).dataSync(); // 4
 * ```
 */
export function meanSquaredError(): Loss {
  return {
    config: { name: "meanSquaredError" },
    logits: false,
    target: "values",
    perExample: (targets, output) => meanOfExample(tf.square(tf.sub(output, targetsLike(targets, output)))),
  };
}

/**
 * Size of the difference, averaged over an example's values.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { meanAbsoluteError } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * meanAbsoluteError().perExample(tf.tensor1d([1]), tf.tensor2d([[3]]), { logits: false }).dataSync(); // 2
 * ```
 */
export function meanAbsoluteError(): Loss {
  return {
    config: { name: "meanAbsoluteError" },
    logits: false,
    target: "values",
    perExample: (targets, output) => meanOfExample(tf.abs(tf.sub(output, targetsLike(targets, output)))),
  };
}

/**
 * Half the square of the difference while it is below `delta`, and linear beyond: large misses count less.
 *
 * Source: Huber, Ann. Math. Stat. 35, 73 (1964); as Keras 3 `Huber`.
 *
 * @throws {RangeError} If `delta` is not positive.
 * @example Linear beyond 1
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { huber } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * huber(1).perExample(tf.tensor1d([0]), tf.tensor2d([[3]]), { logits: false }).dataSync(); // 2.5
 * ```
 */
export function huber(delta = 1): Loss {
  if (!(delta > 0)) throw new RangeError(`Cannot make a loss as delta must be positive: got ${delta}`);
  return {
    config: { name: "huber", delta },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const miss = tf.abs(tf.sub(output, targetsLike(targets, output)));
      const near = tf.minimum(miss, delta);
      return meanOfExample(tf.sub(tf.mul(near, miss), tf.mul(tf.square(near), 0.5)));
    },
  };
}
