import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { decodeTiff } from "../../../lib/io/tiff.ts";
import { decodeGzip } from "../../../lib/io/gzip.ts";
import { BIG, FILES, PAGES } from "./_tiff_files.ts";
import { base64, patched } from "./_bytes.ts";
import { DATA, makeTiff, plainFields } from "./_tiff.ts";

const HEIGHT = 19, WIDTH = 21;
const unpack = (file: string) => decodeGzip(base64(file));
const file = (name: string) => unpack(FILES.find(([other]) => other === name)![2]);

/** The picture that all files hold, of so many channels. */
function picture(channels: number, map: (v: number) => number | number[] = (v) => v): number[] {
  const out: number[] = [];
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++) {
      for (let c = 0; c < channels; c++) {
        out.push(...[map((37 * row + 11 * column + (row * column) % 7 + 50 * c) % 256)].flat());
      }
    }
  }
  return out;
}

/** Channels, depth and values by kind of file. */
const WANTED: Record<string, [channels: number, depth: number, values: number[]]> = {
  u8: [1, 8, picture(1)],
  u16: [1, 16, picture(1, (v) => 257 * v)],
  i16: [1, 32, picture(1, (v) => v - 100)],
  i32: [1, 32, picture(1, (v) => v - 100)],
  f32: [1, 32, picture(1, (v) => v / 8 - 5)],
  f64: [1, 32, picture(1, (v) => v / 8 - 5)],
  rgb8: [3, 8, picture(3)],
  rgba8: [4, 8, picture(4)],
  rgb16: [3, 16, picture(3, (v) => 257 * v)],
  white: [1, 8, picture(1)],
  bit: [1, 8, picture(1, (v) => v > 127 ? 255 : 0)],
  palette: [3, 8, picture(1, (v) => [3 * (v >> 4), 255 - (v >> 4), v >> 4])],
};

for (const [name, kind, packed] of FILES) {
  Deno.test(`decodeTiff() reads what others write: ${name}`, () => {
    const image = decodeTiff(unpack(packed)), [channels, depth, values] = WANTED[kind];
    assertEquals([image.height, image.width, image.channels, image.depth], [
      HEIGHT,
      WIDTH,
      channels as 1,
      depth as 8,
    ]);
    assertEquals(Array.from(image.data), values);
  });
}

Deno.test("decodeTiff() reads the page asked for and counts the pages there are", () => {
  assertEquals(Array.from(decodeTiff(unpack(PAGES)).data), picture(1));
  const second = decodeTiff(unpack(PAGES), { page: 1 });
  assertEquals([second.height, second.width, ...second.data.subarray(7, 9)], [5, 7, 37, 49]);
  assertThrows(() => decodeTiff(unpack(PAGES), { page: 2 }), SyntaxError, "no page 2, it has 2");
});

Deno.test("decodeTiff() reads a BigTIFF, and names what is none", () => {
  assertEquals(decodeTiff(unpack(BIG)).depth, 8);
  assertThrows(
    () => decodeTiff(Uint8Array.of(1, 2, 3, 4)),
    SyntaxError,
    "at byte 0: expected II*\\0 or MM\\0*",
  );
});

Deno.test("decodeTiff() checks pixels before it allocates, and that so few bytes can hold them", () => {
  assertThrows(
    () => decodeTiff(makeTiff(plainFields(1e5, 1e5, 9), new Uint8Array(9))),
    RangeError,
    "it is 100000 × 100000",
  );
  assertThrows(
    () => decodeTiff(makeTiff(plainFields(5000, 5000, 9), new Uint8Array(9))),
    SyntaxError,
    "9 packed bytes cannot hold",
  );
  assertThrows(
    () => decodeTiff(makeTiff(plainFields(3, 3, 9), new Uint8Array(9)), { maxPixels: 8 }),
    RangeError,
    "at most 8",
  );
  assertEquals(decodeTiff(makeTiff(plainFields(3, 3, 9), new Uint8Array(9))).data, new Uint8Array(9));
});

Deno.test("decodeTiff() refuses sizes, kinds and parts that do not fit", () => {
  const good = plainFields(3, 3, 9), nine = new Uint8Array(9);
  const cases: [Record<number, number[]>, string][] = [
    [{ ...good, 256: [0] }, "it is 3 × 0"],
    [{ ...good, 259: [7] }, "Cannot decode JPEG at byte 0"],
    [{ ...good, 259: [6] }, "compression 6 is not read"],
    [{ ...good, 262: [6] }, "photometric interpretation 6 is not read"],
    [{ ...good, 258: [13] }, "sample format 1 at 13 bits is not read"],
    [{ ...good, 258: [8, 16], 277: [2] }, "a mixture of depths 8, 16 is not read"],
    [{ ...good, 277: [7] }, "with samples a pixel of 7 is not read"],
    [{ ...good, 317: [9] }, "at 8 bits predictor 9 is not read"],
    [{ ...good, 278: [1] }, "expected 3 parts of 1 × 3, found 1 places and 1 sizes"],
    [{ ...good, 273: [1_000_000] }, "the file ends within part 0"],
    [{ ...good, 262: [3] }, "expected 768 palette values, found 0"],
    [{ ...good, 322: [1 << 20], 323: [16], 324: [DATA], 325: [9] }, "parts of 16 × 1048576"],
  ];
  for (const [fields, message] of cases) {
    const error = assertThrows(() => decodeTiff(makeTiff(fields, nine)), Error, message);
    assert(error instanceof SyntaxError || error instanceof TypeError, String(error));
  }
  const { 256: _, ...noWidth } = good;
  assertThrows(() => decodeTiff(makeTiff(noWidth, nine)), SyntaxError, "tag 256 is missing");
});

Deno.test("decodeTiff() does not run round directories that point at each other", () => {
  const bytes = makeTiff(plainFields(3, 3, 9), new Uint8Array(9));
  const loop = patched(bytes, 8 + 2 + 12 * 8, 8, 0, 0, 0); // the next directory is the first one
  assertThrows(() => decodeTiff(loop, { page: 5 }), SyntaxError, "go round in a circle");
});

Deno.test("decodeTiff() never does worse than an error on truncated and damaged files, and ends", () => {
  let state = 1;
  const random = (below: number) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % below;
  for (
    const name of [
      "grey, LZW by libtiff, predictor",
      "grey, PackBits",
      "float, Deflate, floating-point predictor",
      "RGB, tiles, LZW, predictor",
      "palette",
    ]
  ) {
    const good = file(name);
    for (let i = 0; i < 300; i++) {
      const bytes = i < 100 ? good.slice(0, random(good.length)) : good.slice();
      if (i >= 100) { for (let k = 0; k <= i % 4; k++) bytes[random(bytes.length)] = random(256); }
      try {
        decodeTiff(bytes, { maxPixels: 1 << 20 });
      } catch (error) {
        const known = error instanceof SyntaxError || error instanceof TypeError ||
          error instanceof RangeError;
        assert(
          known && (error as Error).message.startsWith("Cannot decode TIFF"),
          `${name} ${i}: ${(error as Error).stack}`,
        );
      }
    }
  }
});
