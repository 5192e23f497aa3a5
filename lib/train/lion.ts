/** Lion: steps of one size, by the sign of a momentum. @module */
import { tf } from "../engine/mod.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** Options for {@linkcode lion}. */
export interface LionOptions {
  /** Share of the momentum in the step. @default {0.9} */
  beta1?: number;
  /** Decay of the momentum. @default {0.99} */
  beta2?: number;
}

/**
 * `w -= rate · sign(β₁ m + (1 - β₁) g)`, then `m = β₂ m + (1 - β₂) g`.
 *
 * Source: Chen et al., arXiv 2302.06675, as Keras 3 has it.
 *
 * @example Its settings
 * ```ts
 * import { lion } from "./lion.ts";
 * lion().config; // { name: "lion", beta1: 0.9, beta2: 0.99 }
 * ```
 */
export function lion(options: LionOptions = {}): OptimizerRule {
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  return {
    config: { name: "lion", beta1, beta2 },
    slots: ["momentum"],
    update(weight, gradient, [momentum], { rate }) {
      const mix = (share: number) => tf.add(tf.mul(momentum, share), tf.mul(gradient, 1 - share));
      return { weight: tf.sub(weight, tf.mul(tf.sign(mix(beta1)), rate)), slots: [mix(beta2)] };
    },
  };
}
