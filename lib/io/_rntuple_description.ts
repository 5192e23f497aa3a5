/**
 * What an RNTuple says of itself: fields, columns, and where their pages lie.
 *
 * Source: ROOT's specification of its binary format 1.0 (tree/ntuple/doc/BinaryFormatSpecification.md). @module
 */
import type { ByteSource } from "./byte_source.ts";
import { unpackBlocks } from "./_root_baskets.ts";
import type { RootKey } from "./_root_file.ts";
import { xxh3 } from "./_xxh3.ts";

/** What a field is to those in it. */
export const ROLE = { leaf: 0, collection: 1, record: 2, variant: 3, streamer: 4 } as const;

/** A field as the file has it. */
export interface NtupleField {
  /** Number of the field that it is in; its own where it is in none. */
  parent: number;
  role: number;
  name: string;
  /** As C++ calls it. */
  type: string;
  /** How many values of the field in it one value has; 0 where that is not fixed. */
  repetition: number;
  /** Number of the field whose columns it shows otherwise. */
  source?: number;
}

/** A column of a field. */
export interface NtupleColumn {
  /** Number of its type in the specification. */
  type: number;
  /** Of a value in a page. */
  bits: number;
  field: number;
  /** Which of several ways to keep the field's values it belongs to. */
  representation: number;
  /** Whether clusters may be older than it, where its values are 0. */
  isDeferred: boolean;
  /** Bounds of quantised numbers. */
  range?: readonly [low: number, high: number];
}

/** Where bytes lie. */
interface Locator {
  offset: number;
  bytes: number;
}

/** Values of a column that lie together. */
export interface NtuplePage extends Locator {
  elements: number;
  /** Whether eight bytes of checksum follow. */
  hasChecksum: boolean;
}

/** Entries whose values lie together, with the pages of each column; undefined of one that this cluster keeps otherwise. */
export interface NtupleCluster {
  first: number;
  entries: number;
  pages: (NtuplePage[] | undefined)[];
}

/** All of it. */
export interface NtupleDescription {
  entries: number;
  fields: NtupleField[];
  columns: NtupleColumn[];
  clusters: NtupleCluster[];
}

/** Most bytes that a description may unpack to, and most pages it may name. */
const MOST_BYTES = 2 ** 28;

/**
 * Reads the description.
 *
 * @param key The directory's entry of it.
 * @throws {SyntaxError} If it is damaged or of a version that is not known; a `RangeError` where it is cut off.
 */
export async function readNtupleDescription(source: ByteSource, key: RootKey): Promise<NtupleDescription> {
  const anchor = await readAnchor(source, key);
  const header = await readEnvelope(source, anchor.header, 1), schema = readSchema(header.bytes);
  const footer = await readEnvelope(source, anchor.footer, 2);
  checkFeatures(footer.bytes);
  if (footer.bytes.u64() !== header.checksum) throw new SyntaxError("header and footer belong to two tuples");
  const extension = footer.bytes.record();
  const more = readLists(extension);
  const links = footer.bytes.list((record) => {
    record.skip(20); // its entries and clusters, which the list itself has
    return readLink(record);
  });
  const clusters: NtupleCluster[] = [];
  for (const link of links) clusters.push(...await readPageList(source, link, header.checksum));
  const fields = [...schema.fields, ...more.fields], columns = [...schema.columns, ...more.columns];
  const entries = checkedEntries(clusters);
  if (
    columns.some(({ field }) => field >= fields.length) ||
    fields.some(({ parent }) => parent >= fields.length)
  ) {
    throw new SyntaxError("a field is named that is not there");
  }
  return { entries, fields, columns, clusters };
}

/** Clusters follow each other without gaps, or the file is damaged. */
function checkedEntries(clusters: readonly NtupleCluster[]): number {
  let next = 0;
  for (const { first, entries } of clusters) {
    if (first !== next) throw new SyntaxError(`entry ${next}: the next cluster begins with ${first}`);
    next += entries;
  }
  return next;
}

interface Envelope extends Locator {
  /** Bytes when unpacked. */
  length: number;
}

/** The object of the directory, high byte first, that says where header and footer lie. */
async function readAnchor(source: ByteSource, key: RootKey): Promise<{ header: Envelope; footer: Envelope }> {
  const { fSeekKey, fKeylen, fNbytes, fObjlen } = key;
  const kept = await source.read(Number(fSeekKey) + fKeylen, fNbytes - fKeylen);
  const plain = kept.length === fObjlen ? kept : await unpackBlocks(kept, fObjlen);
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength), at = 6; // behind size and class version
  if (view.getBigUint64(at + 64) !== xxh3(plain.subarray(at, at + 64))) {
    throw new SyntaxError("its anchor is damaged");
  }
  const epoch = view.getUint16(at), major = view.getUint16(at + 2);
  if (epoch !== 1) throw new SyntaxError(`its format is ${epoch}.${major}, which is not read: 1.0 is`);
  const envelope = (place: number): Envelope => ({
    offset: Number(view.getBigUint64(place)),
    bytes: Number(view.getBigUint64(place + 8)),
    length: Number(view.getBigUint64(place + 16)),
  });
  return { header: envelope(at + 8), footer: envelope(at + 32) };
}

/** Reads a part of the description, checked, and the features that it asks of a reader. */
async function readEnvelope(
  source: ByteSource,
  { offset, bytes, length }: Envelope,
  type: number,
): Promise<{ bytes: Cursor; checksum: bigint }> {
  if (!(length >= 16 && length <= MOST_BYTES)) throw new SyntaxError(`a description of ${length} bytes`);
  const kept = await source.read(offset, bytes);
  const plain = kept.length === length ? kept : await unpackBlocks(kept, length);
  const cursor = new Cursor(plain.subarray(0, length - 8));
  const checksum = new DataView(plain.buffer, plain.byteOffset).getBigUint64(length - 8, true);
  if (checksum !== xxh3(plain.subarray(0, length - 8))) throw new SyntaxError("its description is damaged");
  const found = Number(cursor.u64() & 0xffffn);
  if (found !== type) {
    throw new SyntaxError(`its description is damaged: part ${found} where ${type} belongs`);
  }
  return { bytes: cursor, checksum };
}

