/** A squared miss that turns linear. @module */
import { tf } from "../../engine/mod.ts";
import { type Loss, meanOfExample, targetsLike } from "../loss.ts";

/**
 * log cosh(output − target): half the square while small, the size less log 2 beyond.
 *
 * Source: Keras 3 `LogCosh`.
 *
 * @example
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { logCosh } from "./log_cosh.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * logCosh().perExample(tf.tensor1d([0]), tf.tensor2d([[1]]), { logits: false }).dataSync(); // 0.4337…
 * ```
 */
export function logCosh(): Loss {
  return {
    config: { name: "logCosh" },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const miss = tf.abs(tf.sub(output, targetsLike(targets, output)));
      const tail = tf.log1p(tf.exp(tf.mul(miss, -2))); // never overflows, unlike cosh
      return meanOfExample(tf.sub(tf.add(miss, tail), Math.LN2));
    },
  };
}
