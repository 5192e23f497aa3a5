/**
 * TIFF: grey, RGB or palette; 1 to 64 bits, whole numbers or floating point; strips or tiles; uncompressed, LZW, Deflate or
 * PackBits; with or without predictor.
 *
 * Written here rather than left to image-js, which refuses floating point (what telescopes and sCMOS cameras write),
 * reads only the first sample of tiled colour, and unpacks without a limit.
 *
 * Source: TIFF 6.0 (Adobe, 1992); Technical Notes 2 and 3 (Deflate, floating-point predictor). Not read: BigTIFF, JPEG
 * and fax compression, CMYK, YCbCr. The orientation tag is not applied. @module
 */
import { maxRatio, unpackStrip } from "./_tiff_unpack.ts";
import { unpackRow } from "./_png_rows.ts";
import { ascii, cannotDecode } from "./_problem.ts";
import { isTiff } from "./_signatures.ts";
import { type Image, type ImageDecodeOptions, MAX_PIXELS } from "./image.ts";

export { isTiff };

/** Options for {@linkcode decodeTiff}. */
export interface DecodeTiffOptions extends ImageDecodeOptions {
  /** Which picture of the file, from 0. @default {0} */
  page?: number;
}

/**
 * Decodes one picture of a TIFF.
 *
 * Shapes: [height, width, channels]. Whole numbers without sign of up to 8 bits become 8 bits (fewer are stretched), of 16
 * bits stay so; everything else becomes 32-bit floating point, exact up to 2²⁴. A palette becomes 8-bit RGB; white-is-zero
 * pictures are turned round.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the file is damaged or cut off, or has no such page.
 * @throws {TypeError} If it is of a kind that is not read, naming the field.
 * @throws {RangeError} If it has more than `maxPixels`; checked before anything is allocated.
 */
export function decodeTiff(bytes: Uint8Array, options: DecodeTiffOptions = {}): Image {
  const { name, maxPixels = MAX_PIXELS, page = 0 } = options;
  const failed = cannotDecode("TIFF", name);
  const fields = readFields(bytes, page, failed);
  const layout = readLayout(fields, failed);
  const { width, height, samples, depth, format, compression, planes } = layout;
  if (width * height > maxPixels) {
    throw new RangeError(`${failed} as it may have at most ${maxPixels} pixels: it is ${height} × ${width}`);
  }
  const { across, down, offsets, counts, chunkWidth, chunkHeight } = readChunks(fields, layout, failed);
  const perPixel = samples / planes, chunkRow = Math.ceil(chunkWidth * perPixel * depth / 8);
  const packed = counts.reduce((sum, count) => sum + count, 0);
  if (Math.ceil(width * samples * depth / 8) * height > packed * maxRatio(compression)) {
    throw new SyntaxError(`${failed}: ${packed} packed bytes cannot hold ${height} × ${width} pixels`);
  }
  const pixels = width * height;
  const data = format === "uint" && depth <= 8
    ? new Uint8Array(pixels * samples)
    : format === "uint" && depth === 16
    ? new Uint16Array(pixels * samples)
    : new Float32Array(pixels * samples);
  const little = bytes[0] === 0x49;
  offsets.forEach((offset, i) => {
    const plane = Math.floor(i / (across * down)), place = i % (across * down);
    const left = (place % across) * chunkWidth, top = Math.floor(place / across) * chunkHeight;
    const rows = Math.min(chunkHeight, height - top), columns = Math.min(chunkWidth, width - left);
    const where = `${failed} at byte ${offset}`;
    if (offset + counts[i] > bytes.length) throw new SyntaxError(`${where}: the file ends within part ${i}`);
    let raw: Uint8Array;
    try {
      raw = unpackStrip(bytes.subarray(offset, offset + counts[i]), compression, chunkRow * chunkHeight);
    } catch (error) {
      throw new SyntaxError(`${where}: ${(error as Error).message}`, { cause: error });
    }
    if (raw.length < chunkRow * rows) {
      throw new SyntaxError(`${where}: expected ${chunkRow * rows} bytes in part ${i}, found ${raw.length}`);
    }
    if (compression === 1 && layout.predictor !== 1) raw = raw.slice(); // the prediction is undone in place
    let order = little;
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(row * chunkRow, (row + 1) * chunkRow);
      if (layout.predictor === 2) undoDifferences(line, perPixel, depth, little);
      else if (layout.predictor === 3) {
        undoFloatDifferences(line, perPixel, depth / 8);
        order = false; // the bytes of a value now run from the highest to the lowest
      }
      const samplesOf = readRow(line, columns * perPixel, depth, format, order);
      const at = ((top + row) * width + left) * samples;
      if (planes === 1) data.set(samplesOf, at);
      else for (let x = 0; x < columns; x++) data[at + x * samples + plane] = samplesOf[x];
    }
  });
  return finish(data, layout, fields, failed);
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
}

