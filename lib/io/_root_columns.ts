/**
 * From what a branch says of itself to the kind of column that it is, and from its baskets to that column. @module
 */
import type { ByteSource } from "./byte_source.ts";
import { type Basket, readBaskets } from "./_root_baskets.ts";
import type { RootBranchObject, RootLeaf } from "./_root_file.ts";
import { NPY_ARRAYS, type NpyType, type NpyValues } from "./npy_type.ts";

/** Arrays that a column's numbers are kept in. */
export type RootValues = NpyValues;

/** How a branch's values lie. */
export type BranchKind =
  /** One value an entry, or a fixed number of them. */
  | "fixed"
  /** A number of values that differs from entry to entry. */
  | "jagged"
  /** Lists of lists. */
  | "nested"
  /** A text an entry. */
  | "text"
  /** What only jsroot reads, entry by entry. */
  | "object";

/** What is known of a branch before it is read. */
export interface BranchPlan {
  kind: BranchKind;
  /** Type of its numbers; undefined for texts and objects. */
  dtype: NpyType | undefined;
  /** Sides of a value: [3] for `x[3]` and for each of the values of `x[n][3]`. */
  shape: number[];
  /** As C++ calls it. */
  type: string;
  /** Bytes of an entry that are not this leaf's, where a branch has several leaves. */
  stride: { offset: number; bytes: number } | undefined;
  /** Bytes before each entry's values: a vector's byte count and version, a pointer's flag. */
  prefix: number;
}

/** A column. */
export interface RootColumn {
  /** Numbers of all entries, one after the other. */
  data: RootValues;
  /** Sides of one value, [] for a number. */
  shape: number[];
  /**
   * Of a jagged column, values of entry `i` are those from `offsets[i]` to before `offsets[i + 1]`; of a nested one, its
   * lists.
   */
  offsets?: Uint32Array;
  /** Of a nested column, values of list `k` are those from `inner[k]` to before `inner[k + 1]`. */
  inner?: Uint32Array;
}

type Maker = new (length: number) => RootValues;

/** Turns `count` numbers of the file's byte order, high byte first, into `out` from `to` on. */
type Put = (view: DataView, at: number, count: number, out: RootValues, to: number) => void;

/** One function a type, chosen once a column: a loop that meets one type of array only is several times as fast. */
const PUT: Readonly<Partial<Record<NpyType, Put>>> = {
  f8(view, at, count, out, to) {
    const values = out as Float64Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getFloat64(at + 8 * i);
  },
  f4(view, at, count, out, to) {
    const values = out as Float32Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getFloat32(at + 4 * i);
  },
  i8(view, at, count, out, to) {
    const values = out as BigInt64Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getBigInt64(at + 8 * i);
  },
  u8(view, at, count, out, to) {
    const values = out as BigUint64Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getBigUint64(at + 8 * i);
  },
  i4(view, at, count, out, to) {
    const values = out as Int32Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getInt32(at + 4 * i);
  },
  u4(view, at, count, out, to) {
    const values = out as Uint32Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getUint32(at + 4 * i);
  },
  i2(view, at, count, out, to) {
    const values = out as Int16Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getInt16(at + 2 * i);
  },
  u2(view, at, count, out, to) {
    const values = out as Uint16Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getUint16(at + 2 * i);
  },
  i1(view, at, count, out, to) {
    const values = out as Int8Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getInt8(at + i);
  },
  u1(view, at, count, out, to) {
    const values = out as Uint8Array;
    for (let i = 0; i < count; i++) values[to + i] = view.getUint8(at + i);
  },
};

const LEAVES: Record<string, NpyType> = {
  TLeafD: "f8",
  TLeafF: "f4",
  TLeafL: "i8",
  TLeafG: "i8",
  TLeafI: "i4",
  TLeafS: "i2",
  TLeafB: "i1",
  TLeafO: "b1",
};

