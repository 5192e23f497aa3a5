/**
 * Images that FITS keeps as a table of packed tiles (`.fits.fz`): unpacked, and brought back from whole to real numbers.
 *
 * Memory: the image, and one tile.
 *
 * Source: FITS Standard 4.0, section 10; imcompress.c and quantize.c of CFITSIO 4. Not done: smoothing of HCOMPRESS. @module
 */
import { gunzipSync } from "node:zlib";
import { unpackPlio, unpackRice } from "./_fits_codes.ts";
import { unpackHcompress } from "./_fits_hcompress.ts";
import { BITPIX } from "./_fits_units.ts";

/** What a header card can say. */
type Card = string | number | boolean;

/** An image in tiles. */
export interface TiledImage {
  /** BITPIX of what was packed. */
  bitpix: number;
  /** Sides, slowest first. */
  shape: number[];
  /** Unpacks it into `out`, values as BITPIX has them and those that are blank as `blank` or NaN. */
  read(out: Float32Array | Float64Array | BigInt64Array | Int32Array): void;
}

interface Column {
  /** Bytes from the start of a row. */
  offset: number;
  /** TFORM without repeat: "PB", "QB", "D". */
  form: string;
}

/** Numbers of a header by their keys. @throws {SyntaxError} If one is missing or none. */
type Numbers = (key: string, fallback?: number) => number;

function numbersOf(header: ReadonlyMap<string, Card>): Numbers {
  return (key, fallback) => {
    const value = header.get(key) ?? fallback;
    if (typeof value === "number") return value;
    throw new SyntaxError(`expected a number as ${key}, found ${JSON.stringify(value ?? "nothing")}`);
  };
}

/** How an image was packed. */
interface Packing {
  type: string;
  bitpix: number;
  /** Fastest first, as in the file. */
  sides: readonly number[];
  tile: readonly number[];
  /** Parameters of the algorithm by name. */
  options: ReadonlyMap<string, number>;
}

/** @throws {TypeError} If it is packed in a way that is not read. */
function readPacking(header: ReadonlyMap<string, Card>, number: Numbers): Packing {
  const type = String(header.get("ZCMPTYPE") ?? "").trim();
  const bitpix = number("ZBITPIX"), axes = number("ZNAXIS");
  const known = ["RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS"];
  if (!known.includes(type)) throw new TypeError(`tiles packed by ${JSON.stringify(type)} are not read`);
  if (!(axes >= 1 && axes <= 32) || !BITPIX.includes(bitpix)) {
    throw new SyntaxError(`its image has BITPIX ${bitpix} and ${axes} axes`);
  }
  const sides = Array.from({ length: axes }, (_, i) => number(`ZNAXIS${i + 1}`));
  const tile = sides.map((side, i) => Math.min(side, number(`ZTILE${i + 1}`, i === 0 ? side : 1)));
  if ([...sides, ...tile].some((side) => !Number.isSafeInteger(side) || side < 1)) {
    throw new SyntaxError(`its sides are [${sides}] in tiles of [${tile}]`);
  }
  const options = new Map<string, number>();
  for (let i = 1; header.has(`ZNAME${i}`); i++) {
    options.set(String(header.get(`ZNAME${i}`)).trim().toUpperCase(), number(`ZVAL${i}`));
  }
  if (type === "HCOMPRESS_1" && options.get("SMOOTH")) {
    throw new TypeError("HCOMPRESS with smoothing is not read");
  }
  return { type, bitpix, sides, tile, options };
}

/** The table of tiles, a tile a row. */
class TileTable {
  /** Rows. */
  readonly rows: number;
  readonly #rowBytes: number;
  readonly #heap: number;
  readonly #columns: ReturnType<typeof readColumns>;

  constructor(
    readonly header: ReadonlyMap<string, Card>,
    readonly table: DataView,
    readonly number: Numbers,
  ) {
    this.#rowBytes = number("NAXIS1");
    this.rows = number("NAXIS2");
    this.#heap = number("THEAP", this.#rowBytes * this.rows);
    this.#columns = readColumns(header, number("TFIELDS"));
  }

  /** A row's packed bytes in a column that has them in the heap. */
  packedOf(name: string, row: number): DataView | undefined {
    const { table } = this, column = this.#columns.get(name);
    if (!column) return undefined;
    const at = row * this.#rowBytes + column.offset, isWide = column.form[0] === "Q";
    const count = isWide ? Number(table.getBigInt64(at)) : table.getInt32(at);
    const from = isWide ? Number(table.getBigInt64(at + 8)) : table.getInt32(at + 4);
    const size = SIZES[column.form[1]] ?? 1, start = this.#heap + from;
    if (count === 0) return undefined;
    if (!(count > 0 && start >= 0 && start + count * size <= table.byteLength)) {
      throw new SyntaxError(`tile ${row} lies beyond its table`);
    }
    return new DataView(table.buffer, table.byteOffset + start, count * size);
  }

