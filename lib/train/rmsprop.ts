/** RMSprop: steps divided by a running root mean square of the gradient. @module */
import { tf } from "../engine/mod.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** Options for {@linkcode rmsprop}. */
export interface RmspropOptions {
  /** Decay of the squared gradient's running mean. @default {0.9} */
  rho?: number;
  /** Share of the last move that is kept. @default {0} */
  momentum?: number;
  /** Added inside the root. @default {1e-7} */
  epsilon?: number;
  /** Divide by the gradient's estimated deviation rather than its root mean square. @default {false} */
  centered?: boolean;
}

/**
 * RMSprop: `v = ρ v + (1 - ρ) g²`, then `w -= rate · g / √(v + ε)`.
 *
 * Source: Tieleman and Hinton, Coursera lecture 6.5; epsilon inside the root as Keras 3 has it.
 *
 * @example Its settings
 * ```ts
 * import { rmsprop } from "./rmsprop.ts";
 * rmsprop({ momentum: 0.9 }).slots; // ["square", "momentum"]
 * ```
 */
export function rmsprop(options: RmspropOptions = {}): OptimizerRule {
  const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = options;
  return {
    config: { name: "rmsprop", rho, momentum, epsilon, centered },
    slots: ["square", ...(momentum > 0 ? ["momentum"] : []), ...(centered ? ["mean"] : [])],
    update(weight, gradient, slots, { rate }) {
      const decay = (slot: tf.Tensor, value: tf.Tensor) => tf.add(tf.mul(slot, rho), tf.mul(value, 1 - rho));
      const square = decay(slots[0], tf.square(gradient));
      const next = [square];
      const mean = centered ? decay(slots[slots.length - 1], gradient) : undefined;
      const spread = mean ? tf.sub(square, tf.square(mean)) : square;
      let move: tf.Tensor = tf.div(tf.mul(gradient, rate), tf.sqrt(tf.add(spread, epsilon)));
      if (momentum > 0) next.push(move = tf.add(tf.mul(slots[1], momentum), move));
      if (mean) next.push(mean);
      return { weight: tf.sub(weight, move), slots: next };
    },
  };
}
