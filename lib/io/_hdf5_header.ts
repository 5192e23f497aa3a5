/**
 * What stands in front of a dataset's values: its object header's messages, and from them the type of a number, where the
 * values lie, and what they went through. Whatever this does not know is left to the library.
 *
 * Source: HDF5 File Format Specification 3.0, sections II.A (superblock), IV.A (object headers and messages). @module
 */
import type { ByteSource } from "./byte_source.ts";
import { ascii } from "./_problem.ts";

/** How a number is kept. */
export interface NumberType {
  kind: "integer" | "float";
  /** Bytes. */
  size: number;
  little: boolean;
  signed: boolean;
  /** Lowest bit that is used, and how many are: 4 and 12 for an ADC's counts in the upper bits of 16. */
  offset: number;
  precision: number;
  /** Whether a float's fields are those of IEEE 754. */
  isIeee: boolean;
}

/** A filter that values went through when they were written. */
export interface FilterStep {
  id: number;
  values: number[];
}

/** Where the values of a dataset are. */
export type Layout =
  | { kind: "compact"; bytes: Uint8Array }
  /** `at` is undefined where nothing was ever written. */
  | { kind: "contiguous"; at: number | undefined; size: number }
  | { kind: "chunked"; at: number | undefined; sides: number[] }
  | { kind: "other" };

/** What a dataset's object header says, as far as it is understood. */
export interface DatasetHeader {
  type: NumberType | undefined;
  layout: Layout;
  filters: FilterStep[];
  /** One value's bytes, for what was never written; undefined for zeros. */
  fill: Uint8Array | undefined;
  /** Whether its values are in files of their own. */
  isExternal: boolean;
}

const UNDEFINED = 0xffffffffffffffffn, MOST_BLOCK = 1 << 24, MOST_MESSAGES = 100_000;
const DATATYPE = 3, OLD_FILL = 4, FILL = 5, EXTERNAL = 7, LAYOUT = 8, FILTERS = 11, CONTINUATION = 16;

/**
 * Where the file's addresses count from: its superblock, behind a user block (MATLAB 7.3 has one of 512 bytes) or not.
 *
 * @returns Undefined if there is no superblock where one may be, or its addresses are not of 8 bytes.
 */
export async function findBase(source: ByteSource): Promise<number | undefined> {
  for (let at = 0; at + 48 <= source.size; at = at === 0 ? 512 : at * 2) {
    const bytes = await source.read(at, 48);
    if (ascii(bytes, 0, 8) !== "\x89HDF\r\n\x1a\n") continue;
    const sizes = bytes[8] < 2 ? bytes.subarray(13, 15) : bytes.subarray(9, 11);
    return sizes[0] === 8 && sizes[1] === 8 ? at : undefined;
  }
  return undefined;
}

/** Reads addresses and bytes of a file whose addresses count from `base`. */
export class Hdf5Bytes {
  readonly #source: ByteSource;
  readonly base: number;

  constructor(source: ByteSource, base: number) {
    this.#source = source;
    this.base = base;
  }

