import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import {
  chooseTile,
  convolveTiled,
  type Tile,
  transformFilter,
} from "../../../../lib/engine/ops/winograd.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { numbers } from "./_numbers.ts";

/** Result and both gradients of a convolution. */
function values(
  convolve: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor,
  shape: number[],
  filters: number,
) {
  return tf.tidy(() => {
    const x = numbers(shape, 1), filter = numbers([3, 3, shape[3], filters], 2);
    const y = convolve(x as tf.Tensor4D, filter as tf.Tensor4D);
    const slopes = tf.grads((x, filter) =>
      tf.sum(tf.mul(convolve(x as tf.Tensor4D, filter as tf.Tensor4D), numbers(y.shape, 3)))
    )([x, filter]);
    return [y, ...slopes].map((tensor) => ({
      shape: tensor.shape,
      values: tensor.dataSync() as Float32Array,
    }));
  });
}

for (const backend of ["cpu", "tensorflow"] as const) {
  for (const padding of ["same", "valid"] as const) {
    Deno.test(`convolveTiled() gives what a ${padding} convolution gives, with its gradients, on ${backend}`, async () => {
      await startEngine({ backend });
      for (const [shape, filters] of [[[2, 4, 4, 3], 5], [[3, 7, 9, 2], 4], [[1, 8, 5, 6], 2]] as const) {
        const expected = values((x, filter) => tf.conv2d(x, filter, 1, padding), [...shape], filters);
        for (const tile of [2, 4] as Tile[]) {
          const tiled = values(
            (x, filter) => convolveTiled(x, transformFilter(filter, tile), padding, tile),
            [...shape],
            filters,
          );
          tiled.forEach((actual, i) => {
            const message = `tiles of ${tile} on [${shape}], value ${i}:`;
            assertEquals(actual.shape, expected[i].shape, message);
            assertClose(actual.values, expected[i].values, tile === 2 ? 2e-6 : 1e-5, message);
          });
        }
      }
    });
  }
}

Deno.test("chooseTile() takes tiles for small pictures of many channels only", () => {
  const choice = (side: number, channels: number, filters = channels) =>
    chooseTile([32, side, side, channels], [3, 3, channels, filters], "same");
  assertEquals(choice(8, 256), 4);
  assertEquals(choice(4, 512), 2);
  assertEquals(choice(32, 64), undefined, "large pictures");
  assertEquals(choice(28, 1, 24), undefined, "few channels");
  assertEquals(chooseTile([32, 8, 8, 256], [5, 5, 256, 256], "same"), undefined, "another filter");
  assertEquals(chooseTile([32, 2, 2, 256], [3, 3, 256, 256], "valid"), undefined, "nothing left");
});
