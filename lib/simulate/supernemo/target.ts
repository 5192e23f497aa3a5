/** Files that take SuperNEMO's columns block by block. @module */
import { createHdf5File, type Hdf5AttributeValue } from "../../io/hdf5_write.ts";
import { createRootFile, type RootColumnInput, type RootType } from "../../io/root_write.ts";
import type { GrowingFile } from "../new_file.ts";
import type { JaggedColumns } from "./columns.ts";
import type { Layout } from "./layout.ts";

/** How a set is kept. */
export type SuperNemoFormat = "hdf5" | "root";

/** A file under way. */
export interface SuperNemoTarget extends GrowingFile {
  /** Adds the events of a block: the columns of each group of the layout. */
  append(groups: Readonly<Record<string, JaggedColumns>>): void;
}

/** The document's tree, and the branches of it that its generator leaves empty. */
const TREE = "hit_tree", EMPTY_BRANCHES = ["grid_side", "calo_side"];

/**
 * Starts a file.
 *
 * HDF5: each column is a dataset named as the document's branch; event i has the entries from `offsets[i]` to before `offsets[i + 1]`, where the
 * dataset's attribute "offsets" names the offsets. ROOT: the tree `hit_tree` with a `std::vector` a column, `truth/x` as `truth_x`;
 * `grid_side` and `calo_side` are there but empty where the layout has none, as in the document's files.
 *
 * @param attributes Of the HDF5 file; a ROOT file has no place for them.
 */
export function createTarget(
  path: string,
  format: SuperNemoFormat,
  layout: Layout,
  attributes: Readonly<Record<string, Hdf5AttributeValue>>,
): SuperNemoTarget {
  return format === "hdf5" ? hdf5Target(path, layout, attributes) : rootTarget(path, layout);
}

function hdf5Target(
  path: string,
  layout: Layout,
  attributes: Readonly<Record<string, Hdf5AttributeValue>>,
): SuperNemoTarget {
  const file = createHdf5File(path, attributes);
  const groups = Object.entries(layout).map(([group, specs]) => {
    const name = `${group}_offsets`, packing = { compression: "gzip", level: 1, shuffle: true } as const;
    const offsets = file.dataset(name, { dtype: "i4", ...packing });
    offsets.append(Int32Array.of(0));
    const columns = Object.entries(specs).map(([column, { type, unit }]) => ({
      column,
      dataset: file.dataset(column, { dtype: type, ...packing, attributes: { unit, offsets: name } }),
    }));
    return { group, offsets, columns, entries: 0 };
  });
  return {
    append(blocks) {
      for (const state of groups) {
        const { offsets, columns } = blocks[state.group], before = state.entries;
        for (const { column, dataset } of state.columns) dataset.append(columns[column]);
        state.offsets.append(offsets.subarray(1).map((offset) => before + offset));
        state.entries += offsets[offsets.length - 1];
      }
    },
    close: () => file.close(),
    abort: () => file.abort(),
  };
}

const ROOT_TYPES: Readonly<Record<string, RootType>> = { f8: "vector<double>", i4: "vector<int>" };

function rootTarget(path: string, layout: Layout): SuperNemoTarget {
  const columns = Object.entries(layout).flatMap(([group, specs]) =>
    Object.entries(specs).map(([column, { type }]) => ({ group, column, type: ROOT_TYPES[type] }))
  );
  const branchOf = (column: string) => column.replace("/", "_");
  const missing = EMPTY_BRANCHES.filter((branch) => !columns.some(({ column }) => column === branch));
  const branches = [
    ...columns.map(({ column, type }) => [branchOf(column), type]),
    ...missing.map((branch) => [branch, "vector<int>"]),
  ];
  const file = createRootFile(path, TREE, Object.fromEntries(branches) as Record<string, RootType>);
  return {
    append(blocks) {
      const inputs: Record<string, RootColumnInput> = {};
      for (const { group, column } of columns) {
        const { offsets, columns: values } = blocks[group];
        inputs[branchOf(column)] = { data: values[column], offsets };
      }
      const [{ offsets }] = Object.values(blocks);
      for (const branch of missing) {
        inputs[branch] = { data: new Int32Array(0), offsets: new Int32Array(offsets.length) };
      }
      file.append(inputs);
    },
    close: () => file.close(),
    abort: () => file.abort(),
  };
}
