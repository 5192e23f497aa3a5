import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { convolveColumns } from "../../../../lib/engine/ops/column_convolution.ts";
import { assertConvolvesAs } from "./_convolutions.ts";

for (const backend of ["cpu", "tensorflow"] as const) {
  Deno.test(`convolveColumns() gives what a convolution gives, with its gradients, on ${backend}`, async () => {
    await startEngine({ backend });
    const cases = [
      [[2, 6, 1, 3], [3, 1, 3, 4]],
      [[1, 5, 2, 2], [7, 1, 2, 3]], // a filter longer than the picture
      [[3, 8, 1, 1], [5, 1, 1, 2]],
      [[2, 1, 3, 2], [3, 1, 2, 2]],
    ] as const;
    for (const [x, filter] of cases) {
      assertConvolvesAs((x, filter) => tf.conv2d(x, filter, 1, "same"), convolveColumns, { x, filter }, 2e-6);
    }
  });
}
