/** Ftrl: follow the leader of all gradients so far, regularised. @module */
import { tf } from "../engine/mod.ts";
import type { OptimizerRule } from "./optimizer.ts";

/** Options for {@linkcode ftrl}. */
export interface FtrlOptions {
  /** By which power of the sum of squares steps become smaller, at most 0; 0 for never. @default {-0.5} */
  power?: number;
  /** What the sum of squares starts from. @default {0.1} */
  initial?: number;
  /** Weights whose gradients have not summed up to this are 0. @default {0} */
  l1?: number;
  /** Draws weights to 0 the less, the more they have moved. @default {0} */
  l2?: number;
  /** Draws weights to 0 as the L2 of a loss does. @default {0} */
  shrinkage?: number;
  /** β of the paper, a start of the divisor. @default {0} */
  beta?: number;
}

/**
 * `n' = n + g²`, `z += g + 2 s w - (n'^-p - n^-p) / rate · w`, then
 * `w = (clip(z, ±l1) - z) / (n'^-p / rate + 2 (l2 + β / (2 rate)))`.
 *
 * Source: McMahan et al., KDD 2013, "Ad Click Prediction", as Keras 3 has it.
 *
 * @throws {RangeError} If the power is above 0 or one of the others below.
 * @example Its settings
 * ```ts
 * import { ftrl } from "./ftrl.ts";
 * ftrl({ l1: 0.1 }).config.l1; // 0.1
 * ```
 */
export function ftrl(options: FtrlOptions = {}): OptimizerRule {
  const { power = -0.5, initial = 0.1, l1 = 0, l2 = 0, shrinkage = 0, beta = 0 } = options;
  checkSign("power", -power, "at most 0");
  for (const [name, value] of Object.entries({ initial, l1, l2, shrinkage })) {
    checkSign(name, value, "at least 0");
  }
  return {
    config: { name: "ftrl", power, initial, l1, l2, shrinkage, beta },
    slots: ["sum", "linear"], // the sum without what it starts from
    update(weight, gradient, [sum, linear], { rate }) {
      const scaled = (squares: tf.Tensor) => tf.div(tf.pow(tf.add(squares, initial), -power), rate);
      const squares = tf.add(sum, tf.square(gradient));
      const now = scaled(squares), shrunk = tf.add(gradient, tf.mul(weight, 2 * shrinkage));
      const z = tf.add(linear, tf.sub(shrunk, tf.mul(tf.sub(now, scaled(sum)), weight)));
      const divisor = tf.add(now, tf.add(2 * l2, tf.div(beta, rate)));
      return { weight: tf.div(tf.sub(tf.clipByValue(z, -l1, l1), z), divisor), slots: [squares, z] };
    },
  };
}

function checkSign(name: string, value: number, wanted: string): void {
  if (value >= 0) return;
  throw new RangeError(
    `Cannot make ftrl as ${name} must be ${wanted}: got ${name === "power" ? -value : value}`,
  );
}
