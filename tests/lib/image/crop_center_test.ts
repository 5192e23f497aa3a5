import { assertEquals, assertThrows } from "../../assert.ts";
import { cropCenter } from "../../../lib/image/crop_center.ts";

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
