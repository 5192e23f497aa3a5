import { assertEquals, assertThrows } from "../../assert.ts";
import { median, medianDeviation, robustLimits } from "../../../lib/image/robust_limits.ts";

Deno.test("median() and medianDeviation() agree with values worked out by hand", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3]), median([NaN, 10, 9])], [2, 2.5, 9.5]);
  assertEquals(medianDeviation([1, 1, 2, 2, 4, 6, 9]), 1);
  assertEquals(median([10, 9, 100]), 10);
});

Deno.test("robustLimits() does not see hot pixels, and works on a frame of one value", () => {
  assertEquals(robustLimits({ data: Uint8Array.of(98, 99, 100, 101, 255) }), { low: 97, high: 110 });
  assertEquals(robustLimits({ data: new Uint8Array(9).fill(7) }, { below: 1, above: 2 }), {
    low: 6,
    high: 9,
  });
  assertThrows(() => robustLimits({ data: Float32Array.of(NaN) }), TypeError, "no value");
});
