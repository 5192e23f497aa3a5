import { assertEquals, assertThrows } from "../../assert.ts";
import { decodeImage } from "../../../lib/io/decode_image.ts";
import { sniffFormat } from "../../../lib/io/formats.ts";
import { encodeFits } from "../../../lib/io/fits.ts";
import { decodeGzip, encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { FILES } from "./_tiff_files.ts";
import { base64, text } from "./_bytes.ts";

const GREY = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), height: 2, width: 3 };
const image = { ...GREY, channels: 1 as const, depth: 8 as const };
const tiff = decodeGzip(base64(FILES[0][2]));

Deno.test("decodeImage() tells the formats apart by their first bytes", () => {
  const files: [string, Uint8Array][] = [
    ["png", encodePng(GREY)],
    ["npy", encodeNpy({ data: GREY.data, shape: [2, 3] })],
    ["fits", encodeFits([{ data: GREY.data, shape: [2, 3] }])],
    ["gzip", encodeGzip(encodePng(GREY))],
    ["gzip", encodeGzip(encodeFits([{ data: GREY.data, shape: [2, 3] }]))],
  ];
  for (const [format, file] of files) {
    assertEquals(sniffFormat(file)?.name, format);
    assertEquals(decodeImage(file), image, format);
  }
  assertEquals(sniffFormat(tiff)?.name, "tiff");
  assertEquals([decodeImage(tiff).height, decodeImage(tiff).width], [19, 21]);
  assertEquals(sniffFormat(Uint8Array.of(0xff, 0xd8, 0xff))?.name, "jpeg");
});

Deno.test("decodeImage() keeps 16 bits and floats of .npy, and makes the rest floats", () => {
  const decoded = (data: Parameters<typeof encodeNpy>[0]["data"], shape: number[]) =>
    decodeImage(encodeNpy({ data, shape }));
  assertEquals(decoded(Uint16Array.of(7, 65535), [1, 2]).depth, 16);
  assertEquals(decoded(Float64Array.of(0.5, 2), [2, 1]).data, Float32Array.of(0.5, 2));
  assertEquals(decoded(BigInt64Array.of(-3n), [1, 1]).data, Float32Array.of(-3));
  assertEquals(decoded(new Uint8Array(12), [2, 2, 3]).channels, 3);
  for (const shape of [[12], [1, 1, 12], [1, 1, 3, 4]]) {
    assertThrows(() => decoded(new Uint8Array(12), shape), TypeError, `got [${shape}]`);
  }
});

Deno.test("decodeImage() holds the limit on pixels in every format, and refuses what is no picture", () => {
  const files = [
    encodePng(GREY),
    encodeNpy({ data: GREY.data, shape: [2, 3] }),
    encodeFits([{ data: GREY.data, shape: [2, 3] }]),
    tiff,
  ];
  for (const file of files) assertThrows(() => decodeImage(file, { maxPixels: 5 }), RangeError, "at most 5");
  assertThrows(
    () => decodeImage(text("hello"), { name: "a.txt" }),
    TypeError,
    'Cannot decode image "a.txt" as it is no PNG',
  );
  assertThrows(() => decodeImage(encodeGzip(encodeGzip(text("x")))), TypeError, "a gzip of a gzip");
});
