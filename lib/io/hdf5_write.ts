/**
 * HDF5 files written row after row: nothing but the chunk that is being filled and the chunks' places is kept in memory.
 *
 * Files are read by every version of the library since 1.8 (h5py, h5wasm, MATLAB, ROOT's readers). Written here rather than
 * by h5wasm, which writes in memory only, and one filter a dataset.
 *
 * Source: HDF5 File Format Specification 3.0: superblock and object headers of version 2, groups of links in the header,
 * layout of version 3, chunks found by a version 1 B-tree. @module
 */
import { createDurableWriter, type DurableWriter } from "../base/durable_writer.ts";
import { chunkPlaces, ChunkTree, cutChunk } from "./_hdf5_chunk_tree.ts";
import { type Hdf5Attributes, Hdf5Body, type Hdf5Packing } from "./_hdf5_body.ts";
import { NOWHERE, ownType, u64, valueBytes } from "./_hdf5_encode.ts";
import { createMemorySink } from "./_memory_sink.ts";
import { type Part, u8 } from "./_parts.ts";
import type { NpyType, NpyValues } from "./npy_type.ts";

export type { Hdf5AttributeValue, Hdf5Packing } from "./_hdf5_body.ts";

/** A dataset that grows by rows. */
export interface Hdf5DatasetOptions extends Hdf5Packing {
  /** NumPy's name of the values' type. */
  dtype: NpyType;
  /** Sides of a row: [32, 32, 2] for a dataset of shape [rows, 32, 32, 2]. @default {[], a number a row} */
  rowShape?: readonly number[];
  /** Rows of a chunk. @default {as many as make about 1 MiB} */
  chunkRows?: number;
}

/** A dataset being written. */
export interface Hdf5DatasetWriter {
  /** Rows so far. */
  readonly rows: number;
  /**
   * Adds rows.
   *
   * @throws {RangeError} If the values are not whole rows.
   * @throws {TypeError} If they are not of the dataset's type.
   */
  append(values: NpyValues): void;
}

/** A file being written. */
export interface Hdf5Writer {
  /** Starts a dataset; slashes in its path make groups. @throws {TypeError} If the path is taken. */
  dataset(path: string, options: Hdf5DatasetOptions): Hdf5DatasetWriter;
  /** Writes what is left and where everything is. */
  close(): void;
  /** Gives up: nothing stays. Does nothing after `close`. */
  abort(): void;
}

/** An array to write whole. */
export interface Hdf5Input extends Hdf5Packing {
  /** Values in row-major order. */
  data: NpyValues;
  /** Sides, slowest first; empty for a single number. */
  shape: readonly number[];
  /** Deflate level from 1 to 9: the same as `compression: "gzip"` with this `level`. */
  gzip?: number;
  /** NumPy's name of the type, for `b1` and `f2`. @default {the array's own} */
  dtype?: NpyType;
  /** Sides of a chunk. @default {packed: one row; else none} */
  chunks?: readonly number[];
}

/**
 * Starts a file that appears at `path` when it is closed, never half-written.
 *
 * Memory: one chunk a dataset, and 24 bytes for each chunk written.
 *
 * @param attributes Attributes of the file's root.
 * @example
 * ```ts ignore
 * const file = createHdf5File("showers.h5");
 * const images = file.dataset("X", { dtype: "f4", rowShape: [32, 32, 2], compression: "lzf" });
 * for await (const batch of batches) images.append(batch);
 * file.close();
 * ```
 */
export function createHdf5File(
  path: string,
  attributes: Hdf5Attributes = {},
): Hdf5Writer {
  return new FileWriter(createDurableWriter(path), attributes);
}

/**
 * Encodes arrays as an HDF5 file in memory; slashes in a path make groups.
 *
 * @param attributes Attributes of the file's root.
 * @throws {RangeError} If the number of values differs from the product of `shape`.
 */
