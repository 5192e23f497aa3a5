/** Losses that ask for a margin, and nothing beyond it. @module */
import { tf } from "../../engine/mod.ts";
import { classesLike, type Loss, meanOfExample, targetsLike } from "../loss.ts";

/** What is missing to the margin of 1; labels 0 and 1 become −1 and 1. */
function missing(targets: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const sign = tf.sub(tf.mul(targetsLike(targets, output), 2), 1);
  return tf.relu(tf.sub(1, tf.mul(sign, output)));
}

/**
 * max(0, 1 − s · output), s = −1 or 1 for labels 0 or 1, on the output as the model gives it.
 *
 * Source: Keras 3 `Hinge`. On a sigmoid, as pyBIA has it, no output reaches the margin of a negative label below 1.
 *
 * @example
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { hinge } from "./hinge.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * hinge().perExample(tf.tensor1d([1]), tf.tensor2d([[0.25]]), { logits: false }).dataSync(); // 0.75
 * ```
 */
export function hinge(): Loss {
  return {
    config: { name: "hinge" },
    logits: false,
    target: "values",
    perExample: (targets, output) => meanOfExample(missing(targets, output)),
  };
}

/**
 * The square of {@linkcode hinge}.
 *
 * Source: Keras 3 `SquaredHinge`.
 *
 * @example
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { squaredHinge } from "./hinge.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * squaredHinge().perExample(tf.tensor1d([1]), tf.tensor2d([[0.5]]), { logits: false }).dataSync(); // 0.25
 * ```
 */
export function squaredHinge(): Loss {
  return {
    config: { name: "squaredHinge" },
    logits: false,
    target: "values",
    perExample: (targets, output) => meanOfExample(tf.square(missing(targets, output))),
  };
}

/**
 * By how much the best of the wrong classes comes within a margin of 1 to the right one; targets are class numbers.
 *
 * Source: Keras 3 `CategoricalHinge`, which takes them one-hot.
 *
 * @example The right class is ahead by 0.5
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { categoricalHinge } from "./hinge.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const loss = categoricalHinge();
 * loss.perExample(tf.tensor1d([0], "int32"), tf.tensor2d([[1, 0.5]]), { logits: false }).dataSync(); // 0.5
 * ```
 */
export function categoricalHinge(): Loss {
  return {
    config: { name: "categoricalHinge" },
    logits: false,
    target: "classes",
    perExample(targets, output) {
      const right = classesLike(targets, output);
      const own = tf.sum(tf.mul(right, output), -1), best = tf.max(tf.mul(tf.sub(1, right), output), -1);
      return meanOfExample(tf.relu(tf.add(tf.sub(best, own), 1)));
    },
  };
}
