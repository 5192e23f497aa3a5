import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { convolveEnlarged, sumFilter } from "../../../../lib/engine/ops/enlarged_convolution.ts";
import { assertConvolvesAs, type Convolve } from "./_convolutions.ts";

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`convolveEnlarged() gives what a convolution of the enlarged picture gives, with its gradients, on ${backend}`, async () => {
    await startEngine({ backend });
    const plain: Convolve = (small, filter) => {
      const [, height, width] = small.shape;
      return tf.conv2d(tf.image.resizeNearestNeighbor(small, [2 * height, 2 * width]), filter, 1, "same");
    };
    const summed: Convolve = (small, filter) => convolveEnlarged(small, sumFilter(filter));
    for (const [x, filters] of [[[2, 3, 3, 3], 5], [[1, 1, 4, 2], 3], [[3, 5, 2, 1], 2]] as const) {
      assertConvolvesAs(plain, summed, { x, filter: [3, 3, x[3], filters] }, 2e-6);
    }
  });
}
