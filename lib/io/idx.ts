/**
 * idx, the format of MNIST and its kin: a four-byte magic, the sides as big-endian 32-bit numbers, the values.
 *
 * Memory: what a gzip unpacks to, and the values, each at most `maxBytes`.
 *
 * Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database", section "File formats". @module
 */
import { cannotDecode, checkedProduct } from "./_problem.ts";
import { decodeGzip, isGzip } from "./gzip.ts";

export { isIdx } from "./signatures.ts";

/** Values an idx file can hold, by the type byte of its magic number. */
export type IdxValues = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** An idx file's content: values in row-major order. */
export interface IdxArray<T extends IdxValues = IdxValues> {
  /** Values, as many as the product of `shape`. */
  data: T;
  /** Sides, slowest first. */
  shape: number[];
}

/** Options for {@linkcode decodeIdx}. */
export interface DecodeIdxOptions {
  /** File name for error messages. */
  name?: string;
  /** Most bytes of values, counted after unpacking a gzip. @default {1_073_741_824} */
  maxBytes?: number;
}

const KINDS = [
  { code: 0x08, size: 1, make: Uint8Array, get: null },
  { code: 0x09, size: 1, make: Int8Array, get: (v: DataView, at: number) => v.getInt8(at) },
  { code: 0x0b, size: 2, make: Int16Array, get: (v: DataView, at: number) => v.getInt16(at) },
  { code: 0x0c, size: 4, make: Int32Array, get: (v: DataView, at: number) => v.getInt32(at) },
  { code: 0x0d, size: 4, make: Float32Array, get: (v: DataView, at: number) => v.getFloat32(at) },
  { code: 0x0e, size: 8, make: Float64Array, get: (v: DataView, at: number) => v.getFloat64(at) },
] as const;

/**
 * Decodes an idx file, gzip-packed or not.
 *
 * Unsigned bytes share the input's memory where it was not packed; everything else is copied to the machine's byte order.
 *
 * @param bytes The whole file.
 * @throws {SyntaxError} If the magic number is wrong, or the file is shorter or longer than its header says.
 * @throws {RangeError} If it holds more than `maxBytes`.
 * @example
 * ```ts
 * decodeIdx(encodeIdx({ data: Uint8Array.of(7, 2), shape: [2] })).data; // 7, 2
 * ```
 */
export function decodeIdx(bytes: Uint8Array, options: DecodeIdxOptions = {}): IdxArray {
  const { name, maxBytes = 2 ** 30 } = options;
  const failed = cannotDecode("idx", name);
  // 1,024 bytes hold the longest header: the magic and 255 sides.
  const file = isGzip(bytes) ? decodeGzip(bytes, { name, maxBytes: maxBytes + 1024 }) : bytes;
  if (file.length < 4) throw new SyntaxError(`${failed} at byte 0: expected a magic number, the file ends`);
  const kind = KINDS.find(({ code }) => code === file[2]);
  if (file[0] !== 0 || file[1] !== 0 || !kind || file[3] === 0) {
    const found = Array.from(file.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join(" ");
    throw new SyntaxError(
      `${failed} at byte 0: expected magic number 00 00 (08|09|0b|0c|0d|0e) n, found ${found}`,
    );
  }
  const start = 4 + 4 * file[3];
  if (file.length < start) {
    throw new SyntaxError(`${failed} at byte ${file.length}: expected ${file[3]} sides, the file ends`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: file[3] }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = checkedProduct(shape, Math.floor(maxBytes / kind.size), failed);
  if (file.length !== start + count * kind.size) {
    throw new SyntaxError(
      `${failed} at byte ${Math.min(file.length, start + count * kind.size)}: expected ${
        count * kind.size
      } bytes ` +
        `of values for shape [${shape.join(", ")}], found ${file.length - start}`,
    );
  }
  if (kind.get === null) return { data: file.subarray(start), shape };
  const data = new kind.make(count);
  for (let i = 0; i < count; i++) data[i] = kind.get(view, start + i * kind.size);
  return { data, shape };
}

/**
 * Encodes an array as an idx file.
 *
 * @throws {RangeError} If the number of values differs from the product of `shape`, or a side does not fit 32 bits.
 */
export function encodeIdx(array: IdxArray): Uint8Array {
  const { data, shape } = array;
  const sides = shape.length > 0 && shape.length < 256 &&
    shape.every((side) => Number.isInteger(side) && side >= 0 && side < 2 ** 32);
  if (!sides || shape.reduce((a, b) => a * b, 1) !== data.length) {
    throw new RangeError(
      `Cannot encode idx as shape [${shape.join(", ")}] does not fit ${data.length} values`,
    );
  }
  const kind = KINDS.find(({ make }) => data instanceof make)!;
  const start = 4 + 4 * shape.length;
  const file = new Uint8Array(start + data.byteLength);
  const view = new DataView(file.buffer);
  file[2] = kind.code;
  file[3] = shape.length;
  shape.forEach((side, axis) => view.setUint32(4 + 4 * axis, side));
  if (data instanceof Uint8Array) file.set(data, start);
  else if (data instanceof Int8Array) data.forEach((v, i) => view.setInt8(start + i, v));
  else if (data instanceof Int16Array) data.forEach((v, i) => view.setInt16(start + 2 * i, v));
  else if (data instanceof Int32Array) data.forEach((v, i) => view.setInt32(start + 4 * i, v));
  else if (data instanceof Float32Array) data.forEach((v, i) => view.setFloat32(start + 4 * i, v));
  else data.forEach((v, i) => view.setFloat64(start + 8 * i, v));
  return file;
}
