/**
 * FITS images: the primary array and IMAGE extensions, plain or in a gzip. Tables are stepped over.
 *
 * Values become physical ones, BZERO + BSCALE × value; BLANK becomes NaN. Rows stay in the file's order, whose first
 * row is by convention the bottom of the picture, as in `astropy.io.fits`.
 *
 * Source: FITS Standard 4.0 (IAU, 2016), sections 3 to 5 and 7.1. Not read: random groups, tile-compressed images. @module
 */
import { ascii, cannotDecode, checkedProduct } from "./_problem.ts";
import { isFits } from "./_signatures.ts";
import { decodeGzip, isGzip } from "./gzip.ts";
import type { Image } from "./image.ts";

export { isFits };

/** Arrays that a FITS image is decoded to. */
export type FitsValues =
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** What a header card can say. */
export type FitsCard = string | number | boolean;

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
  /** Most bytes of values over all images, and of the file after unpacking a gzip. @default {1_073_741_824} */
  maxBytes?: number;
}

const BLOCK = 2880, CARD = 80;
/** Values of BITPIX and how to read one, big endian as everything in FITS. */
const KINDS: Record<
  number,
  { size: number; get: (v: DataView, at: number) => number; make: new (n: number) => FitsValues }
> = {
  8: { size: 1, get: (v, at) => v.getUint8(at), make: Uint8Array },
  16: { size: 2, get: (v, at) => v.getInt16(at), make: Int16Array },
  32: { size: 4, get: (v, at) => v.getInt32(at), make: Int32Array },
  [-32]: { size: 4, get: (v, at) => v.getFloat32(at), make: Float32Array },
  [-64]: { size: 8, get: (v, at) => v.getFloat64(at), make: Float64Array },
};

/**
 * Decodes all images of a FITS file.
 *
 * @param bytes The whole file; a gzip is unpacked first.
 * @returns The images in the file's order; an empty primary array (NAXIS = 0) and tables are left out.
 * @throws {SyntaxError} If the file is damaged or cut off; the message names the byte.
 * @throws {TypeError} If an image is of a kind that is not read.
 * @throws {RangeError} If the values exceed `maxBytes`; checked before anything is allocated.
 * @example
 * ```ts
 * const file = encodeFits([{ data: Float32Array.of(1.5, 2), shape: [1, 2] }]);
 * decodeFits(file)[0].data; // 1.5, 2
 * ```
 */