  /** A number of a row, or of the header where there is no such column. */
  scalarOf(name: string, row: number): number | undefined {
    const { table } = this, column = this.#columns.get(name);
    if (!column) return typeof this.header.get(name) === "number" ? this.number(name) : undefined;
    const at = row * this.#rowBytes + column.offset;
    if (column.form === "D") return table.getFloat64(at);
    return column.form === "E" ? table.getFloat32(at) : table.getInt32(at);
  }
}

/** How whole numbers stand for real ones. */
interface Quantising {
  method: string;
  /** Where the table of random shifts is begun with; undefined where nothing was shifted. */
  dither: number | undefined;
}

/** Values of a tile, whole numbers brought back to real ones. */
function valuesOf(
  table: TileTable,
  { type, bitpix, options }: Packing,
  { method, dither }: Quantising,
  row: number,
  count: number,
): ArrayLike<number> | ArrayLike<bigint> {
  const packed = table.packedOf("COMPRESSED_DATA", row);
  if (!packed) return unpackedOf(table, bitpix, row, count);
  const scale = table.scalarOf("ZSCALE", row), zero = table.scalarOf("ZZERO", row) ?? 0;
  const isQuantised = bitpix < 0 && scale !== undefined;
  const whole = unpackTile(packed, type, isQuantised ? 32 : bitpix, count, options);
  if (!isQuantised) return whole;
  const blank = table.scalarOf("ZBLANK", row), out = new Float64Array(count);
  const random = dither === undefined ? undefined : ditherFrom(row + dither - 1);
  for (let i = 0; i < count; i++) {
    const value = Number(whole[i]), shift = random?.() ?? 0.5;
    if (value === blank) out[i] = NaN;
    else if (method === "SUBTRACTIVE_DITHER_2" && value === EXACT_ZERO) out[i] = 0;
    else out[i] = (value - shift + 0.5) * scale + zero;
  }
  return out;
}

/** Values of a tile that the algorithm could not pack. */
function unpackedOf(table: TileTable, bitpix: number, row: number, count: number) {
  const gzipped = table.packedOf("GZIP_COMPRESSED_DATA", row);
  if (gzipped) return plainValues(gunzip(gzipped, count * Math.abs(bitpix) / 8), bitpix, count);
  const plain = table.packedOf("UNCOMPRESSED_DATA", row);
  if (plain) return plainValues(plain, bitpix, count);
  throw new SyntaxError(`tile ${row} is empty`);
}

/** Reads a table that holds a packed image. @throws {TypeError} If it is packed in a way that is not read. */
export function readTiledImage(header: ReadonlyMap<string, Card>, view: DataView): TiledImage {
  const number = numbersOf(header), packing = readPacking(header, number), { sides, tile, bitpix } = packing;
  const table = new TileTable(header, view, number);
  const method = String(header.get("ZQUANTIZ") ?? "NO_DITHER").trim();
  const isDithered = bitpix < 0 && /^SUBTRACTIVE_DITHER_[12]$/.test(method);
  const quantising = { method, dither: isDithered ? number("ZDITHER0", 1) : undefined };
  return {
    bitpix,
    shape: [...sides].reverse(),
    read(out) {
      const across = sides.map((side, i) => Math.ceil(side / tile[i]));
      const tiles = across.reduce((a, b) => a * b, 1);
      if (tiles !== table.rows) throw new SyntaxError(`${tiles} tiles are to be in ${table.rows} rows`);
      for (let row = 0; row < tiles; row++) {
        const first: number[] = [];
        for (let i = 0, rest = row; i < sides.length; rest = Math.floor(rest / across[i++])) {
          first.push(rest % across[i] * tile[i]);
        }
        const size = sides.map((side, i) => Math.min(tile[i], side - first[i]));
        const values = valuesOf(table, packing, quantising, row, size.reduce((a, b) => a * b, 1));
        placeTile(values, size, first, sides, out);
      }
    },
  };
}

const SIZES: Readonly<Record<string, number>> = { B: 1, I: 2, J: 4, K: 8, E: 4, D: 8 };
/** What stands for a zero that was to stay one. */
const EXACT_ZERO = -2147483646;

function readColumns(header: ReadonlyMap<string, Card>, fields: number): Map<string, Column> {
  const columns = new Map<string, Column>();
  let offset = 0;
  for (let i = 1; i <= fields; i++) {
    const match = /^(\d*)([A-Z])([A-Z]?)/.exec(String(header.get(`TFORM${i}`) ?? "").trim());
    if (!match) throw new SyntaxError(`its column ${i} has no form`);
    const [, repeat, kind, of] = match, count = repeat === "" ? 1 : Number(repeat);
    const form = kind === "P" || kind === "Q" ? kind + of : kind;
    columns.set(String(header.get(`TTYPE${i}`) ?? "").trim().toUpperCase(), { offset, form });
    offset += kind === "P" ? 8 * count : kind === "Q" ? 16 * count : (SIZES[kind] ?? 1) * count;
  }
  return columns;
}

