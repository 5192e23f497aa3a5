import { adjustedRand, assign } from "../../../lib/evaluate/mod.ts";
import { createRng, drawInteger } from "../../../lib/base/rng.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

Deno.test("adjustedRand() is scikit-learn's", () => {
  // sklearn.metrics.adjusted_rand_score of these lists, scikit-learn 1.7.
  const cases = [
    [[0, 0, 1, 1], [7, 7, 7, 3], 0],
    [[0, 0, 0, 1, 1, 1, 2, 2, 2, 2], [1, 1, 0, 0, 0, 0, 2, 2, 2, 1], 0.4318181818181818],
    [[1, 1, 1], [2, 2, 2], 1],
    [[0, 0, 1, 2], [0, 0, 1, 1], 0.5714285714285714],
    [[1, 2, 3], [3, 1, 2], 1],
  ] as const;
  for (const [first, second, value] of cases) assertClose([adjustedRand(first, second)], [value], 1e-12);
  assertThrows(() => adjustedRand([1], [1, 2]), RangeError, "Cannot compare groupings");
});

Deno.test("assign() costs as little as the best of all orders", () => {
  // scipy.optimize.linear_sum_assignment of this matrix: columns 4, 1 and 3.
  assertEquals(assign([[4, 1, 3, 9, 2], [2, 0, 5, 3, 2], [3, 2, 2, 1, 8]]), [4, 1, 3]);
  const rng = createRng(3);
  const orders = (count: number): number[][] =>
    count === 0
      ? [[]]
      : orders(count - 1).flatMap((order) =>
        Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)])
      );
  for (let round = 0; round < 20; round++) {
    const costs = Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => drawInteger(rng, 20) - 10));
    const total = (order: readonly number[]) =>
      order.reduce((sum, column, row) => sum + costs[row][column], 0);
    const partners = assign(costs);
    assertEquals(new Set(partners).size, 4);
    assertEquals(total(partners), Math.min(...orders(4).map(total)));
  }
  assertEquals(assign([]), []);
  assertThrows(() => assign([[1], [2]]), RangeError, "got 2 × 1");
  assertThrows(() => assign([[NaN]]), RangeError, "at a finite cost");
});
