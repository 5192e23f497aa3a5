/**
 * FITS images: the primary array, IMAGE extensions and images packed in tiles (`.fits.fz`), plain or in a gzip. Other tables
 * are stepped over.
 *
 * Values become physical ones, BZERO + BSCALE × value; BLANK becomes NaN. Rows stay in the file's order, whose first
 * row is by convention the bottom of the picture, as in `astropy.io.fits`.
 *
 * Memory: `maxBytes`, which counts what a gzip unpacks to and the values.
 *
 * Source: FITS Standard 4.0 (IAU, 2016), sections 3 to 5, 7.1 and 10. Not read: random groups, smoothed HCOMPRESS. @module
 */
import { BLOCK, CARD, type FitsCard } from "./_fits_header.ts";
import { numberOf, type Unit, unitsOf } from "./_fits_units.ts";
import { joinParts } from "./_parts.ts";
import { cannotDecode, checkedProduct } from "./_problem.ts";
import { isFits } from "./signatures.ts";
import { decodeGzip, isGzip } from "./gzip.ts";
import { readTiledImage } from "./_fits_tiles.ts";
import type { Image } from "./image.ts";

export { type FitsCard, isFits };

/** Arrays that a FITS image is decoded to. */
export type FitsValues =
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** One image of a file. */
export interface FitsImage {
  /** Physical values, row-major; the array's type is the smallest that holds them exactly. */
  data: FitsValues;
  /** Sides, slowest first: NAXIS2, NAXIS1 become [height, width]; a cube is [planes, height, width]. */
  shape: number[];
  /** EXTNAME, or "" without one. */
  name: string;
  /** The header's keywords and values, comments and history left out. */
  header: Map<string, FitsCard>;
}

/** Options for {@linkcode decodeFits}. */
export interface DecodeFitsOptions {
  /** File name for error messages. */
  name?: string;
  /** Most bytes of values over all images, with what a gzip unpacks to. @default {1_073_741_824} */
  maxBytes?: number;
}

/** Values of BITPIX and how to read one, big endian as everything in FITS. */
interface Kind {
  size: number;
  get: (view: DataView, at: number) => number | bigint;
  make: new (count: number) => FitsValues;
}

const KINDS: Readonly<Record<number, Kind>> = {
  8: { size: 1, get: (v, at) => v.getUint8(at), make: Uint8Array },
  16: { size: 2, get: (v, at) => v.getInt16(at), make: Int16Array },
  32: { size: 4, get: (v, at) => v.getInt32(at), make: Int32Array },
  64: { size: 8, get: (v, at) => v.getBigInt64(at), make: BigInt64Array },
  [-32]: { size: 4, get: (v, at) => v.getFloat32(at), make: Float32Array },
  [-64]: { size: 8, get: (v, at) => v.getFloat64(at), make: Float64Array },
};

/**
 * Decodes all images of a FITS file.
 *
 * @param bytes The whole file; a gzip is unpacked first.
 * @returns The images in the file's order; an empty primary array (NAXIS = 0) and tables are left out, and so is an image
 *   that cannot be read beside one that can ({@linkcode readFits} tells of it).
 * @throws {SyntaxError} If the file is damaged or cut off; the message names the byte.
 * @throws {TypeError} If there are only images of a kind that is not read.
 * @throws {RangeError} If the values exceed `maxBytes`; checked before anything is allocated.
 * @example
 * ```ts
 * const file = encodeFits([{ data: Float32Array.of(1.5, 2), shape: [1, 2] }]);
 * decodeFits(file)[0].data; // 1.5, 2
 * ```
 */
export function decodeFits(bytes: Uint8Array, options: DecodeFitsOptions = {}): FitsImage[] {
  const { images, faults } = readFits(bytes, options);
  if (images.length === 0 && faults.length > 0) throw faults[0];
  return images;
}