function gunzip(packed: DataView, size: number): DataView {
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  let plain: Uint8Array;
  try {
    plain = gunzipSync(bytes, { chunkSize: Math.max(64, size + 1), maxOutputLength: size + 1 });
  } catch (error) {
    throw new SyntaxError(`a tile's gzip: ${(error as Error).message}`, { cause: error });
  }
  if (plain.length !== size) throw new SyntaxError(`a tile unpacks to ${plain.length} bytes, not ${size}`);
  return new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
}

function unpackTile(
  packed: DataView,
  type: string,
  bits: number,
  count: number,
  options: ReadonlyMap<string, number>,
): ArrayLike<number> | ArrayLike<bigint> {
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  const size = Math.abs(bits) / 8;
  switch (type) {
    case "RICE_1":
    case "RICE_ONE": {
      const bytePix = options.get("BYTEPIX") ?? 4;
      if (bytePix !== 1 && bytePix !== 2 && bytePix !== 4) {
        throw new TypeError(`Rice codes of ${bytePix} bytes are not read`);
      }
      return unpackRice(bytes, count, bytePix, options.get("BLOCKSIZE") ?? 32);
    }
    case "GZIP_1":
      return plainValues(gunzip(packed, count * size), bits, count);
    case "GZIP_2": {
      const shuffled = gunzip(packed, count * size), out = new DataView(new ArrayBuffer(count * size));
      for (let b = 0; b < size; b++) {
        for (let i = 0; i < count; i++) out.setUint8(i * size + b, shuffled.getUint8(b * count + i));
      }
      return plainValues(out, bits, count);
    }
    case "HCOMPRESS_1":
      return unpackHcompress(bytes, count);
    case "PLIO_1":
      return unpackPlio(packed, count);
    default:
      return plainValues(packed, bits, count);
  }
}

/** Values as they are in an image that is not packed. */
function plainValues(view: DataView, bitpix: number, count: number): ArrayLike<number> | ArrayLike<bigint> {
  const size = Math.abs(bitpix) / 8;
  if (view.byteLength < count * size) {
    throw new SyntaxError(`a tile has ${view.byteLength} bytes, not ${count * size}`);
  }
  if (bitpix === 64) return BigInt64Array.from({ length: count }, (_, i) => view.getBigInt64(8 * i));
  const get = ({
    8: (at: number) => view.getUint8(at),
    16: (at: number) => view.getInt16(at),
    32: (at: number) => view.getInt32(at),
    [-32]: (at: number) => view.getFloat32(at),
    [-64]: (at: number) => view.getFloat64(at),
  } as Record<number, (at: number) => number>)[bitpix];
  return Float64Array.from({ length: count }, (_, i) => get(i * size));
}

let randoms: Float32Array | undefined;

/** The sequence of random numbers that every reader and writer takes (section 10.2.1, Park and Miller's generator). */
function randomNumbers(): Float32Array {
  if (randoms) return randoms;
  randoms = new Float32Array(10_000);
  for (let i = 0, seed = 1; i < randoms.length; i++) {
    seed = seed * 16807 % 2147483647;
    randoms[i] = seed / 2147483647;
  }
  return randoms;
}

/** What is subtracted from one value after the other of a tile. */
export function ditherFrom(tile: number): () => number {
  const numbers = randomNumbers();
  let start = tile % numbers.length, next = Math.floor(numbers[start] * 500);
  return () => {
    const value = numbers[next++];
    if (next === numbers.length) {
      start = (start + 1) % numbers.length;
      next = Math.floor(numbers[start] * 500);
    }
    return value;
  };
}

/** Copies a tile line by line; sides are fastest first. */
function placeTile(
  values: ArrayLike<number> | ArrayLike<bigint>,
  size: readonly number[],
  first: readonly number[],
  sides: readonly number[],
  out: Float32Array | Float64Array | BigInt64Array | Int32Array,
): void {
  const lines = size.slice(1).reduce((a, b) => a * b, 1), isBig = out instanceof BigInt64Array;
  for (let line = 0; line < lines; line++) {
    let at = first[0];
    for (let i = 1, rest = line, stride = sides[0]; i < sides.length; i++) {
      at += (first[i] + rest % size[i]) * stride;
      rest = Math.floor(rest / size[i]);
      stride *= sides[i];
    }
    for (let x = 0, from = line * size[0]; x < size[0]; x++) {
      const value = values[from + x];
      if (isBig) out[at + x] = BigInt(value);
      else out[at + x] = Number(value);
    }
  }
}
