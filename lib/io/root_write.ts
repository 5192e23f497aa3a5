/**
 * ROOT files with one tree: numbers, arrays of fixed and of counted length, `std::vector`s; plain or packed by zlib.
 *
 * uproot and jsroot read them value for value; ROOT does by format. Written here, as there is no other library for it.
 *
 * Source: the format as uproot 5 writes and reads it; see _root_encode.ts. @module
 */
import { createDurableWriter } from "../base/durable_writer.ts";
import { deflateSync } from "node:zlib";
import { joinParts, type Part, u8 } from "./_parts.ts";
import {
  ascii,
  counted,
  f64,
  fillStyle,
  i16,
  i32,
  i64,
  ioFeatures,
  lineStyle,
  markerStyle,
  objArray,
  pointer,
  str,
  streamerInfo,
  tnamed,
} from "./_root_encode.ts";
import type { RootValues } from "./_root_columns.ts";

/** Types of numbers that are written, as C++ calls them. */
export type RootNumber =
  | "double"
  | "float"
  | "long long"
  | "int"
  | "short"
  | "char"
  | "unsigned int"
  | "unsigned short"
  | "unsigned char"
  | "bool";

/**
 * A branch's type: a number, a fixed array (`"float[3]"`, `"int[2][2]"`), an array counted by another branch
 * (`"double[n]"`), or a vector (`"vector<float>"`; of double, float, int, short, long long or bool).
 */
export type RootType = RootNumber | `${RootNumber}[${string}]` | `vector<${RootNumber}>`;

/** Values of a branch for some entries. */
export interface RootColumnInput {
  /** Numbers of all entries, one after the other. */
  data: RootValues;
  /** Of counted arrays and vectors: values of entry `i` are those from `offsets[i]` to before `offsets[i + 1]`. */
  offsets?: ArrayLike<number>;
}

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

interface Kind {
  leaf: string;
  letter: string;
  size: number;
  unsigned: boolean;
  make: new (length: number) => RootValues;
  put: (view: DataView, at: number, value: number | bigint) => void;
}

const KINDS: Readonly<Record<RootNumber, Kind>> = {
  double: kind("TLeafD", "D", Float64Array, (view, at, value) => view.setFloat64(at, value as number)),
  float: kind("TLeafF", "F", Float32Array, (view, at, value) => view.setFloat32(at, value as number)),
  "long long": kind("TLeafL", "L", BigInt64Array, (view, at, value) => view.setBigInt64(at, value as bigint)),
  int: kind("TLeafI", "I", Int32Array, (view, at, value) => view.setInt32(at, value as number)),
  short: kind("TLeafS", "S", Int16Array, (view, at, value) => view.setInt16(at, value as number)),
  char: kind("TLeafB", "B", Int8Array, (view, at, value) => view.setInt8(at, value as number)),
  "unsigned int": kind(
    "TLeafI",
    "i",
    Uint32Array,
    (view, at, value) => view.setUint32(at, value as number),
    true,
  ),
  "unsigned short": kind(
    "TLeafS",
    "s",
    Uint16Array,
    (view, at, value) => view.setUint16(at, value as number),
    true,
  ),
  "unsigned char": kind(
    "TLeafB",
    "b",
    Uint8Array,
    (view, at, value) => view.setUint8(at, value as number),
    true,
  ),
  bool: kind("TLeafO", "O", Uint8Array, (view, at, value) => view.setUint8(at, value ? 1 : 0)),
};

function kind(leaf: string, letter: string, make: Kind["make"], put: Kind["put"], unsigned = false): Kind {
  return {
    leaf,
    letter,
    size: (make as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT,
    unsigned,
    make,
    put,
  };
}

interface Basket {
  at: number;
  bytes: number;
  entries: number;
}

interface Branch {
  name: string;
  type: string;
  number: Kind;
  /** Sides of a fixed array. */
  shape: number[];
  /** Name of the branch that counts it. */
  counter: string | undefined;
  isVector: boolean;
  baskets: Basket[];
  plainBytes: number;
  packedBytes: number;
  /** Most values of an entry, of a counter. */
  most: number;
}

/** Where bytes go. */
interface Sink {
  put(bytes: Uint8Array, at: number): void;
  finish(): void;
  abort(): void;
}

/** A fixed date, so that the same content gives the same file: 2026-01-01 00:00. */
const DATE = ((2026 - 1995) << 26) | (1 << 22) | (1 << 17);
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const BEGIN = 100, MOST_BYTES = 2_000_000_000, MOST_BLOCK = 0xffffff;

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
  return writer(tree, made, options, path.split(/[\\/]/).at(-1)!, createDurableWriter(path));
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
  const parts: { at: number; bytes: Uint8Array }[] = [];
  let size = 0;
  const put = (bytes: Uint8Array, at: number) => {
    parts.push({ at, bytes });
    size = Math.max(size, at + bytes.length);
  };
  const sink = { put, finish() {}, abort() {} };
  const file = writer(tree, parseBranches(Object.fromEntries(types)), options, "memory.root", sink);
  file.append(columns);
  file.close();
  const out = new Uint8Array(size);
  for (const { at, bytes } of parts) out.set(bytes, at);
  return out;
}

