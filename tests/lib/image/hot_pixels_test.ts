import { removeHotPixels } from "../../../lib/image/hot_pixels.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("removeHotPixels() brings a single hot pixel down to its brightest neighbour, and leaves light alone", () => {
  // deno-fmt-ignore
  const data = Uint8Array.of(
    99, 99, 98, 99, 99, 180, // the last: at the edge
    99, 160, 97, 99, 98, 99, // the second: hot, beside 101
    101, 99, 99, 120, 121, 99, // two of light
    99, 98, 99, 119, 111, 99, // and two more; 111 is 12 above nothing, and no more than 12 below 121
    99, 99, 150, 150, 99, 99, // at the edge, and two
  );
  const expected = data.slice();
  expected[7] = 101;
  assertEquals(removeHotPixels({ data, height: 5, width: 6 }, 12), { data: expected, height: 5, width: 6 });
  assertEquals(data[7], 160, "what was given stays as it was");
});

Deno.test("removeHotPixels() takes a pixel for hot that is more than `above` over its neighbours, not as much", () => {
  const spot = (middle: number) => ({
    data: Uint16Array.of(0, 0, 0, 0, middle, 0, 0, 0, 5),
    height: 3,
    width: 3,
  });
  assertEquals(removeHotPixels(spot(17), 12).data[4], 17);
  assertEquals(removeHotPixels(spot(18), 12).data[4], 5);
});

Deno.test("removeHotPixels() looks at every channel by itself", () => {
  const data = new Float32Array(3 * 3 * 2);
  data[4 * 2] = 9, data[4 * 2 + 1] = 9; // the middle of both channels
  data[1] = 8; // a neighbour in the second
  const { data: out } = removeHotPixels({ data, height: 3, width: 3, channels: 2 }, 2);
  assertEquals([out[4 * 2], out[4 * 2 + 1]], [0, 9]);
});
