/** A tree that goes on from file to file. @module */
import type { ByteSource } from "./byte_source.ts";
import { openRoot, type OpenRootOptions, type RootBranch, type RootColumn, type RootFile } from "./root.ts";
import type { RootReadOptions, RootTree } from "./root.ts";
import { joinColumns } from "./_root_join.ts";

/** Several files' trees as one. */
export interface RootChain extends Disposable {
  /** Entries of all files together. */
  readonly entries: number;
  /** What the first file's tree has; the others must have what is read of it. */
  readonly branches: readonly RootBranch[];
  /** The files, in their order, with the entries of each. */
  readonly files: readonly { name: string; entries: number }[];
  /** Reads branches of numbers over all files; see {@linkcode RootTree.read}. */
  read<Name extends string>(
    names: readonly Name[],
    options?: RootReadOptions,
  ): Promise<Record<Name, RootColumn>>;
  /** Reads entries batch after batch, `size` at a time; the last batch may be shorter. */
  batches<Name extends string>(
    names: readonly Name[],
    size: number,
  ): AsyncGenerator<Record<Name, RootColumn>>;
  /** Lets go of all files. */
  close(): void;
}

/**
 * Opens the tree of several files as one; no values are read yet.
 *
 * @param places Files, in the order of their entries.
 * @param tree The tree's path, the same in each. @default {the only tree}
 * @throws {RangeError} If a file has no such tree.
 * @throws {SyntaxError} If a file is no ROOT file or damaged.
 * @throws {TypeError} If there are no files.
 */
export async function openRootChain(
  places: readonly (Uint8Array | string | URL | ByteSource)[],
  tree?: string,
  options: OpenRootOptions = {},
): Promise<RootChain> {
  if (places.length === 0) throw new TypeError("Cannot read ROOT files as there are none");
  const files: RootFile[] = [], trees: RootTree[] = [];
  const close = () => files.forEach((file) => file.close());
  try {
    for (const place of places) {
      const file = await openRoot(place, options);
      files.push(file);
      trees.push(await file.tree(tree));
    }
  } catch (error) {
    close();
    throw error;
  }
  const starts = [0];
  for (const { entries } of trees) starts.push(starts[starts.length - 1] + entries);
  const total = starts[trees.length];

  async function read<Name extends string>(names: readonly Name[], options: RootReadOptions = {}) {
    const { entries: [first, end] = [0, total], maxBytes } = options;
    if (!(Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first <= end && end <= total)) {
      throw new RangeError(`Cannot read entries ${first} to ${end} of ROOT files: they have ${total}`);
    }
    const parts: Record<Name, RootColumn>[] = [];
    for (const [i, tree] of trees.entries()) {
      const from = Math.max(first, starts[i]) - starts[i], to = Math.min(end, starts[i + 1]) - starts[i];
      const isLast = i + 1 === trees.length && parts.length === 0; // of no entries at all, columns without values
      if (from < to || isLast) {
        parts.push(await tree.read(names, { entries: from < to ? [from, to] : [0, 0], maxBytes }));
      }
    }
    const columns = names.map((name) => [name, joinColumns(parts.map((part) => part[name]), name)]);
    return Object.fromEntries(columns) as Record<Name, RootColumn>;
  }

  return {
    entries: total,
    branches: trees[0].branches,
    files: files.map(({ name }, i) => ({ name, entries: trees[i].entries })),
    read,
    async *batches(names, size) {
      if (!(Number.isInteger(size) && size > 0)) {
        throw new RangeError(`Cannot read ROOT files by batches of ${size}: one must have an entry or more`);
      }
      for (let first = 0; first < total; first += size) {
        yield await read(names, { entries: [first, Math.min(total, first + size)] });
      }
    },
    close,
    [Symbol.dispose]: close,
  };
}
