/**
 * TIFF and BigTIFF: grey, RGB or palette; 1 to 64 bits, whole numbers or floating point; strips or tiles; uncompressed, LZW,
 * Deflate, PackBits, Zstandard or JPEG; with or without predictor; any page of a stack.
 *
 * Written here rather than left to image-js's `tiff` (7.1.3), which reads 18 of the 70 files of
 * tests/lib/io/pictures_python_test.ts right, and six of the others wrong without a word.
 *
 * Memory: the values in their own type, which are counted against `maxBytes` before they are allocated; one part of the
 * picture unpacked (a tile may stick out, so that it is up to four times the picture), and one row. {@linkcode decodeTiff} makes floats of whole numbers of 32 and 64 bits beside them.
 *
 * Source: TIFF 6.0 (Adobe, 1992); Technical Notes 2 and 3 (Deflate, JPEG, floating-point predictor). Not read: fax
 * compression, the old kind of JPEG, CMYK, YCbCr but for JPEG. The orientation tag is not applied. @module
 */
import { maxRatio, reverseBits, unpackStrip } from "./_tiff_unpack.ts";
import { readTiffDirectory, type TiffFields } from "./_tiff_fields.ts";
import { unpackRow } from "./_png_rows.ts";
import { cannotDecode } from "./_problem.ts";
import { isTiff } from "./signatures.ts";
import { type Image, type ImageDecodeOptions, MAX_PIXELS } from "./image.ts";
import { decodeJpeg } from "./jpeg.ts";
import { NPY_ARRAYS, type NpyType, type NpyValues } from "./npy_type.ts";

export { isTiff };

/** Options for {@linkcode decodeTiff}. */
export interface DecodeTiffOptions extends ImageDecodeOptions {
  /** Which picture of the file, from 0. @default {0} */
  page?: number;
  /** Most bytes of values. @default {1_073_741_824} */
  maxBytes?: number;
}

/** One page of a TIFF, its values in the type that they have there. */
export interface TiffArray {
  /** Row-major, the samples of a pixel side by side. */
  data: NpyValues;
  /** [height, width, channels]. */
  shape: [height: number, width: number, channels: number];
  /** NumPy's name of the type; fewer than 8 or 16 bits are kept in as many. */
  dtype: NpyType;
  /** What a white pixel has, where that is less than its bits can hold. */
  white?: number;
}

/**
 * Decodes one picture of a TIFF as pictures are kept: in 8 bits, 16 bits, or 32-bit floating point.
 *
 * Shapes: [height, width, channels]. As {@linkcode decodeTiffArray}, but for numbers with a sign or of more than 16 bits:
 * these become floating point, and where that keeps a neighbour only, beyond 2²⁴, a warning says so.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the file is damaged or cut off, or has no such page.
 * @throws {TypeError} If it is of a kind that is not read, naming the field.
 * @throws {RangeError} If it passes `maxPixels` or `maxBytes`; checked before anything is allocated.
 */
export function decodeTiff(bytes: Uint8Array, options: DecodeTiffOptions = {}): Image {
  const { data, shape: [height, width, samples], white } = decodeTiffArray(bytes, options);
  const channels = samples as Image["channels"];
  const sides = { height, width, channels, ...(white === undefined ? {} : { white }) };
  if (data instanceof Uint8Array) return { data, ...sides, depth: 8 };
  if (data instanceof Uint16Array) return { data, ...sides, depth: 16 };
  if (data instanceof Float32Array) return { data, ...sides, depth: 32 };
  const floats = Float32Array.from<number | bigint>(data, Number);
  const rounded = countRounded(data, floats);
  const warning = `${rounded} whole numbers beyond 2²⁴ are kept as the nearest 32-bit floats`;
  return { data: floats, ...sides, depth: 32, ...(rounded > 0 ? { warnings: [warning] } : {}) };
}

