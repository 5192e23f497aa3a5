/**
 * ROOT files with one tree: numbers, arrays of fixed and of counted length, `std::vector`s; plain or packed by zlib.
 *
 * uproot and jsroot read them value for value; ROOT does by format. Written here, as there is no other library for it.
 *
 * Source: the format as uproot 5 writes and reads it; see _root_encode.ts. @module
 */
import { createDurableWriter, type DurableWriter } from "../base/durable_writer.ts";
import { createMemorySink } from "./_memory_sink.ts";
import { joinParts, type Part, u8 } from "./_parts.ts";
import {
  type Branch,
  columnsOf,
  ownType,
  parseBranches,
  type RootColumnInput,
  type RootType,
} from "./_root_branch.ts";
import { ascii, i16, i32, str, streamerInfo } from "./_root_encode.ts";
import { encodeEntries, packBlocks, placesOf } from "./_root_entries.ts";
import { treeRecord } from "./_root_tree.ts";

export type { RootColumnInput, RootNumber, RootType } from "./_root_branch.ts";

/** How a file is written. */
export interface WriteRootOptions {
  /** Packs baskets by zlib. @default {"zlib"} */
  compression?: "zlib" | "none";
  /** Deflate level from 1 to 9. @default {1} */
  level?: number;
}

/** A file being written. */
export interface RootWriter {
  /** Entries so far. */
  readonly entries: number;
  /**
   * Adds entries: one basket a branch.
   *
   * @throws {TypeError} If a branch is missing or of another type.
   * @throws {RangeError} If branches have different numbers of entries, or the file would pass 2 GB.
   */
  append(columns: Readonly<Record<string, RootColumnInput>>): void;
  /** Writes the tree and where everything is. */
  close(): void;
  /** Gives up: nothing stays. Does nothing after `close`. */
  abort(): void;
}

/** A fixed date, so that the same content gives the same file: 2026-01-01 00:00. */
const DATE = ((2026 - 1995) << 26) | (1 << 22) | (1 << 17);
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const BEGIN = 100, MOST_BYTES = 2_000_000_000;

/**
 * Starts a file with one tree that appears at `path` when it is closed, never half-written.
 *
 * Memory: the entries of one `append`, packed.
 *
 * @param branches Types by name; a branch that counts others (`"double[n]"`) is written by itself where it is not named.
 * @throws {TypeError} If a type is not written.
 * @example
 * ```ts ignore
 * const file = createRootFile("hits.root", "hits", { evt: "int", radius: "vector<double>" });
 * for (const batch of batches) file.append(batch);
 * file.close();
 * ```
 */
export function createRootFile(
  path: string,
  tree: string,
  branches: Readonly<Record<string, RootType>>,
  options: WriteRootOptions = {},
): RootWriter {
  const made = parseBranches(branches); // refused before a file is there
  return new TreeWriter(tree, made, options, path.split(/[\\/]/).at(-1)!, createDurableWriter(path));
}

/**
 * Encodes a ROOT file with one tree in memory.
 *
 * @param columns Type and values by name; the type may be left out, then it is the array's own, a vector with `offsets`.
 * @throws {TypeError} If a type is not written or does not fit its values.
 * @throws {RangeError} If branches have different numbers of entries.
 * @example
 * ```ts
 * const bytes = encodeRoot("hits", {
 *   evt: { data: Int32Array.of(7, 8) },
 *   radius: { type: "vector<double>", data: Float64Array.of(1, 2, 3), offsets: [0, 1, 3] },
 * });
 * String.fromCharCode(...bytes.subarray(0, 4)); // "root"
 * ```
 */
export function encodeRoot(
  tree: string,
  columns: Readonly<Record<string, RootColumnInput & { type?: RootType }>>,
  options: WriteRootOptions = {},
): Uint8Array {
  const types = Object.entries(columns).map(([name, column]) => [name, column.type ?? ownType(column)]);
  const branches = parseBranches(Object.fromEntries(types)), memory = createMemorySink();
  const file = new TreeWriter(tree, branches, options, "memory.root", memory);
  file.append(columns);
  file.close();
  return memory.bytes();
}

/** Something in a file. */
interface FileRecord {
  className: string;
  name: string;
  title?: string;
  /** Its bytes as they stand in the file. */
  packed: Uint8Array;
  /** How many these were before they were packed. */
  plain: number;
  /** What its key says beside what every key does. */
  extra?: Part;
  /** Where the folder begins that it is in. @default {the file's own} */
  parent?: number;
}

/** Where a record was put. */
interface Placed {
  at: number;
  head: Uint8Array;
  bytes: number;
}

const unpacked = (bytes: Uint8Array) => ({ packed: bytes, plain: bytes.length });

/** What is said before a record: what it is, how long, and where. */
function keyOf(
  { className, name, title = "", packed, plain, extra = [], parent = BEGIN }: FileRecord,
  at: number,
) {
  const names = joinParts([str(className), str(name), str(title)]), more = joinParts(extra);
  const length = 26 + names.length + more.length;
  return joinParts([
    [i32(length + packed.length), i16(4), i32(plain), i32(DATE), i16(length), i16(1), i32(at), i32(parent)],
    [names, more],
  ]);
}

/** What a basket's key says: its entries, and where the last of them ends. */
function basketInfo(perEntry: number, count: number, last: number): Part {
  return [i16(3), i32(32000), i32(perEntry), i32(count), i32(last), u8(0)];
}

