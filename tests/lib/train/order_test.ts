import { batches, epochOrder } from "../../../lib/train/mod.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";

Deno.test("epochOrder() visits every example once, in an order of its own for each seed and epoch", () => {
  const orders = [[0, 0], [0, 1], [1, 0], [1, 1]].map(([seed, epoch]) => epochOrder(50, { seed, epoch }));
  for (const order of orders) assertEquals(order.slice().sort(), epochOrder(50, { shuffle: false }));
  assertEquals(new Set(orders.map((order) => order.join())).size, 4);
  assertEquals(epochOrder(50, { seed: 1, epoch: 1 }), orders[3]);
});

// A run must go on in a later version with the batches that it began with. sfc32 and the shuffle in Python:
//   t = (a + b + n) & M; n += 1; a = b ^ b >> 9; b = (c + (c << 3)) & M; c = ((c << 21 | c >> 11) + t) & M
//   from a, b, c, n = seed, epoch, 0x9E3779B9, 1; fifteen thrown away; for last in range(size - 1, 0, -1): swap with
//   int(t / 2**32 * (last + 1))
Deno.test("epochOrder() is the order that every version before gave", () => {
  const order = (size: number, seed: number, epoch: number) => [...epochOrder(size, { seed, epoch })];
  assertEquals(order(10, 7, 3), [2, 9, 3, 5, 4, 7, 6, 1, 8, 0]);
  assertEquals(order(6, -5, 2 ** 31), [1, 2, 0, 3, 5, 4]);
  assertEquals([...epochOrder(10)], [4, 2, 8, 1, 5, 9, 6, 0, 3, 7]);
});

Deno.test("epochOrder() prefers no place for an example", () => {
  // Where does example 0 of 4 end up in 4,000 epochs? 1,000 times in each place; 4 standard deviations are 110.
  const places = [0, 0, 0, 0];
  for (let epoch = 0; epoch < 4000; epoch++) places[epochOrder(4, { seed: 7, epoch }).indexOf(0)]++;
  for (const count of places) assert(Math.abs(count - 1000) < 110, `${places}`);
});

Deno.test("batches() cuts an epoch into equal parts and a rest", () => {
  assertEquals([...batches(5, 2, { shuffle: false })].map((rows) => [...rows]), [[0, 1], [2, 3], [4]]);
  assertEquals([...batches(4, 2, { shuffle: false })].length, 2);
});

Deno.test("orders want whole sizes", () => {
  assertThrows(() => epochOrder(1.5), RangeError, "got 1.5");
  assertThrows(() => epochOrder(-1), RangeError, "got -1");
  assertThrows(() => [...batches(4, 0)], RangeError, "at least 1 example: got 0");
  assertThrows(() => [...batches(4, 1.5)], RangeError, "at least 1 example: got 1.5");
  assertEquals([epochOrder(0).length, [...batches(0, 3)].length], [0, 0]);
});
