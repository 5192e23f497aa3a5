/** Counts that are expected. @module */
import { tf } from "../../engine/mod.ts";
import { type Loss, meanOfExample, targetsLike } from "../loss.ts";

/** Keras's smallest expectation inside the logarithm. */
const EPSILON = 1e-7;

/**
 * Poisson's likelihood of a count given its expectation, as a loss and without what does not depend on it:
 * `expected - count · log(expected)`.
 *
 * Source: Keras 3 `Poisson`.
 *
 * @example One count where one is expected
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { poisson } from "./poisson.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * poisson().perExample(tf.tensor1d([1]), tf.tensor2d([[1]]), { logits: false }).dataSync(); // 1
 * ```
 */
export function poisson(): Loss {
  return {
    config: { name: "poisson" },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const log = tf.log(tf.add(output, EPSILON));
      return meanOfExample(tf.sub(output, tf.mul(targetsLike(targets, output), log)));
    },
  };
}
