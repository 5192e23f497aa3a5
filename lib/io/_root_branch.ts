/** Branches of a tree that is being written: which numbers they hold, and whether some entries fit them. @module */
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

/** How numbers of a type are written. */
export interface Kind {
  leaf: string;
  letter: string;
  size: number;
  unsigned: boolean;
  make: new (length: number) => RootValues;
  put: (view: DataView, at: number, value: number | bigint) => void;
}

/** Every type, by its name in C++. */
export const KINDS: Readonly<Record<RootNumber, Kind>> = {
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

/** Entries of a branch that are written. */
export interface Basket {
  at: number;
  bytes: number;
  entries: number;
}

/** A branch, and what is written of it. */
export interface Branch {
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

/** Values in an array of these sides. */
export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The type of values for which none is said. */
export function ownType({ data, offsets }: RootColumnInput): RootType {
  const [name] = Object.entries(KINDS).find(([, { make }]) => data instanceof make)!;
  return (offsets ? `vector<${name}>` : name) as RootType;
}

/** Types of which there are vectors: those of which ROOT has a dictionary. */
const IN_VECTORS: readonly string[] = ["double", "float", "int", "short", "long long", "bool"];

/** A branch of a type. @throws {TypeError} If it is not written. */
function branchOf(name: string, type: string): Branch {
  const match = /^(vector<)?([a-z ]+)(>)?((?:\[\w+\])*)$/.exec(type);
  const [, open, number = "", close, sides = ""] = match ?? [];
  const known = Object.hasOwn(KINDS, number) ? KINDS[number as RootNumber] : undefined;
  const inside = [...sides.matchAll(/\[(\w+)\]/g)].map(([, side]) => side);
  const isCounted = inside.length === 1 && !/^\d+$/.test(inside[0]);
  const isFixed = inside.every((side) => /^[1-9]\d*$/.test(side));
  const isVector = open !== undefined;
  const isWhole = isVector === (close !== undefined) && !(isVector && sides !== "");
  const isWritten = isWhole && (isCounted || isFixed) && (!isVector || IN_VECTORS.includes(number));
  if (!known || !isWritten || !/^\w+$/.test(name)) {
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
}

/**
 * Branches of these types, with those that count others where they are not named themselves.
 *
 * @throws {TypeError} If a type is not written.
 */
export function parseBranches(types: Readonly<Record<string, RootType>>): Branch[] {
  const made: Branch[] = [], names = new Set(Object.keys(types));
  for (const [name, type] of Object.entries(types)) {
    const branch = branchOf(name, type);
    if (branch.counter !== undefined && !names.has(branch.counter)) {
      names.add(branch.counter);
      made.push(branchOf(branch.counter, "int"));
    }
    made.push(branch);
  }
  made.forEach(({ name, counter }, place) => {
    if (counter === undefined) return;
    const counts = made.findIndex((other) => other.name === counter);
    if (made[counts].type === "int" && counts <= place) return;
    throw new TypeError(
      `Cannot write branch "${name}" as "${counter}" must be an int that stands before it`,
    );
  });
  if (made.length === 0) throw new TypeError("Cannot write a tree without branches");
  return made;
}

/**
 * The values of each branch for some entries, in the branches' order, and how many entries these are.
 *
 * @throws {TypeError} If a branch is missing, or there is none of a name.
 * @throws {RangeError} If branches have different numbers of entries.
 */
export function columnsOf(
  branches: readonly Branch[],
  columns: Readonly<Record<string, RootColumnInput>>,
): { whole: RootColumnInput[]; count: number } {
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
  return { whole, count };
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
