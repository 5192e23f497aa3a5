/**
 * .npy, NumPy's own array file, versions 1 to 3.
 *
 * Source: numpy/lib/format.py ("Format Version 1.0" to "3.0"). Objects, records, text and dates are refused: the
 * first would run pickled code, none is a detector's picture.
 *
 * Memory: the values, counted against `maxBytes` before they are allocated. @module
 */
import { cannotDecode, checkedProduct, checkRows } from "./_problem.ts";
import type { ByteSource } from "./byte_source.ts";
import { type FileArray, heldArray } from "./file_array.ts";
import { NPY_ARRAYS, type NpyType, type NpyValues } from "./npy_type.ts";
import { isNpy, NPY_MAGIC } from "./signatures.ts";

export { isNpy };
export type { NpyType, NpyValues };

/** An array as NumPy knows it, values in C (row-major) order whatever the file's order was. */
export interface NpyArray {
  /** Values, as many as the product of `shape`. */
  data: NpyValues;
  /** Sides, slowest first; empty for a single number. */
  shape: number[];
  /** The file's type. */
  dtype: NpyType;
}

/** Options for {@linkcode decodeNpy}. */
export interface DecodeNpyOptions {
  /** File name for error messages. */
  name?: string;
  /** Most bytes of values. @default {1_073_741_824} */
  maxBytes?: number;
}

/** Bytes a value, and how to read one in either byte order. */
const TYPES: Record<NpyType, { size: number; get: Getter }> = {
  b1: { size: 1, get: (v, at) => (v.getUint8(at) ? 1 : 0) },
  u1: { size: 1, get: (v, at) => v.getUint8(at) },
  u2: { size: 2, get: (v, at, little) => v.getUint16(at, little) },
  u4: { size: 4, get: (v, at, little) => v.getUint32(at, little) },
  u8: { size: 8, get: (v, at, little) => v.getBigUint64(at, little) },
  i1: { size: 1, get: (v, at) => v.getInt8(at) },
  i2: { size: 2, get: (v, at, little) => v.getInt16(at, little) },
  i4: { size: 4, get: (v, at, little) => v.getInt32(at, little) },
  i8: { size: 8, get: (v, at, little) => v.getBigInt64(at, little) },
  f2: { size: 2, get: (v, at, little) => v.getFloat16(at, little) },
  f4: { size: 4, get: (v, at, little) => v.getFloat32(at, little) },
  f8: { size: 8, get: (v, at, little) => v.getFloat64(at, little) },
};
type Getter = (view: DataView, at: number, little: boolean) => number | bigint;

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Decodes a .npy file.
 *
 * @param bytes The whole file.
 * @returns Values in row-major order, sharing no memory with `bytes`.
 * @throws {SyntaxError} If it is not .npy, ends early, or has bytes left over.
 * @throws {TypeError} If it holds Python objects, records, text, dates or complex numbers.
 * @throws {RangeError} If it holds more than `maxBytes`.
 * @example
 * ```ts
 * decodeNpy(encodeNpy({ data: Float32Array.of(1.5, 2), shape: [2, 1] })).shape; // 2, 1
 * ```
 */
export function decodeNpy(bytes: Uint8Array, options: DecodeNpyOptions = {}): NpyArray {
  const { name, maxBytes = 2 ** 30 } = options;
  const failed = cannotDecode("npy", name);
  const layout = readLayout(bytes, failed), { dtype, shape, start, size } = layout;
  const count = checkedProduct(shape, Math.floor(maxBytes / size), failed);
  checkLength(layout, bytes.length, count, failed);
  return { data: valuesOf(bytes.subarray(start), layout, count), shape, dtype };
}

/**
 * Opens a .npy file of any size: its header now, rows of its first axis when they are asked for.
 *
 * Memory: the rows that are read, counted against `maxBytes` each time; they may share the source's memory and are not to be changed.
 * Values in Fortran's order are read whole.
 *
 * @throws {SyntaxError} If it is not .npy, ends early, or has bytes left over.
 * @throws {TypeError} If it holds Python objects, records, text, dates or complex numbers.
 * @throws {RangeError} (reading) If the rows are not there, or need more than `maxBytes`.
 * @example The last two of three rows
 * ```ts
 * import { memorySource } from "./byte_source.ts";
 * const file = encodeNpy({ data: Float32Array.of(1, 2, 3), shape: [3, 1] });
 * (await (await openNpy(memorySource(file))).read([1, 3])).data; // 2, 3
 * ```
 */
