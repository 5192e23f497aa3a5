/** How far predicted probabilities are from wanted ones, as a relative entropy. @module */
import { tf } from "../../engine/mod.ts";
import { type Loss, meanOfExample, targetsLike } from "../loss.ts";

const EPSILON = 1e-7;

/** Σ y log(y / p) over the last axis, clipped as Keras does. */
function divergence(truth: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const y = tf.clipByValue(truth, EPSILON, 1), p = tf.clipByValue(output, EPSILON, 1);
  return tf.sum(tf.mul(y, tf.log(tf.div(y, p))), -1);
}

/**
 * Kullback-Leibler divergence Σ y log(y / p) over the classes.
 *
 * Shapes: probabilities [batch, classes] of both; one column is taken for the two answers p and 1 − p, since the column
 * alone would say nothing of negative labels.
 * Source: Keras 3 `KLDivergence`.
 *
 * @example
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { klDivergence } from "./kl_divergence.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * klDivergence().perExample(tf.tensor1d([0]), tf.tensor2d([[0.5]]), { logits: false }).dataSync(); // 0.6931…
 * ```
 */
export function klDivergence(): Loss {
  return {
    config: { name: "klDivergence" },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const truth = targetsLike(targets, output);
      const isColumn = output.rank < 2 || output.shape[output.rank - 1] === 1;
      if (!isColumn) return meanOfExample(divergence(truth, output));
      const both = (values: tf.Tensor) => {
        const column = tf.reshape(values, [-1, 1]);
        return tf.concat([column, tf.sub(1, column)], 1);
      };
      return divergence(both(truth), both(output));
    },
  };
}
