/**
 * Lists an entry, as HDF5 and ROOT files of events have them, whole columns at a time.
 *
 * In ROOT a column is a branch with a list an entry, of the only tree or of `hit_tree`; in HDF5 a dataset whose attribute "offsets" names the dataset that says
 * where each entry begins. A slash in a name is `_` in ROOT. @module
 */
import { isRoot } from "./signatures.ts";
import type { ByteSource } from "./byte_source.ts";
import { openHdf5 } from "./hdf5.ts";
import { openSource } from "./open_source.ts";
import { openRoot } from "./root.ts";

/** A jagged column. */
export interface Column {
  /** All values, entry after entry. */
  data: ArrayLike<number>;
  /** Where each entry begins, [entries + 1]. */
  offsets: Uint32Array;
}

/** A file's columns by name. */
export interface ColumnFile {
  /** What messages call it. */
  name: string;
  /** What it has. */
  names: ReadonlySet<string>;
  /** @throws {TypeError} If the column is no list an entry. */
  read(name: string): Promise<Column>;
  /** Lets go of the file. */
  close(): void;
}

/**
 * Opens a file of columns by its content. Memory: the columns that are read, each of at most `maxBytes` (1 GiB unless said).
 *
 * @throws {SyntaxError} If it is damaged or of another format.
 */
export async function openColumns(
  place: string | Uint8Array | ByteSource,
  options: { name?: string; maxBytes?: number } = {},
): Promise<ColumnFile> {
  const { maxBytes } = options;
  const source = await openSource(place, options), start = await source.read(0, Math.min(64, source.size));
  return isRoot(start) ? await openRootColumns(source, maxBytes) : await openHdf5Columns(source, maxBytes);
}

async function openRootColumns(source: ByteSource, maxBytes?: number): Promise<ColumnFile> {
  const { name: path } = source, file = await openRoot(source);
  try {
    const tree = await file.tree(file.trees.length === 1 ? undefined : "hit_tree");
    const branchOf = (name: string) => name.replace("/", "_");
    const there = new Set(tree.branches.map(({ name }) => name));
    return {
      name: path,
      names: new Set([...there].map((name) => name.replace(/^truth_/, "truth/"))),
      async read(name) {
        const branch = branchOf(name), { [branch]: column } = await tree.read([branch], { maxBytes });
        if (!column.offsets) {
          throw new TypeError(`Cannot read branch "${branch}" of "${path}" as it must have a list an entry`);
        }
        return { data: column.data as ArrayLike<number>, offsets: column.offsets };
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openHdf5Columns(source: ByteSource, maxBytes?: number): Promise<ColumnFile> {
  const { name: path } = source, file = await openHdf5(source);
  try {
    const names = new Set(await file.datasets()), known = new Map<string, Promise<Uint32Array>>();
    const offsetsFrom = (dataset: string) => {
      let offsets = known.get(dataset);
      if (!offsets) {
        offsets = file.read(dataset, { maxBytes }).then(({ data }) => Uint32Array.from(data as Int32Array));
        known.set(dataset, offsets);
      }
      return offsets;
    };
    return {
      name: path,
      names,
      async read(name) {
        const { data } = await file.read(name, { maxBytes }), { offsets } = await file.attributes(name);
        if (typeof offsets !== "string") {
          throw new TypeError(
            `Cannot read "${name}" of "${path}" as its attribute "offsets" must name the offsets of its events`,
          );
        }
        return { data: data as ArrayLike<number>, offsets: await offsetsFrom(offsets) };
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Whole numbers of a column below a limit. @throws {RangeError} If one is not, naming the event. */
export function wholeNumbers(
  { data, offsets }: Column,
  below: number,
  name: string,
  file: string,
): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (!(Number.isInteger(value) && value >= 0 && value < below)) {
      const event = offsets.findLastIndex((offset) => offset <= i);
      throw new RangeError(
        `Cannot read "${name}" of "${file}" as it must be 0 to ${below - 1}: got ${value} in event ${event}`,
      );
    }
    out[i] = value;
  }
  return out;
}

/** Numbers of a column; what is no number becomes `missing`. */
export function measured({ data }: Column, missing: number): Float32Array {
  const out = new Float32Array(data.length);
  // A loop, as `from` with a function takes ten times as long on a column of millions.
  for (let i = 0; i < out.length; i++) {
    const value = Number(data[i]);
    out[i] = Number.isFinite(value) ? value : missing;
  }
  return out;
}

/** Refuses columns of one kind that differ in their lengths. @throws {TypeError} */
export function checkSame(file: string, columns: Record<string, Column>): void {
  const [[first, { offsets: expected }], ...others] = Object.entries(columns);
  for (const [name, { offsets }] of others) {
    const isSame = offsets.length === expected.length && offsets.every((offset, i) => offset === expected[i]);
    if (!isSame) {
      throw new TypeError(
        `Cannot read "${file}" as "${name}" must have as many entries an event as "${first}"`,
      );
    }
  }
}
