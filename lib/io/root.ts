/**
 * ROOT trees, whole columns at a time into typed arrays, from a file of any size that is never read whole.
 *
 * jsroot reads the file's directory and the trees' description; values are read from the baskets here, which is several
 * times as fast as going entry by entry. What is no column of numbers or texts (objects that were not split, maps, sets)
 * is read by jsroot's own selector, as objects.
 *
 * Memory: the columns asked for, and one basket.
 *
 * Source: uproot 5 and jsroot for the format. Not read: trees whose branches are in other files, and RNTuple, of which jsroot
 * 7.11.2 gives 64 of the 2,899 fields in scikit-hep's test files otherwise than uproot without a word. @module
 */
import { nearest } from "../base/nearest.ts";
import type { ByteSource } from "./byte_source.ts";
import type { HttpSourceOptions } from "./http_source.ts";
import { openSource } from "./open_source.ts";
import { isRoot } from "./signatures.ts";
import {
  type BranchKind,
  type BranchPlan,
  planBranch,
  readColumn,
  readTexts,
  type RootColumn,
} from "./_root_columns.ts";
import {
  openRootDirectory,
  type RootBranchObject,
  type RootLeaf,
  type RootTreeObject,
} from "./_root_file.ts";
import { readObjects } from "./_root_objects.ts";
import type { NpyType } from "./npy_type.ts";

export type { BranchKind, RootColumn, RootValues } from "./_root_columns.ts";

/** A branch of a tree, or one leaf of a branch that has several. */
export interface RootBranch {
  /** Its path: names of the branches that it is in, with slashes between. */
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

/** A tree: entries with named values. */
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

/** An open file; close it when done. */
export interface RootFile extends Disposable {
  /** What error messages call it. */
  readonly name: string;
  /** Paths of all trees. */
  readonly trees: readonly string[];
  /** Paths and classes of all objects. */
  readonly objects: readonly { path: string; className: string }[];
  /**
   * Opens a tree.
   *
   * @param path Its path. @default {the only tree}
   * @throws {RangeError} If there is no such tree, or several and none is named.
   * @throws {TypeError} If it is an RNTuple.
   */
  tree(path?: string): Promise<RootTree>;
  /** Lets go of the file. */
  close(): void;
}

/** Options for {@linkcode openRoot}. */
export interface OpenRootOptions extends HttpSourceOptions {
  /** File name for error messages. @default {the path or address} */
  name?: string;
  /** Longest that jsroot may take for one answer, in milliseconds. @default {30_000} */
  timeoutMs?: number;
}

const RNTUPLE = /^ROOT::(Experimental::)?RNTuple$/;

/**
 * Opens a ROOT file.
 *
 * @param place Its bytes, its path, an address that answers ranges, or a source.
 * @throws {SyntaxError} If it is no ROOT file, or damaged.
 * @example
 * ```ts
 * import { encodeRoot } from "./root_write.ts";
 * const bytes = encodeRoot("hits", { x: { type: "vector<double>", data: Float64Array.of(1, 2, 3), offsets: [0, 2, 2, 3] } });
 * using file = await openRoot(bytes);
 * const { x } = await (await file.tree()).read(["x"]);
 * x.data; // 1, 2, 3
 * x.offsets; // 0, 2, 2, 3
 * ```
 */
export async function openRoot(
  place: Uint8Array | string | URL | ByteSource,
  options: OpenRootOptions = {},
): Promise<RootFile> {
  const source = await openSource(place, options), { name = source.name, timeoutMs = 30_000 } = options;
  const failed = place instanceof Uint8Array && options.name === undefined
    ? "Cannot read ROOT"
    : `Cannot read ROOT "${name}"`;
  try {
    if (!isRoot(await source.read(0, Math.min(64, source.size)))) {
      throw new SyntaxError(`${failed} at byte 0: expected "root" and a header of 64 bytes`);
    }
    const directory = await openRootDirectory(source, { failed, timeoutMs });
    const objects = await directory.objects();
    const trees = objects.filter(({ className }) => /^TN?tuple/i.test(className) || className === "TTree")
      .map(({ path }) => path);
    const close = () => source.close?.();
    return {
      name,
      trees,
      objects,
      async tree(path) {
        const wanted = path ?? onlyTree(trees, objects, failed);
        const found = objects.find((object) => object.path === wanted.replace(/;\d+$/, ""));
        if (found && RNTUPLE.test(found.className)) {
          throw new TypeError(
            `${failed} at "${wanted}" as it is an RNTuple, which is not read: write a TTree (uproot: mktree)`,
          );
        }
        if (!found || !trees.includes(found.path)) {
          throw missing(`${failed} at "${wanted}": no such tree`, wanted, trees);
        }
        const object = await directory.tree(wanted);
        return openTree(
          source,
          object,
          found.path,
          `${failed} at tree "${found.path}"`,
          directory.memberType,
          (branch, range) => readObjects(object, branch, range, timeoutMs),
        );
      },
      close,
      [Symbol.dispose]: close,
    };
  } catch (error) {
    source.close?.();
    throw error;
  }
}

function onlyTree(trees: readonly string[], objects: RootFile["objects"], failed: string): string {
  if (trees.length === 1) return trees[0];
  const tuples = objects.filter(({ className }) => RNTUPLE.test(className));
  if (trees.length === 0 && tuples.length > 0) return tuples[0].path;
  const names = trees.map((tree) => `"${tree}"`).join(", ") || "none";
  throw new RangeError(`${failed}: which tree must be said, it has ${names}`);
}

function missing(what: string, name: string, names: readonly string[]): RangeError {
  const near = nearest(name, names), some = names.slice(0, 10).map((other) => `"${other}"`).join(", ");
  const list = `it has ${some || "none"}${names.length > 10 ? ", …" : ""}`;
  return new RangeError(`${what} (${near ? `nearest: "${near}"; ` : ""}${list})`);
}

/** A branch with what it takes to read it. */
interface Readable extends RootBranch {
  branch: RootBranchObject;
  leaf: RootLeaf;
  plan: BranchPlan;
}

type MemberType = (className: string, id: number) => string | undefined;
type ReadObjects = (branch: RootBranchObject, range: readonly [number, number]) => Promise<unknown[]>;

function openTree(
  source: ByteSource,
  object: RootTreeObject,
  name: string,
  failed: string,
  memberType: MemberType,
  readByJsroot: ReadObjects,
): RootTree {
  const entries = Number(object.fEntries), readable = listBranches(object.fBranches.arr, "", memberType);

  function find(wanted: string): Readable {
    const exact = readable.find((branch) => branch.name === wanted || branch.name === `${wanted}.`);
    if (exact) return exact;
    const ending = readable.filter((branch) => branch.name.split("/").at(-1)?.replace(/\.$/, "") === wanted);
    if (ending.length === 1) return ending[0];
    const names = (ending.length > 1 ? ending : readable).map((branch) => branch.name);
    throw missing(
      `${failed}, branch "${wanted}": ${ending.length > 1 ? "several end so" : "no such branch"}`,
      wanted,
      names,
    );
  }

  function range({ entries: [first, end] = [0, entries] }: RootReadOptions): readonly [number, number] {
    if (Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first <= end && end <= entries) {
      return [first, end];
    }
    throw new RangeError(`${failed} as entries ${first} to ${end} are not inside: it has ${entries}`);
  }

  /** Reads one branch, its errors with its name. */
  async function named<T>({ name, branch }: Readable, work: () => Promise<T>): Promise<T> {
    if (branch.fFileName) {
      throw new TypeError(
        `${failed}, branch "${name}" as its values are in another file, "${branch.fFileName}"`,
      );
    }
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new SyntaxError(`${failed}, branch "${name}", ${error.message}`, { cause: error });
    }
  }

