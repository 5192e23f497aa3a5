import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { decode, encode } from "fast-png";
import { decodePng, encodePng, readPngHeader } from "../../../lib/io/png.ts";
import { deflateSync } from "node:zlib";
import { CHANNELS, chunk, header, makePng, noise, SIGNATURE } from "./_png.ts";
import { base64, joined, patched } from "./_bytes.ts";

const KINDS = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [3, 1],
  [3, 2],
  [3, 4],
  [3, 8],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
];

/** Colour i of the tests' palette. */
const colour = (i: number) => [i, 255 - i, (7 * i) & 255];

/** What decoding must give for the samples of a file of this kind: grey stretched to 8 bits, palette looked up. */
function expected(samples: Uint16Array, colorType: number, depth: number): Uint8Array | Uint16Array {
  if (colorType === 3) return Uint8Array.from(Array.from(samples, colour).flat());
  if (depth === 16) return samples;
  return Uint8Array.from(samples, (v) => v * 255 / (2 ** depth - 1));
}

Deno.test("decodePng() reads every colour type and depth, plain and interlaced, through all five filters", () => {
  for (const [colorType, depth] of KINDS) {
    for (const interlaced of [false, true]) {
      for (const [height, width] of [[1, 1], [3, 2], [11, 13], [17, 9]]) {
        const kind = { width, height, colorType, depth, interlaced };
        const samples = noise(width * height * CHANNELS[colorType], depth);
        const palette = chunk("PLTE", Array.from({ length: 2 ** depth }, (_, i) => colour(i)).flat());
        const file = makePng(samples, kind, colorType === 3 ? [palette] : [], 29);
        const image = decodePng(file);
        const message = JSON.stringify(kind);
        assertEquals(image.data, expected(samples, colorType, depth), message);
        assertEquals(
          [image.height, image.width, image.depth],
          [height, width, depth === 16 ? 16 : 8],
          message,
        );
        assertEquals(image.channels, colorType === 3 ? 3 : CHANNELS[colorType] as 1, message);
      }
    }
  }
});

Deno.test("decodePng() gives of every kind of file the crop that a full decode has", () => {
  for (const [colorType, depth] of KINDS) {
    for (const interlaced of [false, true]) {
      const kind = { width: 19, height: 21, colorType, depth, interlaced };
      const samples = noise(19 * 21 * CHANNELS[colorType], depth);
      const palette = chunk("PLTE", Array.from({ length: 2 ** depth }, (_, i) => colour(i)).flat());
      const file = makePng(samples, kind, colorType === 3 ? [palette] : []);
      const full = decodePng(file);
      for (
        const [top, bottom, first, end] of [[0, 1, 0, 1], [20, 21, 18, 19], [5, 14, 3, 12], [7, 8, 0, 19], [
          0,
          21,
          9,
          10,
        ]]
      ) {
        const crop = decodePng(file, { rows: [top, bottom], columns: [first, end] });
        const wanted: number[] = [];
        for (let row = top; row < bottom; row++) {
          const at = (row * 19 + first) * full.channels;
          wanted.push(...full.data.subarray(at, at + (end - first) * full.channels));
        }
        assertEquals([...crop.data], wanted, `${JSON.stringify(kind)} ${top} ${bottom} ${first} ${end}`);
        assertEquals([crop.height, crop.width], [bottom - top, end - first]);
      }
    }
  }
});

Deno.test("decodePng() agrees with fast-png on what fast-png writes", () => {
  for (const channels of [1, 2, 3, 4]) {
    for (const depth of [8, 16] as const) {
      for (const interlace of ["null", "Adam7"] as const) {
        const values = noise(31 * 23 * channels, depth);
        const data = depth === 8 ? Uint8Array.from(values) : values;
        const file = encode({ data, width: 31, height: 23, channels, depth }, { interlace });
        assertEquals(decodePng(file).data, data);
      }
    }
  }
});