function ownType({ data, offsets }: RootColumnInput): RootType {
  const [name] = Object.entries(KINDS).find(([, { make }]) => data instanceof make)!;
  return (offsets ? `vector<${name}>` : name) as RootType;
}

function parseBranches(branches: Readonly<Record<string, RootType>>): Branch[] {
  const made: Branch[] = [], names = new Set(Object.keys(branches));
  const make = (name: string, type: string): Branch => {
    const match = /^(vector<)?([a-z ]+)(>)?((?:\[\w+\])*)$/.exec(type);
    const [, open, number, close, sides = ""] = match ?? [];
    const known = Object.hasOwn(KINDS, number ?? "") ? KINDS[number as RootNumber] : undefined;
    const inside = [...sides.matchAll(/\[(\w+)\]/g)].map(([, side]) => side);
    const isCounted = inside.length === 1 && !/^\d+$/.test(inside[0]);
    const isFixed = inside.every((side) => /^[1-9]\d*$/.test(side));
    const isVector = open !== undefined;
    const good = known && isVector === (close !== undefined) && (isCounted || isFixed) &&
      !(isVector && sides !== "");
    const writable = !isVector || ["double", "float", "int", "short", "long long", "bool"].includes(number!);
    if (!good || !writable || !/^\w+$/.test(name)) {
      throw new TypeError(
        `Cannot write branch ${JSON.stringify(name)} of type ${JSON.stringify(type)}: expected a number ` +
          `(${Object.keys(KINDS).join(", ")}), "float[3]", "double[n]" or "vector<double>"`,
      );
    }
    return {
      name,
      type,
      number: known,
      shape: isCounted ? [] : inside.map(Number),
      counter: isCounted ? inside[0] : undefined,
      isVector,
      baskets: [],
      plainBytes: 0,
      packedBytes: 0,
      most: 0,
    };
  };
  for (const [name, type] of Object.entries(branches)) {
    const branch = make(name, type);
    if (branch.counter !== undefined && !names.has(branch.counter)) {
      names.add(branch.counter);
      made.push(make(branch.counter, "int"));
    }
    made.push(branch);
  }
  for (const { name, counter } of made) {
    const counts = counter === undefined ? undefined : made.findIndex((other) => other.name === counter);
    if (counts === undefined) continue;
    if (made[counts].type !== "int" || counts > made.findIndex((other) => other.name === name)) {
      throw new TypeError(
        `Cannot write branch "${name}" as "${counter}" must be an int that stands before it`,
      );
    }
  }
  if (made.length === 0) throw new TypeError("Cannot write a tree without branches");
  return made;
}

