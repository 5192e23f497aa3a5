/** Two ways of the same convolution, compared with their gradients. @module */
import { tf } from "../../../../lib/engine/mod.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { numbers } from "./_numbers.ts";

/** From pictures [batch, height, width, channels] and a filter to pictures. */
export type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

/** Shapes of what is convolved. */
interface Shapes {
  x: readonly number[];
  filter: readonly number[];
}

/** Result and both gradients of a convolution of numbers by seeds. */
function withGradients(convolve: Convolve, { x, filter }: Shapes) {
  return tf.tidy(() => {
    const pictures = numbers([...x], 1), taps = numbers([...filter], 2);
    const of = (x: tf.Tensor, filter: tf.Tensor) => convolve(x as tf.Tensor4D, filter as tf.Tensor4D);
    const y = of(pictures, taps), weights = numbers(y.shape, 3);
    const gradients = tf.grads((x, filter) => tf.sum(tf.mul(of(x, filter), weights)))([pictures, taps]);
    return [y, ...gradients].map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() }));
  });
}

/** Fails unless a convolution gives what another one gives, and has its gradients. */
export function assertConvolvesAs(
  expected: Convolve,
  actual: Convolve,
  shapes: Shapes,
  tolerance: number,
  way = "",
): void {
  const wanted = withGradients(expected, shapes);
  withGradients(actual, shapes).forEach(({ shape, values }, i) => {
    const message = `[${shapes.x}] by [${shapes.filter}]${way && `, ${way}`}, value ${i}:`;
    assertEquals(shape, wanted[i].shape, message);
    assertClose(values, wanted[i].values, tolerance, message);
  });
}
