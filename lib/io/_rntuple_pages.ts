/**
 * Pages of an RNTuple's column unpacked and turned into numbers.
 *
 * Source: ROOT's specification of its binary format 1.0, "Column types and Encodings". @module
 */
import type { ByteSource } from "./byte_source.ts";
import { NPY_ARRAYS, type NpyType, type NpyValues } from "./npy_type.ts";
import { unpackBlocks } from "./_root_baskets.ts";
import type { NtupleColumn, NtuplePage } from "./_rntuple_description.ts";
import { xxh3 } from "./_xxh3.ts";

/** How a column's values are kept. */
interface Encoding {
  /** Type of its numbers; of offsets that of their low half, as no column here has 2³² values. */
  dtype: NpyType;
  /** Whether first bytes of all values come first, then second ones, and so on. */
  split?: boolean;
  /** Whether 0, -1, 1, -2, … are kept as 0, 1, 2, 3, …. */
  zigzag?: boolean;
  /** Whether they are offsets: where each list ends. */
  offsets?: { bytes: 4 | 8; delta: boolean };
  /** Bits that are no whole bytes. */
  packed?: "bits" | "truncated" | "quantised";
}

const CHAR = 0x02;

/** By the specification's number of the column's type. */
const ENCODINGS: Readonly<Record<number, Encoding>> = {
  0x00: { dtype: "b1", packed: "bits" },
  0x01: { dtype: "u1" },
  [CHAR]: { dtype: "u1" },
  0x03: { dtype: "i1" },
  0x04: { dtype: "u1" },
  0x05: { dtype: "i2" },
  0x06: { dtype: "u2" },
  0x07: { dtype: "i4" },
  0x08: { dtype: "u4" },
  0x09: { dtype: "i8" },
  0x0a: { dtype: "u8" },
  0x0b: { dtype: "f2" },
  0x0c: { dtype: "f4" },
  0x0d: { dtype: "f8" },
  0x0e: { dtype: "u4", offsets: { bytes: 4, delta: false } },
  0x0f: { dtype: "u4", offsets: { bytes: 8, delta: false } },
  0x11: { dtype: "i2", split: true, zigzag: true },
  0x12: { dtype: "u2", split: true },
  0x13: { dtype: "i4", split: true, zigzag: true },
  0x14: { dtype: "u4", split: true },
  0x15: { dtype: "i8", split: true, zigzag: true },
  0x16: { dtype: "u8", split: true },
  0x17: { dtype: "f2", split: true },
  0x18: { dtype: "f4", split: true },
  0x19: { dtype: "f8", split: true },
  0x1a: { dtype: "u4", split: true, offsets: { bytes: 4, delta: true } },
  0x1b: { dtype: "u4", split: true, offsets: { bytes: 8, delta: true } },
  0x1c: { dtype: "f4", packed: "truncated" },
  0x1d: { dtype: "f4", packed: "quantised" },
};

/** Type of a column's numbers; undefined for one whose values tell a variant's kind, or that is not known. */
export const columnType = ({ type }: NtupleColumn): NpyType | undefined => ENCODINGS[type]?.dtype;

/** Whether a column says where lists end. */
export const isOffsets = ({ type }: NtupleColumn): boolean => ENCODINGS[type]?.offsets !== undefined;

/** Whether a column holds the letters of texts. */
export const isLetters = ({ type }: NtupleColumn): boolean => type === CHAR;

/** Most bytes that are read at once. */
const MOST_AT_ONCE = 2 ** 22;

/**
 * Reads values `first` to before `end` of a column's pages in one cluster.
 *
 * @param dtype As which numbers they are given. @default {the column's}
 * @param missing How many values come before those of its pages and are 0, as the column is younger than they are.
 * @throws {SyntaxError} If a page is damaged or missing.
 */
export async function readElements(
  source: ByteSource,
  column: NtupleColumn,
  pages: readonly NtuplePage[],
  { first, end, missing, dtype = ENCODINGS[column.type].dtype }: {
    first: number;
    end: number;
    missing: number;
    dtype?: NpyType;
  },
): Promise<NpyValues> {
  const out = new NPY_ARRAYS[dtype](end - first);
  let from = missing;
  for (const run of runsOf(pages)) {
    const elements = run.reduce((sum, page) => sum + page.elements, 0);
    if (from + elements > first && from < end) {
      const last = run.at(-1)!, bytes = last.offset + sizeOf(last) - run[0].offset;
      const kept = source.readSync?.(run[0].offset, bytes) ?? await source.read(run[0].offset, bytes);
      let start = from;
      for (const page of run) {
        const at = page.offset - run[0].offset, stop = start + page.elements;
        if (stop > first && start < end) {
          const values = await readPage(kept.subarray(at, at + sizeOf(page)), page, column);
          const part = values.subarray(Math.max(0, first - start), Math.min(page.elements, end - start));
          (out as Uint8Array).set(part as Uint8Array, Math.max(0, start - first));
        }
        start = stop;
      }
    }
    from += elements;
  }
  if (from < end) throw new SyntaxError(`value ${from} of its cluster is in no page`);
  return out;
}

