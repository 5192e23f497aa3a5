/**
 * PNG, decoded only as far as a crop needs, and encoded.
 *
 * A camera frame of noise costs almost only its inflating; a crop needs the rows above its end and nothing else, so
 * inflating stops there. The header's claims are checked before anything is allocated, and no file unfolds to more
 * than its header says.
 *
 * Memory: the picture, and beside it what its rows down to the end of the crop inflate to.
 *
 * Source: PNG specification, third edition (W3C). Not applied: gamma, colour profiles, and a colour key (tRNS) of grey
 * or RGB pictures. @module
 */
import { constants, crc32, deflateSync, inflateSync } from "node:zlib";
import { deflateLiterals } from "./_deflate_literals.ts";
import { ascii, cannotDecode } from "./_problem.ts";
import { ADAM7, paeth, unfilter, unpackRow } from "./_png_rows.ts";
import { type Image, type ImageDecodeOptions, MAX_PIXELS } from "./image.ts";
import { plain } from "./gzip.ts";
import { isPng, PNG_SIGNATURE } from "./signatures.ts";

export { isPng };

/** What the first 33 bytes of a PNG say. */
export interface PngHeader {
  /** Columns. */
  width: number;
  /** Rows. */
  height: number;
  /** Bits a sample: 1, 2, 4, 8 or 16. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  colorType: 0 | 2 | 3 | 4 | 6;
  /** Whether the rows come in Adam7's seven passes. */
  interlaced: boolean;
}

/** Options for {@linkcode decodePng}. */
export interface DecodePngOptions extends ImageDecodeOptions {
  /** Rows to decode, from `first` to before `end`. @default {all} */
  rows?: readonly [first: number, end: number];
  /** Columns to decode, from `first` to before `end`. @default {all} */
  columns?: readonly [first: number, end: number];
}

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] } as const;
/** Deflate packs at most 258 bytes into two bits. */
const MAX_RATIO = 1032;

/**
 * Reads a PNG's size and kind without touching its pixels.
 *
 * @throws {SyntaxError} If the signature or the first chunk is not a valid PNG's.
 */
