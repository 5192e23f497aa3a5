/**
 * JPEG, baseline and progressive, by jpeg-js (the decoder that image-js uses), with its memory bounded.
 *
 * Time is not: a small progressive file can ask for many passes. Decode what strangers send in a worker with a limit.
 *
 * Source: ITU-T T.81. @module
 */
import { decode } from "jpeg-js";
import { cannotDecode } from "./_problem.ts";
import { isJpeg } from "./_signatures.ts";
import { type Image, type ImageDecodeOptions, MAX_PIXELS } from "./image.ts";

export { isJpeg };

/**
 * Reads a JPEG's size and channels from its frame header.
 *
 * @throws {SyntaxError} If there is none before the file ends.
 */
export function readJpegHeader(
  bytes: Uint8Array,
  options: { name?: string } = {},
): { width: number; height: number; channels: number } {
  const failed = cannotDecode("JPEG", options.name);
  if (!isJpeg(bytes)) throw new SyntaxError(`${failed} at byte 0: expected bytes ff d8 ff`);
  const u16 = (at: number) => (bytes[at] << 8) | bytes[at + 1];
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) throw new SyntaxError(`${failed} at byte ${at}: expected a marker`);
    const marker = bytes[at + 1];
    if (marker === 0xff) { // fill byte
      at++;
      continue;
    }
    // Frame headers are C0 to CF but for the Huffman (C4), extension (C8) and arithmetic (CC) tables.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { height: u16(at + 5), width: u16(at + 7), channels: bytes[at + 9] };
    }
    if (marker === 0xd9 || marker === 0xda) break;
    if (u16(at + 2) < 2) throw new SyntaxError(`${failed} at byte ${at}: a segment of ${u16(at + 2)} bytes`);
    at += 2 + u16(at + 2);
  }
  throw new SyntaxError(`${failed}: no frame header`);
}

/**
 * Decodes a JPEG to 8-bit grey or RGB.
 *
 * Shapes: [height, width, 1 or 3]. The orientation in Exif data is not applied.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the file is damaged or cut off.
 * @throws {RangeError} If it has more than `maxPixels`; checked before anything is allocated.
 */
export function decodeJpeg(bytes: Uint8Array, options: ImageDecodeOptions = {}): Image {
  const { name, maxPixels = MAX_PIXELS } = options;
  const failed = cannotDecode("JPEG", name);
  const { width, height, channels } = readJpegHeader(bytes, options);
  if (width * height > maxPixels) {
    throw new RangeError(`${failed} as it may have at most ${maxPixels} pixels: it is ${height} × ${width}`);
  }
  let rgb: Uint8Array;
  try {
    const image = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: maxPixels / 1e6,
      // Coefficients of 32 bits, samples, and the result, for each of up to four components.
      maxMemoryUsageInMB: 64 + Math.ceil(width * height * 40 / 2 ** 20),
    });
    if (image.width !== width || image.height !== height) throw new Error("a second frame of another size");
    rgb = image.data;
  } catch (error) {
    throw new SyntaxError(`${failed}: ${(error as Error).message ?? error}`, { cause: error });
  }
  if (channels !== 1) return { data: new Uint8Array(rgb), height, width, channels: 3, depth: 8 };
  return {
    data: Uint8Array.from({ length: width * height }, (_, i) => rgb[3 * i]),
    height,
    width,
    channels: 1,
    depth: 8,
  };
}
