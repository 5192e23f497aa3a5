import { assertEquals } from "../../assert.ts";
import { invert, invertIfBright } from "../../../lib/image/invert.ts";

Deno.test("invertIfBright() inverts ink on paper and leaves light on dark", () => {
  const paper = { data: Uint8Array.of(255, 255, 255, 255, 0, 255, 255, 255, 255), height: 3, width: 3 };
  assertEquals(invertIfBright(paper, 255).data, Float32Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0));
  const dark = invert(paper, 255);
  assertEquals(invertIfBright(dark, 255).data, dark.data);
});

Deno.test("invertIfBright() judges by the mean of the outermost rows and columns, each pixel once", () => {
  // Border of a 3 × 4 picture: 10 pixels. Six of 200 have a mean of 120, five one of 100; white is 220.
  const picture = (...bright: number[]) => {
    const data = new Uint8Array(12);
    for (const i of bright) data[i] = 200;
    return { data, height: 3, width: 4 };
  };
  const isInverted = (...bright: number[]) =>
    invertIfBright(picture(...bright), 220).data[0] !== picture(...bright).data[0];
  for (const six of [[0, 1, 2, 3, 4, 7], [8, 9, 10, 11, 4, 7], [0, 3, 4, 7, 8, 11]]) {
    assertEquals(isInverted(...six), true, `${six}`);
    assertEquals(isInverted(...six.slice(1)), false, `${six} but the first`);
    assertEquals(isInverted(...six.slice(1), 5, 6), false, "the middle does not count");
  }
  assertEquals(
    invertIfBright({ data: Uint8Array.of(200, 0), height: 2, width: 1 }, 150).data,
    Float32Array.of(-50, 150),
  );
  assertEquals(
    invertIfBright({ data: Uint8Array.of(200, 0), height: 1, width: 2 }, 200).data,
    Float32Array.of(200, 0),
  );
});