const sizeOf = ({ bytes, hasChecksum }: NtuplePage) => bytes + (hasChecksum ? 8 : 0);

/** Pages that lie side by side, as far as they are read at once. */
function runsOf(pages: readonly NtuplePage[]): NtuplePage[][] {
  const runs: NtuplePage[][] = [];
  let next = -1, bytes = 0;
  for (const page of pages) {
    const size = sizeOf(page);
    if (page.offset !== next || bytes + size > MOST_AT_ONCE) {
      runs.push([]);
      bytes = 0;
    }
    runs.at(-1)!.push(page);
    next = page.offset + size;
    bytes += size;
  }
  return runs;
}

async function readPage(kept: Uint8Array, page: NtuplePage, column: NtupleColumn): Promise<NpyValues> {
  const packed = kept.subarray(0, page.bytes);
  if (page.hasChecksum) {
    const checksum = new DataView(kept.buffer, kept.byteOffset).getBigUint64(page.bytes, true);
    if (xxh3(packed) !== checksum) throw new SyntaxError(`the page at byte ${page.offset} is damaged`);
  }
  const size = Math.ceil(page.elements * column.bits / 8);
  const plain = page.bytes === size ? packed : await unpackBlocks(packed, size);
  return decode(plain, page.elements, column);
}

function decode(plain: Uint8Array, count: number, column: NtupleColumn): NpyValues {
  const { dtype, split, zigzag, offsets, packed } = ENCODINGS[column.type];
  if (packed === "bits") return Uint8Array.from({ length: count }, (_, i) => plain[i >> 3] >> (i & 7) & 1);
  if (packed) return unpackReals(plain, count, column, packed);
  const width = count === 0 ? 1 : plain.length / count,
    bytes = split ? unsplit(plain, count, width) : plain.slice();
  if (offsets) return readOffsets(bytes, count, offsets);
  if (dtype === "f2") return halvesOf(new Uint16Array(bytes.buffer, 0, count));
  const values = new NPY_ARRAYS[dtype](bytes.buffer as ArrayBuffer, 0, count);
  return zigzag ? unzigzag(values) : values;
}

/** First bytes, second bytes, …: each value's bytes together again. */
function unsplit(bytes: Uint8Array, count: number, width: number): Uint8Array {
  const out = new Uint8Array(count * width);
  for (let k = 0; k < width; k++) {
    const from = k * count;
    for (let i = 0, to = k; i < count; i++, to += width) out[to] = bytes[from + i];
  }
  return out;
}

function unzigzag(values: NpyValues): NpyValues {
  if (values instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) {
      const coded = BigInt.asUintN(64, values[i]);
      values[i] = BigInt.asIntN(64, coded >> 1n ^ -(coded & 1n));
    }
    return values;
  }
  const numbers = values as Int32Array, mask = 2 ** (8 * numbers.BYTES_PER_ELEMENT) - 1;
  for (let i = 0; i < numbers.length; i++) {
    const coded = numbers[i] & mask;
    numbers[i] = coded >>> 1 ^ -(coded & 1);
  }
  return numbers;
}

/** Where lists end, counted from the cluster's first value. */
function readOffsets(
  bytes: Uint8Array,
  count: number,
  { bytes: width, delta }: { bytes: 4 | 8; delta: boolean },
) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, count * width / 4),
    out = new Uint32Array(count);
  const step = width / 4;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    if (step === 2 && words[2 * i + 1] !== 0) {
      throw new SyntaxError("a list ends beyond 2³² values of its cluster");
    }
    sum = delta ? sum + words[step * i] : words[step * i];
    if (sum > 0xffffffff) throw new SyntaxError("a list ends beyond 2³² values of its cluster");
    out[i] = sum;
  }
  return out;
}

/** Numbers of 16 bits as ones of 32. */
function halvesOf(halves: Uint16Array): Float32Array {
  const view = new DataView(halves.buffer, halves.byteOffset, halves.byteLength);
  return Float32Array.from(halves, (_, i) => view.getFloat16(2 * i, true));
}

/** Numbers of fewer bits, lowest bit first: the highest ones of a float, or steps between two bounds. */
function unpackReals(
  plain: Uint8Array,
  count: number,
  { bits, range }: NtupleColumn,
  packed: "truncated" | "quantised",
): Float32Array {
  const codes = new Uint32Array(count);
  for (let i = 0, bit = 0; i < count; i++, bit += bits) {
    let code = 0;
    for (let got = 0; got < bits;) {
      const at = bit + got, few = Math.min(8 - (at & 7), bits - got);
      code += (plain[at >> 3] >> (at & 7) & (1 << few) - 1) * 2 ** got;
      got += few;
    }
    codes[i] = packed === "truncated" ? code * 2 ** (32 - bits) : code;
  }
  if (packed === "truncated") return new Float32Array(codes.buffer);
  if (!range) throw new SyntaxError("quantised numbers without bounds");
  const [low, high] = range, most = 2 ** bits - 1;
  return Float32Array.from(codes, (code) => low + code * (high - low) / most);
}
