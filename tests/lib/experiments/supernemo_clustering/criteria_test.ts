import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { CRITERIA } from "../../../../lib/experiments/supernemo_clustering/criteria.ts";
import { assertEquals } from "../../../assert.ts";

await startEngine({ backend: "cpu" });

/** Maps of 40 cells in a row: 1 in the first `from` to before `to`. */
const map = (...ranges: [from: number, to: number][]) =>
  tf.tensor(
    Float32Array.from({ length: 40 }, (_, i) => ranges.some(([from, to]) => i >= from && i < to) ? 1 : 0),
    [1, 40, 1, 1],
  );

Deno.test("CRITERIA pass a tenth of hits lost, left and made up, and no more", () => {
  // Cells 0 to 29 were hit; the first 20 are to stay.
  const event = map([0, 30]), real = map([0, 20]);
  const passed = (...ranges: [number, number][]) =>
    Array.from(CRITERIA.passed(map(...ranges), event, real).dataSync());
  assertEquals(passed([0, 20]), [1, 1, 1]);
  assertEquals(passed([2, 21], [30, 32]), [1, 1, 1], "2 of 20 lost, 1 of 10 left, 2 of 21 made up");
  assertEquals(passed([3, 20]), [0, 1, 1]);
  assertEquals(passed([0, 22]), [1, 0, 1]);
  assertEquals(passed([0, 20], [30, 33]), [1, 1, 0]);
  assertEquals(passed(), [0, 1, 1], "nothing given has nothing made up");
  const faint = tf.mul(map([0, 20]), 0.49);
  assertEquals(Array.from(CRITERIA.passed(faint, event, real).dataSync()), [0, 1, 1]);
});