export async function openNpy(source: ByteSource, options: DecodeNpyOptions = {}): Promise<FileArray> {
  const { name = source.name, maxBytes = 2 ** 30 } = options, failed = cannotDecode("npy", name);
  const head = await source.read(0, Math.min(source.size, 12 + MOST_HEADER));
  const layout = readLayout(head, failed), { dtype, shape, start, size, fortran } = layout;
  checkLength(layout, source.size, checkedProduct(shape, Number.MAX_SAFE_INTEGER, failed), failed);
  const sides = shape.slice(1), rowValues = sides.reduce((a, b) => a * b, 1);
  const readRows = async (first: number, of: readonly number[]) => {
    const count = checkedProduct(of, Math.floor(maxBytes / size), failed);
    const bytes = await source.read(start + first * rowValues * size, count * size);
    return {
      data: viewOf(bytes, layout, count) ?? valuesOf(bytes, { ...layout, shape: of }, count),
      shape: [...of],
    };
  };
  return {
    name: "",
    shape,
    dtype,
    isPicture: false,
    async read(rows) {
      if (!rows) return await readRows(0, shape);
      if (shape.length === 0 || fortran && shape.length > 1) {
        return await heldArray("", { ...await readRows(0, shape), dtype }).read(rows);
      }
      checkRows(rows, shape);
      const [first, end] = rows;
      return await readRows(first, [end - first, ...sides]);
    },
  };
}

/** Where values are and what they are. */
interface Layout {
  dtype: NpyType;
  /** Bytes of a value. */
  size: number;
  shape: readonly number[];
  fortran: boolean;
  little: boolean;
  /** Where the values start. */
  start: number;
}

/** Longest header that is read. NumPy refuses those beyond 10,000 characters: they are slow to parse and no array needs one. */
const MOST_HEADER = 65536;

/** @param bytes The start of a file, all of its header included. */
function readLayout(bytes: Uint8Array, failed: string): Layout & { shape: number[] } {
  if (!isNpy(bytes)) throw new SyntaxError(`${failed} at byte 0: expected \\x93NUMPY`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if (!(version >= 1 && version <= 3)) {
    throw new SyntaxError(`${failed} at byte 6: expected version 1, 2 or 3, found ${version ?? "the end"}`);
  }
  const headerAt = version === 1 ? 10 : 12;
  const headerLength = bytes.length < headerAt
    ? 0
    : version === 1
    ? view.getUint16(8, true)
    : view.getUint32(8, true);
  const start = headerAt + headerLength;
  if (bytes.length < start || headerLength === 0 || headerLength > MOST_HEADER) {
    throw new SyntaxError(
      `${failed} at byte ${headerAt}: the header is cut off or absurd (${headerLength} bytes)`,
    );
  }
  const { descr, fortran, shape } = parseHeader(
    new TextDecoder().decode(bytes.subarray(headerAt, start)),
    `${failed} at byte ${headerAt}`,
  );
  const dtype = descr.slice(1) as NpyType;
  const type = Object.hasOwn(TYPES, dtype) ? TYPES[dtype] : undefined;
  if (!type || !"<>|=".includes(descr[0])) {
    const reason = dtype.startsWith("O")
      ? "Python objects would run pickled code"
      : `expected ${Object.keys(TYPES).join(", ")}`;
    throw new TypeError(`${failed} as type "${descr}" is not read: ${reason}`);
  }
  const little = descr[0] !== ">" && (descr[0] !== "=" || LITTLE);
  return { dtype, size: type.size, shape, fortran, little, start };
}

function checkLength({ start, size, shape }: Layout, length: number, count: number, failed: string): void {
  if (length - start === count * size) return;
  throw new SyntaxError(
    `${failed} at byte ${start}: expected ${count * size} bytes of values for shape [${
      shape.join(", ")
    }], found ${length - start}`,
  );
}

/** Whether the file's bytes of a value are this machine's own. */
function isOwn({ dtype, size, little }: Layout): boolean {
  return dtype !== "f2" && dtype !== "b1" && (size === 1 || little === LITTLE);
}

/** Values where they lie, if this machine's own arrays have them so: large reads are not copied once more. */
function viewOf(bytes: Uint8Array, layout: Layout, count: number) {
  const { dtype, size, shape, fortran } = layout;
  if (!isOwn(layout) || fortran && shape.length > 1 || bytes.byteOffset % size !== 0) return undefined;
  const View = NPY_ARRAYS[dtype] as unknown as new (
    buffer: ArrayBufferLike,
    at: number,
    count: number,
  ) => NpyValues;
  return new View(bytes.buffer, bytes.byteOffset, count);
}

/** Values of a file's bytes, row-major. */
function valuesOf(bytes: Uint8Array, layout: Layout, count: number): NpyValues {
  const { dtype, size, shape, fortran, little } = layout, Make = NPY_ARRAYS[dtype];
  const data = new Make(count), { get } = TYPES[dtype];
  if (isOwn(layout)) {
    new Uint8Array(data.buffer).set(bytes);
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < count; i++) data[i] = get(view, i * size, little);
  }
  return fortran && shape.length > 1 ? toRowMajor(data, shape, Make) : data;
}