export function readPngHeader(bytes: Uint8Array, options: { name?: string } = {}): PngHeader {
  const failed = cannotDecode("PNG", options.name);
  if (!isPng(bytes)) throw new SyntaxError(`${failed} at byte 0: expected the PNG signature`);
  if (bytes.length < 33) {
    throw new SyntaxError(`${failed} at byte ${bytes.length}: the file ends within its header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = ascii(bytes, 12, 4);
  if (type !== "IHDR" || view.getUint32(8) !== 13) {
    throw new SyntaxError(`${failed} at byte 12: expected chunk "IHDR", found ${JSON.stringify(type)}`);
  }
  if (crc32(bytes.subarray(12, 29)) !== view.getUint32(29)) {
    throw new SyntaxError(`${failed} at byte 29: the CRC of chunk "IHDR" differs`);
  }
  const width = view.getUint32(16), height = view.getUint32(20);
  if (width === 0 || height === 0 || width > 0x7fffffff || height > 0x7fffffff) {
    throw new SyntaxError(
      `${failed} at byte 16: expected sides from 1 to 2147483647, found ${height} × ${width}`,
    );
  }
  const [depth, color, compression, filter, interlace] = bytes.subarray(24, 29);
  const depths: readonly number[] | undefined = DEPTHS[color as keyof typeof DEPTHS];
  if (!depths?.includes(depth)) {
    throw new SyntaxError(`${failed} at byte 24: no PNG has colour type ${color} at ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw new SyntaxError(
      `${failed} at byte 26: expected methods 0, 0 and 0 or 1, found ${compression}, ${filter} and ${interlace}`,
    );
  }
  return { width, height, depth, colorType: color as keyof typeof CHANNELS, interlaced: interlace === 1 };
}

/**
 * Decodes a PNG of any colour type, depth and interlace, or a part of it.
 *
 * Grey of 1, 2 or 4 bits is stretched to 8; a palette becomes RGB, or RGBA where it has transparency; 16 bits stay 16.
 * Every chunk's CRC is checked; where it differs in one that the picture does not need, that is a warning. Where a crop ends above the last row, pixel data below it are not looked at.
 *
 * Shapes: [height, width, channels]. Units: counts, from 0 to 255 or 65,535.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the file is damaged or cut off; the message names the byte.
 * @throws {RangeError} If it has more than `maxPixels`, or a crop leaves the picture.
 * @example Middle of a frame
 * ```ts
 * const frame = encodePng({ data: new Uint8Array(36).fill(7), height: 6, width: 6, channels: 1 });
 * decodePng(frame, { rows: [2, 4], columns: [2, 4] }).data; // 7, 7, 7, 7
 * ```
 */
export function decodePng(bytes: Uint8Array, options: DecodePngOptions = {}): Image {
  const { name, maxPixels = MAX_PIXELS } = options;
  const failed = cannotDecode("PNG", name);
  const header = readPngHeader(bytes, options);
  const { width, height, depth, colorType, interlaced } = header;
  if (width * height > maxPixels) {
    throw new RangeError(`${failed} as it may have at most ${maxPixels} pixels: it is ${height} × ${width}`);
  }
  const [[top, bottom], [first, end]] = cropOf(header, options, failed);
  const chunks = readChunks(bytes, header, failed);
  const samples = CHANNELS[colorType];
  const rowBytes = Math.ceil(width * samples * depth / 8), bpp = Math.max(1, samples * depth >> 3);
  const cropWidth = end - first, pixels = (bottom - top) * cropWidth;
  const all = interlaced ? interlacedSize(header, samples) : height * (rowBytes + 1);
  const needed = interlaced ? all : bottom * (rowBytes + 1);
  const raw = inflateRows(chunks.data, needed, all, `${failed} at byte ${chunks.dataAt}`);
  const out = depth === 16 ? new Uint16Array(pixels * samples) : new Uint8Array(pixels * samples);
  const badFilter = (row: number) => new SyntaxError(`${failed}: unknown filter in row ${row}`);
  if (!interlaced) {
    const endByte = Math.ceil(end * samples * depth / 8);
    const bad = unfilter(raw, 0, rowBytes, bpp, top, bottom, endByte);
    if (bad >= 0) throw badFilter(bad);
    for (let row = top; row < bottom; row++) {
      unpackRow(raw, row * (rowBytes + 1) + 1, first, end, samples, depth, out, (row - top) * cropWidth, 1);
    }
  } else {
    let at = 0;
    for (const [y0, x0, dy, dx] of ADAM7) {
      const passWidth = Math.ceil((width - x0) / dx), passHeight = Math.ceil((height - y0) / dy);
      if (passWidth <= 0 || passHeight <= 0) continue;
      const passBytes = Math.ceil(passWidth * samples * depth / 8);
      const bad = unfilter(raw, at, passBytes, bpp, 0, passHeight, passBytes);
      if (bad >= 0) throw badFilter(y0 + bad * dy);
      const from = Math.max(0, Math.ceil((first - x0) / dx)), to = Math.max(0, Math.ceil((end - x0) / dx));
      for (let row = 0; row < passHeight; row++, at += passBytes + 1) {
        const y = y0 + row * dy;
        if (y < top || y >= bottom) continue;
        const pixel = (y - top) * cropWidth + x0 + from * dx - first;
        unpackRow(raw, at + 1, from, to, samples, depth, out, pixel, dx);
      }
    }
  }
  const shape = { height: bottom - top, width: cropWidth };
  const more = chunks.warnings.length > 0 ? { warnings: chunks.warnings } : {};
  if (colorType === 3) {
    return { ...shape, ...expandPalette(out, chunks.palette, chunks.alpha, failed), ...more };
  }
  if (depth < 8) {
    const scale = 255 / ((1 << depth) - 1);
    for (let i = 0; i < out.length; i++) out[i] *= scale;
  }
  return { data: out, ...shape, channels: samples, depth: depth === 16 ? 16 : 8, ...more };
}

/** Options for {@linkcode encodePng}. */
export interface EncodePngOptions {
  /** Deflate level from 0 to 9. @default {6} */
  level?: number;
  /**
   * What is done to a row before packing: nothing, or of the five filters the one with the smallest sum of absolute
   * values. Camera noise packs as well without, and eight times as fast.
   *
   * @default {"adaptive"}
   */
  filter?: "none" | "adaptive";
  /** Packs by Huffman codes alone, without looking for repeats: for noise, where there are none. @default {false} */
  huffmanOnly?: boolean;
}

/** Rows on their way to be packed. New memory costs as much as packing a third of it, so what is not large is kept. */
let scratch = new Uint8Array(0);
const MOST_KEPT = 1 << 20;

/** Bytes of any content, until the next call. */
function scratchOf(size: number): Uint8Array<ArrayBuffer> {
  if (size > MOST_KEPT) return new Uint8Array(size);
  if (scratch.length < size) scratch = new Uint8Array(size);
  return scratch.subarray(0, size);
}

/**
 * Encodes a picture of 8 or 16 bits as PNG; the same picture always gives the same file.
 *
 * @param image Grey, grey and alpha, RGB or RGBA; `depth` is taken from the array.
 * @throws {TypeError} If the array is not of 8 or 16-bit numbers, or does not fit height × width × channels.
 */
export function encodePng(
  image: { data: Uint8Array | Uint16Array; height: number; width: number; channels?: number },
  options: EncodePngOptions = {},
): Uint8Array {
  const { data, height, width, channels = 1 } = image;
  const { level = 6, filter = "adaptive", huffmanOnly = false } = options;
  const colorType = { 1: 0, 2: 4, 3: 2, 4: 6 }[channels];
  const sides = Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0;
  if (!sides || colorType === undefined || data.length !== height * width * channels) {
    throw new TypeError(
      `Cannot encode PNG as ${data.length} values do not fit ${height} × ${width} pixels of ${channels} channels`,
    );
  }
  if (!(data instanceof Uint8Array || data instanceof Uint16Array)) {
    throw new TypeError("Cannot encode PNG as its values must be of 8 or 16 bits without sign");
  }
  const wide = data instanceof Uint16Array, bpp = channels * (wide ? 2 : 1), rowBytes = width * bpp;
  const raw = scratchOf(height * (rowBytes + 1));
  for (let row = 0; row < height; row++) {
    const at = row * (rowBytes + 1) + 1, from = row * width * channels;
    raw[at - 1] = 0; // no filter
    if (!wide) raw.set((data as Uint8Array).subarray(from, from + rowBytes), at);
    else {
      for (let i = 0; i < width * channels; i++) {
        raw[at + 2 * i] = data[from + i] >> 8;
        raw[at + 2 * i + 1] = data[from + i];
      }
    }
  }
  const content = filter === "none" ? raw : filtered(raw, height, rowBytes, bpp);
  const packed = huffmanOnly ? deflateLiterals(content) : plain(deflateSync(content, { level }));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([wide ? 16 : 8, colorType], 8);
  const file = new Uint8Array(8 + 25 + 12 + packed.length + 12);
  file.set(PNG_SIGNATURE);
  putChunk(file, 8, "IHDR", header);
  putChunk(file, 33, "IDAT", packed);
  putChunk(file, 45 + packed.length, "IEND", new Uint8Array(0));
  return file;
}

/** The asked-for rows and columns, checked. */
function cropOf({ width, height }: PngHeader, options: DecodePngOptions, failed: string) {
  const { rows = [0, height], columns = [0, width] } = options;
  for (const [[from, to], side, what] of [[rows, height, "rows"], [columns, width, "columns"]] as const) {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= side)) {
      throw new RangeError(
        `${failed} as ${what} ${from} to ${to} are not inside the picture: it has ${side}`,
      );
    }
  }
  return [rows, columns] as const;
}

