import { cutoutSteps, parseLimits, unscaledWarning } from "../../../../lib/experiments/lenses/limits.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";

// Two bands of 0 … 1000 and of -500 … 500 in steps of one: one picture of 1001 pixels in a row.
const count = 1001;
const ramp = {
  data: Float32Array.from({ length: 2 * count }, (_, i) => i % 2 ? Math.floor(i / 2) - 500 : i / 2),
  shape: [1, 1, count, 2],
};
const plain = { crop: 1, normalize: true, stretch: "none" } as const;

Deno.test("cutoutSteps() takes the document's limits as they are", () => {
  const steps = cutoutSteps(ramp, { ...plain, minPixel: "0,0", maxPixel: "100,200" });
  assertEquals(steps, [
    { op: "cropCenter", size: 1 },
    { op: "bandLimits", min: [0, 0], max: [100, 200] },
  ]);
});

// By hand: 1 % and 99.5 % of a ramp; its median deviation is 250, times 1.4826.
Deno.test("cutoutSteps() fits limits and stretch of each band to what it is given", () => {
  const [, limits] = cutoutSteps(ramp, plain) as [unknown, { min: number[]; max: number[] }];
  assertClose(limits.min, [10, -490]);
  assertClose(limits.max, [995, 495]);
  const [, asinh, stretched] = cutoutSteps(ramp, { ...plain, stretch: "asinh" }) as [
    unknown,
    { scale: number[] },
    { min: number[]; max: number[] },
  ];
  assertClose(asinh.scale, [370.65, 370.65]);
  assertClose(stretched.max, [Math.asinh(995 / 370.65), Math.asinh(495 / 370.65)]);
});

Deno.test("limits that do not fit the bands are refused in one line", () => {
  assertEquals(parseLimits(" 1, 2 ", 2, "max-pixel"), [1, 2]);
  for (const text of ["100", "100,", "1,2,3", "a,b"]) {
    assertThrows(() => parseLimits(text, 2, "max-pixel"), RangeError, `--max-pixel needs a number for each`);
  }
  assertThrows(
    () => cutoutSteps(ramp, { ...plain, minPixel: "0,600", maxPixel: "1,2" }),
    RangeError,
    "band 1 as its minimum must be below its maximum: got 600 and 2",
  );
});

Deno.test("unscaledWarning() warns of counts and not of fractions", () => {
  assert(unscaledWarning(ramp)?.includes("explode or vanish"));
  assertEquals(unscaledWarning({ data: Float32Array.of(0, -1, 2), shape: [1, 1, 3, 1] }), undefined);
});