/** Basic types by ROOT's number, which 20 more make an array of and 40 more a pointer. */
const STREAMED: Record<number, NpyType> = {
  1: "i1",
  2: "i2",
  3: "i4",
  4: "i8",
  5: "f4",
  6: "i4",
  8: "f8",
  11: "u1",
  12: "u2",
  13: "u4",
  14: "u8",
  16: "i8",
  17: "u8",
  18: "b1",
};

const NAMED: Record<string, NpyType> = {
  double: "f8",
  Double_t: "f8",
  float: "f4",
  Float_t: "f4",
  int: "i4",
  Int_t: "i4",
  "unsigned int": "u4",
  UInt_t: "u4",
  short: "i2",
  Short_t: "i2",
  "unsigned short": "u2",
  UShort_t: "u2",
  long: "i8",
  Long_t: "i8",
  "long long": "i8",
  Long64_t: "i8",
  int64_t: "i8",
  "unsigned long": "u8",
  ULong_t: "u8",
  "unsigned long long": "u8",
  ULong64_t: "u8",
  uint64_t: "u8",
  int32_t: "i4",
  uint32_t: "u4",
  int16_t: "i2",
  uint16_t: "u2",
  int8_t: "i1",
  uint8_t: "u1",
  char: "i1",
  Char_t: "i1",
  "signed char": "i1",
  "unsigned char": "u1",
  UChar_t: "u1",
  bool: "b1",
  Bool_t: "b1",
};

const CPP: Record<string, string> = {
  f8: "double",
  f4: "float",
  i8: "long long",
  u8: "unsigned long long",
  i4: "int",
  u4: "unsigned int",
  i2: "short",
  u2: "unsigned short",
  i1: "char",
  u1: "unsigned char",
  b1: "bool",
};

/**
 * Says how a branch's leaf is read.
 *
 * @param memberType The type of a class's member by its number, as the file describes the class.
 */
export function planBranch(
  branch: RootBranchObject,
  leaf: RootLeaf,
  memberType: (className: string, id: number) => string | undefined,
): BranchPlan {
  const element = branch._typename === "TBranchElement", className = branch.fClassName ?? "";
  const object = (type: string): BranchPlan => ({
    kind: "object",
    dtype: undefined,
    shape: [],
    type,
    stride: undefined,
    prefix: 0,
  });
  if (element && (branch.fStreamerType ?? -1) < 0) return vectorPlan(className) ?? object(className);
  if (element) {
    const streamed = branch.fStreamerType!, base = streamed % 20, dtype = STREAMED[base];
    if (streamed >= 300) { // a member of a class that was split: the branch says the class, not the member's type
      const type = memberType(className, branch.fID ?? -1) ?? className;
      return (branch.fType === 0 ? vectorPlan(type) : undefined) ?? object(type);
    }
    if (!dtype || streamed >= 60 || ![0, 31, 41].includes(branch.fType ?? 0)) return object(className);
    const inList = branch.fType === 31 || branch.fType === 41 || Boolean(leaf.fLeafCount);
    const isPointer = streamed >= 40; // a flag goes before what it points at
    if (isPointer && branch.fType !== 0) return object(`${CPP[dtype]}*`);
    const shape = sidesOf(leaf);
    const isJagged = inList || isPointer;
    return {
      kind: isJagged ? "jagged" : "fixed",
      dtype,
      shape,
      type: CPP[dtype] + (isJagged ? "[]" : "") + brackets(shape),
      stride: undefined,
      prefix: isPointer ? 1 : 0,
    };
  }
  if (leaf._typename === "TLeafC") return { ...object("char*"), kind: "text" };
  const plain = LEAVES[leaf._typename];
  if (!plain) return object(leaf._typename);
  const dtype = (leaf.fIsUnsigned && plain[0] === "i" ? `u${plain[1]}` : plain) as NpyType,
    shape = sidesOf(leaf);
  const kind = leaf.fLeafCount ? "jagged" : "fixed";
  const leaves = Array.from(branch.fLeaves.arr);
  const stride = leaves.length > 1 ? strideOf(leaves, leaf) : undefined;
  if (leaves.length > 1 && !stride) return object(leaf._typename);
  const type = CPP[dtype] + (kind === "jagged" ? "[]" : "") + brackets(shape);
  return { kind, dtype, shape, type, stride, prefix: 0 };
}