/** How many whole numbers are not the floats that were made of them. */
function countRounded(data: NpyValues, floats: Float32Array): number {
  if (data instanceof Float64Array) return 0;
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (typeof value === "bigint" ? value !== BigInt(floats[i]) : value !== floats[i]) count++;
  }
  return count;
}

/**
 * Decodes one page of a TIFF, every number as it is there.
 *
 * Shapes: [height, width, channels]. Whole numbers without sign of up to 8 bits become 8 bits (fewer are stretched), of 9
 * to 16 bits become 16 (fewer are not stretched: `white` says how many there are). Half-precision numbers are read into 32
 * bits. A palette becomes 8-bit RGB; white-is-zero pictures are turned round.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the file is damaged or cut off, or has no such page.
 * @throws {TypeError} If it is of a kind that is not read, naming the field.
 * @throws {RangeError} If it passes `maxPixels` or `maxBytes`; checked before anything is allocated.
 */
export function decodeTiffArray(bytes: Uint8Array, options: DecodeTiffOptions = {}): TiffArray {
  const { name, maxPixels = MAX_PIXELS, maxBytes = 2 ** 30, page = 0 } = options;
  const failed = cannotDecode("TIFF", name);
  const directory = readTiffDirectory(bytes, failed), fields = directory.fields(page);
  const layout = readLayout(fields, failed);
  const { width, height, samples, depth, compression, planes } = layout;
  if (width * height > maxPixels) {
    throw new RangeError(`${failed} as it may have at most ${maxPixels} pixels: it is ${height} × ${width}`);
  }
  const chunks = readChunks(fields, layout, bytes.length, failed);
  const { across, down, offsets, counts, chunkWidth, chunkHeight } = chunks;
  const packed = counts.reduce((sum, count) => sum + count, 0);
  if (Math.ceil(width * samples * depth / 8) * height > packed * maxRatio(compression)) {
    throw new SyntaxError(`${failed}: ${packed} packed bytes cannot hold ${height} × ${width} pixels`);
  }
  const Make = NPY_ARRAYS[keptType(layout)];
  const wanted = width * height * channelsOf(layout) * Make.BYTES_PER_ELEMENT;
  if (wanted > maxBytes) {
    throw new RangeError(
      `${failed} as it may take at most ${maxBytes} bytes: ${height} × ${width} pixels take ${wanted}`,
    );
  }
  const data = new Make(width * height * samples);
  const picture: Packed = { bytes, fields, layout, chunks, little: directory.little, failed };
  offsets.forEach((_, number) => {
    const place = number % (across * down), top = Math.floor(place / across) * chunkHeight;
    const part: Part = {
      number,
      plane: Math.floor(number / (across * down)),
      left: (place % across) * chunkWidth,
      top,
      rows: Math.min(chunkHeight, height - top),
      rowBytes: Math.ceil(chunkWidth * samples / planes * depth / 8),
    };
    placePart(picture, part, unpackPart(picture, part), data);
  });
  return finish(data, layout, fields, failed);
}

/** A picture in its file. */
interface Packed {
  bytes: Uint8Array;
  fields: TiffFields;
  layout: Layout;
  chunks: ReturnType<typeof readChunks>;
  little: boolean;
  /** How messages begin. */
  failed: string;
}

/** A strip or a tile: where its pixels go, how many rows of it lie in the picture, and the bytes of a row. */
interface Part {
  number: number;
  plane: number;
  left: number;
  top: number;
  rows: number;
  rowBytes: number;
}

