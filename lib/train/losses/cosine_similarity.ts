/** Directions that are to agree. @module */
import { tf } from "../../engine/mod.ts";
import { type Loss, meanOfExample, targetsLike } from "../loss.ts";

/** Keras's smallest squared length. */
const EPSILON = 1e-7;

/**
 * Minus the cosine of the angle between two vectors on the last axis: from −1, the same direction, to 1.
 *
 * Source: Keras 3 `CosineSimilarity`.
 *
 * @example The same direction
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { cosineSimilarity } from "./cosine_similarity.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const loss = cosineSimilarity();
 * loss.perExample(tf.tensor2d([[1, 0]]), tf.tensor2d([[2, 0]]), { logits: false }).dataSync(); // -1
 * ```
 */
export function cosineSimilarity(): Loss {
  return {
    config: { name: "cosineSimilarity" },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const unit = (values: tf.Tensor) =>
        tf.mul(values, tf.rsqrt(tf.maximum(tf.sum(tf.square(values), -1, true), EPSILON)));
      return meanOfExample(tf.neg(tf.sum(tf.mul(unit(targetsLike(targets, output)), unit(output)), -1)));
    },
  };
}