/**
 * Decodes the images of a FITS file that can be read, and says what is wrong with the others.
 *
 * @throws {SyntaxError} If the file cannot be walked: a header or values are cut off.
 * @throws {RangeError} If the values exceed `maxBytes`; checked before anything is allocated.
 */
export function readFits(
  bytes: Uint8Array,
  options: DecodeFitsOptions = {},
): { images: FitsImage[]; faults: (SyntaxError | TypeError)[] } {
  const { name, maxBytes = 2 ** 30 } = options;
  const failed = cannotDecode("FITS", name);
  const packed = isGzip(bytes), file = packed ? decodeGzip(bytes, { name, maxBytes }) : bytes;
  if (!isFits(file)) throw new SyntaxError(`${failed} at byte 0: expected "SIMPLE  ="`);
  const images: FitsImage[] = [], faults: (SyntaxError | TypeError)[] = [];
  let left = maxBytes - (packed ? file.length : 0);
  for (const unit of unitsOf(file, failed, () => left)) {
    const { here } = unit;
    const label = unit.header.get("EXTNAME"), own = typeof label === "string" ? label : "";
    try {
      const image = unit.isImage ? plainImage(unit, file, here, left) : tiledImage(unit, file, here, left);
      if (image) {
        images.push({ ...image, name: own, header: unit.header });
        left -= image.data.byteLength;
      }
    } catch (error) {
      // A read beyond a table's end is this one's fault; a limit is all's.
      if (error instanceof TypeError || error instanceof SyntaxError) faults.push(error);
      else throw error;
    }
  }
  return { images, faults };
}

type Values = Pick<FitsImage, "data" | "shape">;

function plainImage(unit: Unit, file: Uint8Array, here: string, left: number): Values | undefined {
  const { header, bitpix, shape, end } = unit, kind = KINDS[bitpix];
  if (shape.length > 0 && header.get("GROUPS") === true && shape.at(-1) === 0) {
    throw new TypeError(`${here} as random groups are not read`);
  }
  const count = shape.length === 0 ? 0 : shape.reduce((a, b) => a * b, 1);
  if (count === 0) return undefined;
  const scaling = scalingOf(header, kind, here);
  checkedProduct(shape, Math.floor(left / bytesOf(scaling.make)), here);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return { data: scaling.read(count, (i) => kind.get(view, end + i * kind.size)), shape };
}

/** An image packed in tiles, or undefined for any other table. */
function tiledImage(unit: Unit, file: Uint8Array, here: string, left: number): Values | undefined {
  const { header, end, size } = unit;
  if (header.get("ZIMAGE") !== true) return undefined;
  try {
    const tiled = readTiledImage(header, new DataView(file.buffer, file.byteOffset + end, size));
    const { shape, bitpix } = tiled, kind = KINDS[bitpix], count = shape.reduce((a, b) => a * b, 1);
    const scaling = scalingOf(header, kind, here, "ZBLANK"), isWide = bitpix === 64;
    const Raw = isWide
      ? BigInt64Array
      : bitpix === -64
      ? Float64Array
      : bitpix === -32
      ? Float32Array
      : Int32Array;
    checkedProduct(shape, Math.floor(left / (bytesOf(scaling.make) + bytesOf(Raw))), here);
    const raw = new Raw(count);
    tiled.read(raw);
    return { data: bitpix < 0 && scaling.isIdentity ? raw : scaling.read(count, (i) => raw[i]), shape };
  } catch (error) {
    const message = (error as Error).message;
    if (error instanceof RangeError && message.startsWith(here)) throw error;
    if (error instanceof TypeError) throw new TypeError(`${here} as ${message}`, { cause: error });
    if (error instanceof SyntaxError || error instanceof RangeError) {
      const reason = error instanceof SyntaxError ? message : "a tile is cut off";
      throw new SyntaxError(`${here}: ${reason}`, { cause: error });
    }
    throw error;
  }
}

