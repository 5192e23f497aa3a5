/** Values that a loss depends on without learning from it. @module */
import { tf } from "../engine/mod.ts";

/**
 * The same values, to which no gradient flows back.
 *
 * Source: TensorFlow's `stop_gradient`, which TensorFlow.js lacks.
 *
 * @example The weight is left alone, the square is not
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { stopGradient } from "./stop_gradient.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const slope = tf.grad((x) => tf.mul(stopGradient(x), tf.square(x)));
 * slope(tf.scalar(3)).dataSync(); // 18
 * // where the slope of x³ is 27
 * ```
 */
export function stopGradient(x: tf.Tensor): tf.Tensor {
  const same = tf.customGrad((...given) => {
    const [value] = given as tf.Tensor[];
    return { value: tf.clone(value), gradFunc: (gradient: tf.Tensor) => tf.zerosLike(gradient) };
  });
  return same(x);
}
