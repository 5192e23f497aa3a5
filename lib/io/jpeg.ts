/**
 * JPEG, baseline and progressive, by jpeg-js (the decoder that image-js uses), told what it does not look at itself and with
 * its memory and work bounded.
 *
 * Memory: the picture three times over, and about 400 bytes for each block of 8 × 8 samples; what a header asks for is
 * compared with `maxBytes`, and with what so few bytes can hold, before anything is allocated.
 *
 * Source: ITU-T T.81; Adobe Technical Note 5116 (colour transform). Not read: 12 bits, arithmetic codes, lossless. @module
 */
import { decode } from "jpeg-js";
import { cannotDecode } from "./_problem.ts";
import { isJpeg } from "./signatures.ts";
import { type Image, type ImageDecodeOptions, MAX_PIXELS } from "./image.ts";

export { isJpeg };

/** What a JPEG says of itself. */
export interface JpegHeader {
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
  /** Samples a pixel: 1 grey, 3 colours. */
  channels: number;
  /** Bits a sample: 8 or 12. */
  precision: number;
  /** Whether its colours are brightness and two differences, rather than red, green and blue. */
  isYcbcr: boolean;
}

/** Options for {@linkcode decodeJpeg}. */
export interface DecodeJpegOptions extends ImageDecodeOptions {
  /** Most bytes that decoding may take. @default {1_073_741_824} */
  maxBytes?: number;
  /** Whether colours are brightness and differences, where a container knows. @default {as the file says} */
  isYcbcr?: boolean;
}

/** What is found before the first scan. */
interface Frame extends JpegHeader {
  kind: number;
  /** Blocks of 8 × 8 samples of all components. */
  blocks: number;
}

/**
 * Reads a JPEG's size, channels and colours from its headers.
 *
 * @throws {SyntaxError} If there is no frame before the file ends.
 */
export function readJpegHeader(bytes: Uint8Array, options: { name?: string } = {}): JpegHeader {
  const { width, height, channels, precision, isYcbcr } = readFrame(
    bytes,
    cannotDecode("JPEG", options.name),
  );
  return { width, height, channels, precision, isYcbcr };
}

function readFrame(bytes: Uint8Array, failed: string): Frame {
  if (!isJpeg(bytes)) throw new SyntaxError(`${failed} at byte 0: expected bytes ff d8 ff`);
  const u16 = (at: number) => (bytes[at] << 8) | bytes[at + 1];
  let frame: Frame | undefined, adobe: number | undefined;
  for (let at = 2; at + 4 < bytes.length;) {
    if (bytes[at] !== 0xff) throw new SyntaxError(`${failed} at byte ${at}: expected a marker`);
    const marker = bytes[at + 1];
    if (marker === 0xff) { // fill byte
      at++;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) break;
    if (u16(at + 2) < 2) throw new SyntaxError(`${failed} at byte ${at}: a segment of ${u16(at + 2)} bytes`);
    // Frame headers are C0 to CF but for the Huffman (C4), extension (C8) and arithmetic (CC) tables.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      frame ??= frameAt(bytes, at, failed);
    } else if (marker === 0xee && String.fromCharCode(...bytes.subarray(at + 4, at + 9)) === "Adobe") {
      adobe = bytes[at + 15];
    }
    at += 2 + u16(at + 2);
  }
  if (!frame) throw new SyntaxError(`${failed}: no frame header`);
  // Adobe's mark says which; without it, components named R, G and B are what they are called.
  if (adobe !== undefined && frame.channels === 3) frame.isYcbcr = adobe !== 0;
  return frame;
}

function frameAt(bytes: Uint8Array, at: number, failed: string): Frame {
  const u16 = (p: number) => (bytes[p] << 8) | bytes[p + 1];
  const height = u16(at + 5), width = u16(at + 7), channels = bytes[at + 9];
  if (!(at + 10 + 3 * channels <= bytes.length && channels >= 1)) {
    throw new SyntaxError(`${failed} at byte ${at}: the frame header is cut off`);
  }
  const components = Array.from({ length: channels }, (_, i) => {
    const [id, sampling] = bytes.subarray(at + 10 + 3 * i, at + 12 + 3 * i);
    return { id, h: sampling >> 4, v: sampling & 15 };
  });
  if (width === 0 || height === 0 || components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw new SyntaxError(`${failed} at byte ${at}: ${height} × ${width} pixels, or samples that do not fit`);
  }
  const most = (side: "h" | "v") => Math.max(...components.map((component) => component[side]));
  const across = Math.ceil(width / (8 * most("h"))), down = Math.ceil(height / (8 * most("v")));
  const blocks = components.reduce((sum, { h, v }) => sum + across * h * down * v, 0);
  const isRgb = components.map(({ id }) => String.fromCharCode(id)).join("") === "RGB";
  const isYcbcr = channels === 3 && !isRgb;
  return { width, height, channels, precision: bytes[at + 4], isYcbcr, kind: bytes[at + 1], blocks };
}