/** `vector<T>` and `vector<vector<T>>` of numbers. */
function vectorPlan(className: string): BranchPlan | undefined {
  const text = className.replaceAll("std::", "").replaceAll(/\s*([<>,])\s*/g, "$1");
  const match = /^vector<(vector<)?([A-Za-z0-9_ ]+?)>(>)?$/.exec(text);
  if (!match || Boolean(match[1]) !== Boolean(match[3])) return undefined;
  const dtype = NAMED[match[2]];
  if (!dtype) return undefined;
  const kind = match[1] ? "nested" : "jagged";
  return { kind, dtype, shape: [], type: className, stride: undefined, prefix: 6 };
}

/** Sides that a leaf's title writes behind its name, those that are numbers. */
function sidesOf({ fTitle, fLen }: RootLeaf): number[] {
  const sides = [...fTitle.matchAll(/\[(\d+)\]/g)].map(([, side]) => Number(side));
  if (sides.reduce((a, b) => a * b, 1) === fLen) return sides;
  return fLen === 1 ? [] : [fLen];
}

const brackets = (shape: readonly number[]) => shape.map((side) => `[${side}]`).join("");

/** Where a leaf's bytes are in an entry of several leaves of fixed size. */
function strideOf(leaves: readonly RootLeaf[], wanted: RootLeaf) {
  let offset = 0, bytes = 0;
  for (const leaf of leaves) {
    const type = LEAVES[leaf._typename];
    if (!type || leaf.fLeafCount) return undefined;
    if (leaf === wanted) offset = bytes;
    bytes += Number(type[1]) * leaf.fLen;
  }
  return { offset, bytes };
}

/**
 * Reads entries of a branch of numbers.
 *
 * @param countsOf Reads how many values entries have, for files that leave the entries' places to be found so.
 * @throws {SyntaxError} If a basket is damaged; the message names the entry.
 */
export async function readColumn(
  source: ByteSource,
  branch: RootBranchObject,
  plan: BranchPlan,
  first: number,
  end: number,
  countsOf?: (first: number, end: number) => Promise<ArrayLike<number>>,
): Promise<RootColumn> {
  const { kind, dtype, shape } = plan, width = shape.reduce((a, b) => a * b, 1);
  // As many as the branch's bytes hold: an array that grows is copied again and again.
  const share = Number(branch.fTotBytes) * (end - first) / Math.max(1, Number(branch.fEntries));
  const likely = share > 0 && share < 2 ** 30 ? Math.ceil(share / Number(dtype![1])) : 1024;
  const growing = new GrowingColumn(dtype!, end - first, kind, width, likely);
  const bytes = growing.valueBytes;
  for await (let basket of readBaskets(source, branch, first, end)) {
    if (kind === "jagged" && !basket.starts && basket.data.length > 0 && countsOf) {
      const counts = await countsOf(basket.first, basket.first + basket.entries);
      basket = { ...basket, starts: startsFrom(counts, bytes, basket.data.length) };
    }
    const from = Math.max(0, first - basket.first), to = Math.min(basket.entries, end - basket.first);
    try {
      if (kind === "fixed") growing.addFixed(basket, from, to, plan);
      else if (kind === "nested") growing.addNested(basket, from, to, plan);
      else growing.addJagged(basket, from, to, plan);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      const reason = error instanceof SyntaxError ? error.message : "its values are cut off";
      throw new SyntaxError(
        `entry ${basket.first + from} or one of the ${to - from - 1} after it: ${reason}`,
        {
          cause: error,
        },
      );
    }
  }
  const column = growing.column(shape);
  // Some writers keep other bytes than 1 for true.
  if (dtype === "b1") column.data = (column.data as Uint8Array).map((value) => value ? 1 : 0);
  return column;
}