/** Reads what a part asks of its reader beyond the format's first version. @throws {SyntaxError} If that is anything. */
function checkFeatures(bytes: Cursor): void {
  if (bytes.u64() !== 0n) throw new SyntaxError("it asks for features of a later format");
}

function readSchema(bytes: Cursor) {
  checkFeatures(bytes);
  for (let i = 0; i < 3; i++) bytes.text(); // name, description and writer
  return readLists(bytes);
}

function readLists(bytes: Cursor) {
  return { fields: bytes.list(readField), columns: bytes.list(readColumn) };
}

function readField(record: Cursor): NtupleField {
  record.skip(8);
  const parent = record.u32(), role = record.u16(), flags = record.u16(), name = record.text();
  const type = record.text();
  record.text();
  record.text(); // alias and description
  const repetition = flags & 1 ? record.u53() : 0, source = flags & 2 ? record.u32() : undefined;
  return { parent, role, name, type, repetition, source };
}

function readColumn(record: Cursor): NtupleColumn {
  const type = record.u16(), bits = record.u16(), field = record.u32(), flags = record.u16();
  const representation = record.u16();
  if (flags & 1) record.skip(8);
  const range = flags & 2 ? [record.f64(), record.f64()] as const : undefined;
  return { type, bits, field, representation, isDeferred: (flags & 1) !== 0, range };
}

function readLocator(bytes: Cursor): Locator {
  const size = bytes.i32();
  if (size >= 0) return { bytes: size, offset: bytes.u53() };
  const kind = -size >> 24;
  if (kind !== 1) throw new SyntaxError(`bytes lie in a place of kind ${kind}, which is not read`);
  return { bytes: bytes.u53(), offset: bytes.u53() };
}

function readLink(bytes: Cursor): Envelope {
  const length = bytes.u53();
  return { length, ...readLocator(bytes) };
}

async function readPageList(source: ByteSource, link: Envelope, header: bigint): Promise<NtupleCluster[]> {
  const { bytes } = await readEnvelope(source, link, 3);
  if (bytes.u64() !== header) throw new SyntaxError("its pages belong to another tuple");
  const clusters = bytes.list((record) => ({ first: record.u53(), sized: record.u64() }));
  const pages = bytes.items((columns) =>
    columns.items((column) => {
      const { inside, items } = column.frame(true);
      const found = Array.from({ length: items }, () => readPage(inside));
      return inside.i64() < 0n ? undefined : found; // of one that is kept otherwise, the first element is none
    })
  );
  if (pages.length !== clusters.length) throw new SyntaxError("its pages belong to other clusters");
  return clusters.map(({ first, sized }, i) => {
    if (sized >> 56n !== 0n) {
      throw new SyntaxError(`entry ${first}: its cluster is shared out, which is not read`);
    }
    return { first, entries: Number(sized), pages: pages[i] };
  });
}

function readPage(bytes: Cursor): NtuplePage {
  const count = bytes.i32();
  return { elements: Math.abs(count), hasChecksum: count < 0, ...readLocator(bytes) };
}

/** Reads numbers, low byte first, and frames, each of which says how long it is. */
class Cursor {
  #view: DataView;
  #at = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #next(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.bytes.length) throw new SyntaxError("its description is cut off");
    this.#at += bytes;
    return at;
  }

  skip = (bytes: number) => void this.#next(bytes);
  u16 = () => this.#view.getUint16(this.#next(2), true);
  u32 = () => this.#view.getUint32(this.#next(4), true);
  i32 = () => this.#view.getInt32(this.#next(4), true);
  i64 = () => this.#view.getBigInt64(this.#next(8), true);
  u64 = () => this.#view.getBigUint64(this.#next(8), true);
  f64 = () => this.#view.getFloat64(this.#next(8), true);

  /** A number that JavaScript counts exactly. */
  u53(): number {
    const value = Number(this.u64());
    if (!Number.isSafeInteger(value)) {
      throw new SyntaxError(`its description is damaged: ${value} bytes or entries`);
    }
    return value;
  }

  text(): string {
    const length = this.u32(), at = this.#next(length);
    return new TextDecoder().decode(this.bytes.subarray(at, at + length));
  }

  /** The inside of a frame that follows, and how many items it says it has. */
  frame(isList: boolean): { inside: Cursor; items: number } {
    const size = Number(this.i64()), whole = Math.abs(size), head = isList ? 12 : 8;
    if ((size < 0) !== isList || whole < head) {
      throw new SyntaxError("its description is damaged: no such frame");
    }
    const items = isList ? this.u32() : 1, at = this.#next(whole - head);
    if (items > whole) throw new SyntaxError(`its description is damaged: ${items} items in ${whole} bytes`);
    return { inside: new Cursor(this.bytes.subarray(at, at + whole - head)), items };
  }

  /** A record, whose end may hold what later formats say. */
  record = (): Cursor => this.frame(false).inside;

  /** A list's items, each with frames of its own. */
  items<T>(read: (inside: Cursor) => T): T[] {
    const { inside, items } = this.frame(true);
    return Array.from({ length: items }, () => read(inside));
  }

  /** A list of records. */
  list = <T>(read: (record: Cursor) => T): T[] => this.items((inside) => read(inside.record()));
}