  /** The bytes at an address. */
  async read(address: number, length: number): Promise<DataView> {
    const bytes = await this.#source.read(this.base + address, length);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** As much of them as the file has. */
  async readUpTo(address: number, length: number): Promise<DataView> {
    return await this.read(address, Math.max(0, Math.min(length, this.#source.size - this.base - address)));
  }
}

/** An address, or undefined for the one that stands for none. */
export function addressAt(view: DataView, at: number): number | undefined {
  const value = view.getBigUint64(at, true);
  return value === UNDEFINED ? undefined : Number(value);
}

interface Message {
  type: number;
  isShared: boolean;
  body: DataView;
}

/** Reads the object header of a dataset. @throws {SyntaxError | RangeError} If it is damaged. */
export async function readDatasetHeader(bytes: Hdf5Bytes, address: number): Promise<DatasetHeader> {
  const header: DatasetHeader = {
    type: undefined,
    layout: { kind: "other" },
    filters: [],
    fill: undefined,
    isExternal: false,
  };
  for (const message of await readMessages(bytes, address)) {
    const { type, body, isShared } = message;
    if (type === DATATYPE) header.type = numberType(isShared ? await sharedType(bytes, body) : body);
    else if (type === LAYOUT) header.layout = readLayout(body);
    else if (type === FILTERS) header.filters = readFilters(body);
    else if (type === EXTERNAL) header.isExternal = true;
    else if (type === FILL || (type === OLD_FILL && header.fill === undefined)) {
      header.fill = readFill(body, type === OLD_FILL);
    }
  }
  return header;
}

/** All messages of an object, those of its continuation blocks included. */
async function readMessages(bytes: Hdf5Bytes, address: number): Promise<Message[]> {
  const head = await bytes.readUpTo(address, 64), messages: Message[] = [];
  const latest = head.getUint32(0, true) === 0x5244484f; // "OHDR"
  const flags = latest ? head.getUint8(5) : 0, tracked = (flags & 4) !== 0;
  const blocks: [address: number, size: number][] = [];
  if (latest) {
    const at = 6 + (flags & 32 ? 16 : 0) + (flags & 16 ? 4 : 0), wide = 1 << (flags & 3);
    const size = wide === 1
      ? head.getUint8(at)
      : wide === 2
      ? head.getUint16(at, true)
      : wide === 4
      ? head.getUint32(at, true)
      : Number(head.getBigUint64(at, true));
    blocks.push([address + at + wide, size]);
  } else {
    if (head.getUint8(0) !== 1) throw new SyntaxError(`no object header at byte ${bytes.base + address}`);
    blocks.push([address + 16, head.getUint32(8, true)]);
  }
  const seen = new Set<number>();
  const headBytes = latest ? (tracked ? 6 : 4) : 8;
  for (const [start, size] of blocks) {
    if (seen.has(start) || size > MOST_BLOCK) {
      throw new SyntaxError("its object header goes round in a circle");
    }
    seen.add(start);
    const view = await bytes.read(start, size);
    for (let at = 0; at + headBytes <= size;) {
      const type = latest ? view.getUint8(at) : view.getUint16(at, true);
      const length = view.getUint16(at + (latest ? 1 : 2), true),
        messageFlags = view.getUint8(at + (latest ? 3 : 4));
      at += headBytes;
      if (at + length > size || messages.length > MOST_MESSAGES) {
        throw new SyntaxError("its object header is damaged");
      }
      const body = new DataView(view.buffer, view.byteOffset + at, length);
      if (type === CONTINUATION) {
        const next = Number(body.getBigUint64(0, true)), more = Number(body.getBigUint64(8, true));
        // Blocks of the later kind have a signature before and a checksum behind.
        blocks.push(latest ? [next + 4, more - 8] : [next, more]);
      } else messages.push({ type, isShared: (messageFlags & 2) !== 0, body });
      at += length;
    }
  }
  return messages;
}

/** The type that a message points at instead of saying it: a committed datatype's. */
async function sharedType(bytes: Hdf5Bytes, body: DataView): Promise<DataView | undefined> {
  const version = body.getUint8(0), kind = body.getUint8(1);
  const inHeap = version === 3 && kind === 1;
  if (inHeap) return undefined;
  const messages = await readMessages(bytes, Number(body.getBigUint64(version === 1 ? 8 : 2, true)));
  return messages.find(({ type, isShared }) => type === DATATYPE && !isShared)?.body;
}

/** A whole number or floating point; of an enumeration, what its names stand for. */
function numberType(body: DataView | undefined): NumberType | undefined {
  if (!body) return undefined;
  const kind = body.getUint8(0) & 15, bits = body.getUint8(1), size = body.getUint32(4, true);
  if (kind === 8) return numberType(new DataView(body.buffer, body.byteOffset + 8, body.byteLength - 8));
  if (kind > 1) return undefined;
  const offset = body.getUint16(8, true), precision = body.getUint16(10, true), little = (bits & 1) === 0;
  if (kind === 0) {
    return { kind: "integer", size, little, signed: (bits & 8) !== 0, offset, precision, isIeee: false };
  }
  const fields = [12, 13, 14, 15].map((at) => body.getUint8(at)), bias = body.getUint32(16, true);
  const wanted = ({
    2: [10, 5, 0, 10, 15],
    4: [23, 8, 0, 23, 127],
    8: [52, 11, 0, 52, 1023],
  } as Record<number, number[]>)[size];
  const isVax = (bits & 64) !== 0;
  const isIeee = !isVax && offset === 0 && precision === 8 * size && wanted !== undefined &&
    [...fields, bias].every((value, i) => value === wanted[i]);
  return { kind: "float", size, little, signed: true, offset, precision, isIeee };
}

function readLayout(body: DataView): Layout {
  if (body.getUint8(0) !== 3) return { kind: "other" };
  switch (body.getUint8(1)) {
    case 0: {
      const size = body.getUint16(2, true);
      return { kind: "compact", bytes: new Uint8Array(body.buffer, body.byteOffset + 4, size) };
    }
    case 1:
      return { kind: "contiguous", at: addressAt(body, 2), size: Number(body.getBigUint64(10, true)) };
    case 2: {
      const rank = body.getUint8(2) - 1; // the last side is the bytes of a value
      const sides = Array.from({ length: rank }, (_, axis) => body.getUint32(11 + 4 * axis, true));
      return { kind: "chunked", at: addressAt(body, 3), sides };
    }
    default:
      return { kind: "other" };
  }
}

function readFilters(body: DataView): FilterStep[] {
  const version = body.getUint8(0), count = body.getUint8(1), steps: FilterStep[] = [];
  let at = version === 1 ? 8 : 2;
  for (let i = 0; i < count; i++) {
    const id = body.getUint16(at, true), named = version === 1 || id >= 256;
    const nameLength = named ? body.getUint16(at + 2, true) : 0;
    at += named ? 4 : 2;
    const length = body.getUint16(at + 2, true);
    at += 4 + (version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
    steps.push({ id, values: Array.from({ length }, (_, k) => body.getUint32(at + 4 * k, true)) });
    at += 4 * length + (version === 1 && length % 2 === 1 ? 4 : 0);
  }
  return steps;
}

/** The bytes of the fill value, where it is not zero. */
function readFill(body: DataView, isOld: boolean): Uint8Array | undefined {
  let at = 0;
  if (!isOld) {
    const version = body.getUint8(0);
    if (version === 3) {
      if ((body.getUint8(1) & 32) === 0) return undefined;
      at = 2;
    } else {
      if (version > 1 && body.getUint8(3) === 0) return undefined;
      at = 4;
    }
  }
  const size = body.getInt32(at, true);
  if (size <= 0 || at + 4 + size > body.byteLength) return undefined;
  const bytes = new Uint8Array(body.buffer, body.byteOffset + at + 4, size);
  return bytes.every((byte) => byte === 0) ? undefined : bytes.slice();
}
