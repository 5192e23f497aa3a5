/** Numbers watched in training, computed inside the step for every example and averaged over an epoch. @module */
import { tf } from "../engine/mod.ts";
import { classNumbers, meanOfExample, type OutputForm, targetsLike } from "./loss.ts";

/** A metric. */
export interface Metric {
  /** Column of the history; that of the validation set is `validation` and the name in title case. */
  readonly name: string;
  /** Which way it improves. */
  readonly better: "lower" | "higher";
  /** Whether it can do with the output before its last softmax or sigmoid, where the loss has it so. @default {false} */
  readonly logits?: boolean;
  /** Value of every example. Shapes as in `Loss.perExample`. */
  perExample(targets: tf.Tensor, output: tf.Tensor, form: OutputForm): tf.Tensor;
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
 * accuracy().perExample(tf.tensor1d([0, 1], "int32"), outputs, { logits: true }).dataSync(); // 0, 1
 * ```
 */
export function accuracy(): Metric {
  return {
    name: "accuracy",
    better: "higher",
    logits: true,
    perExample(targets, output) {
      const best = tf.cast(tf.argMax(output, output.rank - 1), "int32");
      const right = tf.cast(tf.equal(tf.reshape(best, [-1]), classNumbers(targets)), "float32");
      return meanOfExample(tf.reshape(right, best.shape));
    },
  };
}

/** Options for {@linkcode binaryAccuracy}. */
export interface BinaryAccuracyOptions {
  /** Probabilities above it count as 1. @default {0.5} */
  threshold?: number;
  /** Holds the output as it is against the threshold even where it is no probability, as Keras does. @default {false} */
  raw?: boolean;
}

/**
 * Share of yes-or-no labels that are right.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { binaryAccuracy } from "./metric.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * binaryAccuracy().perExample(tf.tensor1d([0, 1]), tf.tensor2d([[2], [2]]), { logits: true }).dataSync(); // 0, 1
 * ```
 */
export function binaryAccuracy(options: BinaryAccuracyOptions = {}): Metric {
  const { threshold = 0.5, raw = false } = options;
  return {
    name: "accuracy",
    better: "higher",
    logits: !raw,
    perExample(targets, output, { logits }) {
      const least = logits ? Math.log(threshold / (1 - threshold)) : threshold;
      const right = tf.equal(tf.greater(output, least), tf.greater(targetsLike(targets, output), 0.5));
      return meanOfExample(tf.cast(right, "float32"));
    },
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
 * absoluteError(30).perExample(tf.tensor1d([1]), tf.tensor2d([[0.5]]), { logits: false }).dataSync(); // 15
 * ```
 */
export function absoluteError(factor = 1): Metric {
  return {
    name: "absoluteError",
    better: "lower",
    perExample: (targets, output) =>
      tf.mul(meanOfExample(tf.abs(tf.sub(output, targetsLike(targets, output)))), factor),
  };
}

/**
 * Squared difference of output and target.
 *
 * @example
 * ```ts
 * import { squaredError } from "./metric.ts";
 * squaredError().name; // "squaredError"
 * ```
 */
export function squaredError(): Metric {
  return {
    name: "squaredError",
    better: "lower",
    perExample: (targets, output) => meanOfExample(tf.square(tf.sub(output, targetsLike(targets, output)))),
  };
}

/**
 * Share of examples whose class is among the `k` likeliest; targets are class numbers.
 *
 * Source: Keras 3 `SparseTopKCategoricalAccuracy`; of classes as likely as the right one none counts before it.
 *
 * @example
 * ```ts
 * import { topAccuracy } from "./metric.ts";
 * topAccuracy(3).name; // "top3Accuracy"
 * ```
 */
export function topAccuracy(k = 5): Metric {
  return {
    name: `top${k}Accuracy`,
    better: "higher",
    logits: true,
    perExample(targets, output) {
      const classes = output.shape[output.rank - 1];
      const scores = tf.reshape(output, [-1, classes]), numbers = classNumbers(targets);
      const own = tf.sum(tf.mul(tf.oneHot(numbers, classes, 1, 0, "float32"), scores), 1, true);
      const above = tf.sum(tf.cast(tf.greater(scores, own), "float32"), 1);
      return meanOfExample(tf.reshape(tf.cast(tf.less(above, k), "float32"), output.shape.slice(0, -1)));
    },
  };
}
