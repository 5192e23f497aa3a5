/** Gradient clipping. @module */
import { tf } from "../engine/mod.ts";

/**
 * Scales all gradients by one factor so that their joint Euclidean norm is at most `maxNorm`.
 *
 * Source: Pascanu et al., arXiv 1211.5063; as TensorFlow's `clip_by_global_norm`.
 *
 * @throws {RangeError} If the norm is not positive.
 * @example A norm of 5 brought to 1
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { clipByGlobalNorm } from "./clip.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * clipByGlobalNorm([tf.tensor1d([3]), tf.tensor1d([4])], 1)[1].dataSync(); // 0.8
 * ```
 */
export function clipByGlobalNorm(gradients: readonly tf.Tensor[], maxNorm: number): tf.Tensor[] {
  if (!(maxNorm > 0)) {
    throw new RangeError(`Cannot clip gradients as the norm must be positive: got ${maxNorm}`);
  }
  return tf.tidy(() => {
    const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(squares.length === 1 ? squares[0] : tf.addN(squares));
    const factor = tf.div(maxNorm, tf.maximum(norm, maxNorm)); // NaN stays NaN, so that it is noticed
    return gradients.map((gradient) => tf.mul(gradient, factor));
  });
}

/**
 * Scales each gradient on its own so that its Euclidean norm is at most `maxNorm`.
 *
 * Source: Keras 3's `clipnorm`.
 *
 * @throws {RangeError} If the norm is not positive.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { clipByNorm } from "./clip.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * clipByNorm([tf.tensor1d([3, 4])], 1)[0].dataSync(); // 0.6, 0.8
 * ```
 */
export function clipByNorm(gradients: readonly tf.Tensor[], maxNorm: number): tf.Tensor[] {
  return gradients.map((gradient) => clipByGlobalNorm([gradient], maxNorm)[0]);
}

/**
 * Cuts every component of every gradient to [-limit, limit].
 *
 * @throws {RangeError} If the limit is not positive.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { clipByValue } from "./clip.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * clipByValue([tf.tensor1d([-3, 0.5])], 1)[0].dataSync(); // -1, 0.5
 * ```
 */
export function clipByValue(gradients: readonly tf.Tensor[], limit: number): tf.Tensor[] {
  if (!(limit > 0)) throw new RangeError(`Cannot clip gradients as the limit must be positive: got ${limit}`);
  return gradients.map((gradient) => tf.clipByValue(gradient, -limit, limit));
}
