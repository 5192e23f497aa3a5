/**
 * HDF5 arrays of numbers, whole or in slabs, from a file of any size that is never read whole.
 *
 * h5wasm (HDF5 2.0 in WebAssembly) says what is in a file; values in chunks with a version 1 B-tree, which is what most
 * files have, are found and unpacked here, as that is faster; everything else (other indexes, filters of
 * `h5wasm-plugins`) is read by the library through the same positioned reads. What is read by whom is never visible.
 *
 * Memory: the result, one chunk, and a cache of unpacked chunks whose bound is an option (64 MiB unless said); the
 * library's own 16 MiB at a time where it reads.
 *
 * Source: HDF5 File Format Specification 3.0; https://github.com/usnistgov/h5wasm. Not read: texts, records, arrays of
 * arrays, values in other files, filters SZ, blosc with zlib or snappy. @module
 */
import type { Dataset } from "h5wasm";
import type { ByteSource } from "./byte_source.ts";
import { cellsOf, type ChunkIndex, copyCommon, readChunkIndex, type Slab } from "./_hdf5_chunks.ts";
import { describeCut } from "./_hdf5_cut.ts";
import { createChunkDecoder } from "./_hdf5_decoder.ts";
import { knowsFilters } from "./_hdf5_filters.ts";
import {
  type DatasetHeader,
  findBase,
  Hdf5Bytes,
  type NumberType,
  readDatasetHeader,
} from "./_hdf5_header.ts";
import { LIBRARY_BYTES, loadLibrary } from "./_hdf5_library.ts";
import { type Hdf5Attribute, LibraryFile } from "./_hdf5_library_file.ts";
import { toValues } from "./_hdf5_values.ts";
import type { HttpSourceOptions } from "./http_source.ts";
import type { NpyType, NpyValues } from "./npy_type.ts";
import { openSource } from "./open_source.ts";
import { checkedProduct } from "./_problem.ts";
import { isHdf5 } from "./signatures.ts";

export { isHdf5 };
export type { Slab } from "./_hdf5_chunks.ts";
export type { Hdf5Attribute };

/** An array of numbers, row-major in the machine's byte order. */
export interface Hdf5Array {
  /** Values, as many as the product of `shape`. */
  data: NpyValues;
  /** Sides, slowest first; empty for a single number. */
  shape: number[];
  /** The file's type by NumPy's name: `f2` is read into 32-bit floating point, `b1` into 0 and 1. */
  dtype: NpyType;
}

/** What is known of a dataset without reading it. */
export interface Hdf5Info {
  /** Sides, slowest first. */
  shape: number[];
  /** NumPy's name of the type, or undefined if it is none that is read, or the dataset is empty (a null dataspace). */
  dtype?: NpyType;
  /** Sides of a chunk, if it is stored in chunks. */
  chunks: number[] | null;
  /** Names of its filters, in order, such as "shuffle" and "deflate". */
  filters: string[];
}

/** Which values of a dataset are read. */
export interface Hdf5ReadOptions {
  /** From `first` to before `end` of the first axis. @default {all} */
  rows?: readonly [first: number, end: number];
  /** The same for each axis, instead of `rows`; axes left out at the end are read whole. */
  slab?: Slab;
  /** Most bytes of values. @default {1_073_741_824} */
  maxBytes?: number;
}

