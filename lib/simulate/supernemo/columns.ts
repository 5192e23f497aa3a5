/** Events with any number of entries each, as columns with offsets: what HDF5 and ROOT files of tracks hold. @module */

/** How a column is kept. */
export type ColumnType = "f8" | "f4" | "i4" | "u1";

/** Columns of one kind of entry, such as hits; event i has the entries from `offsets[i]` to before `offsets[i + 1]`. */
export interface JaggedColumns {
  /** [events + 1], starting with 0. */
  offsets: Int32Array;
  columns: Record<string, Float64Array | Float32Array | Int32Array | Uint8Array>;
}

const ARRAYS = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array } as const;

/** Collects entries, event by event; see {@linkcode createColumns}. */
export interface ColumnWriter<Name extends string> {
  /** Adds an entry to the event under way. */
  add(entry: Readonly<Record<Name, number>>): void;
  /** Ends the event under way. */
  endEvent(): void;
  /** All so far. */
  finish(): JaggedColumns;
}

/**
 * Starts columns of the given types.
 *
 * @example
 * ```ts
 * const hits = createColumns({ radius: "f8", layer: "i4" });
 * hits.add({ radius: 12.5, layer: 0 });
 * hits.endEvent();
 * hits.endEvent();
 * hits.finish().offsets; // 0, 1, 1
 * ```
 */
export function createColumns<Name extends string>(types: Record<Name, ColumnType>): ColumnWriter<Name> {
  const names = Object.keys(types) as Name[];
  const values = names.map((): number[] => []), offsets = [0];
  let entries = 0;
  return {
    add(entry) {
      for (let i = 0; i < names.length; i++) values[i].push(entry[names[i]]);
      entries++;
    },
    endEvent() {
      offsets.push(entries);
    },
    finish: () => ({
      offsets: Int32Array.from(offsets),
      columns: Object.fromEntries(names.map((name, i) => [name, ARRAYS[types[name]].from(values[i])])),
    }),
  };
}
