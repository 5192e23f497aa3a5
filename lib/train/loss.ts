/**
 * Losses per example. Those for classes take logits, the model's output before its last softmax or sigmoid: it is
 * steadier, and TensorFlow has one fused op for it.
 * @module
 */
import { losses, tf } from "../engine/mod.ts";

/** A loss. */
export interface Loss {
  /** Name and settings, as written in `run.json`. */
  readonly config: Readonly<Record<string, string | number>>;
  /** Whether `perExample` wants the model's output without its last softmax or sigmoid. */
  readonly logits: boolean;
  /**
   * Loss of every example.
   *
   * Shapes: labels [batch] or [batch, …]; outputs [batch, …], one for each output of the model; [batch] out.
   */
  perExample(labels: tf.Tensor, ...outputs: tf.Tensor[]): tf.Tensor;
}

/** Mean over all axes but the first. */
export function meanOfExample(values: tf.Tensor): tf.Tensor {
  return values.rank < 2 ? values : tf.mean(tf.reshape(values, [values.shape[0], -1]), 1);
}

/** Labels of shape [batch] brought to the output's shape, as floats. */
export function labelsLike(labels: tf.Tensor, output: tf.Tensor): tf.Tensor {
  return tf.reshape(tf.cast(labels, "float32"), output.shape);
}

/** Labels as class numbers, int32 [batch]. */
export function classNumbers(labels: tf.Tensor): tf.Tensor1D {
  return tf.cast(tf.reshape(labels, [labels.shape[0]]), "int32");
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
 * Cross-entropy between class numbers [batch] and logits [batch, classes].
 *
 * Source: Keras 3 `SparseCategoricalCrossentropy(from_logits=True)`; smoothing as `CategoricalCrossentropy` has it.
 *
 * @throws {RangeError} If the smoothing is outside [0, 1).
 * @example An even guess between two classes costs log 2
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { crossEntropy } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * crossEntropy().perExample(tf.tensor1d([1], "int32"), tf.tensor2d([[3, 3]])).dataSync(); // 0.6931…
 * ```
 */
export function crossEntropy(options: SmoothingOptions = {}): Loss {
  const { labelSmoothing = 0 } = options;
  checkSmoothing(labelSmoothing);
  return {
    config: { name: "crossEntropy", labelSmoothing },
    logits: true,
    perExample(labels, output) {
      const logits = output as tf.Tensor2D;
      const numbers = classNumbers(labels);
      if (labelSmoothing === 0) return losses.sparseSoftmaxCrossEntropy(numbers, logits);
      const classes = logits.shape[1];
      const on = 1 - labelSmoothing + labelSmoothing / classes;
      const smooth = tf.oneHot(numbers, classes, on, labelSmoothing / classes, "float32") as tf.Tensor2D;
      return losses.softmaxCrossEntropy(smooth, logits);
    },
  };
}

/**
 * Cross-entropy of independent yes-or-no labels (0 or 1) with logits of the same shape; a label [batch] also fits
 * logits [batch, 1]. Several labels of an example are averaged.
 *
 * Source: Keras 3 `BinaryCrossentropy(from_logits=True)`.
 *
 * @throws {RangeError} If the smoothing is outside [0, 1).
 * @example Undecided
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { binaryCrossEntropy } from "./loss.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * binaryCrossEntropy().perExample(tf.tensor1d([1]), tf.tensor2d([[0]])).dataSync(); // 0.6931…
 * ```
 */
export function binaryCrossEntropy(options: SmoothingOptions = {}): Loss {
  const { labelSmoothing = 0 } = options;
  checkSmoothing(labelSmoothing);
  return {
    config: { name: "binaryCrossEntropy", labelSmoothing },
    logits: true,
    perExample(labels, output) {
      const hard = labelsLike(labels, output);
      const wanted = labelSmoothing === 0
        ? hard
        : tf.add(tf.mul(hard, 1 - labelSmoothing), labelSmoothing / 2);
      return meanOfExample(losses.sigmoidCrossEntropy(wanted, output));
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
 * meanSquaredError().perExample(tf.tensor1d([1]), tf.tensor2d([[3]])).dataSync(); // 4
 * ```
 */
export function meanSquaredError(): Loss {
  return {
    config: { name: "meanSquaredError" },
    logits: false,
    perExample: (labels, output) => meanOfExample(tf.square(tf.sub(output, labelsLike(labels, output)))),
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
 * meanAbsoluteError().perExample(tf.tensor1d([1]), tf.tensor2d([[3]])).dataSync(); // 2
 * ```
 */
export function meanAbsoluteError(): Loss {
  return {
    config: { name: "meanAbsoluteError" },
    logits: false,
    perExample: (labels, output) => meanOfExample(tf.abs(tf.sub(output, labelsLike(labels, output)))),
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
 * huber(1).perExample(tf.tensor1d([0]), tf.tensor2d([[3]])).dataSync(); // 2.5
 * ```
 */
export function huber(delta = 1): Loss {
  if (!(delta > 0)) throw new RangeError(`Cannot make a loss as delta must be positive: got ${delta}`);
  return {
    config: { name: "huber", delta },
    logits: false,
    perExample(labels, output) {
      const miss = tf.abs(tf.sub(output, labelsLike(labels, output)));
      const near = tf.minimum(miss, delta);
      return meanOfExample(tf.sub(tf.mul(near, miss), tf.mul(tf.square(near), 0.5)));
    },
  };
}