export function decodeFits(bytes: Uint8Array, options: DecodeFitsOptions = {}): FitsImage[] {
  const { name, maxBytes = 2 ** 30 } = options;
  const failed = cannotDecode("FITS", name);
  const file = isGzip(bytes) ? decodeGzip(bytes, { name, maxBytes }) : bytes;
  if (!isFits(file)) throw new SyntaxError(`${failed} at byte 0: expected "SIMPLE  ="`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const images: FitsImage[] = [];
  let left = maxBytes;
  for (let at = 0; at < file.length;) {
    // After the last unit a writer may leave padding; only "XTENSION" starts another one.
    if (at > 0 && !"XTENSION".startsWith(ascii(file, at, 8))) break;
    const { header, end } = readHeader(file, at, failed);
    const here = `${failed} at byte ${at}`;
    const number = (key: string, fallback?: number) => {
      const value = header.get(key) ?? fallback;
      if (typeof value === "number") return value;
      throw new SyntaxError(
        `${here}: expected a number as ${key}, found ${JSON.stringify(value ?? "nothing")}`,
      );
    };
    const bitpix = number("BITPIX"), axes = number("NAXIS"), kind = KINDS[bitpix];
    if (!kind) throw new SyntaxError(`${here}: expected BITPIX 8, 16, 32, -32 or -64, found ${bitpix}`);
    if (!Number.isInteger(axes) || axes < 0 || axes > 999) throw new SyntaxError(`${here}: ${axes} axes`);
    const shape = Array.from({ length: axes }, (_, i) => number(`NAXIS${axes - i}`));
    if (shape.some((side) => !Number.isSafeInteger(side) || side < 0)) {
      throw new SyntaxError(`${here}: expected whole sides, found [${shape}]`);
    }
    const image = at === 0 || String(header.get("XTENSION")).trim() === "IMAGE";
    if (image && axes > 0 && header.get("GROUPS") === true && shape.at(-1) === 0) {
      throw new TypeError(`${here} as random groups are not read`);
    }
    const values = axes === 0
      ? 0
      : checkedProduct(shape, image ? Math.floor(left / kind.size) : 2 ** 50, here);
    const size = kind.size * number("GCOUNT", 1) * (number("PCOUNT", 0) + values);
    if (!(size >= 0 && end + size <= file.length)) {
      throw new SyntaxError(
        `${here}: expected ${size} bytes of values from byte ${end}, found ${file.length - end}`,
      );
    }
    if (image && values > 0) {
      left -= values * kind.size;
      const data = readValues(
        view,
        end,
        values,
        kind,
        header.get("BZERO"),
        header.get("BSCALE"),
        header.get("BLANK"),
      );
      const label = header.get("EXTNAME");
      images.push({ data, shape, name: typeof label === "string" ? label : "", header });
    } else if (header.get("ZIMAGE") === true) {
      throw new TypeError(`${here} as tile-compressed images are not read (funpack unpacks them)`);
    }
    at = end + Math.ceil(size / BLOCK) * BLOCK;
  }
  return images;
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
export function encodeFits(
  images: readonly {
    data: FitsValues;
    shape: readonly number[];
    name?: string;
    header?: Iterable<[string, FitsCard]>;
  }[],
): Uint8Array {
  const parts: Uint8Array[] = [];
  images.forEach(({ data, shape, name, header = [] }, i) => {
    if (shape.length === 0 || shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new RangeError(
        `Cannot encode FITS as shape [${shape.join(", ")}] does not fit ${data.length} values`,
      );
    }
    const bitpix = data instanceof Float32Array
      ? -32
      : data instanceof Float64Array
      ? -64
      : 8 * data.BYTES_PER_ELEMENT;
    const zero = data instanceof Uint16Array ? 2 ** 15 : data instanceof Uint32Array ? 2 ** 31 : 0;
    const cards: [string, FitsCard][] = [
      i === 0 ? ["SIMPLE", true] : ["XTENSION", "IMAGE"],
      ["BITPIX", bitpix],
      ["NAXIS", shape.length],
      ...shape.map((_, axis): [string, FitsCard] => [`NAXIS${axis + 1}`, shape[shape.length - 1 - axis]]),
      ...(i === 0
        ? [["EXTEND", true] as [string, FitsCard]]
        : [["PCOUNT", 0], ["GCOUNT", 1]] as [string, FitsCard][]),
      ...(zero ? [["BSCALE", 1], ["BZERO", zero]] as [string, FitsCard][] : []),
      ...(name ? [["EXTNAME", name] as [string, FitsCard]] : []),
    ];
    const own = new Set(cards.map(([key]) => key));
    for (const [key, value] of header) {
      if (!own.has(key) && !["BZERO", "BSCALE", "BLANK", "SIMPLE", "XTENSION"].includes(key)) {
        cards.push([key, value]);
      }
    }
    const text = cards.map(([key, value]) => formatCard(key, value)).join("") + "END".padEnd(CARD);
    parts.push(new TextEncoder().encode(text.padEnd(Math.ceil(text.length / BLOCK) * BLOCK)));
    const bytes = new Uint8Array(Math.ceil(data.byteLength / BLOCK) * BLOCK),
      view = new DataView(bytes.buffer);
    for (let k = 0; k < data.length; k++) {
      if (bitpix === 8) bytes[k] = data[k];
      else if (bitpix === 16) view.setInt16(2 * k, data[k] - zero);
      else if (bitpix === 32) view.setInt32(4 * k, data[k] - zero);
      else if (bitpix === -32) view.setFloat32(4 * k, data[k]);
      else view.setFloat64(8 * k, data[k]);
    }
    parts.push(bytes);
  });
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
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
    for (let i = 0; i < size; i++) out[i * channels + c] = data[c * size + i];
  }
  return { data: out, height, width, channels: channels as 1, depth };
}

/** Reads cards up to END; `end` is where the data start. */
function readHeader(file: Uint8Array, start: number, failed: string) {
  const header = new Map<string, FitsCard>();
  let text: { key: string; value: string } | undefined; // a text that goes on in a CONTINUE card
  for (let at = start; at + CARD <= file.length; at += CARD) {
    const card = ascii(file, at, CARD), key = card.slice(0, 8).trimEnd();
    if (/[^\x20-\x7e]/.test(card)) {
      throw new SyntaxError(`${failed} at byte ${at}: a card must be printable ASCII`);
    }
    if (key === "END") return { header, end: start + Math.ceil((at + CARD - start) / BLOCK) * BLOCK };
    if (key === "CONTINUE" && text) {
      const more = /^ *'((?:[^']|'')*)'/.exec(card.slice(8))?.[1].replaceAll("''", "'").trimEnd() ?? "";
      text.value = text.value.slice(0, -1) + more;
      header.set(text.key, text.value.replace(/&$/, ""));
      if (!more.endsWith("&")) text = undefined;
      continue;
    }
    text = undefined;
    if (card.slice(8, 10) !== "= ") continue; // COMMENT, HISTORY, blank
    const value = parseValue(card.slice(10));
    if (value === undefined) continue; // undefined and complex values
    header.set(key, value);
    if (typeof value === "string" && value.endsWith("&")) text = { key, value };
  }
  throw new SyntaxError(
    `${failed} at byte ${file.length}: the file ends within the header that starts at byte ${start}`,
  );
}

function parseValue(field: string): FitsCard | undefined {
  const quoted = /^ *'((?:[^']|'')*)'/.exec(field);
  if (quoted) return quoted[1].replaceAll("''", "'").trimEnd();
  const plain = field.split("/")[0].trim();
  if (plain === "T" || plain === "F") return plain === "T";
  return /^[+-]?(\d+\.?\d*|\.\d+)([ED][+-]?\d+)?$/.test(plain) ? Number(plain.replace("D", "E")) : undefined;
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

function readValues(
  view: DataView,
  at: number,
  count: number,
  { size, get, make }: typeof KINDS[number],
  bzero: FitsCard = 0,
  bscale: FitsCard = 1,
  blank?: FitsCard,
): FitsValues {
  const zero = Number(bzero), scale = Number(bscale), whole = make !== Float32Array && make !== Float64Array;
  const empty = whole && typeof blank === "number" ? blank : undefined;
  let Make = make;
  if (zero !== 0 || scale !== 1 || empty !== undefined) {
    const unsigned = scale === 1 && empty === undefined &&
      ((size === 2 && zero === 2 ** 15) || (size === 4 && zero === 2 ** 31));
    Make = unsigned && whole
      ? (size === 2 ? Uint16Array : Uint32Array)
      : size <= 2 || make === Float32Array
      ? Float32Array
      : Float64Array;
  }
  const data = new Make(count);
  for (let i = 0; i < count; i++) {
    const value = get(view, at + i * size);
    data[i] = value === empty ? NaN : Make === make ? value : zero + scale * value;
  }
  return data;
}