// Pillow 13.0: g = np.add.outer(np.arange(6) * 40, np.arange(5) * 3).astype("uint8"), then
//   Image.fromarray(…).save(f, "png"); the sums are np.asarray(Image.open(f)…).astype(int).sum()
const PILLOW: [name: string, file: string, channels: number, depth: number, sum: number][] = [
  [
    "L",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGCAAAAAAukAuXAAAAF0lEQVR42mNkYGZmZmbUYGZmZmbBQQIAE4oBI39unmMAAAAASUVORK5CYII=",
    1,
    8,
    3180,
  ],
  [
    "1",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGAQAAAAAjgGnmAAAAFElEQVR42mNgYGBgYGCQYPjBxAAAA3ABE5ekOBMAAAAASUVORK5CYII=",
    1,
    8,
    3060,
  ],
  [
    "I;16",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGEAAAAAB+ANfUAAAAFUlEQVR42mNkYGCGAkYNDRiThQQmAEWrAjN3oLefAAAAAElFTkSuQmCC",
    1,
    16,
    817260,
  ],
  [
    "LA",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGCAQAAACh8pzAAAAAFElEQVR42mNk+M/8FwJZNG6QwwQA0xUeFSsqD+MAAAAASUVORK5CYII=",
    2,
    8,
    7650,
  ],
  [
    "RGB",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGCAIAAACEmcMcAAAAGklEQVR42mNk+M/A/JeR+S8ThGTRuCFCTT4AvWUenRMfZXAAAAAASUVORK5CYII=",
    3,
    8,
    9234,
  ],
  [
    "RGBA",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGCAYAAAAL+1RLAAAAHklEQVR42mNk+M/AwPyXkZn5LxMzjGbRuCGiQQ9BANaTH61Bb1JyAAAAAElFTkSuQmCC",
    4,
    8,
    12414,
  ],
  [
    "P",
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGBAMAAAD51Ul4AAAAFVBMVEUG+QMt0xZLtCZkmzKGeUOmWVPIN2Sdb4b5AAAAIElEQVR42mNgYGBgFGT4zyLIyMuixPCHRZDhN4sgwy8AJZEEdg+dvMIAAAAASUVORK5CYII=",
    3,
    8,
    9244,
  ],
];

Deno.test("decodePng() reads what Pillow writes", () => {
  for (const [name, file, channels, depth, sum] of PILLOW) {
    const image = decodePng(base64(file));
    assertEquals(
      [image.channels, image.depth, image.height, image.width],
      [channels as 1, depth as 8, 6, 5],
      name,
    );
    assertEquals((image.data as Uint8Array).reduce((a, b) => a + b, 0), sum, name);
  }
});

Deno.test("decodePng() gives palette pictures with transparency an alpha channel", () => {
  const kind = { width: 3, height: 1, colorType: 3, depth: 2 };
  const extra = [chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9]), chunk("tRNS", [0, 100])];
  const image = decodePng(makePng([0, 1, 2], kind, extra));
  assertEquals(image.data, Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 100, 7, 8, 9, 255));
  assertEquals(image.channels, 4);
});

Deno.test("encodePng() and decodePng() keep grey and colour of 8 and 16 bits, and fast-png reads them", () => {
  for (const channels of [1, 2, 3, 4]) {
    for (const depth of [8, 16]) {
      const values = noise(24 * 17 * channels, depth), data = depth === 8 ? Uint8Array.from(values) : values;
      const image = { data, height: 17, width: 24, channels };
      for (const options of [{}, { filter: "none" as const }, { level: 0 }, { huffmanOnly: true }]) {
        const file = encodePng(image, options);
        assertEquals(decodePng(file).data, data);
        assertEquals(Array.from(decode(file, { checkCrc: true }).data), Array.from(data));
      }
    }
  }
});

Deno.test("encodePng() refuses values that do not fit the picture", () => {
  for (const [height, width] of [[0, 3], [3, 0], [0, 0], [1.5, 2], [2, 1.5], [-1, -3]]) {
    const data = new Uint8Array(Math.max(0, height * width));
    assertThrows(
      () => encodePng({ data, height, width }),
      TypeError,
      `do not fit ${height} × ${width} pixels`,
    );
  }
  assertThrows(
    () => encodePng({ data: new Uint8Array(5), height: 2, width: 3 }),
    TypeError,
    "5 values do not fit 2 × 3",
  );
  const floats = new Float32Array(6) as unknown as Uint8Array;
  assertThrows(() => encodePng({ data: floats, height: 2, width: 3 }), TypeError, "8 or 16 bits");
});

Deno.test("decodePng() decodes the rows and columns asked for, and names those outside", () => {
  const file = encodePng({ data: Uint8Array.from({ length: 25 }, (_, i) => i), height: 5, width: 5 });
  assertEquals(decodePng(file, { rows: [1, 3], columns: [1, 3] }).data, Uint8Array.of(6, 7, 11, 12));
  assertThrows(
    () => decodePng(file, { rows: [-1, 5] }),
    RangeError,
    "rows -1 to 5 are not inside the picture: it has 5",
  );
  assertThrows(() => decodePng(file, { rows: [0, 6] }), RangeError, "rows 0 to 6");
  assertThrows(() => decodePng(file, { columns: [2, 2] }), RangeError, "columns 2 to 2");
});

