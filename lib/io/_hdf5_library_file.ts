/** A file as the HDF5 library sees it: what is in it, what is said of that, and values that only the library can read. @module */
import type { Dataset, default as h5wasm, File } from "h5wasm";
import { blamesInput } from "../base/foreseen.ts";
import type { ByteSource } from "./byte_source.ts";
import type { Slab } from "./_hdf5_chunks.ts";
import { installPlugin, LIBRARY_BYTES, type loadLibrary, mount, PLUGINS } from "./_hdf5_library.ts";
import type { NpyValues } from "./npy_type.ts";

/** What an attribute can be. */
export type Hdf5Attribute = string | number | bigint | boolean | NpyValues | string[];

/** Most entries of a file that are looked at; a group that contains itself has no end. */
const MAX_ENTRIES = 100_000;
/** Deflate, shuffle, Fletcher's checksum, szip, n-bit and scale-offset: the filters built into the library. */
const BUILT_IN = new Set([1, 2, 3, 4, 5, 6]);
const BLOSC = 32001, BLOSC_CODECS = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"];

type Library = Awaited<ReturnType<typeof loadLibrary>>;

/** What the library says of a dataset, and the byte that its header starts at. */
export interface Described {
  metadata: Dataset["metadata"];
  filters: Dataset["filters"];
  address: number;
}

/** What is needed of a dataset to read it. */
export interface LibraryDataset {
  path: string;
  /** What could not be done, and where, if something goes wrong. */
  where: string;
  metadata: Dataset["metadata"];
  filters: Dataset["filters"];
}

/** A file that the library holds open. */
export class LibraryFile {
  readonly #library: Library;
  readonly #mounted: ReturnType<typeof mount>;
  readonly #file: File;
  readonly #failed: string;

  private constructor(library: Library, mounted: ReturnType<typeof mount>, file: File, failed: string) {
    this.#library = library;
    this.#mounted = mounted;
    this.#file = file;
    this.#failed = failed;
  }

  /**
   * Opens a file.
   *
   * @param failed How messages begin.
   * @throws {SyntaxError} If it is damaged or cut off.
   */
  static async open(library: Library, source: ByteSource, failed: string): Promise<LibraryFile> {
    const mounted = mount(library, source);
    const file = await inOurWords(mounted, failed, () => new library.h5.File(mounted.place, "r"));
    if (file.file_id >= 0n) return new LibraryFile(library, mounted, file, failed);
    mounted.unmount();
    throw new SyntaxError(`${failed}: the file is damaged or cut off`);
  }

  /** Calls the library; what it throws is said in our words. */
  #call<T>(work: () => T): Promise<T> {
    return inOurWords(this.#mounted, this.#failed, work);
  }

