import { evenParts } from "../../../lib/engine/mod.ts";
import { ALONE, isShared, ownRows, stepParts, togetherOf } from "../../../lib/train/together.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("ownRows() gives every example to one worker, and a worker without any the first, not to be counted", () => {
  const batch = Uint32Array.of(9, 8, 7, 6, 5);
  for (const workers of [1, 2, 3, 4, 5]) {
    const parts = Array.from({ length: workers }, (_, rank) => [...ownRows(batch, { rank, workers })]);
    assertEquals(parts.flat(), [...batch]);
    assertEquals(parts.map(({ length }) => length), evenParts(5, workers));
  }
  const counts = evenParts(2, 4);
  assertEquals(counts, [0, 1, 0, 1]);
  const shares = counts.map((_, rank) => [...ownRows(batch.subarray(0, 2), { rank, workers: 4 })]);
  assertEquals(shares, [[9], [9], [9], [8]]);
});

Deno.test("stepParts() cuts every worker's examples into as many parts, one where somebody has too few", () => {
  const parts = (examples: number, rank: number) =>
    stepParts(examples, { ...ALONE, rank, workers: 2, accumulate: 3 });
  assertEquals(parts(7, 0).map(({ rows, begin, held }) => [rows, begin, held]), [
    [[1, 1], 0, 1],
    [[1, 1], 1, 1],
    [[1, 2], 2, 1],
  ]);
  assertEquals(parts(7, 1).map(({ begin, held }) => [begin, held]), [[0, 1], [1, 1], [2, 2]]);
  assertEquals(parts(3, 0).map(({ rows, held }) => [rows, held]), [[[1, 2], 1]]);
  assertEquals(parts(1, 0).map(({ rows, held }) => [rows, held]), [[[0, 1], 1]]);
});

Deno.test("togetherOf() and isShared() tell a step that is taken alone", () => {
  assertEquals(togetherOf({}), ALONE);
  assertEquals(isShared(ALONE), false);
  assertEquals(isShared(togetherOf({ accumulate: 2 })), true);
  assertEquals(isShared(togetherOf({ workers: { rank: 1, size: 2 } })), true);
});