/** Places of entries that lie side by side, by the number of values of each. */
function startsFrom(counts: ArrayLike<number>, bytes: number, end: number): Int32Array {
  const starts = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) starts[i + 1] = starts[i] + counts[i] * bytes;
  if (starts[counts.length] === end) return starts;
  throw new SyntaxError(`entries are to have ${starts[counts.length]} bytes, the basket has ${end}`);
}

/** Reads entries of a branch of texts. */
export async function readTexts(
  source: ByteSource,
  branch: RootBranchObject,
  first: number,
  end: number,
): Promise<string[]> {
  const texts: string[] = [], decoder = new TextDecoder();
  for await (const { first: start, entries, data, starts } of readBaskets(source, branch, first, end)) {
    if (!starts) throw new SyntaxError(`entry ${start}: its texts have no places`);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let i = Math.max(0, first - start); i < Math.min(entries, end - start); i++) {
      const at = starts[i];
      if (at === starts[i + 1]) {
        texts.push("");
        continue;
      }
      const isLong = data[at] === 255, length = isLong ? view.getInt32(at + 1) : data[at];
      const from = at + (isLong ? 5 : 1);
      if (from + length > data.length) throw new SyntaxError(`entry ${start + i}: its text is cut off`);
      texts.push(decoder.decode(data.subarray(from, from + length)));
    }
  }
  return texts;
}

/** A column that takes in basket after basket. */
class GrowingColumn {
  #values: RootValues;
  #used = 0;
  #entry = 0;
  readonly #Make: Maker;
  readonly #put: Put;
  readonly #size: number;
  /** Numbers of a value. */
  readonly #width: number;
  readonly #offsets: Uint32Array | undefined;
  #inner: Uint32Array | undefined;
  #lists = 0;

  constructor(dtype: NpyType, entries: number, kind: BranchKind, width: number, likely: number) {
    const Make = NPY_ARRAYS[dtype];
    this.#Make = Make;
    this.#put = PUT[dtype === "b1" ? "u1" : dtype]!;
    this.#size = Make.BYTES_PER_ELEMENT;
    this.#width = width;
    this.#values = new Make(kind === "fixed" ? entries * width : likely);
    if (kind !== "fixed") this.#offsets = new Uint32Array(entries + 1);
    if (kind === "nested") this.#inner = new Uint32Array(1024);
  }

  /** Bytes of a value in the file. */
  get valueBytes(): number {
    return this.#width * this.#size;
  }

  #makeRoom(more: number): void {
    const wanted = this.#used + more;
    if (wanted <= this.#values.length) return;
    const wider = new this.#Make(Math.max(wanted, 2 * this.#values.length));
    (wider as Float64Array).set(this.#values as Float64Array);
    this.#values = wider;
  }

  addFixed({ data, entries }: Basket, from: number, to: number, { stride }: BranchPlan): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const bytes = stride?.bytes ?? this.#width * this.#size;
    if (data.length < entries * bytes) {
      throw new SyntaxError(`${data.length} bytes are not ${entries} × ${bytes}`);
    }
    this.#makeRoom((to - from) * this.#width);
    if (!stride) this.#put(view, from * bytes, (to - from) * this.#width, this.#values, this.#used);
    else {
      for (let i = from; i < to; i++) {
        const at = i * bytes + stride.offset;
        this.#put(view, at, this.#width, this.#values, this.#used + (i - from) * this.#width);
      }
    }
    this.#used += (to - from) * this.#width;
    this.#entry += to - from;
  }