/** Walks all chunks up to IEND: their bounds and CRCs, the pixel data, the palette. */
function readChunks(bytes: Uint8Array, { colorType }: PngHeader, failed: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [], warnings: string[] = [];
  let palette = new Uint8Array(0), alpha = new Uint8Array(0), dataAt = 0, last = "IHDR";
  for (let at = 33; last !== "IEND";) {
    if (at + 12 > bytes.length) {
      throw new SyntaxError(`${failed} at byte ${bytes.length}: expected chunk "IEND", the file ends`);
    }
    const length = view.getUint32(at), type = ascii(bytes, at + 4, 4), start = at + 8;
    if (!/^[A-Za-z]{4}$/.test(type)) {
      throw new SyntaxError(`${failed} at byte ${at + 4}: expected a chunk, found ${JSON.stringify(type)}`);
    }
    if (length > bytes.length - start - 4) {
      throw new SyntaxError(
        `${failed} at byte ${at}: chunk "${type}" of ${length} bytes goes beyond the file's end at ${bytes.length}`,
      );
    }
    if (crc32(bytes.subarray(at + 4, start + length)) !== view.getUint32(start + length)) {
      const place = `at byte ${start + length}: the CRC of chunk "${type}" differs`;
      // Small letters are for what a picture can do without; transparency changes it.
      if (/^[A-Z]/.test(type) || type === "tRNS") throw new SyntaxError(`${failed} ${place}`);
      warnings.push(`A chunk was left out ${place}`);
      last = type;
      at = start + length + 4;
      continue;
    }
    const content = bytes.subarray(start, start + length);
    if (type === "IDAT") {
      if (data.length > 0 && last !== "IDAT") {
        throw new SyntaxError(`${failed} at byte ${at + 4}: chunk "IDAT" again after "${last}"`);
      }
      if (data.length === 0) dataAt = start;
      data.push(content);
    } else if (type === "PLTE") {
      if (length % 3 !== 0 || length === 0 || length > 768) {
        throw new SyntaxError(
          `${failed} at byte ${at}: expected a palette of 1 to 256 colours, found ${length} bytes`,
        );
      }
      palette = content.slice();
    } else if (type === "tRNS" && colorType === 3) alpha = content.slice();
    else if (type !== "IEND" && /^[A-Z]/.test(type)) {
      throw new SyntaxError(`${failed} at byte ${at + 4}: unknown critical chunk "${type}"`);
    }
    last = type;
    at = start + length + 4;
  }
  if (data.length === 0) throw new SyntaxError(`${failed}: no chunk "IDAT" before "IEND"`);
  return { data, dataAt, palette, alpha, warnings };
}

