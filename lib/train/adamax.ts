/** Adamax: Adam by the largest gradient rather than by the mean square. @module */
import { tf } from "../engine/mod.ts";
import type { AdamOptions } from "./adam.ts";
import type { OptimizerRule } from "./optimizer.ts";

/**
 * Steps scaled by a fading maximum of the gradient.
 *
 * Source: Kingma and Ba, arXiv 1412.6980, section 7.1, as Keras 3 has it.
 *
 * @example Its settings
 * ```ts
 * import { adamax } from "./adamax.ts";
 * adamax().slots; // ["mean", "largest"]
 * ```
 */
export function adamax(options: Omit<AdamOptions, "amsgrad"> = {}): OptimizerRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  return {
    config: { name: "adamax", beta1, beta2, epsilon },
    slots: ["mean", "largest"],
    update(weight, gradient, [mean, largest], { rate, step }) {
      const m = tf.add(mean, tf.mul(tf.sub(gradient, mean), 1 - beta1));
      const u = tf.maximum(tf.mul(largest, beta2), tf.abs(gradient));
      const scaled = tf.div(rate, tf.sub(1, tf.pow(beta1, step)));
      const move = tf.div(tf.mul(m, scaled), tf.add(u, epsilon));
      return { weight: tf.sub(weight, move), slots: [m, u] };
    },
  };
}
