/**
 * A PNG writer that shares nothing with the one under test: every colour type, depth, filter and interlace, and chunks as
 * wrong as a test wants them.
 * @module
 */
import { crc32, deflateSync } from "node:zlib";
import { joined, text } from "./_bytes.ts";

export const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
export const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const big = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** A chunk with its length and CRC. */
export function chunk(type: string, content: ArrayLike<number> = []): Uint8Array {
  const body = joined(text(type), content);
  return joined(big(content.length), body, big(crc32(body)));
}

export interface Kind {
  width: number;
  height: number;
  colorType: number;
  depth: number;
  interlaced?: boolean;
}

export function header({ width, height, depth, colorType, interlaced }: Kind): Uint8Array {
  return chunk("IHDR", [...big(width), ...big(height), depth, colorType, 0, 0, interlaced ? 1 : 0]);
}

/** Samples packed into rows, row n filtered by filter n modulo 5, in one pass or Adam7's seven. */
export function rawRows(samples: ArrayLike<number>, kind: Kind): Uint8Array {
  const { width, height, colorType, depth, interlaced } = kind;
  const channels = CHANNELS[colorType], bpp = Math.max(1, channels * depth / 8);
  const grid = (y0: number, dy: number, x0: number, dx: number) => {
    const lines: number[][] = [];
    for (let y = y0; y < height; y += dy) {
      const bits: number[] = [];
      for (let x = x0; x < width; x += dx) {
        for (let c = 0; c < channels; c++) {
          const sample = samples[(y * width + x) * channels + c];
          for (let bit = depth - 1; bit >= 0; bit--) bits.push((sample >> bit) & 1);
        }
      }
      if (bits.length === 0) return [];
      while (bits.length % 8) bits.push(0);
      lines.push(
        Array.from({ length: bits.length / 8 }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8).join(""), 2)),
      );
    }
    return lines.flatMap((line, row) => {
      const above = lines[row - 1] ?? line.map(() => 0), filter = row % 5;
      return [
        filter,
        ...line.map((value, i) => {
          const a = line[i - bpp] ?? 0, b = above[i], c = above[i - bpp] ?? 0, p = a + b - c;
          const near = [a, b, c].reduce((best, v) => Math.abs(p - v) < Math.abs(p - best) ? v : best);
          return (value - [0, a, b, Math.floor((a + b) / 2), near][filter]) & 255;
        }),
      ];
    });
  };
  // The specification's picture of the eight by eight tile, as origin and step of its seven passes.
  const passes = interlaced
    ? [[0, 8, 0, 8], [0, 8, 4, 8], [4, 8, 0, 4], [0, 4, 2, 4], [2, 4, 0, 2], [0, 2, 1, 2], [1, 2, 0, 1]]
    : [[0, 1, 0, 1]];
  return Uint8Array.from(passes.flatMap(([y0, dy, x0, dx]) => grid(y0, dy, x0, dx)));
}

/** A whole file; `extra` chunks come before the pixel data, which are cut into chunks of `piece` bytes. */
export function makePng(
  samples: ArrayLike<number>,
  kind: Kind,
  extra: Uint8Array[] = [],
  piece = 1 << 30,
): Uint8Array {
  const packed = deflateSync(rawRows(samples, kind));
  const data: Uint8Array[] = [];
  for (let at = 0; at < packed.length; at += piece) data.push(chunk("IDAT", packed.subarray(at, at + piece)));
  return joined(SIGNATURE, header(kind), ...extra, ...data, chunk("IEND"));
}

/** Samples without pattern: a multiplicative sequence, top bits. */
export function noise(length: number, depth: number): Uint16Array {
  let state = 12345;
  return Uint16Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return state >>> (32 - depth);
  });
}
