import { compile, convolveStrided, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { convolveStridedTiled, isWorthTiles } from "../../../../lib/engine/ops/strided_convolution.ts";
import { assertClose, assertEquals } from "../../../assert.ts";
import { assertConvolvesAs, type Convolve } from "./_convolutions.ts";
import { numbers } from "./_numbers.ts";

/** Pictures and filters: CapsNet's, odd and even sides, sides that differ, tiles that are not full, one result. */
const CASES = [
  [[2, 20, 20, 3], [9, 9, 3, 4]],
  [[1, 11, 14, 2], [5, 4, 2, 3]],
  [[2, 9, 23, 2], [3, 10, 2, 2]],
  [[1, 9, 9, 1], [9, 9, 1, 1]],
  [[1, 10, 8, 2], [4, 3, 2, 1]],
] as const;

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`convolveStridedTiled() gives what a convolution with stride 2 gives, with its gradients, on ${backend}`, async () => {
    await startEngine({ backend });
    const plain: Convolve = (x, filter) => tf.conv2d(x, filter, 2, "valid");
    for (const [x, filter] of CASES) {
      assertConvolvesAs(plain, convolveStridedTiled, { x, filter }, 2e-5);
    }
  });
}

Deno.test("isWorthTiles() is for long filters over small pictures of many channels", () => {
  assertEquals(isWorthTiles([64, 20, 20, 256], [9, 9, 256, 256]), true); // CapsNet's
  assertEquals(isWorthTiles([64, 20, 20, 8], [9, 9, 8, 256]), false); // few channels
  assertEquals(isWorthTiles([64, 200, 200, 64], [9, 9, 64, 64]), false); // a large picture: points cost more than taps
  assertEquals(isWorthTiles([64, 20, 20, 256], [10, 9, 256, 256]), true); // five taps of either phase, all there are
  assertEquals(isWorthTiles([64, 20, 20, 256], [11, 9, 256, 256]), false); // more taps than there are points for
  assertEquals(isWorthTiles([64, 8, 20, 256], [9, 9, 256, 256]), false); // no result
});

Deno.test("convolveStrided() gives in a traced graph, where it is done by tiles, what it gives by itself, and leaves other strides alone", async () => {
  await startEngine({ backend: "tensorflow" });
  const x = numbers([2, 12, 12, 64], 1) as tf.Tensor4D, filter = numbers([7, 7, 64, 64], 2) as tf.Tensor4D;
  assertEquals(isWorthTiles(x.shape, filter.shape), true);
  for (const [strides, padding] of [[[2, 2], "valid"], [[1, 2], "valid"], [[2, 2], "same"]] as const) {
    const step = compile((x: tf.Tensor, filter: tf.Tensor) =>
      convolveStrided(x as tf.Tensor4D, filter as tf.Tensor4D, strides, padding)
    );
    const expected = convolveStrided(x, filter, strides, padding), actual = step(x, filter) as tf.Tensor;
    assertEquals(actual.shape, expected.shape);
    assertClose(actual.dataSync(), expected.dataSync(), 1e-5, `${strides} ${padding}:`);
    step.dispose();
  }
});
