/**
 * HDF5 arrays of numbers, by h5wasm (HDF5 2.0 in WebAssembly).
 *
 * The library reports a failed read on stderr and hands out whatever was in memory; here every status is looked at, and
 * filters that it lacks are refused beforehand. Files live in the library's own file system in memory, never on the disk:
 * a dataset that keeps its values in another file, or is made of others', would otherwise read any file of this machine.
 *
 * Source: HDF5 File Format Specification 3.0; https://github.com/usnistgov/h5wasm. Not read: texts, records, and
 * arrays of arrays. @module
 */
import type { Dataset, default as h5wasm } from "h5wasm";
import { checkedProduct } from "./_problem.ts";
import { isHdf5 } from "./_signatures.ts";
import type { NpyType, NpyValues } from "./npy.ts";

export { isHdf5 };

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
  /** NumPy's name of the type, or undefined if it is none that is read. */
  dtype?: NpyType;
  /** Sides of a chunk, if it is stored in chunks. */
  chunks: number[] | null;
  /** Names of its filters, in order, such as "shuffle" and "deflate". */
  filters: string[];
}

/** What an attribute can be. */
export type Hdf5Attribute = string | number | bigint | boolean | NpyValues | string[];

/** An open file; close it, for its bytes stay in memory until then. */
export interface Hdf5File {
  /** Paths of all datasets, without a leading slash; links to other files are left out. */
  datasets(): string[];
  /** Describes a dataset without reading it. @throws {RangeError} If there is none such, naming those there are. */
  info(path: string): Hdf5Info;
  /**
   * Reads a dataset, or some of its first axis.
   *
   * @param rows From `first` to before `end` of the first axis. @default {all}
   * @throws {RangeError} If there is no such dataset, it exceeds `maxBytes`, or rows are out of range.
   * @throws {TypeError} If it holds no plain numbers, has a filter that is not read, or keeps its values in other files.
   * @throws {SyntaxError} If its values cannot be read: the file is damaged.
   */
  read(
    path: string,
    options?: { rows?: readonly [first: number, end: number]; maxBytes?: number },
  ): Hdf5Array;
  /** Attributes of a dataset or group ("" is the root). */
  attributes(path: string): Record<string, Hdf5Attribute>;
  /** Lets go of the file. */
  close(): void;
  /** Closes at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/** Most entries of a file that are looked at; a group that contains itself has no end. */
const MAX_ENTRIES = 100_000;
/** Deflate, shuffle, Fletcher's checksum, n-bit and scale-offset: the filters built into the library. */
const FILTERS = new Set([1, 2, 3, 5, 6]);

type Library = typeof h5wasm;
type Module = Awaited<Library["ready"]>;

async function load(): Promise<{ h5: Library; module: Module }> {
  const { default: h5 } = await import("h5wasm"); // 4 MB of WebAssembly, so only once it is needed
  return { h5, module: await h5.ready };
}

/**
 * Opens an HDF5 file.
 *
 * @param source The file's bytes, or its path; it is read whole.
 * @throws {SyntaxError} If it is no HDF5 file, or is damaged.
 * @example
 * ```ts
 * using file = await openHdf5(await encodeHdf5({ "run/x": { data: Float32Array.of(1, 2, 3), shape: [3] } }));
 * file.read("run/x", { rows: [1, 3] }).data; // 2, 3
 * ```
 */
export async function openHdf5(
  source: Uint8Array | string,
  options: { name?: string } = {},
): Promise<Hdf5File> {
  const { name = typeof source === "string" ? source : undefined } = options;
  const failed = `Cannot read HDF5${name === undefined ? "" : ` "${name}"`}`;
  const bytes = typeof source === "string" ? await Deno.readFile(source) : source;
  if (!isHdf5(bytes)) throw new SyntaxError(`${failed} at byte 0: expected \\x89HDF\\r\\n\\x1a\\n`);
  const { h5, module } = await load();
  const { FS } = module, place = `${crypto.randomUUID()}.h5`;
  FS.writeFile(place, bytes);
  const file = new h5.File(place, "r");
  if (file.file_id < 0n) {
    FS.unlink(place);
    throw new SyntaxError(`${failed}: the file is damaged or cut off`);
  }

  /** All datasets, groups walked depth first; links to other files have a type of their own and are left out. */
  function walk(): string[] {
    const found: string[] = [];
    let seen = 0;
    const visit = (group: string, depth: number) => {
      const entity = group === "" ? file : file.get(group);
      if (!(entity instanceof h5.Group)) return;
      for (const key of entity.keys()) {
        if (++seen > MAX_ENTRIES || depth > 32) {
          throw new RangeError(
            `${failed} as it has more than ${MAX_ENTRIES} entries, or a group contains itself`,
          );
        }
        const path = group === "" ? key : `${group}/${key}`, kind = module.get_type(file.file_id, path);
        if (kind === module.H5G_DATASET) found.push(path);
        else if (kind === module.H5G_GROUP) visit(path, depth + 1);
      }
    };
    visit("", 0);
    return found;
  }

  /** A dataset, reached without leaving the file. */
  function dataset(path: string): Dataset {
    const parts = path.split("/");
    const inside = parts.every((part, i) => {
      const kind = part === "" ? -1 : module.get_type(file.file_id, parts.slice(0, i + 1).join("/"));
      return kind === (i + 1 === parts.length ? module.H5G_DATASET : module.H5G_GROUP);
    });
    const found = inside ? file.get(path) : null;
    if (found instanceof h5.Dataset) return found;
    const known = walk();
    const some = known.slice(0, 10).map((other) => `"${other}"`).join(", ") +
      (known.length > 10 ? ", …" : "");
    throw new RangeError(`${failed} at "${path}": no such dataset (it has ${some || "none"})`);
  }

  return {
    datasets: walk,
    info(path) {
      const { metadata, filters } = dataset(path);
      return {
        shape: [...(metadata.shape ?? [])],
        dtype: typeOf(metadata),
        chunks: metadata.chunks ? [...metadata.chunks] : null,
        filters: filters.map((filter) => filter.name),
      };
    },
    read(path, { rows, maxBytes = 2 ** 30 } = {}) {
      const found = dataset(path), { metadata } = found, where = `${failed} at "${path}"`;
      const dtype = typeOf(metadata), full = metadata.shape ?? [];
      if (!dtype) throw new TypeError(`${where} as it holds no plain numbers`);
      const odd = found.filters.find((filter) => !FILTERS.has(filter.id));
      if (odd) throw new TypeError(`${where} as its filter ${odd.id} (${odd.name}) is not read`);
      if (metadata.virtual_sources?.length) throw new TypeError(`${where} as it is made of other datasets`);
      const [first, end] = rows ?? [0, full[0] ?? 1];
      if (
        !(Number.isInteger(first) && Number.isInteger(end) && first >= 0 && first <= end &&
          end <= (full[0] ?? 1))
      ) {
        throw new RangeError(`${where} as rows ${first} to ${end} are not inside shape [${full}]`);
      }
      const shape = full.length === 0 ? [] : [end - first, ...full.slice(1)];
      const count = checkedProduct(shape, Math.floor(maxBytes / metadata.size), where),
        size = count * metadata.size;
      const raw = new Uint8Array(size);
      if (count > 0) {
        const pointer = module._malloc(size);
        if (pointer === 0) throw new RangeError(`${where} as ${size} bytes exceed the library's memory`);
        try {
          const slice = rows !== undefined && full.length > 0;
          const status = module.get_dataset_data(
            file.file_id,
            found.path,
            slice ? shape.map(BigInt) : null,
            slice ? [BigInt(first), ...full.slice(1).map(() => 0n)] : null,
            slice ? full.map(() => 1n) : null,
            BigInt(pointer),
          );
          if (status < 0) throw new SyntaxError(`${where}: its values cannot be read`);
          raw.set(module.HEAPU8.subarray(pointer, pointer + size));
        } finally {
          module._free(pointer);
        }
      }
      return { data: toValues(raw, dtype), shape, dtype };
    },
    attributes(path) {
      const owner = path === "" ? file : file.get(path);
      if (!(owner instanceof h5.Group || owner instanceof h5.Dataset)) {
        throw new RangeError(`${failed} at "${path}": no such dataset or group`);
      }
      const entries = Object.entries(owner.attrs).map(([key, { value }]) => [key, value]);
      return Object.fromEntries(entries.filter(([, value]) => value !== null));
    },
    close,
    [Symbol.dispose]: close,
  };

  function close(): void {
    if (!FS.analyzePath(place, false).exists) return;
    file.close();
    FS.unlink(place);
  }
}

/** An array to write. */
export interface Hdf5Input {
  /** Values in row-major order. */
  data: NpyValues;
  /** Sides, slowest first. */
  shape: readonly number[];
  /** Deflate level from 1 to 9, after shuffling bytes; needs `chunks`. @default {not packed} */
  gzip?: number;
  /** Sides of a chunk. @default {with gzip: one along the first axis, all of the others; else none} */
  chunks?: readonly number[];
  /** Attributes of the dataset. */
  attributes?: Record<string, string | number | NpyValues>;
}

/**
 * Encodes arrays as an HDF5 file; slashes in a path make groups.
 *
 * @param attributes Attributes of the file's root.
 * @throws {RangeError} If the number of values differs from the product of `shape`.
 */
export async function encodeHdf5(
  datasets: Record<string, Hdf5Input>,
  attributes: Record<string, string | number | NpyValues> = {},
): Promise<Uint8Array> {
  for (const [path, { data, shape }] of Object.entries(datasets)) {
    if (shape.reduce((a, b) => a * b, 1) !== data.length) {
      throw new RangeError(
        `Cannot encode HDF5 "${path}" as shape [${shape.join(", ")}] does not fit ${data.length} values`,
      );
    }
  }
  const { h5, module } = await load();
  const place = `${crypto.randomUUID()}.h5`;
  const file = new h5.File(place, "w");
  try {
    for (const [key, value] of Object.entries(attributes)) file.create_attribute(key, value);
    for (const [path, { data, shape, gzip, chunks, attributes = {} }] of Object.entries(datasets)) {
      const parts = path.split("/"), name = parts.pop()!;
      let group: InstanceType<typeof h5.Group> = file;
      for (const part of parts) {
        const next = group.get(part) ?? group.create_group(part);
        if (!(next instanceof h5.Group)) {
          throw new RangeError(`Cannot encode HDF5 "${path}" as "${part}" is a dataset`);
        }
        group = next;
      }
      const packed = gzip === undefined ? {} : { compression: "gzip" as const, compression_opts: [gzip] };
      const cut = chunks ?? (gzip === undefined ? null : [1, ...shape.slice(1)]);
      const made = group.create_dataset({
        name,
        data,
        shape: [...shape],
        chunks: cut && [...cut],
        ...packed,
      });
      for (const [key, value] of Object.entries(attributes)) made.create_attribute(key, value);
    }
    file.close();
    return module.FS.readFile(place) as Uint8Array;
  } finally {
    if (module.FS.analyzePath(place, false).exists) module.FS.unlink(place);
  }
}

/** NumPy's name of a type, if it is one of plain numbers. */
function typeOf(metadata: Dataset["metadata"]): NpyType | undefined {
  const { type, size, signed } = metadata;
  if (type === 1 && [2, 4, 8].includes(size)) return `f${size}` as NpyType;
  // h5py keeps booleans as an enumeration of FALSE and TRUE.
  const members = metadata.enum_type?.members;
  if (type === 8 && size === 1 && members && "FALSE" in members && "TRUE" in members) return "b1";
  if (type === 0 && [1, 2, 4, 8].includes(size)) return `${signed ? "i" : "u"}${size}` as NpyType;
  return undefined;
}

const ARRAYS = {
  b1: Uint8Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** Bytes as numbers; the library has brought them into WebAssembly's little-endian order, and so this machine's. */
function toValues(raw: Uint8Array<ArrayBuffer>, dtype: NpyType): NpyValues {
  if (dtype !== "f2") return new ARRAYS[dtype](raw.buffer);
  const view = new DataView(raw.buffer);
  return Float32Array.from({ length: raw.length / 2 }, (_, i) => view.getFloat16(2 * i, true));
}
