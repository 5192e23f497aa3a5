import { assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { cropCenter } from "../../../lib/image/crop_center.ts";
import { windowCounts } from "../../../lib/image/window_counts.ts";
import { resize } from "../../../lib/image/resize.ts";
import { toGrey } from "../../../lib/image/grey.ts";
import { invert, invertIfBright } from "../../../lib/image/invert.ts";
import { median, medianDeviation, robustLimits } from "../../../lib/image/robust_limits.ts";
import { removeIsolatedHits } from "../../../lib/image/remove_isolated_hits.ts";
import { normalizeBands } from "../../../lib/image/normalize_bands.ts";

const counting = (height: number, width: number) => ({
  data: Float32Array.from({ length: height * width }, (_, i) => i),
  height,
  width,
});

Deno.test("cropCenter() drops the spare row below and the spare column to the right", () => {
  assertEquals(cropCenter(counting(4, 4), 3).data, Float32Array.of(0, 1, 2, 4, 5, 6, 8, 9, 10));
});

Deno.test("cropCenter() keeps the number type and the channels, and cuts where it is told", () => {
  const bytes = { data: Uint8Array.from({ length: 18 }, (_, i) => i), height: 3, width: 3, channels: 2 };
  assertEquals(cropCenter(bytes, 1), { data: Uint8Array.of(8, 9), height: 1, width: 1, channels: 2 });
  assertEquals(cropCenter(counting(4, 4), 2, { center: [1, 3] }).data, Float32Array.of(2, 3, 6, 7));
});

Deno.test("cropCenter() names the crop and the frame it does not fit", () => {
  assertThrows(
    () => cropCenter(counting(4, 4), 5),
    RangeError,
    "Cannot crop 5 × 5 pixels at row -1, column -1",
  );
  assertThrows(() => cropCenter(counting(4, 4), 1.5), RangeError, "whole pixels");
});

Deno.test("windowCounts() maps the window to [0, 1] and clips outside", () => {
  const frame = { data: Uint8Array.of(0, 60, 95, 130, 255), height: 1, width: 5 };
  assertEquals(windowCounts(frame, 60, 130).data, Float32Array.of(0, 0, 0.5, 1, 1));
  assertEquals(frame.data[4], 255);
  assertThrows(() => windowCounts(frame, 130, 60), RangeError, "got 130 and 60");
});

// np.asarray(Image.fromarray(a).resize((w, h), Image.Resampling.BILINEAR)), Pillow 13.0,
// with a = (np.arange(35)**2 % 97).astype("float32").reshape(5, 7)
const SQUARES = { ...counting(5, 7), data: Float32Array.from({ length: 35 }, (_, i) => i * i % 97) };

Deno.test("resize() weighs as Pillow's bilinear filter, smaller and larger", () => {
  assertClose(
    resize(SQUARES, 3, 4).data,
    [24.7619, 26.64, 18.7886, 42.619, 38.037, 63.5378, 51.9467, 49.3704, 49.4762, 58.4857, 61.2, 62.8639],
    1e-6,
  );
  assertClose(resize(SQUARES, 2, 2).data, [35.7283, 38.5381, 55.297, 59.0053], 1e-6);
  assertClose(
    resize(SQUARES, 8, 11).data.subarray(0, 16),
    [
      0,
      0.4545,
      1.2727,
      3.1818,
      5.8182,
      9,
      13.4545,
      18.4545,
      24.1818,
      31,
      36,
      21.4375,
      24.6761,
      29.392,
      35.1989,
      26.3011,
    ],
    2e-6,
  );
});

// np.kron(a, np.ones((h, w))).reshape(h, 5, w, 7).mean((1, 3)): every pixel cut into h × w, then the means
Deno.test("resize() by area conserves light, cutting pixels in parts", () => {
  const wanted = [
    22.4286,
    25.5143,
    17.6857,
    43.2857,
    34.0286,
    64.4286,
    50.6571,
    48.1429,
    48.0286,
    55.8571,
    61.0857,
    63.7143,
  ];
  assertClose(resize(SQUARES, 3, 4, { filter: "area" }).data, wanted, 1e-6);
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  assertClose(mean(resize(SQUARES, 8, 11, { filter: "area" }).data), mean(SQUARES.data), 1e-6);
});

Deno.test("resize() keeps a picture of the same size, and its channels apart", () => {
  for (const filter of ["bilinear", "area"] as const) {
    assertEquals(resize(SQUARES, 5, 7, { filter }).data, SQUARES.data);
  }
  const two = { data: Uint8Array.of(0, 100, 10, 200), height: 1, width: 2, channels: 2 };
  assertEquals(resize(two, 1, 1), { data: Float32Array.of(5, 150), height: 1, width: 1, channels: 2 });
  assertThrows(() => resize(SQUARES, 0, 3), RangeError, "Cannot resize to 0 × 3");
});

Deno.test("toGrey() weighs colours by BT.601 and leaves alpha out", () => {
  assertClose(
    toGrey({ data: Uint8Array.of(10, 20, 30, 0), height: 1, width: 1, channels: 4 }).data,
    [18.15],
    1e-6,
  );
  assertEquals(
    toGrey({ data: Uint16Array.of(500, 9, 700, 9), height: 1, width: 2, channels: 2 }).data,
    Float32Array.of(500, 700),
  );
  assertThrows(
    () => toGrey({ data: new Uint8Array(5), height: 1, width: 1, channels: 5 }),
    TypeError,
    "it has 5",
  );
  assertThrows(
    () => toGrey({ data: new Uint8Array(5), height: 1, width: 2, channels: 3 }),
    TypeError,
    "and 5 values",
  );
});

Deno.test("invertIfBright() inverts ink on paper and leaves light on dark", () => {
  const paper = { data: Uint8Array.of(255, 255, 255, 255, 0, 255, 255, 255, 255), height: 3, width: 3 };
  assertEquals(invertIfBright(paper, 255).data, Float32Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0));
  const dark = invert(paper, 255);
  assertEquals(invertIfBright(dark, 255).data, dark.data);
});

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

