import { assertEquals, assertThrows } from "../../assert.ts";
import { centeredStart, cropCenter } from "../../../lib/image/crop_center.ts";

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

Deno.test("cropCenter() refuses a crop that leaves the frame on any side by one pixel", () => {
  const cut = (row: number, column: number) =>
    cropCenter(counting(5, 6), 2, { center: [row, column] }).data[0];
  assertEquals([cut(1, 1), cut(4, 5)], [0, 22]);
  for (const [row, column] of [[0, 1], [1, 0], [5, 5], [4, 6]]) {
    assertThrows(() => cut(row, column), RangeError, "the frame is 5 × 6");
  }
});

Deno.test("centeredStart() leaves the spare one behind, as Keras's CenterCrop", () => {
  // [(side - size) // 2 for side, size in [(5, 2), (5, 5), (4, 1), (4, 2)]] in Python
  assertEquals([[5, 2], [5, 5], [4, 1], [4, 2]].map(([side, size]) => centeredStart(side, size)), [
    1,
    0,
    1,
    1,
  ]);
});