export function encodeHdf5(
  datasets: Readonly<Record<string, Hdf5Input>>,
  attributes: Hdf5Attributes = {},
): Promise<Uint8Array> {
  return Promise.try(() => {
    const memory = createMemorySink(), file = new FileWriter(memory, attributes);
    for (
      const [path, { data, shape, gzip, dtype = ownType(data), chunks, ...packing }] of Object.entries(
        datasets,
      )
    ) {
      if (shape.reduce((a, b) => a * b, 1) !== data.length) {
        throw new RangeError(
          `Cannot encode HDF5 "${path}" as shape [${shape.join(", ")}] does not fit ${data.length} values`,
        );
      }
      const { compression = gzip === undefined ? undefined : "gzip", level = gzip } = packing;
      const sides = chunks ?? (compression || packing.shuffle ? [1, ...shape.slice(1)] : undefined);
      file.array(path, data, { ...packing, compression, level, dtype, shape, sides });
    }
    file.close();
    return memory.bytes();
  });
}

/** A whole array with its chunks' sides, or in one piece without. */
interface WholeOptions extends Hdf5Packing {
  dtype: NpyType;
  shape: readonly number[];
  sides: readonly number[] | undefined;
}

/** A dataset of a file: its header is written last. */
interface Dataset {
  /** Writes what is left of it. @returns The address of its header. */
  finish(): number;
}

/** A folder of a file. */
interface Group {
  groups: Map<string, Group>;
  datasets: Map<string, Dataset>;
}

/** A file, whose datasets and groups are known by name until it is closed. */
class FileWriter implements Hdf5Writer {
  readonly #body: Hdf5Body;
  readonly #attributes: Hdf5Attributes;
  readonly #root: Group = { groups: new Map(), datasets: new Map() };
  #isOpen = true;

  constructor(sink: DurableWriter, attributes: Hdf5Attributes) {
    this.#body = new Hdf5Body(sink);
    this.#attributes = attributes;
  }

  /** Makes the groups of a path and takes its last part. */
  #take(path: string, made: Dataset): void {
    const parts = path.split("/"), name = parts.pop()!, failed = `Cannot write HDF5 "${path}"`;
    if (!this.#isOpen) throw new TypeError(`${failed} as the file is closed`);
    if (name === "" || parts.includes("")) throw new TypeError(`${failed} as a part of its path is empty`);
    let group = this.#root;
    for (const part of parts) {
      if (group.datasets.has(part)) throw new RangeError(`${failed} as "${part}" is a dataset`);
      const next = group.groups.get(part) ?? { groups: new Map(), datasets: new Map() };
      group.groups.set(part, next);
      group = next;
    }
    if (group.datasets.has(name) || group.groups.has(name)) {
      throw new TypeError(`${failed} as the path is taken`);
    }
    group.datasets.set(name, made);
  }