Deno.test("decodePng() stops inflating below the crop: damage there is not looked at, damage above is found", () => {
  const height = 64, width = 64, kind = { width, height, colorType: 0, depth: 8 };
  const samples = noise(height * width, 8), good = makePng(samples, kind);
  const packedAt = 33 + 8, packed = good.subarray(packedAt, good.length - 16);
  const broken = (at: number) => {
    const data = packed.slice();
    data.fill(0xff, at, at + 40);
    return joined(SIGNATURE, header(kind), chunk("IDAT", data), chunk("IEND"));
  };
  const late = broken(packed.length - 60), early = broken(2);
  assertEquals(
    decodePng(late, { rows: [20, 30] }).data,
    Uint8Array.from(samples.subarray(20 * width, 30 * width)),
  );
  assertThrows(() => decodePng(late), SyntaxError, "Cannot decode PNG at byte 41");
  assertThrows(() => decodePng(early, { rows: [20, 30] }), SyntaxError, "Cannot decode PNG at byte 41");
});

Deno.test("decodePng() finds the rows of a crop where the top packs far worse than the rest", () => {
  const height = 200, width = 100, data = new Uint8Array(height * width);
  data.set(Uint8Array.from(noise(8000, 8)));
  for (
    const file of [encodePng({ data, height, width }), encodePng({ data: data.toReversed(), height, width })]
  ) {
    const full = decodePng(file);
    for (const [first, end] of [[0, 10], [70, 90], [150, 151]]) {
      assertEquals(decodePng(file, { rows: [first, end] }).data, full.data.slice(first * width, end * width));
    }
  }
});

const GREY = { width: 4, height: 4, colorType: 0, depth: 8 };
const GOOD = makePng(noise(16, 8), GREY);

Deno.test("decodePng() refuses every truncation of a file", () => {
  const file = makePng(noise(16, 8), GREY, [chunk("tEXt", [65, 0, 66])], 7);
  for (let length = 0; length < file.length; length++) {
    const error = assertThrows(() => decodePng(file.subarray(0, length)), SyntaxError, "Cannot decode PNG");
    assert(/at byte \d+/.test(error.message), error.message);
  }
});

Deno.test("decodePng() finds every single damaged byte", () => {
  for (let at = 0; at < GOOD.length; at++) {
    const error = assertThrows(() => decodePng(patched(GOOD, at, GOOD[at] ^ 0x41)));
    assert(error instanceof SyntaxError || error instanceof RangeError, `byte ${at}: ${error}`);
  }
});

Deno.test("decodePng() names the chunk that is not where it should be", () => {
  const data = chunk("IDAT", deflateSync(new Uint8Array(20))), end = chunk("IEND");
  const first = joined(SIGNATURE, data, header(GREY), end);
  assertThrows(
    () => decodePng(first, { name: "run42/ev7.png" }),
    SyntaxError,
    'Cannot decode PNG "run42/ev7.png" at byte 12: expected chunk "IHDR", found "IDAT"',
  );
  const cases: [Uint8Array[], string][] = [
    [[header(GREY), end], 'no chunk "IDAT" before "IEND"'],
    [[header(GREY), data, chunk("tEXt"), data, end], 'chunk "IDAT" again after "tEXt"'],
    [[header(GREY), header(GREY), data, end], 'at byte 37: unknown critical chunk "IHDR"'],
    [[header(GREY), chunk("QUUX"), data, end], 'unknown critical chunk "QUUX"'],
    [[header(GREY), chunk("a\nbc"), data, end], "expected a chunk"],
    [
      [header(GREY), chunk("PLTE", [1, 2]), data, end],
      "expected a palette of 1 to 256 colours, found 2 bytes",
    ],
    [[header(GREY), data], 'expected chunk "IEND", the file ends'],
    [[header({ ...GREY, colorType: 3 }), data, end], 'without chunk "PLTE"'],
    [[header({ ...GREY, colorType: 5 }), data, end], "no PNG has colour type 5 at 8 bits"],
    [[header({ ...GREY, colorType: 2, depth: 4 }), data, end], "no PNG has colour type 2 at 4 bits"],
    [[header({ ...GREY, width: 0 }), data, end], "expected sides from 1 to 2147483647, found 4 × 0"],
  ];
  for (const [chunks, message] of cases) {
    assertThrows(() => decodePng(joined(SIGNATURE, ...chunks)), SyntaxError, message);
  }
  const index = joined(
    SIGNATURE,
    header({ ...GREY, colorType: 3 }),
    chunk("PLTE", [1, 2, 3]),
    chunk("IDAT", deflateSync(new Uint8Array(20).fill(2, 1, 2))),
    end,
  );
  assertThrows(() => decodePng(index), SyntaxError, "colour 2 of a palette of 1");
});

