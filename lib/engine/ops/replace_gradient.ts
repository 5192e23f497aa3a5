/**
 * Putting another gradient in the place of TensorFlow.js's own.
 *
 * @module
 */
import { tf } from "../tf.ts";

/** Registers a gradient for every backend; TensorFlow.js's own, if there is one, is gone. */
export function replaceGradient(gradient: tf.GradConfig): void {
  if (tf.getGradient(gradient.kernelName)) tf.unregisterGradient(gradient.kernelName);
  tf.registerGradient(gradient);
}

/**
 * Sums a gradient over the axes along which its input was repeated.
 *
 * @param gradient Any shape that `shape` broadcasts to.
 * @param shape Shape of the input.
 * @returns The gradient in that shape.
 */
export function sumTo(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (tf.util.arraysEqual(gradient.shape, [...shape])) return gradient;
  const axes = tf.backend_util.getReductionAxes([...shape], gradient.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, [...shape]);
}
