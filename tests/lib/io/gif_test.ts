import { assertEquals, assertThrows } from "../../assert.ts";
import { encodeGif } from "../../../lib/io/gif.ts";

/** Frames of a GIF by the specification's decoder, written for this test: palette indices, delay in hundredths. */
function decode(file: Uint8Array) {
  const u16 = (at: number) => file[at] | (file[at + 1] << 8);
  const text = (at: number, n: number) => String.fromCharCode(...file.subarray(at, at + n));
  const table = (flags: number) => flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
  assertEquals(text(0, 6), "GIF89a");
  const frames: { indices: number[]; delay: number }[] = [],
    palette = file.subarray(13, 13 + table(file[10]));
  let at = 13 + palette.length, delay = -1, repeat = -1;
  const blocks = () => {
    const out: number[] = [];
    while (file[at] !== 0) {
      out.push(...file.subarray(at + 1, at + 1 + file[at]));
      at += 1 + file[at];
    }
    at++;
    return out;
  };
  while (file[at] !== 0x3b) {
    if (file[at] === 0x21) {
      const label = file[at + 1];
      at += 2;
      const content = blocks();
      if (label === 0xf9) delay = content[1] | (content[2] << 8);
      if (label === 0xff) repeat = content[12] | (content[13] << 8);
      continue;
    }
    assertEquals([file[at], u16(at + 5), u16(at + 7)], [0x2c, u16(6), u16(8)]);
    at += 10 + table(file[at + 9]);
    const codeSize = file[at++], packed = blocks(), clear = 2 ** codeSize;
    let strings: number[][] = [], width = codeSize + 1, bit = 0, last: number[] = [];
    const indices: number[] = [];
    for (;;) {
      let code = 0;
      for (let i = 0; i < width; i++, bit++) code |= ((packed[bit >> 3] >> (bit & 7)) & 1) << i;
      if (code === clear + 1) break;
      if (code === clear) {
        strings = Array.from({ length: clear + 2 }, (_, i) => [i]);
        width = codeSize + 1;
        last = [];
        continue;
      }
      const string = strings[code] ?? [...last, last[0]];
      indices.push(...string);
      if (last.length > 0 && strings.length < 4096) strings.push([...last, string[0]]);
      if (strings.length === 2 ** width && width < 12) width++;
      last = string;
    }
    frames.push({ indices, delay });
  }
  return { width: u16(6), height: u16(8), palette, repeat, frames };
}

Deno.test("encodeGif() keeps every value of every frame, the delay and the repeat", () => {
  const frames = [0, 1, 2].map((k) => ({
    data: Uint8Array.from({ length: 50 * 40 }, (_, i) => (i * i * 7 + k * 50) % 256),
    height: 40,
    width: 50,
  }));
  const gif = decode(encodeGif(frames, { delayMs: 250, repeat: 3 }));
  assertEquals([gif.width, gif.height, gif.repeat], [50, 40, 3]);
  assertEquals(gif.palette, Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)));
  assertEquals(gif.frames, frames.map(({ data }) => ({ indices: [...data], delay: 25 })));
});

Deno.test("encodeGif() takes a palette and refuses frames that differ", () => {
  const frame = { data: Uint8Array.of(0, 255), height: 1, width: 2 };
  const palette = Array.from({ length: 256 }, (_, i) => [i, 0, 255 - i] as const);
  assertEquals(decode(encodeGif([frame], { palette })).palette.slice(765), Uint8Array.of(255, 0, 0));
  assertThrows(() => encodeGif([frame], { palette: palette.slice(1) }), RangeError, "got 255");
  assertThrows(() => encodeGif([]), TypeError, "no frame");
  const tall = { data: Uint8Array.of(0, 255), height: 2, width: 1 };
  assertThrows(() => encodeGif([frame, tall]), TypeError, "frame 1 must be 1 × 2: it is 2 × 1 with 2 values");
});
