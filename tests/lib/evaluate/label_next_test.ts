import { labelNext } from "../../../lib/evaluate/label_next.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

Deno.test("labelNext() of one model asks about what it is least sure of", () => {
  const chosen = labelNext([[0.9, NaN, 0.5, 0.2, 1]], 3);
  assertEquals(chosen.map(({ index }) => index), [2, 3, 0]);
  assertClose(chosen[0].information, 1); // one bit
});

// By hand: a mean of 1/2 is one bit; where one model says 0 and the other 1 nothing of it is within them.
Deno.test("labelNext() of several models asks about what they disagree on, not what all doubt", () => {
  const chosen = labelNext([[0.5, 0, 0.9], [0.5, 1, 0.9]], 3);
  assertEquals(chosen.map(({ index }) => index), [1, 0, 2]);
  assertClose(chosen.map(({ information }) => information), [1, 0, 0], 1e-12);
  assertThrows(() => labelNext([], 1), RangeError, "got no model");
  assertThrows(() => labelNext([[0.1], [0.1, 0.2]], 1), RangeError, "got 1, 2");
});
