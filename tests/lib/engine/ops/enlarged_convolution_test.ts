import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { convolveEnlarged, sumFilter } from "../../../../lib/engine/ops/enlarged_convolution.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { numbers } from "./_numbers.ts";

type Convolve = (small: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

/** Result and both gradients of a convolution. */
function values(convolve: Convolve, shape: number[], filters: number) {
  return tf.tidy(() => {
    const small = numbers(shape, 1), filter = numbers([3, 3, shape[3], filters], 2);
    const of = (small: tf.Tensor, filter: tf.Tensor) => convolve(small as tf.Tensor4D, filter as tf.Tensor4D);
    const y = of(small, filter);
    const slopes = tf.grads((small, filter) => tf.sum(tf.mul(of(small, filter), numbers(y.shape, 3))))([
      small,
      filter,
    ]);
    return [y, ...slopes].map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() }));
  });
}

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`convolveEnlarged() gives what a convolution of the enlarged picture gives, with its gradients, on ${backend}`, async () => {
    await startEngine({ backend });
    const plain: Convolve = (small, filter) => {
      const [, height, width] = small.shape;
      return tf.conv2d(tf.image.resizeNearestNeighbor(small, [2 * height, 2 * width]), filter, 1, "same");
    };
    const summed: Convolve = (small, filter) => convolveEnlarged(small, sumFilter(filter));
    for (const [shape, filters] of [[[2, 3, 3, 3], 5], [[1, 1, 4, 2], 3], [[3, 5, 2, 1], 2]] as const) {
      const expected = values(plain, [...shape], filters);
      values(summed, [...shape], filters).forEach((actual, i) => {
        assertEquals(actual.shape, expected[i].shape, `[${shape}], value ${i}:`);
        assertClose(actual.values, expected[i].values, 2e-6, `[${shape}], value ${i}:`);
      });
    }
  });
}
