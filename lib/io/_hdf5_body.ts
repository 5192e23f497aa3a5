/**
 * What stands in an HDF5 file that is being written, one thing behind the other: heaps, headers of datasets and of groups.
 * Each is put where the last one ended, and is known by its address from then on. @module
 */
import type { DurableWriter } from "../base/durable_writer.ts";
import { joinParts, type Part, u8 } from "./_parts.ts";
import {
  dataspace,
  datatype,
  lookup3,
  message,
  NOWHERE,
  objectHeader,
  ownType,
  u16,
  u32,
  u64,
  valueBytes,
} from "./_hdf5_encode.ts";
import type { NpyType, NpyValues } from "./npy_type.ts";

/** A value of an attribute. */
export type Hdf5AttributeValue = string | number | NpyValues;

/** How a dataset is kept. */
export interface Hdf5Packing {
  /** Packs each chunk: deflate, or LZF, which is several times as fast and packs less. @default {not packed} */
  compression?: "gzip" | "lzf";
  /** Deflate level from 1 to 9. @default {4} */
  level?: number;
  /** Puts the bytes of values together by their place first, which helps where neighbours are alike. @default {false} */
  shuffle?: boolean;
  /** Attributes of the dataset. */
  attributes?: Readonly<Record<string, Hdf5AttributeValue>>;
}

/** Types of messages. */
const DATASPACE = 1,
  LINK_INFO = 2,
  DATATYPE = 3,
  FILL = 5,
  LINK = 6,
  LAYOUT = 8,
  GROUP_INFO = 10,
  FILTERS = 11,
  ATTRIBUTE = 12;
const SUPERBLOCK_BYTES = 48;
/** The library reads no heap smaller than this. */
const LEAST_HEAP = 4096;

/** A text of any length, UTF-8, as h5py writes and reads `str`: a sequence of characters in a heap. */
const TEXT: Part = [u8(0x19, 1, 1, 0), u32(16), [u8(0x10, 0, 0, 0), u32(1), u16(0), u16(8)]];

/** The filters of a dataset in order, or undefined if there are none. */
function filterMessage({ shuffle, compression, level = 4 }: Hdf5Packing, size: number): Part | undefined {
  const steps: Part[] = [];
  if (shuffle) steps.push([u16(2), u16(0), u16(1), u32(size)]);
  if (compression === "gzip") steps.push([u16(1), u16(0), u16(1), u32(level)]);
  // Filters of no fixed number carry their name. The mark 1 says that a chunk may go without.
  if (compression === "lzf") {
    steps.push([
      u16(32000),
      u16(4),
      u16(1),
      u16(3),
      new TextEncoder().encode("lzf\0"),
      u32(4),
      u32(0x105),
      u32(0),
    ]);
  }
  return steps.length === 0 ? undefined : [u8(2, steps.length), steps];
}

/** Attributes by name. */
export type Hdf5Attributes = Readonly<Record<string, Hdf5AttributeValue>>;

/** What a dataset's header says. */
export interface DatasetHeader {
  shape: readonly number[];
  dtype: NpyType;
  packing: Hdf5Packing;
  layout: Part;
  isChunked: boolean;
}

/** A file's contents as far as they are written. */
export class Hdf5Body {
  readonly #sink: DurableWriter;
  #end = SUPERBLOCK_BYTES;
  #isPadded = false;

  /** Nothing is written yet; room for the superblock is left. */
  constructor(sink: DurableWriter) {
    this.#sink = sink;
  }

  /** Where the next thing will stand. */
  get end(): number {
    return this.#end;
  }

  /** Puts bytes behind everything else, at a multiple of eight. @returns Their address. */
  add(part: Part): number {
    const bytes = joinParts(part), at = this.#end;
    this.#sink.put(bytes, at);
    this.#end += Math.ceil(bytes.length / 8) * 8;
    this.#isPadded = at + bytes.length < this.#end;
    return at;
  }

  /** Puts the header of a dataset. @returns Its address. */
  addDataset({ shape, dtype, packing, layout, isChunked }: DatasetHeader): number {
    const filters = filterMessage(packing, Number(dtype[1]));
    return this.add(objectHeader([
      message(DATASPACE, dataspace(shape)),
      message(DATATYPE, datatype(dtype), 1),
      // Room is taken when values come (chunks) or at once (one piece); nothing but zeros where none came.
      message(FILL, u8(3, isChunked ? 3 << 0 | 2 << 2 : 1 | 2 << 2)),
      message(LAYOUT, layout),
      ...(isChunked && filters ? [message(FILTERS, filters)] : []),
      ...this.#attributes(packing.attributes),
    ]));
  }

  /** Puts the header of a group. @returns Its address. */
  addGroup(links: readonly { name: string; at: number }[], attributes: Hdf5Attributes = {}): number {
    return this.add(objectHeader([
      message(LINK_INFO, [u8(0, 0), NOWHERE, NOWHERE]),
      message(GROUP_INFO, u8(0, 0)),
      ...links.map(({ name, at }) => {
        const bytes = new TextEncoder().encode(name);
        return message(LINK, [u8(1, 16 | 1, 1), u16(bytes.length), bytes, u64(at)]); // 1: the name is UTF-8
      }),
      ...this.#attributes(attributes),
    ]));
  }

  #attributes(attributes: Hdf5Attributes = {}): Part[] {
    return Object.entries(attributes).map(([name, value]) => this.#attribute(name, value));
  }

  #attribute(name: string, value: Hdf5AttributeValue): Part {
    const label = joinParts([new TextEncoder().encode(name), u8(0)]);
    const [type, space, content] = typeof value === "string"
      ? [TEXT, dataspace([]), this.#textInHeap(value)]
      : typeof value === "number"
      ? [datatype("f8"), dataspace([]), valueBytes(Float64Array.of(value), "f8")]
      : [datatype(ownType(value)), dataspace([value.length]), valueBytes(value, ownType(value))];
    const [typeBytes, spaceBytes] = [joinParts(type), joinParts(space)];
    const head = [u8(3, 0), u16(label.length), u16(typeBytes.length), u16(spaceBytes.length), u8(1)];
    return message(ATTRIBUTE, [head, label, typeBytes, spaceBytes, content]);
  }

  /** A text's place in a heap of its own: length, address, number. */
  #textInHeap(text: string): Part {
    const bytes = new TextEncoder().encode(text), padded = Math.ceil(bytes.length / 8) * 8;
    const size = Math.max(LEAST_HEAP, 16 + 16 + padded + 16);
    const heap = new Uint8Array(size);
    const object = joinParts([
      new TextEncoder().encode("GCOL"),
      u8(1, 0, 0, 0),
      u64(size),
      [u16(1), u16(0), u32(0), u64(bytes.length), bytes, new Uint8Array(padded - bytes.length)],
      [u16(0), u16(0), u32(0), u64(size - 32 - padded)], // what is free
    ]);
    heap.set(object);
    return [u32(bytes.length), u64(this.add(heap)), u32(1)];
  }

  /** Writes the superblock, which says where the top group is, and ends the file. */
  finish(top: number): void {
    const head = joinParts([
      u8(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
      u8(2, 8, 8, 0),
      u64(0),
      NOWHERE,
      u64(this.#end),
      u64(top),
    ]);
    this.#sink.put(joinParts([head, u32(lookup3(head))]), 0);
    // The file reaches to where it says it ends, padding included.
    if (this.#isPadded) this.#sink.put(new Uint8Array(1), this.#end - 1);
    this.#sink.finish();
  }

  /** Gives the file up. */
  abort(): void {
    this.#sink.abort();
  }
}