function writer(
  treeName: string,
  branches: Branch[],
  { compression = "zlib", level = 1 }: WriteRootOptions,
  fileName: string,
  sink: Sink,
): RootWriter {
  let end = BEGIN, entries = 0, plainTotal = 0, packedTotal = 0, isOpen = true;

  /** A key and what it stands before. */
  function put(
    className: string,
    name: string,
    title: string,
    content: { packed: Uint8Array; plain: number },
    extra: Part = [],
    parent = BEGIN,
  ) {
    const head = keyBytes(className, name, title, content.packed.length, content.plain, extra, end, parent),
      at = end;
    sink.put(head, at);
    sink.put(content.packed, at + head.length);
    end += head.length + content.packed.length;
    return { at, head, bytes: head.length + content.packed.length };
  }
  const plain = (bytes: Uint8Array) => ({ packed: bytes, plain: bytes.length });

  const names = joinParts([str(fileName), str("")]);
  const rootKeyBytes = keyBytes("TFile", fileName, "", 0, 0, [], BEGIN, 0).length;
  const nameBytes = rootKeyBytes + names.length;
  const directory = (keysAt: number, keysBytes: number) =>
    joinParts([
      names,
      [i16(5), i32(DATE), i32(DATE), i32(keysBytes), i32(nameBytes), i32(BEGIN), i32(0), i32(keysAt)],
      [i16(1), UUID, new Uint8Array(12)],
    ]);
  put("TFile", fileName, "", plain(directory(0, 0)), [], 0);

  /** The bytes of some entries of a branch, and where each starts. */
  function encodeEntries(branch: Branch, column: RootColumnInput, count: number) {
    const { number, isVector, name, counter, shape } = branch,
      { data, offsets } = column,
      width = product(shape);
    if (!(data instanceof number.make)) {
      throw new TypeError(
        `Cannot write branch "${name}" of type ${branch.type} from a ${data.constructor.name}`,
      );
    }
    if (!isVector && counter === undefined) {
      if (offsets) {
        throw new TypeError(
          `Cannot write branch "${name}" of type ${branch.type} with offsets as every entry has as many values: ` +
            `leave them out, or write a vector<…> or an array counted by another branch`,
        );
      }
      if (data.length !== count * width) {
        throw new RangeError(
          `Cannot write branch "${name}" as ${count} entries need ${
            count * width
          } values: got ${data.length}`,
        );
      }
      return { bytes: numbers(number, data, 0, data.length), starts: undefined };
    }
    if (!offsets || offsets.length !== count + 1 || offsets[0] !== 0 || offsets[count] !== data.length) {
      throw new RangeError(
        `Cannot write branch "${name}" as ${count} entries need ${
          count + 1
        } offsets from 0 to ${data.length}: got ` +
          `${offsets ? `${offsets.length} from ${offsets[0]} to ${offsets[offsets.length - 1]}` : "none"}`,
      );
    }
    const starts = new Int32Array(count), head = isVector ? 10 : 0;
    const bytes = new Uint8Array(count * head + data.length * number.size), view = new DataView(bytes.buffer);
    for (let i = 0, at = 0; i < count; i++) {
      const first = offsets[i], length = offsets[i + 1] - first;
      if (!(length >= 0)) {
        throw new RangeError(`Cannot write branch "${name}" as its offsets go back at entry ${i}`);
      }
      starts[i] = at;
      if (isVector) {
        view.setUint32(at, (6 + length * number.size | 0x40000000) >>> 0);
        view.setInt16(at + 4, 9);
        view.setInt32(at + 6, length);
        at += 10;
      }
      for (let k = 0; k < length; k++, at += number.size) number.put(view, at, data[first + k]);
      branch.most = Math.max(branch.most, length);
    }
    return { bytes, starts };
  }

  function putBasket(branch: Branch, column: RootColumnInput, count: number): void {
    const { bytes, starts } = encodeEntries(branch, column, count);
    const extra = (last: number) => [
      [
        i16(3),
        i32(32000),
        i32(starts ? 1000 : bytes.length / Math.max(1, count)),
        i32(count),
        i32(last),
        u8(0),
      ],
    ];
    const keyLength = keyBytes("TBasket", branch.name, treeName, 0, 0, extra(0), end, BEGIN).length;
    const places = starts
      ? [i32(count + 1), placesOf(starts, keyLength), i32(0)] // the last one is never looked at
      : [];
    const all = joinParts([bytes, places]);
    const packed = compression === "zlib" ? packBlocks(all, level) : all;
    const content = { packed: packed.length < all.length ? packed : all, plain: all.length };
    const { at, bytes: size } = put(
      "TBasket",
      branch.name,
      treeName,
      content,
      extra(keyLength + bytes.length),
    );
    branch.baskets.push({ at, bytes: size, entries: count });
    branch.plainBytes += keyLength + all.length;
    branch.packedBytes += size;
    plainTotal += keyLength + all.length;
    packedTotal += size;
    if (end > MOST_BYTES) throw new RangeError("Cannot write a ROOT file of more than 2 GB: write several");
  }

  function treeRecord(keyLength: number): Uint8Array {
    // A reference is the place of what it means; sizes do not depend on it, so a first build finds the places.
    const draft = joinParts(build(() => i32(0)));
    const places = new Map<string, number>();
    let at = 0;
    for (const { name, isVector, number } of branches) {
      const leaf = isVector ? "TLeafElement" : number.leaf, mark = joinParts([i32(-1), ascii(leaf), u8(0)]);
      while (!mark.every((byte, i) => draft[at + i] === byte)) at++;
      places.set(name, at - 4 + keyLength + 2);
      at += mark.length;
    }
    return joinParts(build((name) => i32(places.get(name)!)));
  }

  function build(reference: (branch: string) => Part): Part {
    const clusters = branches[0].baskets.map(({ entries }) => entries);
    return counted(
      20,
      [tnamed(treeName, ""), lineStyle, fillStyle, markerStyle],
      [i64(entries), i64(plainTotal), i64(packedTotal), i64(0), i64(0), f64(1)],
      [i32(0), i32(25), i32(0), i32(1000), i32(0)],
      [i64(1e12), i64(1e12), i64(0), i64(-3e8), i64(clusters[0] ?? -3e7), i64(1e6), u8(0), u8(0), ioFeatures],
      objArray(...branches.map((branch) => branchRecord(branch, reference))),
      objArray(...branches.map(({ name }) => reference(name))),
      new Array(7).fill(i32(0)), // aliases, two empty arrays, index, friends, user info, branch reference
    );
  }

  function branchRecord(branch: Branch, reference: (branch: string) => Part): Part {
    const { name, number, isVector, counter, shape, baskets, type } = branch;
    const counts = branches.filter((other) => other.counter === name),
      sides = shape.map((side) => `[${side}]`).join("");
    const label = counter === undefined ? name + sides : `${name}[${counter}]`;
    const leafBase = counted(
      2,
      tnamed(isVector ? name : name, label),
      [
        i32(isVector ? 1 : product(shape)),
        i32(isVector ? 0 : number.size),
        i32(0),
        u8(counts.length ? 1 : 0),
      ],
      [u8(!isVector && number.unsigned ? 1 : 0), counter === undefined ? i32(0) : reference(counter)],
    );
    const most = Math.max(0, ...counts.map((other) => other.most));
    const leaf = isVector
      ? pointer("TLeafElement", counted(1, leafBase, i32(-1), i32(-1)))
      : pointer(number.leaf, counted(1, leafBase, rangeOf(number, most)));
    const slots = Math.max(10, baskets.length + 1);
    const padded = (values: Part[], width: number): Part => [
      u8(1),
      values,
      new Uint8Array((slots - values.length) * width),
    ];
    let entry = 0;
    const firsts = [i64(0), ...baskets.map(({ entries }) => i64(entry += entries))];
    const jagged = isVector || counter !== undefined;
    const body = counted(
      13,
      [tnamed(name, isVector ? name : `${label}/${number.letter}`), fillStyle],
      [
        i32(compression === "zlib" ? 100 + level : 0),
        i32(32000),
        i32(jagged ? 1000 : 0),
        i32(baskets.length),
      ],
      [i64(entries), ioFeatures, i32(0), i32(slots), i32(isVector ? 99 : 0)],
      [i64(entries), i64(0), i64(branch.plainBytes), i64(branch.packedBytes)],
      [objArray(), objArray(leaf), objArray()],
      padded(baskets.map(({ bytes }) => i32(bytes)), 4),
      padded(firsts, 8),
      padded(baskets.map(({ at }) => i64(at)), 8),
      str(""),
    );
    if (!isVector) return pointer("TBranch", body);
    const own = [
      str(type),
      str(""),
      str(""),
      i32(0),
      i16(6),
      i32(-1),
      i32(0),
      i32(-1),
      i32(0),
      i32(0),
      i32(0),
    ];
    return pointer("TBranchElement", counted(10, body, own));
  }

  return {
    get entries() {
      return entries;
    },
    append(columns) {
      if (!isOpen) throw new TypeError("Cannot add entries to a ROOT file that is closed");
      const unknown = Object.keys(columns).find((name) => !branches.some((branch) => branch.name === name));
      if (unknown !== undefined) {
        throw new TypeError(`Cannot write branch "${unknown}": the tree has no such branch`);
      }
      const whole = branches.map((branch) => columns[branch.name] ?? countsOf(branch, branches, columns));
      const counts = branches.map((branch, i) => entriesOf(branch, whole[i]));
      const count = counts[0], odd = counts.findIndex((other) => other !== count);
      if (odd >= 0) {
        throw new RangeError(
          `Cannot write entries as "${branches[0].name}" has ${count} of them and "${branches[odd].name}" ${
            counts[odd]
          }`,
        );
      }
      checkCounters(branches, whole);
      if (count === 0) return;
      branches.forEach((branch, i) => putBasket(branch, whole[i], count));
      entries += count;
    },
    close() {
      if (!isOpen) return;
      const keyLength = keyBytes("TTree", treeName, "", 0, 0, [], end, BEGIN).length;
      const tree = put("TTree", treeName, "", plain(treeRecord(keyLength)));
      const keys = put("TFile", fileName, "", plain(joinParts([i32(1), tree.head])));
      const info = put("TList", "StreamerInfo", "Doubly linked list", plain(streamerInfo()));
      const freeAt = end, freeBytes = rootKeyBytes + 10;
      const free = joinParts([i16(1), i32(freeAt + freeBytes), i32(MOST_BYTES)]);
      put("TFile", fileName, "", plain(free));
      isOpen = false;
      const key = keyBytes(
        "TFile",
        fileName,
        "",
        directory(0, 0).length,
        directory(0, 0).length,
        [],
        BEGIN,
        0,
      );
      sink.put(joinParts([key, directory(keys.at, keys.bytes)]), BEGIN);
      const head = joinParts([
        [
          ascii("root"),
          i32(62406),
          i32(BEGIN),
          i32(end),
          i32(freeAt),
          i32(freeBytes),
          i32(1),
          i32(nameBytes),
        ],
        [u8(4), i32(compression === "zlib" ? 100 + level : 0), i32(info.at), i32(info.bytes), i16(1), UUID],
      ]);
      sink.put(head, 0);
      sink.finish();
    },
    abort() {
      if (!isOpen) return;
      isOpen = false;
      sink.abort();
    },
  };
}

