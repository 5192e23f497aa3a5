import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import {
  chooseTile,
  convolveTiled,
  type Tile,
  transformFilter,
} from "../../../../lib/engine/ops/winograd.ts";
import { assertEquals } from "../../../assert.ts";
import { assertConvolvesAs, type Convolve } from "./_convolutions.ts";

for (const backend of ["cpu", "tensorflow"] as const) {
  for (const padding of ["same", "valid"] as const) {
    Deno.test(`convolveTiled() gives what a ${padding} convolution gives, with its gradients, on ${backend}`, async () => {
      await startEngine({ backend });
      const plain: Convolve = (x, filter) => tf.conv2d(x, filter, 1, padding);
      for (const [x, filters] of [[[2, 4, 4, 3], 5], [[3, 7, 9, 2], 4], [[1, 8, 5, 6], 2]] as const) {
        const shapes = { x, filter: [3, 3, x[3], filters] };
        for (const tile of [2, 4] as Tile[]) {
          const tiled: Convolve = (x, filter) =>
            convolveTiled(x, transformFilter(filter, tile), padding, tile);
          assertConvolvesAs(plain, tiled, shapes, tile === 2 ? 2e-6 : 1e-5, `tiles of ${tile}`);
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
