import { AssertionError } from "@std/assert";
import { assertClose, assertThrows } from "./assert.ts";

Deno.test("assertClose() fails beyond the tolerance of the largest finite value, and only there", () => {
  assertClose([100, 1], [100.00009, 1.00009]);
  assertClose(1, 1.0009, 1e-3);
  assertClose([0], [1e-13], 0.2);
  for (const [actual, expected] of [[[100, 1], [100, 1.0002]], [[1], [1, 1]], [[0], [1e-3]]]) {
    assertThrows(() => assertClose(actual, expected), AssertionError);
  }
});

Deno.test("assertClose() takes an infinity for close to itself alone, and NaN for close to nothing", () => {
  assertClose([Infinity, 7, -Infinity], [Infinity, 7, -Infinity]);
  const cases = [
    [[5, 7], [1, Infinity]],
    [[5, Infinity], [1, Infinity]],
    [[Infinity], [-Infinity]],
    [[Infinity], [7]],
    [[NaN], [NaN]],
    [[NaN], [1]],
    [[1], [NaN]],
  ];
  for (const [actual, expected] of cases) {
    assertThrows(() => assertClose(actual, expected), AssertionError, "is not within");
  }
});
