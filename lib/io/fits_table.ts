/**
 * Tables of FITS files: the first BINTABLE that is no packed image, its columns of single numbers, truth values and texts.
 *
 * Source: FITS Standard 4.0 (IAU, 2016), section 7.3. Columns of several numbers a row, of complex numbers and of variable length are left
 * out and named; ASCII tables are not read. @module
 */
import type { FitsCard } from "./_fits_header.ts";
import { unitsOf } from "./_fits_units.ts";
import { ascii, cannotDecode } from "./_problem.ts";
import { isFits } from "./signatures.ts";
import { decodeGzip, isGzip } from "./gzip.ts";

/** A column: one value a row. */
export interface FitsColumn {
  /** TTYPE. */
  name: string;
  /** TUNIT, or "". */
  unit: string;
  /** Physical values; NaN where TNULL says that there is none; a whole number beyond 2⁵³, such as an identifier, as a bigint. */
  values: (number | bigint)[] | string[] | boolean[];
}

/** A table. */
export interface FitsTable {
  /** EXTNAME, or "". */
  name: string;
  /** Number of rows. */
  rows: number;
  /** Columns that were read. */
  columns: FitsColumn[];
  /** Names of the columns that were left out. */
  leftOut: string[];
}

/** Options for {@linkcode decodeFitsTable}. */
export interface DecodeFitsTableOptions {
  /** File name for error messages. */
  name?: string;
  /** Most bytes that a gzip unpacks to. @default {1_073_741_824} */
  maxBytes?: number;
}

const BYTES: Readonly<Record<string, number>> = {
  ...{ L: 1, X: 1, B: 1, I: 2, J: 4, K: 8, A: 1, E: 4, D: 8, C: 8, M: 16, P: 8, Q: 16 },
};

const NUMBERS: Readonly<Record<string, (view: DataView, at: number) => number>> = {
  B: (view, at) => view.getUint8(at),
  I: (view, at) => view.getInt16(at),
  J: (view, at) => view.getInt32(at),
  E: (view, at) => view.getFloat32(at),
  D: (view, at) => view.getFloat64(at),
};

/**
 * Decodes the first table of a FITS file.
 *
 * @param bytes The whole file, plain or in a gzip.
 * @returns Undefined if the file has no table.
 * @throws {SyntaxError} If the file is damaged; the byte is named.
 */
export function decodeFitsTable(
  bytes: Uint8Array,
  options: DecodeFitsTableOptions = {},
): FitsTable | undefined {
  const { name, maxBytes = 2 ** 30 } = options, failed = cannotDecode("FITS", name);
  const file = isGzip(bytes) ? decodeGzip(bytes, { name, maxBytes }) : bytes;
  if (!isFits(file)) throw new SyntaxError(`${failed} at byte 0: expected "SIMPLE  ="`);
  for (const { header, here, isImage, end, size } of unitsOf(file, failed)) {
    const isTable = !isImage && String(header.get("XTENSION")).trim() === "BINTABLE" &&
      header.get("ZIMAGE") !== true;
    if (isTable) return readTable(header, new DataView(file.buffer, file.byteOffset + end, size), here);
  }
  return undefined;
}

function readTable(header: ReadonlyMap<string, FitsCard>, view: DataView, here: string): FitsTable {
  const width = Number(header.get("NAXIS1")), rows = Number(header.get("NAXIS2"));
  const columns: FitsColumn[] = [], leftOut: string[] = [];
  let offset = 0;
  for (let i = 1; i <= Number(header.get("TFIELDS") ?? 0); i++) {
    const form = String(header.get(`TFORM${i}`) ?? "").trim(), match = /^(\d*)([LXBIJKAEDCMPQ])/.exec(form);
    if (!match) throw new SyntaxError(`${here}: column ${i} has the form "${form}"`);
    const repeat = match[1] === "" ? 1 : Number(match[1]), kind = match[2];
    const size = kind === "X" ? Math.ceil(repeat / 8) : repeat * BYTES[kind];
    if (offset + size > width) {
      throw new SyntaxError(`${here}: column ${i} ends at byte ${offset + size} of rows of ${width}`);
    }
    const name = String(header.get(`TTYPE${i}`) ?? `column${i}`).trim();
    const values = readColumn(header, i, view, { kind, repeat, offset, rows, width });
    if (values) columns.push({ name, unit: String(header.get(`TUNIT${i}`) ?? "").trim(), values });
    else leftOut.push(name);
    offset += size;
  }
  return { name: String(header.get("EXTNAME") ?? "").trim(), rows, columns, leftOut };
}

/** Values of a column, or undefined where it has not one a row. */
function readColumn(
  header: ReadonlyMap<string, FitsCard>,
  i: number,
  view: DataView,
  { kind, repeat, offset, rows, width }: Record<"repeat" | "offset" | "rows" | "width", number> & {
    kind: string;
  },
): FitsColumn["values"] | undefined {
  const each = <T>(get: (at: number) => T) =>
    Array.from({ length: rows }, (_, row) => get(row * width + offset));
  if (kind === "A") {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    return each((at) => ascii(bytes, at, repeat).split("\0", 1)[0].trimEnd());
  }
  if (repeat !== 1) return undefined;
  if (kind === "L") return each((at) => view.getUint8(at) === 0x54); // "T"
  const zero = Number(header.get(`TZERO${i}`) ?? 0), scale = Number(header.get(`TSCAL${i}`) ?? 1);
  const none = header.get(`TNULL${i}`);
  if (kind === "K") return each((at) => longValue(view.getBigInt64(at), { zero, scale, none }));
  const get = Object.hasOwn(NUMBERS, kind) ? NUMBERS[kind] : undefined;
  if (!get) return undefined;
  return each((at) => {
    const value = get(view, at);
    return value === none ? NaN : zero + scale * value;
  });
}

/** A 64-bit value: exact where it is not scaled, as a number where that is exact too. */
function longValue(
  stored: bigint,
  { zero, scale, none }: { zero: number; scale: number; none?: FitsCard },
): number | bigint {
  if (typeof none === "number" && stored === BigInt(none)) return NaN;
  if (scale !== 1 || !Number.isInteger(zero)) return zero + scale * Number(stored);
  const value = stored + BigInt(zero), near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}
