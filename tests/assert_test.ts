import { AssertionError } from "@std/assert";
import { assertClose, assertEquals, assertRejects, assertThrows } from "./assert.ts";

const fails = (fn: () => void, includes: string) =>
  assertThrows(fn, AssertionError as unknown as ErrorConstructor, includes);

Deno.test("assertClose() measures by the largest finite value expected", () => {
  assertClose([1000, 0.0005], [1000, 0], 1e-6);
  fails(() => assertClose([1000, 0.002], [1000, 0], 1e-6), "index 1: 0.002 is not within");
  assertClose(0, 0);
});

Deno.test("assertClose() takes an infinite number as close to itself alone", () => {
  assertClose([1, Infinity, -Infinity], [1, Infinity, -Infinity]);
  fails(() => assertClose([5, 7], [1, Infinity]), "index 1: 7 is not within");
  fails(() => assertClose([5, Infinity], [1, Infinity]), "index 0: 5 is not within");
  fails(() => assertClose([Infinity], [-Infinity]), "index 0");
  fails(() => assertClose([Infinity], [1]), "index 0");
});

Deno.test("assertClose() fails where either is no number, or one is longer", () => {
  fails(() => assertClose([1, NaN], [1, 2]), "index 1");
  fails(() => assertClose([1, 2], [1, NaN]), "index 1");
  fails(() => assertClose([NaN], [NaN]), "index 0");
  fails(() => assertClose([1], [1, 2]), "lengths differ: 1 and 2");
});

Deno.test("assertEquals() tells types apart", () => {
  assertEquals({ a: [1] }, { a: [1] });
  fails(() => assertEquals<ArrayLike<number>>(Int32Array.of(1), Float32Array.of(1)), "actual");
});

Deno.test("assertThrows() and assertRejects() want the class and the words", async () => {
  const throwing = () => {
    throw new RangeError("out of reach");
  };
  assertEquals(assertThrows(throwing, RangeError, "reach").message, "out of reach");
  fails(() => assertThrows(throwing, TypeError), "expected TypeError");
  fails(() => assertThrows(throwing, RangeError, "sight"), 'a message with "sight"');
  fails(() => assertThrows(() => {}), "nothing was thrown");
  await assertRejects(() => Promise.reject(new TypeError("no")), TypeError, "no");
});
