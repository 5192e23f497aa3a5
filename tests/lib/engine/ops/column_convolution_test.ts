import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { convolveColumns } from "../../../../lib/engine/ops/column_convolution.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { numbers } from "./_numbers.ts";

type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

/** Result and both gradients of a convolution. */
function values(convolve: Convolve, shape: readonly number[], filter: readonly number[]) {
  return tf.tidy(() => {
    const x = numbers([...shape], 1), taps = numbers([...filter], 2);
    const of = (x: tf.Tensor, taps: tf.Tensor) => convolve(x as tf.Tensor4D, taps as tf.Tensor4D);
    const y = of(x, taps);
    const slopes = tf.grads((x, taps) => tf.sum(tf.mul(of(x, taps), numbers(y.shape, 3))))([x, taps]);
    return [y, ...slopes].map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() }));
  });
}

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`convolveColumns() gives what a convolution gives, with its gradients, on ${backend}`, async () => {
    await startEngine({ backend });
    const cases = [
      [[2, 6, 1, 3], [3, 1, 3, 4]],
      [[1, 5, 2, 2], [7, 1, 2, 3]], // a filter longer than the picture
      [[3, 8, 1, 1], [5, 1, 1, 2]],
      [[2, 1, 3, 2], [3, 1, 2, 2]],
    ] as const;
    for (const [shape, filter] of cases) {
      const expected = values((x, taps) => tf.conv2d(x, taps, 1, "same"), shape, filter);
      values(convolveColumns, shape, filter).forEach((actual, i) => {
        const message = `[${shape}] by [${filter}], value ${i}:`;
        assertEquals(actual.shape, expected[i].shape, message);
        assertClose(actual.values, expected[i].values, 2e-6, message);
      });
    }
  });
}