  return {
    name,
    entries,
    branches: readable.map(({ name, kind, dtype, shape, type }) => ({
      name,
      kind,
      dtype,
      shape: [...shape],
      type,
    })),
    async read<Name extends string>(names: readonly Name[], options: RootReadOptions = {}) {
      const [first, end] = range(options), { maxBytes = 2 ** 30 } = options, chosen = names.map(find);
      let bytes = 0;
      for (const { branch, kind, dtype, shape } of chosen) {
        const width = shape.reduce((a, b) => a * b, Number(dtype?.[1] ?? 0));
        bytes += Number(branch.fTotBytes) * (end - first) / Math.max(1, entries) +
          (kind === "fixed" ? width : 4) * (end - first);
        if (bytes <= maxBytes) continue; // not a number where the file is damaged
        throw new RangeError(
          `${failed} as ${names.length} branches hold more than ${maxBytes} bytes: read fewer entries at once`,
        );
      }
      const columns = {} as Record<Name, RootColumn>;
      for (const [i, found] of chosen.entries()) {
        if (found.kind === "text" || found.kind === "object") {
          const instead = found.kind === "text" ? "readTexts" : "readObjects";
          throw new TypeError(
            `${failed}, branch "${found.name}" as a column of numbers: it is of type ${found.type} (${instead} reads it)`,
          );
        }
        const counter = readable.find(({ leaf }) => leaf === found.leaf.fLeafCount);
        const countsOf = counter && (async (from: number, to: number) => {
          const { data } = await readColumn(source, counter.branch, counter.plan, from, to);
          return data as Int32Array;
        });
        columns[names[i]] = await named(
          found,
          () => readColumn(source, found.branch, found.plan, first, end, countsOf),
        );
      }
      return columns;
    },
    async readTexts(name, options = {}) {
      const [first, end] = range(options), found = find(name);
      if (found.kind === "text") return await named(found, () => readTexts(source, found.branch, first, end));
      const values = await named(found, () => readByJsroot(found.branch, [first, end]));
      const isText = values.every((value) => typeof value === "string");
      if (isText) return values;
      throw new TypeError(`${failed}, branch "${found.name}" as texts: it is of type ${found.type}`);
    },
    async readObjects(name, options = {}) {
      const [first, end] = range(options), found = find(name);
      return await named(found, () => readByJsroot(found.branch, [first, end]));
    },
  };
}

/** All branches that hold values, those inside others by their path. */
function listBranches(
  branches: Iterable<RootBranchObject>,
  above: string,
  memberType: MemberType,
): Readable[] {
  const found: Readable[] = [];
  for (const branch of branches) {
    const name = above === "" ? branch.fName : `${above}/${branch.fName}`;
    const inner = Array.from(branch.fBranches.arr), leaves = Array.from(branch.fLeaves.arr);
    for (const leaf of inner.length > 0 ? leaves.slice(0, 0) : leaves) {
      const plan = planBranch(branch, leaf, memberType), { kind, dtype, shape, type } = plan;
      const own = leaves.length > 1 ? `${name}/${leaf.fName}` : name;
      found.push({ name: own, kind, dtype, shape, type, branch, leaf, plan });
    }
    found.push(...listBranches(inner, name, memberType));
  }
  return found;
}