/**
 * Encodes an array as .npy version 1.0: little endian, C order, the header padded to 64 bytes as NumPy does.
 *
 * @param array `dtype` may be left out, then it follows from the array; `b1` and `f2` must be asked for.
 * @throws {RangeError} If the number of values differs from the product of `shape`.
 * @throws {TypeError} If `dtype` does not fit the array.
 */
export function encodeNpy(array: { data: NpyValues; shape: readonly number[]; dtype?: NpyType }): Uint8Array {
  const { data, shape } = array;
  const sides = shape.every((side) => Number.isInteger(side) && side >= 0);
  if (!sides || shape.reduce((a, b) => a * b, 1) !== data.length) {
    throw new RangeError(
      `Cannot encode npy as shape [${shape.join(", ")}] does not fit ${data.length} values`,
    );
  }
  const own = (Object.keys(TYPES) as NpyType[]).find((key) =>
    key !== "b1" && key !== "f2" && data instanceof NPY_ARRAYS[key]
  )!;
  const { dtype = own } = array;
  if (!Object.hasOwn(TYPES, dtype) || !(data instanceof NPY_ARRAYS[dtype])) {
    throw new TypeError(`Cannot encode npy as type "${dtype}" is not made from a ${data.constructor.name}`);
  }
  const { size } = TYPES[dtype];
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const header = `{'descr': '${
    size === 1 ? "|" : "<"
  }${dtype}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const out = new Uint8Array(start + data.length * size);
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(header.padEnd(start - 11) + "\n"), 10);
  for (let i = 0; i < 6; i++) out[i] = NPY_MAGIC.charCodeAt(i);
  out[6] = 1;
  view.setUint16(8, start - 10, true);
  if (dtype === "b1") data.forEach((v: number | bigint, i: number) => out[start + i] = v ? 1 : 0);
  else if (dtype === "f2") (data as Float32Array).forEach((v, i) => view.setFloat16(start + 2 * i, v, true));
  else if (LITTLE || size === 1) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  } else {
    const own = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < data.byteLength; at += size) {
      for (let b = 0; b < size; b++) out[start + at + b] = own.getUint8(at + size - 1 - b);
    }
  }
  return out;
}

/**
 * Reads the header, a Python dictionary of three known keys, without evaluating anything.
 */
function parseHeader(text: string, failed: string): { descr: string; fortran: boolean; shape: number[] } {
  const found = new Map<string, string>();
  const item =
    /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*((['"])[^'"]*\4|True|False|\([\d,\sL]*\)|\[.*?\])\s*(,|\})/y;
  const open = /^\s*\{/.exec(text);
  if (!open) throw new SyntaxError(`${failed}: expected a dictionary`);
  item.lastIndex = open[0].length;
  for (let closed = false; !closed;) {
    if (found.size > 0 && /^\s*\}/.test(text.slice(item.lastIndex))) break;
    const match = item.exec(text);
    if (!match || found.has(match[2])) {
      throw new SyntaxError(`${failed}: expected {'descr': …, 'fortran_order': …, 'shape': …}`);
    }
    found.set(match[2], match[3]);
    closed = match[5] === "}";
  }
  const descr = found.get("descr"), order = found.get("fortran_order"), shape = found.get("shape");
  if (descr === undefined || !/^(True|False)$/.test(order ?? "") || !shape?.startsWith("(")) {
    throw new SyntaxError(`${failed}: expected {'descr': …, 'fortran_order': …, 'shape': …}`);
  }
  const sides = shape.slice(1, -1).split(",").map((side) => side.trim().replace(/L$/, "")).filter((side) =>
    side !== ""
  );
  if (sides.length > 64 || sides.some((side) => !/^\d{1,15}$/.test(side))) {
    throw new SyntaxError(`${failed}: expected a shape of at most 64 sides, found ${shape.slice(0, 80)}`);
  }
  // A record's type is a list of fields; it stays a string here and is refused by the caller as no known type.
  return {
    descr: descr.startsWith("[") ? "|V" : descr.slice(1, -1),
    fortran: order === "True",
    shape: sides.map(Number),
  };
}

/** Reorders column-major values: the first axis runs fastest in `data`, the last one in the result. */
function toRowMajor(
  data: NpyValues,
  shape: readonly number[],
  Make: new (n: number) => NpyValues,
): NpyValues {
  const out = new Make(data.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    out[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
