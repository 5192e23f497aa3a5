/** Stochastic gradient descent, with momentum where wanted. @module */
import { tf } from "../engine/mod.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** Options for {@linkcode sgd}. */
export interface SgdOptions {
  /** Share of the last move that is kept, from 0 up to 1. @default {0} */
  momentum?: number;
  /** Look ahead along the momentum. @default {false} */
  nesterov?: boolean;
}

/**
 * Gradient descent. With momentum `m = momentum · m - rate · g`, the weight moves by `m`, or by
 * `momentum · m - rate · g` with Nesterov's look-ahead.
 *
 * Source: Keras 3 `SGD`, which puts the rate inside the momentum (PyTorch has it outside).
 *
 * @example Its settings
 * ```ts
 * import { sgd } from "./sgd.ts";
 * sgd({ momentum: 0.9, nesterov: true }).slots; // ["momentum"]
 * ```
 */
export function sgd(options: SgdOptions = {}): OptimizerRule {
  const { momentum = 0, nesterov = false } = options;
  return {
    config: { name: "sgd", momentum, nesterov },
    slots: momentum === 0 ? [] : ["momentum"],
    update(weight, gradient, [last], { rate }) {
      const down = tf.mul(gradient, rate);
      if (momentum === 0) return { weight: tf.sub(weight, down), slots: [] };
      const move = tf.sub(tf.mul(last, momentum), down);
      const step = nesterov ? tf.sub(tf.mul(move, momentum), down) : move;
      return { weight: tf.add(weight, step), slots: [move] };
    },
  };
}