const bytesOf = (make: unknown) => (make as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;

/** How values of a kind become physical ones. */
interface Scaling {
  make: new (count: number) => FitsValues;
  /** Whether values stay as they are. */
  isIdentity: boolean;
  read(count: number, get: (index: number) => number | bigint): FitsValues;
}

/** @throws {SyntaxError} If BZERO, BSCALE or BLANK are there and no numbers. */
function scalingOf(
  header: ReadonlyMap<string, FitsCard>,
  { size, make }: Kind,
  here: string,
  blankKey = "BLANK",
): Scaling {
  const zero = numberOf(header, "BZERO", here, 0), scale = numberOf(header, "BSCALE", here, 1);
  const whole = make !== Float32Array && make !== Float64Array;
  const key = header.has("BLANK") ? "BLANK" : blankKey;
  const blank = whole && header.has(key) ? numberOf(header, key, here) : undefined;
  if (zero === 0 && scale === 1 && blank === undefined) {
    return {
      make,
      isIdentity: true,
      read(count, get) {
        const data = new make(count);
        for (let i = 0; i < count; i++) data[i] = get(i) as never;
        return data;
      },
    };
  }
  const unsigned = whole && scale === 1 && blank === undefined && size > 1 && zero === 2 ** (8 * size - 1);
  if (unsigned && size === 8) {
    return {
      make: BigUint64Array,
      isIdentity: false,
      read: (count, get) => BigUint64Array.from({ length: count }, (_, i) => BigInt(get(i)) + 2n ** 63n),
    };
  }
  const signed = make === Uint8Array && zero === -128 && scale === 1 && blank === undefined;
  const Make = signed
    ? Int16Array
    : unsigned
    ? (size === 2 ? Uint16Array : Uint32Array)
    : size <= 2 || make === Float32Array
    ? Float32Array
    : Float64Array;
  return {
    make: Make,
    isIdentity: false,
    read(count, get) {
      const data = new Make(count);
      for (let i = 0; i < count; i++) {
        const value = Number(get(i));
        data[i] = value === blank ? NaN : zero + scale * value;
      }
      return data;
    },
  };
}

/** An image to be written. */
export interface FitsInput {
  /** Values in row-major order. */
  data: FitsValues;
  /** Sides, slowest first. */
  shape: readonly number[];
  /** EXTNAME. */
  name?: string;
  /** More cards. */
  header?: Iterable<[string, FitsCard]>;
}

/** What stands in the file for a value's zero: half of the range of numbers without sign, which the standard lacks. */
function zeroOf(data: FitsValues): number {
  if (data instanceof Uint16Array) return 2 ** 15;
  if (data instanceof Uint32Array) return 2 ** 31;
  return data instanceof BigUint64Array ? 2 ** 63 : 0;
}

function bitpixOf(data: FitsValues): number {
  const bits = 8 * data.BYTES_PER_ELEMENT;
  return data instanceof Float32Array || data instanceof Float64Array ? -bits : bits;
}

/** Cards that are written from the array alone. */
const FROM_THE_ARRAY: readonly string[] = ["BZERO", "BSCALE", "BLANK", "SIMPLE", "XTENSION"];

/** The header of an image, whole blocks of text. */
function headerOf({ data, shape, name, header = [] }: FitsInput, isFirst: boolean): Uint8Array {
  const zero = zeroOf(data);
  const cards: [string, FitsCard][] = [
    isFirst ? ["SIMPLE", true] : ["XTENSION", "IMAGE"],
    ["BITPIX", bitpixOf(data)],
    ["NAXIS", shape.length],
    ...shape.map((_, axis): [string, FitsCard] => [`NAXIS${axis + 1}`, shape[shape.length - 1 - axis]]),
  ];
  if (isFirst) cards.push(["EXTEND", true]);
  else cards.push(["PCOUNT", 0], ["GCOUNT", 1]);
  if (zero) cards.push(["BSCALE", 1], ["BZERO", zero]);
  if (name) cards.push(["EXTNAME", name]);
  const own = new Set([...cards.map(([key]) => key), ...FROM_THE_ARRAY]);
  cards.push(...Array.from(header).filter(([key]) => !own.has(key)));
  const text = cards.map(([key, value]) => formatCard(key, value)).join("") + "END".padEnd(CARD);
  return new TextEncoder().encode(text.padEnd(Math.ceil(text.length / BLOCK) * BLOCK));
}

/** The values of an image, high byte first, in whole blocks. */
function valuesOf(data: FitsValues): Uint8Array {
  const zero = zeroOf(data), bitpix = bitpixOf(data);
  const bytes = new Uint8Array(Math.ceil(data.byteLength / BLOCK) * BLOCK), view = new DataView(bytes.buffer);
  for (let k = 0; k < data.length; k++) {
    const value = data[k];
    if (typeof value === "bigint") view.setBigInt64(8 * k, value - BigInt(zero));
    else if (bitpix === 8) bytes[k] = value;
    else if (bitpix === 16) view.setInt16(2 * k, value - zero);
    else if (bitpix === 32) view.setInt32(4 * k, value - zero);
    else if (bitpix === -32) view.setFloat32(4 * k, value);
    else view.setFloat64(8 * k, value);
  }
  return bytes;
}

/**
 * Encodes images as a FITS file, the first one as the primary array.
 *
 * 16 and 32-bit numbers without sign are written with a BZERO, as the standard has it.
 *
 * @param images `header` may add cards; those that describe the array are written from it.
 * @throws {RangeError} If the number of values differs from the product of `shape`.
 * @throws {TypeError} If a keyword or a text cannot stand in a header.
 */
export function encodeFits(images: readonly FitsInput[]): Uint8Array {
  const parts = images.flatMap((image, i) => {
    const { data, shape } = image;
    if (shape.length === 0 || shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new RangeError(
        `Cannot encode FITS as shape [${shape.join(", ")}] does not fit ${data.length} values`,
      );
    }
    return [headerOf(image, i === 0), valuesOf(data)];
  });
  return joinParts(parts);
}

/**
 * A FITS image as a picture: [height, width] as one channel, [planes, height, width] of 2 to 4 planes as channels.
 *
 * @throws {TypeError} If it has another shape.
 */
export function fitsPicture(image: FitsImage, file?: string): Image {
  const sides = image.shape.length > 2 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
  const [channels, height, width] = sides.length === 2 ? [1, ...sides] : sides;
  if (sides.length < 2 || sides.length > 3 || channels > 4) {
    const wanted = "[height, width] or up to 4 planes of it";
    throw new TypeError(
      `Cannot use FITS${file ? ` "${file}"` : ""} as a picture as it must be ${wanted}: got [${image.shape}]`,
    );
  }
  const { data } = image, size = height * width;
  const depth = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32;
  const out = depth === 8
    ? new Uint8Array(data.length)
    : depth === 16
    ? new Uint16Array(data.length)
    : new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < size; i++) out[i * channels + c] = Number(data[c * size + i]);
  }
  return { data: out, height, width, channels: channels as 1, depth };
}

function formatCard(key: string, value: FitsCard): string {
  const bad = !/^[A-Z0-9_-]{1,8}$/.test(key) || (typeof value === "string" && /[^\x20-\x7e]/.test(value));
  const text = typeof value === "boolean"
    ? (value ? "T" : "F").padStart(20)
    : typeof value === "number"
    ? String(value).toUpperCase().padStart(20)
    : `'${value.replaceAll("'", "''").padEnd(8)}'`;
  if (bad || text.length > 70 || (typeof value === "number" && !Number.isFinite(value))) {
    throw new TypeError(
      `Cannot encode FITS as a header cannot hold ${JSON.stringify(key)} = ${JSON.stringify(value)}`,
    );
  }
  return `${key.padEnd(8)}= ${text}`.padEnd(CARD);
}
