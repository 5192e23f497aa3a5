/** Numbers watched in training, computed inside the step for every example and averaged over an epoch. @module */
import { tf } from "../engine/mod.ts";
import { classNumbers, labelsLike, meanOfExample } from "./loss.ts";

/** A metric. */
export interface Metric {
  /** Column of the history; that of the validation set is `validation` and the name in title case. */
  readonly name: string;
  /** Which way it improves. */
  readonly better: "lower" | "higher";
  /**
   * Value of every example. Shapes as in `Loss.perExample`; outputs are logits where the loss wants logits.
   */
  perExample(labels: tf.Tensor, ...outputs: tf.Tensor[]): tf.Tensor;
}

/** Column under which the validation set's value of `name` is found: `loss` gives `validationLoss`. */
export function validationName(name: string): string {
  return `validation${name[0].toUpperCase()}${name.slice(1)}`;
}

/**
 * Share of examples whose largest output is that of their class.
 *
 * @example One of two right
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { accuracy } from "./metric.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const outputs = tf.tensor2d([[0, 1], [0, 1]]);
 * accuracy().perExample(tf.tensor1d([0, 1], "int32"), outputs).dataSync(); // 0, 1
 * ```
 */
export function accuracy(): Metric {
  return {
    name: "accuracy",
    better: "higher",
    perExample: (labels, output) =>
      tf.cast(tf.equal(tf.cast(tf.argMax(output, 1), "int32"), classNumbers(labels)), "float32"),
  };
}

/** Options for {@linkcode binaryAccuracy}. */
export interface BinaryAccuracyOptions {
  /** Outputs above it count as 1: 0 for logits, 0.5 for probabilities. @default {0} */
  threshold?: number;
}

/**
 * Share of yes-or-no labels that are right.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { binaryAccuracy } from "./metric.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * binaryAccuracy().perExample(tf.tensor1d([0, 1]), tf.tensor2d([[2], [2]])).dataSync(); // 0, 1
 * ```
 */
export function binaryAccuracy(options: BinaryAccuracyOptions = {}): Metric {
  const { threshold = 0 } = options;
  return {
    name: "accuracy",
    better: "higher",
    perExample: (labels, output) =>
      meanOfExample(
        tf.cast(
          tf.equal(tf.greater(output, threshold), tf.greater(labelsLike(labels, output), 0.5)),
          "float32",
        ),
      ),
  };
}

/**
 * Mean size of the difference, in the units of the labels times `factor`.
 *
 * @param factor Units of one unit of output, such as 30 keV. @default {1}
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { absoluteError } from "./metric.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * absoluteError(30).perExample(tf.tensor1d([1]), tf.tensor2d([[0.5]])).dataSync(); // 15
 * ```
 */
export function absoluteError(factor = 1): Metric {
  return {
    name: "absoluteError",
    better: "lower",
    perExample: (labels, output) =>
      tf.mul(meanOfExample(tf.abs(tf.sub(output, labelsLike(labels, output)))), factor),
  };
}