/** The bytes of a strip or tile, unpacked. @throws {SyntaxError} If it is cut off or damaged. */
function unpackPart(
  { bytes, fields, layout, chunks: { offsets, counts, chunkWidth, chunkHeight }, failed }: Packed,
  { number, rows, rowBytes }: Part,
): Uint8Array {
  const { compression } = layout,
    offset = offsets[number],
    length = counts[number],
    where = `${failed} at byte ${offset}`;
  if (offset + length > bytes.length) throw new SyntaxError(`${where}: the file ends within part ${number}`);
  let raw: Uint8Array;
  let packed = bytes.subarray(offset, offset + length);
  if (layout.isReversed && compression !== JPEG) packed = reverseBits(packed);
  try {
    raw = compression === JPEG
      ? unpackJpeg(packed, fields, layout, chunkWidth, chunkHeight)
      : unpackStrip(packed, compression, rowBytes * chunkHeight);
  } catch (error) {
    throw new SyntaxError(`${where}: ${(error as Error).message}`, { cause: error });
  }
  if (raw.length < rowBytes * rows) {
    throw new SyntaxError(
      `${where}: expected ${rowBytes * rows} bytes in part ${number}, found ${raw.length}`,
    );
  }
  // The prediction is undone in place.
  return compression === 1 && layout.predictor !== 1 ? raw.slice() : raw;
}

/** Puts the pixels of a strip or tile into the picture; undoes its prediction. */
function placePart(
  { layout: { width, samples, planes, depth, format, predictor }, chunks: { chunkWidth }, little }: Packed,
  { plane, left, top, rows, rowBytes }: Part,
  raw: Uint8Array,
  all: NpyValues,
): void {
  const columns = Math.min(chunkWidth, width - left), perPixel = samples / planes;
  const data = all as Uint8Array; // as a row: of whichever type, both are of the same
  for (let row = 0; row < rows; row++) {
    const line = raw.subarray(row * rowBytes, (row + 1) * rowBytes);
    if (predictor === 2) undoDifferences(line, perPixel, depth, little);
    else if (predictor === 3) undoFloatDifferences(line, perPixel, depth / 8);
    // The bytes of a value that was predicted as floats run from the highest to the lowest.
    const order = predictor === 3 ? false : little;
    const values = readRow(line, columns * perPixel, depth, format, order) as Uint8Array;
    const at = ((top + row) * width + left) * samples;
    if (planes === 1) data.set(values, at);
    else for (let x = 0; x < columns; x++) data[at + x * samples + plane] = values[x];
  }
}

/** What is known of a page without unpacking it. */
export interface TiffPage {
  /** Its number, from 0. */
  page: number;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
  /** Samples a pixel, 3 for a palette. */
  channels: Image["channels"];
  /** NumPy's name of the type that {@linkcode decodeTiffArray} gives. */
  dtype: NpyType;
  /** What a white pixel has, where that is less than its bits can hold. */
  white?: number;
  /** Whether it says that it is a smaller copy of another page: a thumbnail, a level of a pyramid. */
  isReduced: boolean;
  /** Why it cannot be read, if so. */
  fault?: string;
}

/**
 * Lists the pages of a TIFF, in order.
 *
 * @throws {SyntaxError} If it is no TIFF, or its directories are damaged.
 */
export function listTiffPages(bytes: Uint8Array, options: { name?: string } = {}): TiffPage[] {
  const failed = cannotDecode("TIFF", options.name), directory = readTiffDirectory(bytes, failed);
  return directory.pages.map((_, page) => {
    const unknown = { page, height: 0, width: 0, channels: 1, dtype: "u1", isReduced: false } as const;
    try {
      const fields = directory.fields(page), isReduced = ((fields.numbers.get(254)?.[0] ?? 0) & 1) === 1;
      const layout = readLayout(fields, failed), { height, width, depth, format } = layout;
      const channels = channelsOf(layout), dtype = keptType(layout);
      const white = whiteOf(format, depth, fields);
      return { page, height, width, channels, dtype, isReduced, ...(white ? { white } : {}) };
    } catch (error) {
      return { ...unknown, fault: (error as Error).message };
    }
  });
}

type Format = "uint" | "int" | "float";