  /** What a link leads to: a number of the library's, or undefined where it leads nowhere or round in a circle. */
  async #typeOf(path: string): Promise<number | undefined> {
    return await this.#call(() => {
      const kind = this.#library.module.get_type(this.#file.file_id, path);
      return this.#library.complaints.length > 0 ? undefined : kind;
    });
  }

  /**
   * All datasets, groups walked depth first; links to other files have a type of their own and are left out.
   *
   * @param isForMessage Whether as many as are found before the limit will do.
   * @param lost Takes the paths of what cannot be described and is no link, as in a file that is cut off.
   */
  async datasets(isForMessage = false, lost?: string[]): Promise<string[]> {
    const found: string[] = [];
    let seen = 0;
    const visit = async (group: string, depth: number) => {
      const keys = await this.#call(() => {
        const entity = group === "" ? this.#file : this.#file.get(group);
        return entity instanceof this.#library.h5.Group ? entity.keys() : [];
      });
      for (const key of keys) {
        if (++seen > MAX_ENTRIES || depth > 32) {
          if (isForMessage) return;
          throw new RangeError(
            `${this.#failed} as it has more than ${MAX_ENTRIES} entries, or a group contains itself`,
          );
        }
        const path = group === "" ? key : `${group}/${key}`, kind = await this.#typeOf(path);
        if (kind === this.#library.module.H5G_DATASET) found.push(path);
        else if (kind === this.#library.module.H5G_GROUP) await visit(path, depth + 1);
        else if (kind === undefined && lost && !await this.#isLink(path)) lost.push(path);
      }
    };
    await visit("", 0);
    return found;
  }

  /**
   * A dataset, reached without leaving the file.
   *
   * @throws {RangeError} If there is none such, naming those there are.
   */
  async describe(path: string): Promise<Described> {
    const parts = path.split("/"), where = `${this.#failed} at "${path}"`;
    const { H5G_DATASET, H5G_GROUP, H5G_LINK, H5G_UDLINK } = this.#library.module;
    for (let i = 0; i < parts.length; i++) {
      const part = parts.slice(0, i + 1).join("/"), kind = parts[i] === "" ? -1 : await this.#typeOf(part);
      if (kind === (i + 1 === parts.length ? H5G_DATASET : H5G_GROUP)) continue;
      if (kind === H5G_UDLINK) {
        throw new RangeError(`${where} as "${part}" leads to another file`);
      }
      if ((kind === undefined || kind === H5G_LINK) && await this.#isLink(part)) {
        throw new RangeError(`${where} as the link "${part}" leads nowhere, or round in a circle`);
      }
      const all = await this.datasets(true), more = all.length > 10 ? ", …" : "";
      const some = all.slice(0, 10).map((other) => `"${other}"`).join(", ") + more;
      throw new RangeError(`${where}: no such dataset (it has ${some || "none"})`);
    }
    return await this.#call(() => {
      const found = this.#file.get(path) as Dataset;
      return { metadata: found.metadata, filters: found.filters, address: addressOf(found) };
    });
  }

  /** Whether the last part of a path is the name of a soft link. */
  async #isLink(path: string): Promise<boolean> {
    return await this.#call(() => {
      // Of no soft link it is null, whatever its type says.
      const target: string | null = this.#library.module.get_symbolic_link(this.#file.file_id, path);
      return this.#library.complaints.length === 0 && target !== null && target !== "";
    });
  }

  /** Loads what a dataset is unpacked by. @throws {TypeError} If it has a filter that is not read. */
  async #installFilters({ where, filters }: LibraryDataset): Promise<void> {
    for (const { id, name, cd_values } of filters) {
      if (BUILT_IN.has(id)) continue;
      const codec = id === BLOSC ? BLOSC_CODECS[cd_values[6] ?? 0] : undefined;
      if (!(id in PLUGINS) || codec === "zlib" || codec === "snappy") {
        const which = codec ? `${name.trim() || "blosc"} with ${codec}` : name;
        throw new TypeError(`${where} as its filter ${id} (${which}) is not read`);
      }
      await installPlugin(this.#library, id, where);
    }
  }

  /** Reads a slab. @throws {TypeError} If it has a filter that is not read. */
  async read(found: LibraryDataset, slab: Slab, raw: Uint8Array): Promise<void> {
    await this.#installFilters(found);
    const { path, metadata: { chunks } } = found;
    const [first, end] = slab[0] ?? [0, 1], rowBytes = raw.length / (end - first);
    // Whole chunks at a time, as the library forgets large ones between two calls.
    const step = Math.max(1, chunks?.[0] ?? 1, Math.floor(LIBRARY_BYTES / rowBytes));
    for (let row = first; row < end;) {
      const stop = Math.min(end, (Math.floor(row / step) + 1) * step), length = (stop - row) * rowBytes;
      const piece = slab.map(([from, to], axis) => axis === 0 ? [row, stop] : [from, to]);
      await this.#call(() => {
        const pointer = this.#library.module._malloc(length);
        if (pointer === 0) throw new RangeError(`${length} bytes exceed the library's memory`);
        try {
          const isScalar = slab.length === 0;
          const status = this.#library.module.get_dataset_data(
            this.#file.file_id,
            path,
            isScalar ? null : piece.map(([from, to]) => BigInt(to - from)),
            isScalar ? null : piece.map(([from]) => BigInt(from)),
            isScalar ? null : piece.map(() => 1n),
            BigInt(pointer),
          );
          if (status < 0 || this.#library.complaints.length > 0) {
            throw new SyntaxError("its values cannot be read");
          }
          raw.set(this.#library.module.HEAPU8.subarray(pointer, pointer + length), (row - first) * rowBytes);
        } finally {
          this.#library.module._free(pointer);
        }
      });
      row = stop;
    }
  }

  /** Attributes of a dataset or group; those without a value are left out. */
  async attributes(path: string): Promise<Record<string, Hdf5Attribute>> {
    return await this.#call(() => {
      const owner = path === "" ? this.#file : this.#file.get(path);
      if (!(owner instanceof this.#library.h5.Group || owner instanceof this.#library.h5.Dataset)) {
        throw new RangeError(`${this.#failed} at "${path}": no such dataset or group`);
      }
      const found: Record<string, Hdf5Attribute> = {};
      for (const [key, attribute] of Object.entries(owner.attrs)) {
        const value = isHalf(attribute.metadata)
          ? halfAttribute(this.#library.module, this.#file.file_id, owner.path, attribute)
          : valueOf(attribute, `${this.#failed} at "${path}"`);
        if (value !== null) found[key] = value as Hdf5Attribute;
      }
      return found;
    });
  }

  /** Lets go of the file. */
  close(): void {
    this.#file.close();
    this.#mounted.unmount();
  }
}

/** Calls the library; what it throws of its own is said in our words. */
function inOurWords<T>(mounted: ReturnType<typeof mount>, failed: string, work: () => T): Promise<T> {
  return mounted.call(() => {
    try {
      return work();
    } catch (error) {
      if (blamesInput(error)) throw error;
      throw new SyntaxError(`${failed}: the file is damaged or cut off`, { cause: error });
    }
  });
}

/** The byte that an object's header starts at, which is what a reference to it says. */
function addressOf(found: Dataset): number {
  const bytes = Uint8Array.from(found.create_reference().ref_data);
  return Number(new DataView(bytes.buffer).getBigUint64(0, true));
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
