import { stripOf } from "../../../../lib/experiments/capsnet/strip.ts";
import { assertEquals } from "../../../assert.ts";

Deno.test("stripOf() puts images beside each other, from the first on, as bytes", () => {
  // three images of 2 × 2, of which the last two are taken; 0.2 is 51 of 255, 0.4 is 102 …
  const [a, b, c] = [[1, 1, 1, 1], [0, 0.2, 0.4, 0.6], [0.8, 1, 0, 0.2]];
  const images = { data: Float32Array.of(...a, ...b, ...c), shape: [3, 4] };
  const { data, height, width } = stripOf(images, 1, 2);
  assertEquals([height, width], [2, 4]);
  assertEquals([...data as Uint8Array], [0, 51, 204, 255, 102, 153, 0, 51]);
});