interface Layout {
  width: number;
  height: number;
  /** Samples a pixel. */
  samples: 1 | 2 | 3 | 4;
  /** Bits a sample. */
  depth: number;
  format: Format;
  compression: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette. */
  photometric: number;
  /** 1 where a pixel's samples lie side by side, else one plane a sample. */
  planes: number;
  predictor: number;
  /** Whether the bits of each byte run from the lowest to the highest. */
  isReversed: boolean;
}

const JPEG = 7, YCBCR = 6, PALETTE = 3;

/** Values of a pixel; the colours of a palette's numbers are three each. */
function channelsOf({ photometric, samples }: Layout): Layout["samples"] {
  return photometric === PALETTE ? 3 : samples;
}

/** The type that a page's values are kept in. */
function keptType({ format, depth }: Pick<Layout, "format" | "depth">): NpyType {
  return `${format[0]}${[1, 2, 4, 8].find((size) => 8 * size >= depth)}` as NpyType;
}

function readLayout({ numbers: fields }: TiffFields, failed: string): Layout {
  const one = (tag: number, fallback?: number) => {
    const value = fields.get(tag)?.[0] ?? fallback;
    if (value === undefined) throw new SyntaxError(`${failed}: tag ${tag} is missing`);
    return value;
  };
  const width = one(256), height = one(257), samples = one(277, 1), compression = one(259, 1);
  const photometric = one(262, 1),
    predictor = one(317, 1),
    depths = fields.get(258) ?? [1],
    depth = depths[0];
  const format = ({ 1: "uint", 2: "int", 3: "float" } as Record<number, Format>)[one(339, 1)];
  const refuse = (what: string, value: unknown) => {
    throw new TypeError(`${failed} as ${what} ${value} is not read`);
  };
  if (width === 0 || height === 0) throw new SyntaxError(`${failed}: it is ${height} × ${width}`);
  if (![1, 5, JPEG, 8, 32946, 32773, 50000].includes(compression)) refuse("compression", compression);
  const isYcbcr = photometric === YCBCR && compression === JPEG; // the JPEG's decoder makes RGB of it
  if (photometric > 3 && !isYcbcr) refuse("photometric interpretation", photometric);
  if (depths.some((other) => other !== depth)) refuse("a mixture of depths", depths.join(", "));
  const depthsOf = { uint: [1, 2, 4, 8, 10, 12, 14, 16, 32, 64], int: [8, 16, 32, 64], float: [16, 32, 64] };
  if (!format || !depthsOf[format].includes(depth)) {
    refuse("sample format", `${one(339, 1)} at ${depth} bits`);
  }
  if (
    samples < 1 || samples > 4 || ((photometric === 2 || isYcbcr) && samples < 3) ||
    (photometric === PALETTE && samples !== 1)
  ) {
    refuse(`photometric interpretation ${photometric} with samples a pixel of`, samples);
  }
  if (photometric === PALETTE && (format !== "uint" || depth > 8)) refuse("a palette of depth", depth);
  const predictable = predictor === 1 ||
    (predictor === 2 && [8, 16, 32, 64].includes(depth)) ||
    (predictor === 3 && format === "float");
  if (!predictable) refuse(`at ${depth} bits predictor`, predictor);
  if (compression === JPEG && (depth !== 8 || format !== "uint")) refuse("JPEG of depth", depth);
  const planes = one(284, 1) === 2 ? samples : 1, isReversed = one(266, 1) === 2;
  const sides = { width, height, samples: samples as 1 };
  return { ...sides, depth, format, compression, photometric, planes, predictor, isReversed };
}