  addJagged(basket: Basket, from: number, to: number, { prefix }: BranchPlan): void {
    const { data, starts } = basket, offsets = this.#offsets!;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength),
      bytes = this.#width * this.#size;
    if (!starts) {
      // Without places, entries are all empty, or all of one size where a basket holds one.
      if (data.length > 0 && basket.entries > 1) {
        throw new SyntaxError("it has no places of its entries");
      }
      const count = data.length > 0 ? this.#countOf(view, 0, data.length, prefix, bytes) : 0;
      for (let i = from; i < to; i++) this.#append(view, data.length > 0 ? valuesAt(0, prefix) : 0, count);
      return;
    }
    if (prefix === 0) { // values lie side by side over all entries
      const start = starts[from], count = (starts[to] - start) / bytes;
      if (!Number.isInteger(count)) throw new SyntaxError("an entry is not a whole number of values");
      this.#makeRoom(count * this.#width);
      this.#put(view, start, count * this.#width, this.#values, this.#used);
      const before = this.#used / this.#width;
      for (let i = from; i < to; i++) offsets[++this.#entry] = before + (starts[i + 1] - start) / bytes;
      this.#used += count * this.#width;
      return;
    }
    this.#makeRoom(Math.ceil((starts[to] - starts[from]) / this.#size));
    for (let i = from; i < to; i++) {
      const count = this.#countOf(view, starts[i], starts[i + 1], prefix, bytes);
      this.#append(view, valuesAt(starts[i], prefix), count);
    }
  }

  /** How many values an entry has: as a vector says, or as its bytes hold. */
  #countOf(view: DataView, start: number, end: number, prefix: number, bytes: number): number {
    if (start === end) return 0;
    const at = valuesAt(start, prefix);
    const count = prefix === 6 ? view.getInt32(start + prefix) : (end - at) / bytes;
    if (!(Number.isInteger(count) && count >= 0 && at + count * bytes <= end)) {
      throw new SyntaxError(`${count} values do not fit ${end - start} bytes`);
    }
    return count;
  }

  #append(view: DataView, at: number, count: number): void {
    this.#makeRoom(count * this.#width);
    this.#put(view, at, count * this.#width, this.#values, this.#used);
    this.#used += count * this.#width;
    this.#offsets![++this.#entry] = this.#used / this.#width;
  }

  addNested({ data, starts, entries }: Basket, from: number, to: number, { prefix }: BranchPlan): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const places = starts ?? (entries === 1 ? Int32Array.of(0, data.length) : undefined);
    if (!places && data.length > 0) throw new SyntaxError("it has no places of its entries");
    for (let i = from; i < to; i++) {
      const end = places?.[i + 1] ?? 0;
      let at = (places?.[i] ?? 0) + prefix;
      const lists = at < end ? view.getInt32(at) : 0;
      at += 4;
      for (let k = 0; k < lists; k++) {
        const count = view.getInt32(at);
        if (!(count >= 0 && at + 4 + count * this.#size <= end)) {
          throw new SyntaxError(`${count} values do not fit ${end - at} bytes`);
        }
        this.#makeRoom(count);
        this.#put(view, at + 4, count, this.#values, this.#used);
        this.#used += count;
        at += 4 + count * this.#size;
        this.#addList();
      }
      this.#offsets![++this.#entry] = this.#lists;
    }
  }

  #addList(): void {
    this.#lists++;
    if (this.#lists >= this.#inner!.length) {
      const wider = new Uint32Array(2 * this.#inner!.length);
      wider.set(this.#inner!);
      this.#inner = wider;
    }
    this.#inner![this.#lists] = this.#used;
  }

  column(shape: number[]): RootColumn {
    return {
      data: this.#values.length === this.#used ? this.#values : this.#values.slice(0, this.#used),
      shape: [...shape],
      ...(this.#offsets && { offsets: this.#offsets }),
      ...(this.#inner && { inner: this.#inner.slice(0, this.#lists + 1) }),
    };
  }
}

/** Where an entry's values begin: behind a vector's header and its length, or a pointer's flag. */
function valuesAt(start: number, prefix: number): number {
  return start + prefix + (prefix === 6 ? 4 : 0);
}