/** Bytes that jpeg-js takes for a block of 64 coefficients, array included. */
const BLOCK_BYTES = 400;
/** Most blocks that one byte can stand for: the first scan of a block takes a bit at least. */
const BLOCKS_A_BYTE = 8;
/** Most scans of blocks: ten scans, as a progressive picture has them, of the largest picture and some to spare. */
const MOST_SCANNED = 1 << 27;

/**
 * Decodes a JPEG to 8-bit grey or RGB.
 *
 * Shapes: [height, width, 1 or 3]. The orientation in Exif data is not applied.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the file is damaged or cut off.
 * @throws {TypeError} If it is of a kind that is not read.
 * @throws {RangeError} If it has more than `maxPixels` or takes more than `maxBytes`; checked before anything is allocated.
 */
export function decodeJpeg(bytes: Uint8Array, options: DecodeJpegOptions = {}): Image {
  const { name, maxPixels = MAX_PIXELS, maxBytes = 2 ** 30 } = options;
  const failed = cannotDecode("JPEG", name), frame = readFrame(bytes, failed);
  const { width, height, channels, precision, kind, blocks } = frame;
  if (width * height > maxPixels) {
    throw new RangeError(`${failed} as it may have at most ${maxPixels} pixels: it is ${height} × ${width}`);
  }
  if (precision !== 8 && precision !== 12) throw new SyntaxError(`${failed}: ${precision} bits a sample`);
  if (precision !== 8) throw new TypeError(`${failed} as ${precision} bits a sample are not read, only 8`);
  if (kind > 0xc2) {
    const what = kind >= 0xc9 ? "arithmetic codes" : kind === 0xc3 ? "lossless JPEG" : "hierarchical JPEG";
    throw new TypeError(`${failed} as ${what} is not read, only baseline and progressive`);
  }
  if (blocks > BLOCKS_A_BYTE * bytes.length) {
    throw new SyntaxError(`${failed}: ${bytes.length} bytes cannot hold ${height} × ${width} pixels`);
  }
  const needed = blocks * (BLOCK_BYTES + 64) + width * height * (channels + 6);
  if (needed > maxBytes) {
    throw new RangeError(
      `${failed} as it may take at most ${maxBytes} bytes: ${height} × ${width} pixels take ${needed}`,
    );
  }
  const scans = countScans(bytes);
  if (scans * blocks > MOST_SCANNED) {
    throw new RangeError(
      `${failed} as it goes ${scans} times over ${height} × ${width} pixels: that is too much work`,
    );
  }
  let rgb: Uint8Array;
  try {
    const image = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      colorTransform: options.isYcbcr ?? frame.isYcbcr,
      maxResolutionInMP: maxPixels / 1e6,
      maxMemoryUsageInMB: 64 + Math.ceil(needed / 2 ** 20),
    });
    if (image.width !== width || image.height !== height) throw new Error("a second frame of another size");
    rgb = image.data;
  } catch (error) {
    // What jpeg-js throws when it reads past what it has made is its own affair.
    const isInternal = error instanceof TypeError || error instanceof RangeError;
    const reason = isInternal ? "its data are damaged or cut off" : (error as Error).message ?? error;
    throw new SyntaxError(`${failed}: ${reason}`, { cause: error });
  }
  if (channels !== 1) return { data: new Uint8Array(rgb), height, width, channels: 3, depth: 8 };
  const grey = Uint8Array.from({ length: width * height }, (_, i) => rgb[3 * i]);
  return { data: grey, height, width, channels: 1, depth: 8 };
}

/** How often the pixels are gone over: once for baseline, some ten times for progressive. */
function countScans(bytes: Uint8Array): number {
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === 0xda) scans++;
  }
  return scans;
}
