/** Adagrad and Adadelta: steps scaled by all gradients so far. @module */
import { tf } from "../engine/mod.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** Options for {@linkcode adagrad}. */
export interface AdagradOptions {
  /** What the sum of squares starts from. @default {0.1} */
  initial?: number;
  /** Added inside the root. @default {1e-7} */
  epsilon?: number;
}

/**
 * `v += g²`, then `w -= rate · g / √(v + ε)`.
 *
 * Source: Duchi et al., JMLR 12 (2011), as Keras 3 has it.
 *
 * @example Its settings
 * ```ts
 * import { adagrad } from "./adagrad.ts";
 * adagrad().config; // { name: "adagrad", initial: 0.1, epsilon: 1e-7 }
 * ```
 */
export function adagrad(options: AdagradOptions = {}): OptimizerRule {
  const { initial = 0.1, epsilon = 1e-7 } = options;
  return {
    config: { name: "adagrad", initial, epsilon },
    slots: ["sum"], // without what it starts from
    update(weight, gradient, [sum], { rate }) {
      const squares = tf.add(sum, tf.square(gradient));
      const move = tf.div(tf.mul(gradient, rate), tf.sqrt(tf.add(squares, initial + epsilon)));
      return { weight: tf.sub(weight, move), slots: [squares] };
    },
  };
}

/** Options for {@linkcode adadelta}. */
export interface AdadeltaOptions {
  /** Decay of both running means. @default {0.95} */
  rho?: number;
  /** Added inside the roots. @default {1e-7} */
  epsilon?: number;
}

/**
 * Steps as large as earlier ones were, in proportion to the gradient's root mean square.
 *
 * Source: Zeiler, arXiv 1212.5701, as Keras 3 has it.
 *
 * @example Its settings
 * ```ts
 * import { adadelta } from "./adagrad.ts";
 * adadelta().slots; // ["square", "moved"]
 * ```
 */
export function adadelta(options: AdadeltaOptions = {}): OptimizerRule {
  const { rho = 0.95, epsilon = 1e-7 } = options;
  return {
    config: { name: "adadelta", rho, epsilon },
    slots: ["square", "moved"],
    update(weight, gradient, [square, moved], { rate }) {
      const decay = (slot: tf.Tensor, value: tf.Tensor) =>
        tf.add(tf.mul(slot, rho), tf.mul(tf.square(value), 1 - rho));
      const root = (values: tf.Tensor) => tf.sqrt(tf.add(values, epsilon));
      const v = decay(square, gradient);
      const move = tf.neg(tf.div(tf.mul(gradient, root(moved)), root(v)));
      return { weight: tf.add(weight, tf.mul(move, rate)), slots: [v, decay(moved, move)] };
    },
  };
}