  /** Writes an array whole, in chunks or in one piece. */
  array(path: string, data: NpyValues, options: WholeOptions): void {
    const { shape, sides, dtype } = options, bytes = valueBytes(data, dtype);
    const header = { shape, dtype, packing: options };
    if (!sides) {
      let at: Uint8Array = NOWHERE;
      const finish = () => {
        const layout: Part = [u8(3, 1), at, u64(bytes.length)];
        return this.#body.addDataset({ ...header, layout, isChunked: false });
      };
      this.#take(path, { finish });
      if (bytes.length > 0) at = u64(this.#body.add(bytes));
      return;
    }
    const size = Number(dtype[1]), tree = new ChunkTree(this.#body, options, sides, size);
    const finish = () => this.#body.addDataset({ ...header, layout: tree.finish(), isChunked: true });
    this.#take(path, { finish });
    if (sides.length !== shape.length || sides.some((side) => !(Number.isInteger(side) && side > 0))) {
      throw new RangeError(
        `Cannot encode HDF5 "${path}" as chunks of [${sides}] do not fit shape [${shape}]`,
      );
    }
    for (const offset of chunkPlaces(shape, sides)) {
      tree.put(cutChunk(bytes, shape, sides, offset, size), offset);
    }
  }

  dataset(path: string, options: Hdf5DatasetOptions): Hdf5DatasetWriter {
    const rows = new GrowingDataset(this.#body, path, options);
    this.#take(path, rows);
    return {
      get rows() {
        return rows.rows;
      },
      append: (values) => {
        if (!this.#isOpen) throw new TypeError(`Cannot add rows to HDF5 "${path}" as the file is closed`);
        rows.append(values);
      },
    };
  }

  /** Writes the headers of a group and of all that is in it. @returns The group's address. */
  #finish({ groups, datasets }: Group, attributes?: Hdf5Attributes): number {
    const links = [
      ...[...datasets].map(([name, dataset]) => ({ name, at: dataset.finish() })),
      ...[...groups].map(([name, inner]) => ({ name, at: this.#finish(inner) })),
    ];
    return this.#body.addGroup(links, attributes);
  }

  close(): void {
    if (!this.#isOpen) return;
    const top = this.#finish(this.#root, this.#attributes);
    this.#isOpen = false;
    this.#body.finish(top);
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#body.abort();
  }
}

/** A dataset to which rows are added: one chunk of them is in memory. */
class GrowingDataset implements Dataset {
  readonly #body: Hdf5Body;
  readonly #path: string;
  readonly #options: Hdf5DatasetOptions;
  readonly #rowShape: readonly number[];
  /** Values of a row. */
  readonly #width: number;
  readonly #chunkRows: number;
  readonly #tree: ChunkTree;
  #filling: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #rows = 0;

  /** @throws {RangeError} If rows make no chunk. */
  constructor(body: Hdf5Body, path: string, options: Hdf5DatasetOptions) {
    const { dtype, rowShape = [] } = options, size = Number(dtype[1]);
    const width = rowShape.reduce((a, b) => a * b, 1), rowBytes = width * size;
    const { chunkRows = Math.max(1, Math.ceil(2 ** 20 / Math.max(1, rowBytes))) } = options;
    if (!(Number.isInteger(chunkRows) && chunkRows > 0 && rowBytes > 0)) {
      throw new RangeError(
        `Cannot write HDF5 "${path}" as ${chunkRows} rows of [${rowShape}] make no chunk`,
      );
    }
    this.#body = body;
    this.#path = path;
    this.#options = options;
    this.#rowShape = rowShape;
    this.#width = width;
    this.#chunkRows = chunkRows;
    this.#tree = new ChunkTree(body, options, [chunkRows, ...rowShape], size);
    this.#filling = new Uint8Array(chunkRows * rowBytes);
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds rows. */
  append(values: NpyValues): void {
    this.#check(values);
    const bytes = valueBytes(values, this.#options.dtype);
    for (let done = 0; done < bytes.length;) {
      const part = bytes.subarray(done, done + this.#filling.length - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      done += part.length;
      if (this.#filled === this.#filling.length) this.#putChunk();
    }
    this.#rows += values.length / this.#width;
  }

  /** @throws {TypeError | RangeError} If the values are of another type, or no whole rows. */
  #check(values: NpyValues): void {
    const { dtype } = this.#options;
    const fits = ownType(values) === dtype || (dtype === "f2" && values instanceof Float32Array) ||
      (dtype === "b1" && values instanceof Uint8Array);
    if (!fits) {
      throw new TypeError(
        `Cannot add a ${values.constructor.name} to HDF5 "${this.#path}" as it is of type ${dtype}`,
      );
    }
    if (values.length % this.#width === 0) return;
    throw new RangeError(
      `Cannot add ${values.length} values to HDF5 "${this.#path}" as a row of [${this.#rowShape}] has ` +
        `${this.#width}`,
    );
  }

  #putChunk(): void {
    this.#tree.put(this.#filling, [this.#tree.length * this.#chunkRows, ...this.#rowShape.map(() => 0)]);
    this.#filling = new Uint8Array(this.#filling.length);
    this.#filled = 0;
  }

  finish(): number {
    if (this.#filled > 0) this.#putChunk();
    return this.#body.addDataset({
      shape: [this.#rows, ...this.#rowShape],
      dtype: this.#options.dtype,
      packing: this.#options,
      layout: this.#tree.finish(),
      isChunked: true,
    });
  }
}