/**
 * Inflates the pixel data as far as `needed`.
 *
 * The packed bytes that this takes are guessed from the share of rows (noise packs evenly) and enlarged where the guess
 * was short, which is rare; the output is bounded by what the header implies in every case.
 */
function inflateRows(chunks: Uint8Array[], needed: number, all: number, failed: string): Uint8Array {
  const packed = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const short = () => new SyntaxError(`${failed}: the pixel data end early`);
  if (all > packed * MAX_RATIO) throw short();
  let share = needed === all ? packed : Math.min(packed, Math.ceil(packed * needed / all * 1.02) + 512);
  for (;;) {
    const whole = share === packed;
    // One byte of room beyond what is expected spares zlib a second buffer and shows whether there is too much.
    const chunkSize = Math.max(64, Math.min(all, whole ? all : Math.ceil(needed * 1.1)) + 1);
    let raw: Uint8Array;
    try {
      raw = inflateSync(firstBytes(chunks, share), {
        chunkSize,
        maxOutputLength: all + 1,
        finishFlush: whole && needed === all ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      });
    } catch (error) {
      const tooMuch = (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
      const reason = tooMuch ? "more pixel data than the header says" : (error as Error).message;
      throw new SyntaxError(`${failed}: ${reason}`, { cause: error });
    }
    if (raw.length > all) throw new SyntaxError(`${failed}: more pixel data than the header says`);
    if (raw.length >= needed) return plain(raw);
    if (whole) throw short();
    share = Math.min(packed, Math.ceil(share * 1.5));
  }
}

/** The first `length` bytes of all chunks, copied only where they lie in more than one. */
function firstBytes(chunks: Uint8Array[], length: number): Uint8Array {
  if (chunks[0].length >= length) return chunks[0].subarray(0, length);
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    if (at === length) break;
    const part = chunk.subarray(0, length - at);
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function interlacedSize({ width, height, depth }: PngHeader, samples: number): number {
  return ADAM7.reduce((sum, [y0, x0, dy, dx]) => {
    const passWidth = Math.ceil((width - x0) / dx), passHeight = Math.ceil((height - y0) / dy);
    return passWidth <= 0 || passHeight <= 0
      ? sum
      : sum + passHeight * (1 + Math.ceil(passWidth * samples * depth / 8));
  }, 0);
}

function expandPalette(
  indices: Uint8Array | Uint16Array,
  palette: Uint8Array,
  alpha: Uint8Array,
  failed: string,
) {
  const channels = alpha.length > 0 ? 4 : 3;
  if (palette.length === 0) throw new SyntaxError(`${failed}: a palette picture without chunk "PLTE"`);
  if (alpha.length * 3 > palette.length) {
    throw new SyntaxError(`${failed}: more transparencies than palette colours`);
  }
  const data = new Uint8Array(indices.length * channels);
  for (let i = 0, to = 0; i < indices.length; i++, to += channels) {
    const index = indices[i];
    if (index * 3 >= palette.length) {
      throw new SyntaxError(`${failed}: colour ${index} of a palette of ${palette.length / 3}`);
    }
    data[to] = palette[3 * index];
    data[to + 1] = palette[3 * index + 1];
    data[to + 2] = palette[3 * index + 2];
    if (channels === 4) data[to + 3] = index < alpha.length ? alpha[index] : 255;
  }
  return { data, channels: channels as 3 | 4, depth: 8 as const };
}

/** Each row by the filter whose result, read as signed bytes, has the smallest sum of absolute values (clause 12.7). */
function filtered(raw: Uint8Array, height: number, rowBytes: number, bpp: number): Uint8Array {
  const out = new Uint8Array(raw.length), stride = rowBytes + 1;
  const tries = Array.from({ length: 5 }, () => new Uint8Array(rowBytes));
  for (let row = 0; row < height; row++) {
    const at = row * stride + 1;
    let best = 0, least = Infinity;
    for (let filter = 0; filter < 5; filter++) {
      const line = tries[filter];
      let sum = 0;
      for (let i = 0; i < rowBytes; i++) {
        const a = i < bpp ? 0 : raw[at + i - bpp], b = row === 0 ? 0 : raw[at + i - stride];
        const c = i < bpp || row === 0 ? 0 : raw[at + i - stride - bpp];
        const guess = filter === 0
          ? 0
          : filter === 1
          ? a
          : filter === 2
          ? b
          : filter === 3
          ? (a + b) >> 1
          : paeth(a, b, c);
        const value = (raw[at + i] - guess) & 255;
        line[i] = value;
        sum += value < 128 ? value : 256 - value;
      }
      if (sum < least) [least, best] = [sum, filter];
    }
    out[at - 1] = best;
    out.set(tries[best], at);
  }
  return out;
}

function putChunk(file: Uint8Array, at: number, type: string, content: Uint8Array): void {
  const view = new DataView(file.buffer);
  view.setUint32(at, content.length);
  for (let i = 0; i < 4; i++) file[at + 4 + i] = type.charCodeAt(i);
  file.set(content, at + 8);
  view.setUint32(at + 8 + content.length, crc32(file.subarray(at + 4, at + 8 + content.length)));
}
