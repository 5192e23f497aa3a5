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
import type { Dataset, default as h5wasm } from "h5wasm";
import type { ByteSource } from "./byte_source.ts";
import { cellsOf, type ChunkIndex, copyCommon, readChunkIndex, type Slab } from "./_hdf5_chunks.ts";
import { createChunkDecoder } from "./_hdf5_decoder.ts";
import { knowsFilters } from "./_hdf5_filters.ts";
import {
  type DatasetHeader,
  findBase,
  Hdf5Bytes,
  type NumberType,
  readDatasetHeader,
} from "./_hdf5_header.ts";
import { installPlugin, loadLibrary, mount, PLUGINS } from "./_hdf5_library.ts";
import { toValues } from "./_hdf5_values.ts";
import type { HttpSourceOptions } from "./http_source.ts";
import type { NpyType, NpyValues } from "./npy.ts";
import { openSource } from "./open_source.ts";
import { checkedProduct } from "./_problem.ts";
import { isHdf5 } from "./_signatures.ts";

export { isHdf5 };
export type { Slab } from "./_hdf5_chunks.ts";

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

/** What an attribute can be. */
export type Hdf5Attribute = string | number | bigint | boolean | NpyValues | string[];

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

/** Most entries of a file that are looked at; a group that contains itself has no end. */
const MAX_ENTRIES = 100_000;
/** Deflate, shuffle, Fletcher's checksum, szip, n-bit and scale-offset: the filters built into the library. */
const BUILT_IN = new Set([1, 2, 3, 4, 5, 6]);
const BLOSC = 32001, BLOSC_CODECS = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"];
/** Bytes that are read at once. */
const LIBRARY_BYTES = 1 << 24;

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
  const library = await loadLibrary(), { h5, module, complaints } = library;
  let base: number | undefined;
  try {
    base = await findBase(source);
    if (base === undefined && !isHdf5(await source.read(0, Math.min(8, source.size)))) {
      throw new SyntaxError(`${failed} at byte 0: expected \\x89HDF\\r\\n\\x1a\\n`);
    }
  } catch (error) {
    source.close?.();
    throw error;
  }
  const mounted = mount(library, source);
  /** Calls the library; what it throws is said in our words. */
  const call = <T>(work: () => T): Promise<T> =>
    mounted.call(() => {
      try {
        return work();
      } catch (error) {
        if (
          error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
        ) throw error;
        throw new SyntaxError(`${failed}: the file is damaged or cut off`, { cause: error });
      }
    });
  const file = await call(() => new h5.File(mounted.place, "r"));
  if (file.file_id < 0n) {
    mounted.unmount();
    source.close?.();
    throw new SyntaxError(`${failed}: the file is damaged or cut off`);
  }
  const bytes = base === undefined ? undefined : new Hdf5Bytes(source, base);
  // Threads open the file by its path; bytes in memory and sources of others' making have none.
  const isLocal = (typeof place === "string" || place instanceof URL) && source.readSync !== undefined;
  const decoder = createChunkDecoder(source, { workers: isLocal ? workers : 0, cacheBytes: chunkCacheBytes });
  const known = new Map<string, Promise<Known>>();
  let isOpen = true;

  /** What a link leads to: a number of the library's, or undefined where it leads nowhere or round in a circle. */
  async function typeOf(path: string): Promise<number | undefined> {
    return await call(() => {
      const kind = module.get_type(file.file_id, path);
      return complaints.length > 0 ? undefined : kind;
    });
  }

  /**
   * All datasets, groups walked depth first; links to other files have a type of their own and are left out.
   *
   * @param isForMessage Whether as many as are found before the limit will do.
   */
  async function walk(isForMessage = false): Promise<string[]> {
    const found: string[] = [];
    let seen = 0;
    const visit = async (group: string, depth: number) => {
      const keys = await call(() => {
        const entity = group === "" ? file : file.get(group);
        return entity instanceof h5.Group ? entity.keys() : [];
      });
      for (const key of keys) {
        if (++seen > MAX_ENTRIES || depth > 32) {
          if (isForMessage) return;
          throw new RangeError(
            `${failed} as it has more than ${MAX_ENTRIES} entries, or a group contains itself`,
          );
        }
        const path = group === "" ? key : `${group}/${key}`, kind = await typeOf(path);
        if (kind === module.H5G_DATASET) found.push(path);
        else if (kind === module.H5G_GROUP) await visit(path, depth + 1);
      }
    };
    await visit("", 0);
    return found;
  }

  /** A dataset, reached without leaving the file. */
  function dataset(path: string): Promise<Known> {
    const before = known.get(path);
    if (before) return before;
    const found = describe(path);
    known.set(path, found);
    found.catch(() => known.delete(path));
    return found;
  }

  async function describe(path: string): Promise<Known> {
    if (!isOpen) throw new TypeError(`${failed} at "${path}" as it is closed`);
    const parts = path.split("/"), where = `${failed} at "${path}"`;
    for (let i = 0; i < parts.length; i++) {
      const part = parts.slice(0, i + 1).join("/"), kind = parts[i] === "" ? -1 : await typeOf(part);
      if (kind === (i + 1 === parts.length ? module.H5G_DATASET : module.H5G_GROUP)) continue;
      if (kind === module.H5G_UDLINK) throw new RangeError(`${where} as "${part}" leads to another file`);
      if ((kind === undefined || kind === module.H5G_LINK) && await isLink(part)) {
        throw new RangeError(`${where} as the link "${part}" leads nowhere, or round in a circle`);
      }
      const all = await walk(true), more = all.length > 10 ? ", …" : "";
      const some = all.slice(0, 10).map((other) => `"${other}"`).join(", ") + more;
      throw new RangeError(`${where}: no such dataset (it has ${some || "none"})`);
    }
    const { metadata, filters, address } = await call(() => {
      const found = file.get(path) as Dataset;
      return { metadata: found.metadata, filters: found.filters, address: addressOf(found) };
    });
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

  /** Whether the last part of a path is the name of a soft link. */
  async function isLink(path: string): Promise<boolean> {
    return await call(() => {
      const target = module.get_symbolic_link(file.file_id, path);
      return complaints.length === 0 && target !== "";
    });
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
      const isDone = await readDirectly(found, slab, raw);
      if (!isDone) await readByLibrary(found, slab, raw);
      const type = header?.type && (isDone ? header.type : { ...header.type, little: true });
      return { data: toValues(raw, dtype, type), shape, dtype };
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
      const [first, end] = slab[0] ?? [0, 1];
      throw new SyntaxError(`${where}, rows ${first} to ${end}: ${error.message}`, { cause: error });
    }
  }

  /** Reads values from where the header says they are. @returns False if the library has to. */
  async function readDirectly(found: Known, slab: Slab, raw: Uint8Array): Promise<boolean> {
    const { header, shape, metadata: { size } } = found;
    if (!bytes || !header) return false;
    const { layout, filters, fill } = header;
    if (layout.kind === "compact") {
      copyCommon(layout.bytes, shape.map(() => 0), shape, raw, slab, size);
      return true;
    }
    if (layout.kind === "contiguous") {
      if (layout.at === undefined) return fillWith(raw, fill);
      await readContiguous(layout.at + bytes.base, shape, slab, raw, size);
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

  async function readByLibrary(found: Known, slab: Slab, raw: Uint8Array): Promise<void> {
    const { where, path, metadata: { chunks }, filters } = found;
    for (const { id, name, cd_values } of filters) {
      if (BUILT_IN.has(id)) continue;
      const codec = id === BLOSC ? BLOSC_CODECS[cd_values[6] ?? 0] : undefined;
      if (!(id in PLUGINS) || codec === "zlib" || codec === "snappy") {
        const which = codec ? `${name.trim() || "blosc"} with ${codec}` : name;
        throw new TypeError(`${where} as its filter ${id} (${which}) is not read`);
      }
      await installPlugin(library, id, where);
    }
    const [first, end] = slab[0] ?? [0, 1], rowBytes = raw.length / (end - first);
    // Whole chunks at a time, as the library forgets large ones between two calls.
    const step = Math.max(1, chunks?.[0] ?? 1, Math.floor(LIBRARY_BYTES / rowBytes));
    for (let row = first; row < end;) {
      const stop = Math.min(end, (Math.floor(row / step) + 1) * step), length = (stop - row) * rowBytes;
      const piece = slab.map(([from, to], axis) => axis === 0 ? [row, stop] : [from, to]);
      await call(() => {
        const pointer = module._malloc(length);
        if (pointer === 0) throw new RangeError(`${length} bytes exceed the library's memory`);
        try {
          const isScalar = slab.length === 0;
          const status = module.get_dataset_data(
            file.file_id,
            path,
            isScalar ? null : piece.map(([from, to]) => BigInt(to - from)),
            isScalar ? null : piece.map(([from]) => BigInt(from)),
            isScalar ? null : piece.map(() => 1n),
            BigInt(pointer),
          );
          if (status < 0 || complaints.length > 0) throw new SyntaxError("its values cannot be read");
          raw.set(module.HEAPU8.subarray(pointer, pointer + length), (row - first) * rowBytes);
        } finally {
          module._free(pointer);
        }
      });
      row = stop;
    }
  }

  async function attributes(path: string): Promise<Record<string, Hdf5Attribute>> {
    return await call(() => {
      const owner = path === "" ? file : file.get(path);
      if (!(owner instanceof h5.Group || owner instanceof h5.Dataset)) {
        throw new RangeError(`${failed} at "${path}": no such dataset or group`);
      }
      const found: Record<string, Hdf5Attribute> = {};
      for (const [key, attribute] of Object.entries(owner.attrs)) {
        const value = isHalf(attribute.metadata)
          ? halfAttribute(module, file.file_id, owner.path, attribute)
          : valueOf(attribute, `${failed} at "${path}"`);
        if (value !== null) found[key] = value as Hdf5Attribute;
      }
      return found;
    });
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
    file.close();
    mounted.unmount();
    source.close?.();
  }

  return {
    name,
    datasets: () => walk(),
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
    attributes,
    close,
    [Symbol.dispose]: close,
  };
}

/** The byte that an object's header starts at, which is what a reference to it says. */
function addressOf(found: Dataset): number {
  const bytes = Uint8Array.from(found.create_reference().ref_data);
  return Number(new DataView(bytes.buffer).getBigUint64(0, true));
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

type Attribute = InstanceType<typeof h5wasm.Dataset>["attrs"][string];

function isHalf({ type, size }: Attribute["metadata"]): boolean {
  return type === 1 && size === 2;
}

/** An attribute's value by the library; what that cannot make of it is said in our words. */
function valueOf(attribute: Attribute, where: string): unknown {
  try {
    return attribute.value;
  } catch (error) {
    throw new TypeError(`${where} as its attribute "${attribute.name}" is of a type that is not read`, {
      cause: error,
    });
  }
}

/** Floating point of 16 bits, which the library hands out as bytes only. */
function halfAttribute(
  module: Awaited<(typeof h5wasm)["ready"]>,
  fileId: bigint,
  path: string,
  { name, metadata }: Attribute,
): number | Float32Array | null {
  if (metadata.shape === null) return null;
  const count = metadata.shape.reduce((a, b) => a * Number(b), 1);
  const pointer = module._malloc(Math.max(1, 2 * count));
  try {
    module.get_attribute_data(fileId, path, name, BigInt(pointer));
    const view = new DataView(module.HEAPU8.slice(pointer, pointer + 2 * count).buffer);
    const values = Float32Array.from({ length: count }, (_, i) => view.getFloat16(2 * i, true));
    return metadata.shape.length === 0 ? values[0] : values;
  } finally {
    module._free(pointer);
  }
}