/** Where the strips or tiles are: `across` × `down` of them a plane. */
function readChunks(
  { numbers: fields }: TiffFields,
  { width, height, planes, samples, depth, compression }: Layout,
  fileBytes: number,
  failed: string,
) {
  const tiled = fields.has(322);
  const chunkWidth = tiled ? fields.get(322)?.[0] ?? 0 : width;
  const rowsPerStrip = fields.get(278)?.[0] ?? height;
  const chunkHeight = tiled ? fields.get(323)?.[0] ?? 0 : Math.min(rowsPerStrip, height);
  // A tile may stick out of the picture, but not so far that padding becomes the bulk of it.
  const most = 4 * width * height + (1 << 20);
  if (chunkWidth === 0 || chunkHeight === 0 || chunkWidth * chunkHeight > most) {
    throw new SyntaxError(
      `${failed}: parts of ${chunkHeight} × ${chunkWidth} for ${height} × ${width} pixels`,
    );
  }
  const across = Math.ceil(width / chunkWidth),
    down = Math.ceil(height / chunkHeight),
    wanted = across * down * planes;
  const offsets = fields.get(tiled ? 324 : 273) ?? [];
  let counts = fields.get(tiled ? 325 : 279);
  if (!counts?.some((count) => count > 0) && offsets.length === wanted) {
    // Some writers leave the sizes out: a part ends where its pixels do, or where the next one begins.
    const full = Math.ceil(chunkWidth * samples / planes * depth / 8) * chunkHeight;
    const places = [...offsets, fileBytes].sort((a, b) => a - b);
    counts = offsets.map((offset) => {
      const next = places.find((place) => place > offset) ?? fileBytes;
      return Math.max(0, compression === 1 ? Math.min(full, next - offset) : next - offset);
    });
  }
  counts ??= [];
  if (offsets.length !== wanted || counts.length !== wanted) {
    throw new SyntaxError(
      `${failed}: expected ${wanted} parts of ${chunkHeight} × ${chunkWidth}, found ${offsets.length} places and ` +
        `${counts.length} sizes`,
    );
  }
  return { across, down, offsets, counts, chunkWidth, chunkHeight };
}

/** Predictor 2: every sample was replaced by its difference from the same sample of the pixel to its left. */
function undoDifferences(line: Uint8Array, samples: number, depth: number, little: boolean): void {
  const view = new DataView(line.buffer, line.byteOffset, line.byteLength), size = depth / 8;
  for (let at = samples * size; at + size <= line.length; at += size) {
    const left = at - samples * size;
    if (depth === 8) line[at] += line[left];
    else if (depth === 16) {
      view.setUint16(at, view.getUint16(at, little) + view.getUint16(left, little), little);
    } else if (depth === 32) {
      view.setUint32(at, view.getUint32(at, little) + view.getUint32(left, little), little);
    } else view.setBigUint64(at, view.getBigUint64(at, little) + view.getBigUint64(left, little), little);
  }
}

/** Predictor 3: a row's highest bytes together, then the next ones, and all of it as differences of bytes. */
function undoFloatDifferences(line: Uint8Array, samples: number, size: number): void {
  for (let at = samples; at < line.length; at++) line[at] += line[at - samples];
  const together = line.slice(), count = Math.floor(line.length / size);
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < size; b++) line[i * size + b] = together[b * count + i];
  }
}

function readRow(
  line: Uint8Array,
  count: number,
  depth: number,
  format: Format,
  little: boolean,
): NpyValues {
  if (format === "uint" && depth === 8) return line.subarray(0, count);
  if (depth < 8) {
    const out = new Uint8Array(count);
    unpackRow(line, 0, 0, count, 1, depth, out, 0, 1);
    return out;
  }
  if (depth % 8 !== 0) return readPackedRow(line, count, depth);
  const view = new DataView(line.buffer, line.byteOffset, line.byteLength), size = depth / 8;
  const Make = NPY_ARRAYS[keptType({ format, depth })], get = READERS[`${format}${depth}`];
  const out = new Make(count) as Float64Array; // of bigints where `get` gives these
  for (let i = 0, at = 0; i < count; i++, at += size) out[i] = get(view, at, little) as number;
  return out;
}

