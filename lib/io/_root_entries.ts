/** Entries of a branch as the bytes of a basket. @module */
import { deflateSync } from "node:zlib";
import { joinParts, type Part, u8 } from "./_parts.ts";
import { type Branch, type Kind, product, type RootColumnInput } from "./_root_branch.ts";
import type { RootValues } from "./_root_columns.ts";
import { ascii, i32 } from "./_root_encode.ts";

/** Most bytes of a packed block. */
const MOST_BLOCK = 0xffffff;
/** Bytes before the values of a vector: how many bytes follow, its class's version, how many values there are. */
const VECTOR_HEAD = 10;

/** Entries as they stand in a basket. */
export interface EncodedEntries {
  bytes: Uint8Array;
  /** Where each begins, of entries that are not equally long. */
  starts?: Int32Array;
  /** Most values of one of those. */
  most: number;
}

/**
 * The bytes of some entries of a branch.
 *
 * @throws {TypeError} If the values are of another type.
 * @throws {RangeError} If there are not as many as the entries need.
 */
export function encodeEntries(branch: Branch, column: RootColumnInput, count: number): EncodedEntries {
  const { number, name, type } = branch, { data } = column;
  if (!(data instanceof number.make)) {
    throw new TypeError(`Cannot write branch "${name}" of type ${type} from a ${data.constructor.name}`);
  }
  const isJagged = branch.isVector || branch.counter !== undefined;
  return isJagged ? encodeJagged(branch, column, count) : encodeEven(branch, column, count);
}

/** Entries that have as many values each. */
function encodeEven(
  { name, type, shape, number }: Branch,
  { data, offsets }: RootColumnInput,
  count: number,
): EncodedEntries {
  if (offsets) {
    throw new TypeError(
      `Cannot write branch "${name}" of type ${type} with offsets as every entry has as many values: ` +
        `leave them out, or write a vector<…> or an array counted by another branch`,
    );
  }
  const wanted = count * product(shape);
  if (data.length !== wanted) {
    throw new RangeError(
      `Cannot write branch "${name}" as ${count} entries need ${wanted} values: got ${data.length}`,
    );
  }
  return { bytes: numbers(number, data), most: 0 };
}

/** Vectors, or arrays that another branch counts. */
function encodeJagged(
  { name, number, isVector }: Branch,
  { data, offsets }: RootColumnInput,
  count: number,
): EncodedEntries {
  if (!offsets || offsets.length !== count + 1 || offsets[0] !== 0 || offsets[count] !== data.length) {
    throw new RangeError(
      `Cannot write branch "${name}" as ${count} entries need ${
        count + 1
      } offsets from 0 to ${data.length}: got ` +
        `${offsets ? `${offsets.length} from ${offsets[0]} to ${offsets[offsets.length - 1]}` : "none"}`,
    );
  }
  const starts = new Int32Array(count), head = isVector ? VECTOR_HEAD : 0;
  const bytes = new Uint8Array(count * head + data.length * number.size), view = new DataView(bytes.buffer);
  let most = 0;
  for (let i = 0, at = 0; i < count; i++) {
    const first = offsets[i], length = offsets[i + 1] - first;
    if (!(length >= 0)) {
      throw new RangeError(`Cannot write branch "${name}" as its offsets go back at entry ${i}`);
    }
    starts[i] = at;
    if (isVector) putVectorHead(view, at, length, number.size);
    at += head;
    for (let k = 0; k < length; k++, at += number.size) number.put(view, at, data[first + k]);
    most = Math.max(most, length);
  }
  return { bytes, starts, most };
}

function putVectorHead(view: DataView, at: number, length: number, size: number): void {
  view.setUint32(at, (6 + length * size | 0x40000000) >>> 0);
  view.setInt16(at + 4, 9);
  view.setInt32(at + 6, length);
}

function numbers(number: Kind, data: RootValues): Uint8Array {
  const out = new Uint8Array(data.length * number.size), view = new DataView(out.buffer);
  for (let i = 0, at = 0; i < data.length; i++, at += number.size) number.put(view, at, data[i]);
  return out;
}

/** Where entries begin, as it stands behind them: counted from the start of the basket's key. */
export function placesOf(starts: Int32Array, keyLength: number): Part {
  const out = new Uint8Array(4 * starts.length), view = new DataView(out.buffer);
  starts.forEach((start, i) => view.setInt32(4 * i, start + keyLength));
  return [i32(starts.length + 1), out, i32(0)]; // the last one is never looked at
}

/** Blocks of at most 16 MiB, each behind its header. */
export function packBlocks(bytes: Uint8Array, level: number): Uint8Array {
  const parts: Part[] = [];
  const size = (value: number) => u8(value & 255, value >> 8 & 255, value >> 16 & 255);
  for (let at = 0; at < bytes.length; at += MOST_BLOCK) {
    const block = bytes.subarray(at, at + MOST_BLOCK), packed = deflateSync(block, { level });
    if (packed.length > MOST_BLOCK) return bytes;
    parts.push([ascii("ZL"), u8(8), size(packed.length), size(block.length), packed]);
  }
  return joinParts(parts);
}
