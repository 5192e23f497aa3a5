/** Nadam: Adam that looks ahead along its momentum. @module */
import { tf } from "../engine/mod.ts";
import type { AdamOptions } from "./adam.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** How fast the momentum comes up to its full share. */
const DECAY = 0.96;

/**
 * Adam with Nesterov's momentum, which rises from half of its share.
 *
 * Source: Dozat, ICLR 2016 workshop, "Incorporating Nesterov Momentum into Adam", as Keras 3 has it.
 *
 * @example Its settings
 * ```ts
 * import { nadam } from "./nadam.ts";
 * nadam().config; // { name: "nadam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
 * ```
 */
export function nadam(options: Omit<AdamOptions, "amsgrad"> = {}): OptimizerRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  return {
    config: { name: "nadam", beta1, beta2, epsilon },
    // The third is by how much the product of all momenta so far is below 1; every value of it is the same.
    slots: ["mean", "square", "forgotten"],
    update(weight, gradient, [mean, square, forgotten], { rate, step }) {
      const momentum = (at: tf.Tensor) => tf.mul(tf.sub(1, tf.mul(0.5, tf.pow(DECAY, at))), beta1);
      const now = momentum(step), ahead = momentum(tf.add(step, 1));
      const product = tf.mul(tf.sub(1, forgotten), now);
      const m = tf.add(mean, tf.mul(tf.sub(gradient, mean), 1 - beta1));
      const v = tf.add(square, tf.mul(tf.sub(tf.square(gradient), square), 1 - beta2));
      const fromMean = tf.div(tf.mul(m, ahead), tf.sub(1, tf.mul(product, ahead)));
      const fromGradient = tf.div(tf.mul(gradient, tf.sub(1, now)), tf.sub(1, product));
      const root = tf.sqrt(tf.div(v, tf.sub(1, tf.pow(beta2, step))));
      const move = tf.div(tf.mul(tf.add(fromMean, fromGradient), rate), tf.add(root, epsilon));
      return { weight: tf.sub(weight, move), slots: [m, v, tf.sub(1, product)] };
    },
  };
}
