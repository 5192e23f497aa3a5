import { assertEquals, assertThrows } from "../../assert.ts";
import { windowCounts } from "../../../lib/image/window_counts.ts";

Deno.test("windowCounts() maps the window to [0, 1] and clips outside", () => {
  const frame = { data: Uint8Array.of(0, 60, 95, 130, 255), height: 1, width: 5 };
  assertEquals(windowCounts(frame, 60, 130).data, Float32Array.of(0, 0, 0.5, 1, 1));
  assertEquals(frame.data[4], 255);
  assertThrows(() => windowCounts(frame, 130, 60), RangeError, "got 130 and 60");
});