function keyBytes(
  className: string,
  name: string,
  title: string,
  packed: number,
  plain: number,
  extra: Part,
  seek: number,
  parent: number,
): Uint8Array {
  const names = joinParts([str(className), str(name), str(title)]), more = joinParts(extra);
  const length = 26 + names.length + more.length;
  return joinParts([
    [i32(length + packed), i16(4), i32(plain), i32(DATE), i16(length), i16(1), i32(seek), i32(parent)],
    [names, more],
  ]);
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function numbers(number: Kind, data: RootValues, first: number, end: number): Uint8Array {
  const out = new Uint8Array((end - first) * number.size), view = new DataView(out.buffer);
  for (let i = first, at = 0; i < end; i++, at += number.size) number.put(view, at, data[i]);
  return out;
}

function placesOf(starts: Int32Array, keyLength: number): Uint8Array {
  const out = new Uint8Array(4 * starts.length), view = new DataView(out.buffer);
  starts.forEach((start, i) => view.setInt32(4 * i, start + keyLength));
  return out;
}

/** Blocks of at most 16 MiB, each behind its header. */
function packBlocks(bytes: Uint8Array, level: number): Uint8Array {
  const parts: Part[] = [];
  const size = (value: number) => u8(value & 255, value >> 8 & 255, value >> 16 & 255);
  for (let at = 0; at < bytes.length; at += MOST_BLOCK) {
    const block = bytes.subarray(at, at + MOST_BLOCK), packed = deflateSync(block, { level });
    if (packed.length > MOST_BLOCK) return bytes;
    parts.push([ascii("ZL"), u8(8), size(packed.length), size(block.length), packed]);
  }
  return joinParts(parts);
}

/** A leaf's least and greatest value; of a counter, the most values of an entry. */
function rangeOf({ leaf }: Kind, most: number): Part {
  switch (leaf) {
    case "TLeafD":
      return [f64(0), f64(0)];
    case "TLeafF":
      return [i32(0), i32(0)];
    case "TLeafL":
      return [i64(0), i64(0)];
    case "TLeafI":
      return [i32(0), i32(most)];
    case "TLeafS":
      return [i16(0), i16(0)];
    default:
      return [u8(0), u8(0)];
  }
}

/** The counts of a branch that no values were given for, from the offsets of one that it counts. */
function countsOf(
  { name }: Branch,
  branches: readonly Branch[],
  columns: Readonly<Record<string, RootColumnInput>>,
): RootColumnInput {
  const counting = branches.find((other) => other.counter === name && columns[other.name]?.offsets);
  if (!counting) throw new TypeError(`Cannot write entries as branch "${name}" is missing`);
  return { data: lengthsOf(columns[counting.name].offsets!) };
}

function lengthsOf(offsets: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: Math.max(0, offsets.length - 1) }, (_, i) => offsets[i + 1] - offsets[i]);
}

function entriesOf({ isVector, counter, shape }: Branch, { data, offsets }: RootColumnInput): number {
  if (isVector || counter !== undefined) return Math.max(0, (offsets?.length ?? 0) - 1);
  return data.length / product(shape);
}

/** A counted array has as many values as its counter says. */
function checkCounters(branches: readonly Branch[], columns: readonly RootColumnInput[]): void {
  branches.forEach(({ name, counter }, i) => {
    if (counter === undefined) return;
    const counts = columns[branches.findIndex((other) => other.name === counter)].data;
    const wrong = lengthsOf(columns[i].offsets ?? []).findIndex((length, entry) => length !== counts[entry]);
    if (wrong < 0) return;
    throw new RangeError(
      `Cannot write branch "${name}" as its entry ${wrong} has not as many values as "${counter}" says`,
    );
  });
}
