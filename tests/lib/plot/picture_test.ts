import { decodePng } from "../../../lib/io/png.ts";
import { picturesOf, pictureUri } from "../../../lib/plot/mod.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";

const pixelsOf = (uri: string) => {
  assert(uri.startsWith("data:image/png;base64,"));
  return decodePng(Uint8Array.fromBase64(uri.slice("data:image/png;base64,".length)));
};
const plain = { minimumWidth: 1 };

Deno.test("pictureUri() draws large values dark as ink and bright as light", () => {
  const picture = { data: [0, 5, 10], height: 1, width: 3 };
  const ink = pixelsOf(pictureUri(picture, plain));
  assertEquals([ink.height, ink.width, ink.channels], [1, 3, 1]);
  assertEquals(Array.from(ink.data), [255, 128, 0]);
  assertEquals(Array.from(pixelsOf(pictureUri(picture, { ...plain, palette: "light" })).data), [0, 128, 255]);
});

Deno.test("pictureUri() keeps to the window and shows what is no number as nothing", () => {
  const picture = { data: [50, 60, 95, 130, 200, NaN], height: 2, width: 3 };
  const shades = pixelsOf(pictureUri(picture, { ...plain, low: 60, high: 130, palette: "light" }));
  assertEquals(Array.from(shades.data), [0, 0, 128, 255, 255, 0]);
});

Deno.test("pictureUri() colours by heat and leaves colour pictures as they are", () => {
  const heat = pixelsOf(pictureUri({ data: [0, 1], height: 1, width: 2 }, { ...plain, palette: "heat" }));
  assertEquals(Array.from(heat.data), [0, 0, 4, 252, 255, 164]);
  const colour = { data: [255, 0, 0, 0, 255, 0], height: 1, width: 2, channels: 3 };
  assertEquals(Array.from(pixelsOf(pictureUri(colour, plain)).data), [255, 0, 0, 0, 255, 0]);
});

Deno.test("pictureUri() goes through matplotlib's inferno, and draws one value everywhere as nothing", () => {
  const stops = { data: [0, 1, 2, 3, 4, 5, 6, 7, 4.5], height: 1, width: 9 };
  const { data } = pixelsOf(pictureUri(stops, { ...plain, palette: "heat" }));
  // matplotlib.colormaps["inferno"].resampled(8)(range(8)) as hexadecimal; half way between two stops is their mean.
  const colours = ["000004", "280b54", "65156e", "9f2a63", "d44842", "f57d15", "fac127", "fcffa4", "e5632c"];
  assertEquals(new Uint8Array(data).toHex(), colours.join(""));
  assertEquals(Array.from(pixelsOf(pictureUri({ data: [5, 5], height: 1, width: 2 }, plain)).data), [
    255,
    255,
  ]);
});

Deno.test("pictureUri() magnifies small pictures by whole pixels", () => {
  const big = pixelsOf(pictureUri({ data: [0, 1, 1, 0], height: 2, width: 2 }, { minimumWidth: 3 }));
  assertEquals([big.height, big.width], [4, 4]);
  assertEquals(Array.from(big.data), [255, 255, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0, 255, 255]);
});

Deno.test("pictureUri() and picturesOf() refuse sizes that do not fit", () => {
  assertThrows(() => pictureUri({ data: [1], height: 1, width: 2 }), RangeError, "1 × 2 × 1 and 1 values");
  assertThrows(() => picturesOf(new Uint8Array(7), [2, 2, 2]), RangeError, "got [2, 2, 2]");
  assertEquals(picturesOf(Uint8Array.of(1, 2, 3, 4), [2, 1, 2]).map((p) => Array.from(p.data)), [[1, 2], [
    3,
    4,
  ]]);
});