const READERS: Readonly<Record<string, (view: DataView, at: number, little: boolean) => number | bigint>> = {
  uint16: (view, at, little) => view.getUint16(at, little),
  uint32: (view, at, little) => view.getUint32(at, little),
  uint64: (view, at, little) => view.getBigUint64(at, little),
  int8: (view, at) => view.getInt8(at),
  int16: (view, at, little) => view.getInt16(at, little),
  int32: (view, at, little) => view.getInt32(at, little),
  int64: (view, at, little) => view.getBigInt64(at, little),
  float16: (view, at, little) => view.getFloat16(at, little),
  float32: (view, at, little) => view.getFloat32(at, little),
  float64: (view, at, little) => view.getFloat64(at, little),
};

/** Samples of 10, 12 or 14 bits, packed without gaps, high bit first whatever the file's byte order. */
function readPackedRow(line: Uint8Array, count: number, depth: number): Uint16Array {
  const out = new Uint16Array(count);
  for (let i = 0, held = 0, bits = 0, at = 0; i < count; i++) {
    while (held < depth) {
      bits = (bits << 8 | line[at++]) & 0xffffff;
      held += 8;
    }
    held -= depth;
    out[i] = bits >> held & (1 << depth) - 1;
  }
  return out;
}

/** A strip or tile that is a JPEG of its own but for the tables, which all parts share. */
function unpackJpeg(
  part: Uint8Array,
  { bytes }: TiffFields,
  { photometric }: Layout,
  width: number,
  height: number,
): Uint8Array {
  const tables = bytes.get(347);
  let whole = part;
  if (tables && tables.length > 4) { // without the tables' end and the part's start
    whole = new Uint8Array(tables.length + part.length - 4);
    whole.set(tables.subarray(0, tables.length - 2));
    whole.set(part.subarray(2), tables.length - 2);
  }
  const image = decodeJpeg(whole, { maxPixels: width * height, isYcbcr: photometric === YCBCR });
  if (image.width !== width) throw new SyntaxError(`a JPEG of ${image.width} columns in a part of ${width}`);
  return image.data as Uint8Array;
}

/** Looks colours up, stretches few bits to eight, turns white-is-zero round. */
function finish(data: NpyValues, layout: Layout, tags: TiffFields, failed: string): TiffArray {
  const { width, height, samples, depth, format, photometric } = layout;
  if (photometric === PALETTE) {
    return { data: lookUp(data, depth, tags, failed), shape: [height, width, 3], dtype: "u1" };
  }
  if (depth < 8 && data instanceof Uint8Array) {
    const white = 2 ** depth - 1;
    for (let i = 0; i < data.length; i++) data[i] *= 255 / white;
  }
  if (photometric === 0 && format === "uint") turnRound(data, depth);
  const white = whiteOf(format, depth, tags), dtype = keptType(layout);
  return { data, shape: [height, width, samples], dtype, ...(white ? { white } : {}) };
}

/** The colours of a palette's numbers. */
function lookUp(data: NpyValues, depth: number, { numbers }: TiffFields, failed: string): Uint8Array {
  const map = numbers.get(320) ?? [], colours = 2 ** depth;
  if (map.length !== 3 * colours) {
    throw new SyntaxError(`${failed}: expected ${3 * colours} palette values, found ${map.length}`);
  }
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = map[c * colours + Number(data[i])] >> 8;
  }
  return rgb;
}

/** Makes of white-is-zero black-is-zero. */
function turnRound(data: NpyValues, depth: number): void {
  if (data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) data[i] = ~data[i]; // 2⁶⁴ - 1 less the value
    return;
  }
  const numbers = data as Uint32Array, brightest = depth < 8 ? 255 : 2 ** depth - 1;
  for (let i = 0; i < numbers.length; i++) numbers[i] = brightest - numbers[i];
}

/** The largest value that a page says it has (SMaxSampleValue), or that its bits can hold where they are not all of 16. */
function whiteOf(format: Format, depth: number, { numbers }: TiffFields): number | undefined {
  if (format !== "uint" || depth <= 8) return undefined;
  return numbers.get(341)?.[0] ?? (depth < 16 ? 2 ** depth - 1 : undefined);
}
