/** Adam: steps scaled by running means of the gradient and of its square. @module */
import { tf } from "../engine/mod.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** Options for {@linkcode adam}. */
export interface AdamOptions {
  /** Decay of the gradient's running mean. @default {0.9} */
  beta1?: number;
  /** Decay of the squared gradient's running mean. @default {0.999} */
  beta2?: number;
  /** Added to the root, outside it. @default {1e-7} */
  epsilon?: number;
  /** Divide by the largest root so far, not by the last one. @default {false} */
  amsgrad?: boolean;
}

/**
 * Adam with bias correction; with `weightDecay` in the optimizer's or fit's options it is AdamW.
 *
 * Source: Kingma and Ba, arXiv 1412.6980, in the form of its section 2 (last paragraph), as Keras 3 has it:
 * `w -= rate · √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)`. Decoupled decay: Loshchilov and Hutter, arXiv 1711.05101.
 * Largest root: Reddi et al., arXiv 1904.09237.
 *
 * @example Train a model with it
 * ```ts
 * import { adam } from "./adam.ts";
 * adam({ beta2: 0.99 }).config; // { name: "adam", beta1: 0.9, beta2: 0.99, epsilon: 1e-7 }
 * ```
 */
export function adam(options: AdamOptions = {}): OptimizerRule {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false } = options;
  return {
    config: { name: "adam", beta1, beta2, epsilon, ...(amsgrad && { amsgrad }) },
    slots: ["mean", "square", ...(amsgrad ? ["largest"] : [])],
    update(weight, gradient, [mean, square, largest], { rate, step }) {
      const correction = tf.div(
        tf.sqrt(tf.sub(1, tf.pow(beta2, step))),
        tf.sub(1, tf.pow(beta1, step)),
      );
      const m = tf.add(mean, tf.mul(tf.sub(gradient, mean), 1 - beta1));
      const v = tf.add(square, tf.mul(tf.sub(tf.square(gradient), square), 1 - beta2));
      const kept = amsgrad ? [tf.maximum(largest, v)] : [];
      const [below = v] = kept;
      const move = tf.div(tf.mul(m, tf.mul(rate, correction)), tf.add(tf.sqrt(below), epsilon));
      return { weight: tf.sub(weight, move), slots: [m, v, ...kept] };
    },
  };
}
