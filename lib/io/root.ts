/**
 * ROOT trees and RNTuples, whole columns at a time into typed arrays, from a file of any size that is never read whole.
 *
 * jsroot reads the file's directory and the trees' description; values are read from the baskets here, which is several
 * times as fast as going entry by entry. What is no column of numbers or texts (objects that were not split, maps, sets)
 * is read by jsroot's own selector, as objects.
 *
 * An RNTuple is read as a tree, its fields by paths with points, without jsroot, which (7.11.2) gives 64 of the 2,899 fields
 * in scikit-hep's test files otherwise than uproot without a word.
 *
 * Memory: the columns asked for, and one basket, or 4 MiB of pages.
 *
 * Source: uproot 5 and jsroot for the format. Not read: trees whose branches are in other files. @module
 */
import type { ByteSource } from "./byte_source.ts";
import type { HttpSourceOptions } from "./http_source.ts";
import { openSource } from "./open_source.ts";
import { isRoot } from "./signatures.ts";
import { type BranchPlan, planBranch, readColumn, readTexts, type RootColumn } from "./_root_columns.ts";
import {
  openRootDirectory,
  type RootBranchObject,
  type RootLeaf,
  type RootTreeObject,
} from "./_root_file.ts";
import { readObjects } from "./_root_objects.ts";
import {
  entryRange,
  findBranch,
  missing,
  type RootBranch,
  type RootReadOptions,
  type RootTree,
} from "./_root_tree_type.ts";
import { openNtuple } from "./_rntuple.ts";

export type { BranchKind, RootColumn, RootValues } from "./_root_columns.ts";
export type { RootBranch, RootReadOptions, RootTree } from "./_root_tree_type.ts";

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
   * @throws {TypeError} If it is an RNTuple from before the format was settled.
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

const RNTUPLE = "ROOT::RNTuple", EARLY_RNTUPLE = "ROOT::Experimental::RNTuple";

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
    const trees = objects.filter(({ className }) => isTree(className)).map(({ path }) => path);
    const close = () => source.close?.();
    return {
      name,
      trees,
      objects: objects.map(({ path, className }) => ({ path, className })),
      async tree(path) {
        const wanted = path ?? onlyTree(trees, objects, failed);
        const found = objects.find((object) => object.path === wanted.replace(/;\d+$/, ""));
        if (found?.className === EARLY_RNTUPLE) {
          throw new TypeError(
            `${failed} at "${wanted}" as it is an RNTuple from before its format was settled`,
          );
        }
        if (!found || !trees.includes(found.path)) {
          throw missing(`${failed} at "${wanted}": no such tree`, wanted, trees);
        }
        const { className, key } = found, called = `${failed} at tree "${found.path}"`;
        if (className === RNTUPLE) return await openNtuple(source, key, found.path, called);
        const object = await directory.tree(wanted);
        return openTree(
          source,
          object,
          found.path,
          called,
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

const isTree = (className: string) => /^TN?tuple/i.test(className) || ["TTree", RNTUPLE].includes(className);

function onlyTree(trees: readonly string[], objects: RootFile["objects"], failed: string): string {
  if (trees.length === 1) return trees[0];
  const early = objects.find(({ className }) => className === EARLY_RNTUPLE);
  if (trees.length === 0 && early) return early.path;
  const names = trees.map((tree) => `"${tree}"`).join(", ") || "none";
  throw new RangeError(`${failed}: which tree must be said, it has ${names}`);
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

  const find = (wanted: string) => findBranch(readable, wanted, "/", failed);
  const range = (options: RootReadOptions) => entryRange(options, entries, failed);

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
