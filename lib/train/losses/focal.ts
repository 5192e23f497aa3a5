/** Cross-entropy in which easy examples count little. @module */
import { losses, tf } from "../../engine/mod.ts";
import { classesLike, type Loss, meanOfExample, targetsLike } from "../loss.ts";

const EPSILON = 1e-7;

/** Options for {@linkcode focal}. */
export interface FocalOptions {
  /** How fast easy examples fade; 0 is plain cross-entropy. @default {2} */
  gamma?: number;
  /** Weight of positive labels, negative ones get the rest to 1. @default {no weights} */
  alpha?: number;
}

/**
 * Focal loss (1 − q)^γ · −log q, q the probability given to the true answer.
 *
 * Source: Lin et al., arXiv 1708.02002; as Keras 3 `BinaryFocalCrossentropy`. pyBIA's takes its sigmoid's output for a
 * logit and gives `alpha` to both classes; this one does neither.
 *
 * @throws {RangeError} If `gamma` is negative or `alpha` outside [0, 1].
 * @example Undecided: a quarter of log 2
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { focal } from "./focal.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * focal().perExample(tf.tensor1d([1]), tf.tensor2d([[0]]), { logits: true }).dataSync(); // 0.1732…
 * ```
 */
export function focal(options: FocalOptions = {}): Loss {
  const { gamma = 2, alpha } = options;
  if (!(gamma >= 0)) throw new RangeError(`Cannot make a loss as gamma must be at least 0: got ${gamma}`);
  if (alpha !== undefined && !(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(`Cannot make a loss as alpha must lie between 0 and 1: got ${alpha}`);
  }
  return {
    config: { name: "focal", gamma, ...(alpha !== undefined && { alpha }) },
    logits: true,
    squashing: "sigmoid",
    target: "values",
    perExample(targets, output, { logits }) {
      const truth = targetsLike(targets, output);
      const cost = logits ? losses.sigmoidCrossEntropy(truth, output) : costOf(truth, output);
      const p = logits ? tf.sigmoid(output) : tf.clipByValue(output, EPSILON, 1 - EPSILON);
      const wrong = tf.add(tf.mul(truth, tf.sub(1, p)), tf.mul(tf.sub(1, truth), p));
      const faded = tf.mul(tf.pow(wrong, gamma), cost);
      if (alpha === undefined) return meanOfExample(faded);
      const weight = tf.add(tf.mul(truth, alpha), tf.mul(tf.sub(1, truth), 1 - alpha));
      return meanOfExample(tf.mul(weight, faded));
    },
  };
}

/** Options for {@linkcode categoricalFocal}. */
export interface CategoricalFocalOptions {
  /** How fast easy examples fade; 0 is plain cross-entropy. @default {2} */
  gamma?: number;
  /** Weight of every class. @default {0.25} */
  alpha?: number;
}

/**
 * Focal loss of one of several classes: `α (1 - p)^γ · -log p` of the right one; targets are class numbers.
 *
 * Source: Keras 3 `CategoricalFocalCrossentropy`, which takes them one-hot.
 *
 * @throws {RangeError} If gamma is negative.
 * @example An even guess between two classes
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { categoricalFocal } from "./focal.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const loss = categoricalFocal({ gamma: 2, alpha: 1 });
 * loss.perExample(tf.tensor1d([1], "int32"), tf.tensor2d([[0, 0]]), { logits: true }).dataSync(); // 0.1732…
 * ```
 */
export function categoricalFocal(options: CategoricalFocalOptions = {}): Loss {
  const { gamma = 2, alpha = 0.25 } = options;
  if (!(gamma >= 0)) throw new RangeError(`Cannot make a loss as gamma must be at least 0: got ${gamma}`);
  return {
    config: { name: "categoricalFocal", gamma, alpha },
    logits: true,
    squashing: "softmax",
    target: "classes",
    perExample(targets, output, { logits }) {
      const right = classesLike(targets, output);
      const shares = logits ? tf.softmax(output) : tf.div(output, tf.sum(output, -1, true));
      const p = tf.clipByValue(shares, EPSILON, 1 - EPSILON);
      const faded = tf.mul(tf.pow(tf.sub(1, p), gamma), tf.mul(tf.log(p), -alpha));
      return meanOfExample(tf.sum(tf.mul(right, faded), -1));
    },
  };
}

/** Cross-entropy of probabilities. */
function costOf(truth: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const p = tf.clipByValue(output, EPSILON, 1 - EPSILON);
  const hit = tf.mul(truth, tf.log(p)), miss = tf.mul(tf.sub(1, truth), tf.log(tf.sub(1, p)));
  return tf.neg(tf.add(hit, miss));
}