Deno.test("decodePng() refuses chunk lengths beyond the file", () => {
  for (const length of [[0, 0, 1, 0], [0x7f, 255, 255, 255], [255, 255, 255, 255]]) {
    const error = assertThrows(
      () => decodePng(patched(GOOD, 33, ...length)),
      SyntaxError,
      "at byte 33: chunk",
    );
    assert(error.message.includes("goes beyond the file's end"), error.message);
  }
});

Deno.test("decodePng() walks a file of very many empty chunks without harm", () => {
  const empty = chunk("IDAT"), many = new Uint8Array(12 * 100_000);
  for (let i = 0; i < 100_000; i++) many.set(empty, 12 * i);
  const file = joined(SIGNATURE, header(GREY), many, chunk("IEND"));
  assertThrows(() => decodePng(file), SyntaxError, "the pixel data end early");
});

Deno.test("decodePng() checks pixels before it allocates, and that so few bytes can hold them", () => {
  const claim = (side: number) =>
    joined(
      SIGNATURE,
      header({ ...GREY, width: side, height: side }),
      chunk("IDAT", deflateSync(new Uint8Array(99))),
      chunk("IEND"),
    );
  assertThrows(
    () => decodePng(claim(0x7fffffff)),
    RangeError,
    "at most 67108864 pixels: it is 2147483647 × 2147483647",
  );
  assertThrows(() => decodePng(claim(101), { maxPixels: 10_000 }), RangeError, "it is 101 × 101");
  assertThrows(() => decodePng(claim(8000)), SyntaxError, "the pixel data end early");
});

Deno.test("decodePng() stops a bomb that holds more than its header says", () => {
  const bomb = joined(
    SIGNATURE,
    header(GREY),
    chunk("IDAT", deflateSync(new Uint8Array(1 << 24))),
    chunk("IEND"),
  );
  assertThrows(() => decodePng(bomb), SyntaxError, "more pixel data than the header says");
});

Deno.test("decodePng() refuses too little pixel data and unknown filters", () => {
  const file = (raw: Uint8Array) =>
    joined(SIGNATURE, header(GREY), chunk("IDAT", deflateSync(raw)), chunk("IEND"));
  assertThrows(() => decodePng(file(new Uint8Array(19))), SyntaxError, "the pixel data end early");
  assertThrows(
    () => decodePng(file(new Uint8Array(20).fill(5, 10, 11))),
    SyntaxError,
    "unknown filter in row 2",
  );
});

Deno.test("readPngHeader() tells size and kind from 33 bytes", () => {
  const kind = { width: 4, height: 4, depth: 8, colorType: 0 as const, interlaced: false };
  assertEquals(readPngHeader(GOOD.subarray(0, 33)), kind);
  assertThrows(() => readPngHeader(GOOD.subarray(0, 32)), SyntaxError, "at byte 32");
});

Deno.test("decodePng() warns of a bad CRC in a chunk that the picture does not need, and refuses others", () => {
  const png = encodePng({ data: Uint8Array.of(1, 2, 3), height: 1, width: 3 });
  const note = new Uint8Array(12 + 5); // a chunk "tEXt" of five bytes whose CRC is zero
  note.set([0, 0, 0, 5, 0x74, 0x45, 0x58, 0x74]);
  const noted = new Uint8Array(png.length + note.length);
  noted.set(png.subarray(0, 33));
  noted.set(note, 33);
  noted.set(png.subarray(33), 33 + note.length);
  const image = decodePng(noted);
  assertEquals(image.data, Uint8Array.of(1, 2, 3));
  assertEquals(image.warnings, ['A chunk was left out at byte 46: the CRC of chunk "tEXt" differs']);
  const needed = noted.slice();
  needed.set([0x54], 37); // "TEXt": one that is needed
  assertThrows(() => decodePng(needed), SyntaxError, 'the CRC of chunk "TEXt" differs');
});

Deno.test("encodePng() gives a picture the same file whatever was encoded before it", () => {
  const large = { data: Uint8Array.from({ length: 5000 }, (_, i) => 255 - i % 251), height: 50, width: 100 };
  const small = { data: Uint16Array.from({ length: 12 }, (_, i) => 4000 * i), height: 3, width: 4 };
  const ways = [{ filter: "none", huffmanOnly: true }, { filter: "none" }, { filter: "adaptive" }] as const;
  const first = ways.map((way) => encodePng(small, way));
  for (const [i, way] of ways.entries()) {
    encodePng(large, way);
    assertEquals(encodePng(small, way), first[i]);
    assertEquals(decodePng(first[i]).data, small.data);
  }
});
