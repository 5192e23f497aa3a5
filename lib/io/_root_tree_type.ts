/** What a tree of a ROOT file can be asked, whatever it is kept as; and how its branches are found by name. @module */
import { nearest } from "../base/nearest.ts";
import type { NpyType } from "./npy_type.ts";
import type { BranchKind, RootColumn } from "./_root_columns.ts";

/** A branch of a tree, or one leaf of a branch that has several. */
export interface RootBranch {
  /** Its path: names of the branches that it is in, with slashes between; of an RNTuple's fields, with points. */
  name: string;
  /** How its values lie. */
  kind: BranchKind;
  /** NumPy's name of its numbers' type; undefined for texts and objects. */
  dtype?: NpyType;
  /** Sides of one value: [3] for `x[3]`. */
  shape: number[];
  /** As C++ calls it: "double", "vector<int>", "float[]". */
  type: string;
}

/** Which entries are read, and how much of them. */
export interface RootReadOptions {
  /** From `first` to before `end`. @default {all} */
  entries?: readonly [first: number, end: number];
  /** Most unpacked bytes of all branches together. @default {1_073_741_824} */
  maxBytes?: number;
}

/** A tree, or an RNTuple: entries with named values. */
export interface RootTree {
  /** Its path in the file. */
  readonly name: string;
  /** Entries. */
  readonly entries: number;
  /** Everything that can be read, in the file's order. */
  readonly branches: readonly RootBranch[];
  /**
   * Reads branches of numbers.
   *
   * @param names Paths of branches, or last parts of paths where only one branch ends so.
   * @returns A column by each name as it was given.
   * @throws {RangeError} If a branch is missing (the nearest is named), entries are out of range, or it is too much.
   * @throws {TypeError} If a branch holds texts or objects.
   * @throws {SyntaxError} If the file is damaged; the message names file, tree, branch and entry.
   */
  read<Name extends string>(
    names: readonly Name[],
    options?: RootReadOptions,
  ): Promise<Record<Name, RootColumn>>;
  /** Reads a branch of texts. */
  readTexts(name: string, options?: RootReadOptions): Promise<string[]>;
  /** Reads a branch of any kind as jsroot understands it, an object an entry: slow, for what `read` refuses. */
  readObjects(name: string, options?: RootReadOptions): Promise<unknown[]>;
}

/**
 * Finds a branch by its path, or by the last part of it where only one branch ends so.
 *
 * @param separator What stands between the parts of a path.
 * @param failed How messages begin.
 * @throws {RangeError} If there is none, or several; the nearest is named.
 */
export function findBranch<B extends { name: string }>(
  branches: readonly B[],
  wanted: string,
  separator: "/" | ".",
  failed: string,
): B {
  const exact = branches.find((branch) => branch.name === wanted || branch.name === `${wanted}.`);
  if (exact) return exact;
  const ending = branches.filter(({ name }) => name.replace(/\.$/, "").split(separator).at(-1) === wanted);
  if (ending.length === 1) return ending[0];
  const names = (ending.length > 1 ? ending : branches).map((branch) => branch.name);
  throw missing(
    `${failed}, branch "${wanted}": ${ending.length > 1 ? "several end so" : "no such branch"}`,
    wanted,
    names,
  );
}

/** Which entries are read. @throws {RangeError} If they are not inside. */
export function entryRange(
  { entries: asked }: RootReadOptions,
  entries: number,
  failed: string,
): readonly [first: number, end: number] {
  const [first, end] = asked ?? [0, entries];
  if (Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first <= end && end <= entries) {
    return [first, end];
  }
  throw new RangeError(`${failed} as entries ${first} to ${end} are not inside: it has ${entries}`);
}

/** What to say of a name that is not there. */
export function missing(what: string, name: string, names: readonly string[]): RangeError {
  const near = nearest(name, names), some = names.slice(0, 10).map((other) => `"${other}"`).join(", ");
  const list = `it has ${some || "none"}${names.length > 10 ? ", …" : ""}`;
  return new RangeError(`${what} (${near ? `nearest: "${near}"; ` : ""}${list})`);
}
