import { assertEquals, assertThrows } from "../../assert.ts";
import { normalizeBands } from "../../../lib/image/normalize_bands.ts";

Deno.test("normalizeBands() scales every band by its own limits and clips", () => {
  const sky = { data: Float32Array.of(-5, 50, 100, 300, NaN, 200), height: 1, width: 3, channels: 2 };
  assertEquals(normalizeBands(sky, { max: [100, 200] }).data, Float32Array.of(0, 0.25, 1, 1, 0, 1));
  assertEquals(normalizeBands(sky, { min: -100, max: 300 }).data.slice(0, 2), Float32Array.of(0.2375, 0.375));
  assertThrows(() => normalizeBands(sky, { max: [1, 2, 3] }), RangeError, "Cannot normalise 2 bands");
  assertThrows(() => normalizeBands(sky, { min: [0, 5], max: 5 }), RangeError, "got [0,5] and [5,5]");
});

Deno.test("normalizeBands() refuses values that do not fit the sides, and takes what is not finite for the least", () => {
  const odd = { data: Float32Array.of(NaN, Infinity, -Infinity, 5), height: 2, width: 2, channels: 1 };
  assertEquals(normalizeBands(odd, { min: 1, max: 9 }).data, Float32Array.of(0, 0, 0, 0.5));
  for (
    const wrong of [{ height: 2, width: 3 }, { height: 0, width: 2 }, { height: 2.5, width: 2 }, {
      channels: 2,
    }]
  ) {
    assertThrows(
      () => normalizeBands({ ...odd, ...wrong }, { max: 9 }),
      TypeError,
      "the frame must hold height × width × channels values",
    );
  }
});