Deno.test("removeIsolatedHits() keeps tracks, diagonal ones too, and removes hits that stand alone", () => {
  // deno-fmt-ignore
  const data = Uint8Array.of(
    1, 0, 0, 0, 5,
    0, 1, 0, 0, 0,
    0, 0, 0, 0, 0,
    7, 0, 0, 1, 1,
  );
  // deno-fmt-ignore
  const wanted = Uint8Array.of(
    1, 0, 0, 0, 0,
    0, 1, 0, 0, 0,
    0, 0, 0, 0, 0,
    0, 0, 0, 1, 1,
  );
  const frame = { data, height: 4, width: 5 };
  assertEquals(removeIsolatedHits(frame), { data: wanted, height: 4, width: 5 });
  assertEquals(removeIsolatedHits(frame, { neighbours: 2 }).data, new Uint8Array(20));
  assertEquals(removeIsolatedHits(frame, { reach: 4 }).data, data);
  assertEquals(removeIsolatedHits(frame, { threshold: 2 }).data, Uint8Array.from(data, (v) => v > 2 ? 0 : v));
});

Deno.test("normalizeBands() scales every band by its own limits and clips", () => {
  const sky = { data: Float32Array.of(-5, 50, 100, 300, NaN, 200), height: 1, width: 3, channels: 2 };
  assertEquals(normalizeBands(sky, { max: [100, 200] }).data, Float32Array.of(0, 0.25, 1, 1, 0, 1));
  assertEquals(normalizeBands(sky, { min: -100, max: 300 }).data.slice(0, 2), Float32Array.of(0.2375, 0.375));
  assertThrows(() => normalizeBands(sky, { max: [1, 2, 3] }), RangeError, "Cannot normalise 2 bands");
  assertThrows(() => normalizeBands(sky, { min: [0, 5], max: 5 }), RangeError, "got [0,5] and [5,5]");
});
