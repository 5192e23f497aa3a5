/**
 * What a strip or tile of a TIFF is packed with, undone into a buffer of the size that the header implies: more than that
 * is never written, whatever the packed bytes say.
 *
 * Source: TIFF 6.0 (Adobe, 1992), sections 9 (PackBits) and 13 (LZW); Technical Note 2 (Deflate). @module
 */
import { inflateSync, zstdDecompressSync } from "node:zlib";

/** Unpacks to at most `size` bytes; fewer mean that the data end early. @throws {Error} If the packed data are damaged. */
export function unpackStrip(packed: Uint8Array, compression: number, size: number): Uint8Array {
  switch (compression) {
    case 1:
      return packed.subarray(0, size);
    case 5:
      return unpackLzw(packed, size);
    case 32773:
      return unpackBits(packed, size);
    case 50000: {
      const bytes = zstdDecompressSync(packed, { maxOutputLength: size + 1 });
      return new Uint8Array(bytes.buffer, bytes.byteOffset, Math.min(size, bytes.byteLength));
    }
    default: {
      const bytes = inflateSync(packed, { maxOutputLength: size + 1, chunkSize: Math.max(64, size + 1) });
      return new Uint8Array(bytes.buffer, bytes.byteOffset, Math.min(size, bytes.byteLength));
    }
  }
}

/** Most bytes that one packed byte can stand for. */
export function maxRatio(compression: number): number {
  return { 1: 1, 5: 4096, 7: 4096, 32773: 64, 50000: 65536 }[compression] ?? 1032;
}

/** A signed count, then that many literal bytes, or one byte to repeat. */
function unpackBits(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let to = 0, from = 0;
  while (to < size && from < packed.length) {
    const count = packed[from++];
    if (count < 128) {
      const part = packed.subarray(from, from + Math.min(count + 1, size - to));
      out.set(part, to);
      to += part.length;
      from += count + 1;
    } else if (count > 128 && from < packed.length) {
      const end = Math.min(size, to + 257 - count);
      out.fill(packed[from++], to, end);
      to = end;
    }
  }
  return out.subarray(0, to);
}

/**
 * Codes of 9 to 12 bits, high bit first, widening one code early; 256 clears the table, 257 ends the data.
 *
 * An entry of the table is the string before it and the byte after that string; both lie side by side in the output, so
 * an entry is a place and a length there, and no strings are kept.
 */
function unpackLzw(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size), start = new Int32Array(4096), length = new Int32Array(4096);
  let next = 258, width = 9, bits = 0, held = 0, to = 0, from = 0;
  let lastStart = 0, lastLength = 0; // the string before; of length 0 after a clear
  while (to < size) {
    while (held < width && from < packed.length) {
      bits = ((bits << 8) | packed[from++]) & 0xffffff;
      held += 8;
    }
    if (held < width) break;
    const code = (bits >>> (held - width)) & ((1 << width) - 1);
    held -= width;
    if (code === 257) break;
    if (code === 256) {
      next = 258;
      width = 9;
      lastLength = 0;
      continue;
    }
    if (lastLength > 0 && next < 4096) { // this string's first byte, about to be written, completes the entry
      start[next] = lastStart;
      length[next++] = lastLength + 1;
    }
    if (code >= next) throw new Error(`LZW code ${code} before it is defined`);
    const began = to;
    if (code < 256) out[to++] = code;
    else {
      const end = Math.min(size, to + length[code]);
      for (let source = start[code]; to < end;) out[to++] = out[source++];
    }
    lastStart = began;
    lastLength = to - began;
    if (next >= (1 << width) - 1 && width < 12) width++;
  }
  return out.subarray(0, to);
}

/** Bytes whose bits run the other way: what a FillOrder of 2 means. */
export function reverseBits(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => {
    const pairs = (byte >> 1 & 0x55) | (byte & 0x55) << 1,
      nibbles = (pairs >> 2 & 0x33) | (pairs & 0x33) << 2;
    return nibbles >> 4 | (nibbles & 15) << 4;
  });
}