/** An open file; close it when done. */
export interface Hdf5File {
  /** What error messages call it. */
  readonly name: string;
  /** Paths of all datasets, without a leading slash; links to other files and links that lead nowhere are left out. */
  datasets(): Promise<string[]>;
  /** Describes a dataset without reading it. @throws {RangeError} If there is none such, naming those there are. */
  info(path: string): Promise<Hdf5Info>;
  /**
   * Reads a dataset, or a slab of it.
   *
   * @throws {RangeError} If there is no such dataset, it exceeds `maxBytes`, or the slab is out of range.
   * @throws {TypeError} If it holds no plain numbers, has a filter that is not read, or keeps its values in other files.
   * @throws {SyntaxError} If its values cannot be read: the file is damaged; the message names the rows.
   */
  read(path: string, options?: Hdf5ReadOptions): Promise<Hdf5Array>;
  /**
   * Reads the rows of a dataset batch after batch, while the one after is fetched and unpacked already.
   *
   * @param rows Rows of a batch; the last one may be shorter.
   */
  batches(path: string, rows: number, options?: { maxBytes?: number }): AsyncGenerator<Hdf5Array>;
  /** Attributes of a dataset or group ("" is the root); those without a value are left out. */
  attributes(path: string): Promise<Record<string, Hdf5Attribute>>;
  /** Lets go of the file. */
  close(): void;
  /** Closes at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** Options for {@linkcode openHdf5}. */
export interface OpenHdf5Options extends HttpSourceOptions {
  /** File name for error messages. @default {the path or address} */
  name?: string;
  /** Most bytes of unpacked chunks that are kept for the next read. @default {67_108_864} */
  chunkCacheBytes?: number;
  /** Threads that read and unpack chunks of a file given by its path; worth it where cores are free. @default {0} */
  workers?: number;
}

/** What is remembered of a dataset. */
interface Known {
  path: string;
  where: string;
  metadata: Dataset["metadata"];
  filters: Dataset["filters"];
  shape: number[];
  dtype: NpyType | undefined;
  header: DatasetHeader | undefined;
  index?: Promise<ChunkIndex | undefined>;
}

/**
 * Opens an HDF5 file.
 *
 * @param place Its bytes, its path, an address that answers ranges, or a source.
 * @throws {SyntaxError} If it is no HDF5 file, or is damaged.
 * @example
 * ```ts
 * import { encodeHdf5 } from "./hdf5_write.ts";
 * using file = await openHdf5(await encodeHdf5({ "run/x": { data: Float32Array.of(1, 2, 3), shape: [3] } }));
 * (await file.read("run/x", { rows: [1, 3] })).data; // 2, 3
 * ```
 */
export async function openHdf5(
  place: Uint8Array | string | URL | ByteSource,
  options: OpenHdf5Options = {},
): Promise<Hdf5File> {
  const { chunkCacheBytes = 1 << 26, workers = 0 } = options;
  const source = await openSource(place, options), { name = source.name } = options;
  const failed = place instanceof Uint8Array && options.name === undefined
    ? "Cannot read HDF5"
    : `Cannot read HDF5 "${name}"`;
  const { base, library } = await openLibraryFile(source, failed).catch((error) => {
    source.close?.();
    throw error;
  });
  const bytes = base === undefined ? undefined : new Hdf5Bytes(source, base);
  // Threads open the file by its path; bytes in memory and sources of others' making have none.
  const isLocal = (typeof place === "string" || place instanceof URL) && source.readSync !== undefined;
  const decoder = createChunkDecoder(source, { workers: isLocal ? workers : 0, cacheBytes: chunkCacheBytes });
  const known = new Map<string, Promise<Known>>();
  let isOpen = true;

  /** What is known of a dataset; asked for once. */
  function dataset(path: string): Promise<Known> {
    const before = known.get(path);
    if (before) return before;
    if (!isOpen) return Promise.reject(new TypeError(`${failed} at "${path}" as it is closed`));
    const found = describe(library, bytes, path, `${failed} at "${path}"`);
    known.set(path, found);
    found.catch(() => known.delete(path));
    return found;
  }

  async function read(path: string, options: Hdf5ReadOptions = {}): Promise<Hdf5Array> {
    const { maxBytes = 2 ** 30 } = options, found = await dataset(path);
    const { where, shape: full, metadata, dtype, header } = found;
    if (metadata.shape === null) throw new TypeError(`${where} as it is empty: it has a null dataspace`);
    if (!dtype) throw new TypeError(`${where} as it holds no plain numbers`);
    if (metadata.virtual_sources?.length) throw new TypeError(`${where} as it is made of other datasets`);
    if (header?.isExternal) throw new TypeError(`${where} as it keeps its values in other files`);
    const slab = slabOf(options, full, where), shape = slab.map(([first, end]) => end - first);
    const count = checkedProduct(shape, Math.floor(maxBytes / metadata.size), where);
    const raw = new Uint8Array(count * metadata.size);
    if (count === 0) return { data: toValues(raw, dtype), shape, dtype };
    try {
      const isDone = await readDirectly({ source, bytes, decoder }, found, slab, raw);
      if (!isDone) await library.read(found, slab, raw);
      const type = header?.type && (isDone ? header.type : { ...header.type, little: true });
      return { data: toValues(raw, dtype, type), shape, dtype };
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      const [first, end] = slab[0] ?? [0, 1];
      throw new SyntaxError(`${where}, rows ${first} to ${end}: ${error.message}`, { cause: error });
    }
  }

  async function* batches(
    path: string,
    rows: number,
    { maxBytes }: { maxBytes?: number } = {},
  ): AsyncGenerator<Hdf5Array> {
    const { shape: [total = 1] } = await dataset(path);
    if (!(Number.isInteger(rows) && rows > 0)) {
      throw new RangeError(
        `${failed} at "${path}" by batches as they must have one or more rows: got ${rows}`,
      );
    }
    const batch = (first: number) => read(path, { rows: [first, Math.min(total, first + rows)], maxBytes });
    let next = total > 0 ? batch(0) : undefined;
    for (let first = rows; next; first += rows) {
      const current: Hdf5Array = await next;
      next = first < total ? batch(first) : undefined;
      next?.catch(() => {}); // reported when its turn comes
      yield current;
    }
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    decoder.close();
    library.close();
    source.close?.();
  }

  return {
    name,
    datasets: () => library.datasets(),
    async info(path) {
      const { metadata, filters, shape, dtype } = await dataset(path);
      return {
        shape: [...shape],
        dtype,
        chunks: metadata.chunks ? [...metadata.chunks] : null,
        filters: filters.map((filter) => filter.name),
      };
    },
    read,
    batches,
    attributes: (path) => library.attributes(path),
    close,
    [Symbol.dispose]: close,
  };
}

/** Checks how a file begins, and has the library open it. @throws {SyntaxError} If it is none, or damaged. */
async function openLibraryFile(source: ByteSource, failed: string) {
  const library = await loadLibrary(), base = await findBase(source);
  if (base === undefined && !isHdf5(await source.read(0, Math.min(8, source.size)))) {
    throw new SyntaxError(`${failed} at byte 0: expected \\x89HDF\\r\\n\\x1a\\n`);
  }
  try {
    return { base, library: await LibraryFile.open(library, source, failed) };
  } catch (error) {
    const cut = base === undefined ? undefined : await describeCut(library, source, base);
    throw cut
      ? new SyntaxError(`${failed}: the file is damaged or cut off: ${cut}`, { cause: error })
      : error;
  }
}

/** What the library and the header say of a dataset. */
async function describe(
  library: LibraryFile,
  bytes: Hdf5Bytes | undefined,
  path: string,
  where: string,
): Promise<Known> {
  const { metadata, filters, address } = await library.describe(path);
  let header: DatasetHeader | undefined;
  if (bytes) {
    try {
      header = await readDatasetHeader(bytes, address);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      throw new SyntaxError(`${where}: ${error.message}`, { cause: error });
    }
  }
  const shape = [...(metadata.shape ?? [])].map(Number);
  const dtype = metadata.shape === null ? undefined : numberName(metadata, header?.type);
  return { path, where, metadata, filters, shape, dtype, header };
}

/** What values are read with. */
interface Reader {
  source: ByteSource;
  /** The file's own bytes, if its superblock is read here. */
  bytes: Hdf5Bytes | undefined;
  decoder: ReturnType<typeof createChunkDecoder>;
}

/** Reads values from where the header says they are. @returns False if the library has to. */
async function readDirectly(
  { source, bytes, decoder }: Reader,
  found: Known,
  slab: Slab,
  raw: Uint8Array,
): Promise<boolean> {
  const { header, shape, metadata: { size } } = found;
  if (!bytes || !header) return false;
  const { layout, filters, fill } = header;
  if (layout.kind === "compact") {
    copyCommon(layout.bytes, shape.map(() => 0), shape, raw, slab, size);
    return true;
  }
  if (layout.kind === "contiguous") {
    if (layout.at === undefined) return fillWith(raw, fill);
    await readContiguous(source, layout.at + bytes.base, shape, slab, raw, size);
    return true;
  }
  if (layout.kind !== "chunked" || !knowsFilters(filters)) return false;
  found.index ??= readChunkIndex(bytes, layout.at, shape, layout.sides);
  const index = await found.index;
  if (!index) return false;
  await decoder.readChunks(
    found.path,
    index,
    { filters, fill, size, slab, cells: cellsOf(index, slab) },
    raw,
  );
  return true;
}

/** Of a slab, the rows in one piece where the other axes are whole, else line after line. */
async function readContiguous(
  source: ByteSource,
  start: number,
  shape: readonly number[],
  slab: Slab,
  raw: Uint8Array,
  size: number,
): Promise<void> {
  let inner = slab.length - 1;
  while (inner > 0 && slab[inner][0] === 0 && slab[inner][1] === shape[inner]) inner--;
  const line = shape.slice(inner + 1).reduce((a, b) => a * b, size);
  const run = slab.length === 0 ? size : (slab[inner][1] - slab[inner][0]) * line;
  const outer = slab.slice(0, Math.max(0, inner));
  let out = 0;
  for (
    const { origin } of cellsOf({ grid: shape.slice(0, outer.length), sides: outer.map(() => 1) }, outer)
  ) {
    let at = start;
    for (let axis = 0, stride = 1; axis < slab.length && axis <= inner; axis++) {
      stride = shape.slice(axis + 1).reduce((a, b) => a * b, size);
      at += (axis < outer.length ? origin[axis] : slab[axis][0]) * stride;
    }
    for (let done = 0; done < run; done += LIBRARY_BYTES) {
      const length = Math.min(LIBRARY_BYTES, run - done);
      raw.set(source.readSync?.(at + done, length) ?? await source.read(at + done, length), out);
      out += length;
    }
  }
}

/** The asked-for part of a dataset, checked. */
function slabOf({ rows, slab }: Hdf5ReadOptions, full: readonly number[], where: string): Slab {
  const given = slab ?? (rows ? [rows] : []);
  if (given.length > Math.max(1, full.length)) {
    throw new RangeError(`${where} as a slab of ${given.length} axes does not fit shape [${full}]`);
  }
  const sides = full.length === 0 ? [1] : full;
  sides.forEach((side, axis) => {
    const [first, end] = given[axis] ?? [0, side];
    if (Number.isInteger(first) && Number.isInteger(end) && first >= 0 && first <= end && end <= side) return;
    const what = axis === 0 ? "rows" : `axis ${axis} from`;
    throw new RangeError(`${where} as ${what} ${first} to ${end} are not inside shape [${full}]`);
  });
  return full.map((side, axis) => given[axis] ?? [0, side]);
}

/** Fills values that were never written. */
function fillWith(raw: Uint8Array, fill: Uint8Array | undefined): true {
  if (fill) { for (let at = 0; at < raw.length; at += fill.length) raw.set(fill, at); }
  return true;
}

/** NumPy's name of a type, if it is one of plain numbers. */
function numberName(metadata: Dataset["metadata"], kept: NumberType | undefined): NpyType | undefined {
  const { type, size, signed } = metadata;
  if (type === 1 && [2, 4, 8].includes(size) && (!kept || kept.isIeee)) return `f${size}` as NpyType;
  // h5py keeps booleans as an enumeration of FALSE and TRUE.
  const members = metadata.enum_type?.members;
  if (type === 8 && size === 1 && members && "FALSE" in members && "TRUE" in members) return "b1";
  if (type === 0 && [1, 2, 4, 8].includes(size)) return `${signed ? "i" : "u"}${size}` as NpyType;
  return undefined;
}