/** The whole-number fields of one picture's directory, by tag. */
function readFields(bytes: Uint8Array, page: number, failed: string): Map<number, number[]> {
  if (!isTiff(bytes)) {
    const big = ["II+\0", "MM\0+"].includes(ascii(bytes, 0, 4));
    if (big) throw new TypeError(`${failed} as it is a BigTIFF, which is not read`);
    throw new SyntaxError(`${failed} at byte 0: expected II*\\0 or MM\\0*`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), little = bytes[0] === 0x49;
  const u16 = (at: number) => view.getUint16(at, little), u32 = (at: number) => view.getUint32(at, little);
  const seen = new Set<number>();
  let at = bytes.length >= 8 ? u32(4) : 0;
  for (let hop = 0;; hop++) {
    if (at === 0) throw new SyntaxError(`${failed}: no page ${page}, it has ${hop}`);
    if (at + 2 > bytes.length || at + 2 + 12 * u16(at) + 4 > bytes.length) {
      throw new SyntaxError(
        `${failed} at byte ${Math.min(at, bytes.length)}: the file ends within directory ${hop}`,
      );
    }
    if (seen.has(at)) throw new SyntaxError(`${failed} at byte ${at}: the directories go round in a circle`);
    if (hop === page) break;
    seen.add(at);
    at = u32(at + 2 + 12 * u16(at));
  }
  const fields = new Map<number, number[]>(), sizes: Record<number, number> = { 1: 1, 3: 2, 4: 4 };
  for (let entry = 0; entry < u16(at); entry++) {
    const field = at + 2 + 12 * entry, tag = u16(field), size = sizes[u16(field + 2)], count = u32(field + 4);
    if (!size || tag < 256) continue;
    const start = size * count <= 4 ? field + 8 : u32(field + 8);
    if (start + size * count > bytes.length) {
      throw new SyntaxError(`${failed} at byte ${field}: the values of tag ${tag} go beyond the file's end`);
    }
    const value = size === 1 ? (p: number) => bytes[p] : size === 2 ? u16 : u32;
    fields.set(tag, Array.from({ length: count }, (_, i) => value(start + i * size)));
  }
  return fields;
}

function readLayout(fields: Map<number, number[]>, failed: string): Layout {
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
  if (![1, 5, 8, 32946, 32773].includes(compression)) refuse("compression", compression);
  if (photometric > 3) refuse("photometric interpretation", photometric);
  if (depths.some((other) => other !== depth)) refuse("a mixture of depths", depths.join(", "));
  const depthsOf = { uint: [1, 2, 4, 8, 16, 32], int: [8, 16, 32], float: [32, 64] };
  if (!format || !depthsOf[format].includes(depth)) {
    refuse("sample format", `${one(339, 1)} at ${depth} bits`);
  }
  if (
    samples < 1 || samples > 4 || (photometric === 2 && samples < 3) || (photometric === 3 && samples !== 1)
  ) {
    refuse(`photometric interpretation ${photometric} with samples a pixel of`, samples);
  }
  if (photometric === 3 && (format !== "uint" || depth > 8)) refuse("a palette of depth", depth);
  const predictable = predictor === 1 ||
    (predictor === 2 && format !== "float" && [8, 16, 32].includes(depth)) ||
    (predictor === 3 && format === "float");
  if (!predictable) refuse(`at ${depth} bits predictor`, predictor);
  const planes = one(284, 1) === 2 ? samples : 1;
  return { width, height, samples: samples as 1, depth, format, compression, photometric, planes, predictor };
}

/** Where the strips or tiles are: `across` × `down` of them a plane. */
function readChunks(fields: Map<number, number[]>, { width, height, planes }: Layout, failed: string) {
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
  const offsets = fields.get(tiled ? 324 : 273) ?? [], counts = fields.get(tiled ? 325 : 279) ?? [];
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
    } else view.setUint32(at, view.getUint32(at, little) + view.getUint32(left, little), little);
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
): ArrayLike<number> {
  if (format === "uint" && depth === 8) return line.subarray(0, count);
  if (depth < 8) {
    const out = new Uint8Array(count);
    unpackRow(line, 0, 0, count, 1, depth, out, 0, 1);
    return out;
  }
  const view = new DataView(line.buffer, line.byteOffset, line.byteLength), size = depth / 8;
  const out = new Float64Array(count);
  for (let i = 0, at = 0; i < count; i++, at += size) {
    if (format === "float") out[i] = depth === 32 ? view.getFloat32(at, little) : view.getFloat64(at, little);
    else if (format === "uint") {
      out[i] = depth === 16 ? view.getUint16(at, little) : view.getUint32(at, little);
    } else if (depth === 8) out[i] = view.getInt8(at);
    else out[i] = depth === 16 ? view.getInt16(at, little) : view.getInt32(at, little);
  }
  return out;
}

/** Looks colours up, stretches few bits to eight, turns white-is-zero round. */
function finish(data: Image["data"], layout: Layout, fields: Map<number, number[]>, failed: string): Image {
  const { width, height, samples, depth, format, photometric } = layout;
  if (photometric === 3) {
    const map = fields.get(320) ?? [], colours = 2 ** depth;
    if (map.length !== 3 * colours) {
      throw new SyntaxError(`${failed}: expected ${3 * colours} palette values, found ${map.length}`);
    }
    const rgb = new Uint8Array(data.length * 3);
    for (let i = 0; i < data.length; i++) {
      for (let c = 0; c < 3; c++) rgb[3 * i + c] = map[c * colours + data[i]] >> 8;
    }
    return { data: rgb, height, width, channels: 3, depth: 8 };
  }
  const white = depth < 8 ? 2 ** depth - 1 : 0;
  if (white) { for (let i = 0; i < data.length; i++) data[i] *= 255 / white; }
  if (photometric === 0 && format === "uint") {
    const most = depth < 8 ? 255 : 2 ** depth - 1;
    for (let i = 0; i < data.length; i++) data[i] = most - data[i];
  }
  const kept = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32;
  const largest = format === "uint" && depth > 8 ? fields.get(341)?.[0] : undefined; // SMaxSampleValue
  return { data, height, width, channels: samples, depth: kept, ...(largest ? { white: largest } : {}) };
}