/** A file with one tree. */
class TreeWriter implements RootWriter {
  readonly #treeName: string;
  readonly #branches: Branch[];
  readonly #fileName: string;
  readonly #sink: DurableWriter;
  /** Deflate level; 0 where nothing is packed. */
  readonly #level: number;
  #end = BEGIN;
  #entries = 0;
  #plainBytes = 0;
  #packedBytes = 0;
  #isOpen = true;

  constructor(
    treeName: string,
    branches: Branch[],
    { compression = "zlib", level = 1 }: WriteRootOptions,
    fileName: string,
    sink: DurableWriter,
  ) {
    this.#treeName = treeName;
    this.#branches = branches;
    this.#level = compression === "zlib" ? level : 0;
    this.#fileName = fileName;
    this.#sink = sink;
    this.#put({ ...this.#directory(0, 0), parent: 0 }); // room for what is written at the end
  }

  get entries(): number {
    return this.#entries;
  }

  /** ROOT's number of zlib at a level; 0 where nothing is packed. */
  get #compression(): number {
    return this.#level > 0 ? 100 + this.#level : 0;
  }

  /** Writes a record behind everything else. */
  #put(record: FileRecord): Placed {
    const at = this.#end, head = keyOf(record, at);
    this.#sink.put(head, at);
    this.#sink.put(record.packed, at + head.length);
    const bytes = head.length + record.packed.length;
    this.#end += bytes;
    return { at, head, bytes };
  }

  /** A record of the file itself. */
  #own(bytes: Uint8Array): FileRecord {
    return { className: "TFile", name: this.#fileName, ...unpacked(bytes) };
  }

  /** Bytes of the key of such a record. */
  get #keyBytes(): number {
    return keyOf(this.#own(new Uint8Array()), 0).length;
  }

  get #names(): Uint8Array {
    return joinParts([str(this.#fileName), str("")]);
  }

  /** The file's folder: where the list of what is in it stands. */
  #directory(keysAt: number, keysBytes: number): FileRecord {
    const names = this.#names, nameBytes = this.#keyBytes + names.length;
    return this.#own(joinParts([
      names,
      [i16(5), i32(DATE), i32(DATE), i32(keysBytes), i32(nameBytes), i32(BEGIN), i32(0), i32(keysAt)],
      [i16(1), UUID, new Uint8Array(12)],
    ]));
  }

  append(columns: Readonly<Record<string, RootColumnInput>>): void {
    if (!this.#isOpen) throw new TypeError("Cannot add entries to a ROOT file that is closed");
    const { whole, count } = columnsOf(this.#branches, columns);
    if (count === 0) return;
    this.#branches.forEach((branch, i) => this.#putBasket(branch, whole[i], count));
    this.#entries += count;
  }

  /** Writes some entries of a branch. */
  #putBasket(branch: Branch, column: RootColumnInput, count: number): void {
    const { bytes, starts, most } = encodeEntries(branch, column, count);
    branch.most = Math.max(branch.most, most);
    const key = { className: "TBasket", name: branch.name, title: this.#treeName };
    const perEntry = starts ? 1000 : bytes.length / Math.max(1, count);
    const keyLength =
      keyOf({ ...key, ...unpacked(new Uint8Array()), extra: basketInfo(perEntry, count, 0) }, 0)
        .length;
    const all = joinParts([bytes, starts ? placesOf(starts, keyLength) : []]);
    const packed = this.#level > 0 ? packBlocks(all, this.#level) : all;
    const placed = this.#put({
      ...key,
      packed: packed.length < all.length ? packed : all,
      plain: all.length,
      extra: basketInfo(perEntry, count, keyLength + bytes.length),
    });
    branch.baskets.push({ at: placed.at, bytes: placed.bytes, entries: count });
    branch.plainBytes += keyLength + all.length;
    branch.packedBytes += placed.bytes;
    this.#plainBytes += keyLength + all.length;
    this.#packedBytes += placed.bytes;
    if (this.#end > MOST_BYTES) {
      throw new RangeError("Cannot write a ROOT file of more than 2 GB: write several");
    }
  }

  #putTree(): Placed {
    const key = { className: "TTree", name: this.#treeName };
    const keyLength = keyOf({ ...key, ...unpacked(new Uint8Array()) }, 0).length;
    const tree = {
      name: this.#treeName,
      branches: this.#branches,
      entries: this.#entries,
      plainBytes: this.#plainBytes,
      packedBytes: this.#packedBytes,
      compression: this.#compression,
    };
    return this.#put({ ...key, ...unpacked(treeRecord(tree, keyLength)) });
  }

  close(): void {
    if (!this.#isOpen) return;
    const tree = this.#putTree();
    const keys = this.#put(this.#own(joinParts([i32(1), tree.head])));
    const title = "Doubly linked list";
    const info = this.#put({ className: "TList", name: "StreamerInfo", title, ...unpacked(streamerInfo()) });
    const freeAt = this.#end, freeBytes = this.#keyBytes + 10;
    this.#put(this.#own(joinParts([i16(1), i32(freeAt + freeBytes), i32(MOST_BYTES)])));
    this.#isOpen = false;
    const directory = { ...this.#directory(keys.at, keys.bytes), parent: 0 };
    this.#sink.put(joinParts([keyOf(directory, BEGIN), directory.packed]), BEGIN);
    const nameBytes = this.#keyBytes + this.#names.length;
    this.#sink.put(
      joinParts([
        [ascii("root"), i32(62406), i32(BEGIN), i32(this.#end), i32(freeAt), i32(freeBytes), i32(1)],
        [i32(nameBytes), u8(4), i32(this.#compression), i32(info.at), i32(info.bytes), i16(1), UUID],
      ]),
      0,
    );
    this.#sink.finish();
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sink.abort();
  }
}
