/**
 * `model.weights.h5` of Keras 3: numbered arrays in groups, written and read in memory by h5wasm.
 *
 * A file from elsewhere is held to what its place allows: only float arrays, only gzip, shuffle and LZF as filters (the
 * library returns uninitialised memory for others), and no array is read before its shape has been agreed to. Links to
 * other files lead nowhere, as the library sees a file system of its own. @module
 */
import type { Dataset, default as h5wasm, File as Hdf5File } from "h5wasm";
import { installPlugin, type PlacedFile, placeFile } from "../io/hdf5_library.ts";
import type { ZipSource } from "../io/zip.ts";

/** An array as it is stored; shape [] is a scalar. */
export interface StoredArray {
  data: Float32Array | BigInt64Array;
  shape: readonly number[];
}

/** A group of numbered arrays, the `vars` of a layer or of the optimizer. */
export interface StoredGroup {
  /** Path of the owner, such as `layers/dense_1`, without `/vars`. */
  path: string;
  /** Name of the owner, kept as an attribute. */
  name: string;
  arrays: readonly StoredArray[];
}

type Module = Awaited<(typeof h5wasm)["ready"]>;

async function load(): Promise<{ File: typeof Hdf5File; module: Module }> {
  const { default: h5wasm } = await import("h5wasm"); // 4 MB, so only once it is needed
  const module = await h5wasm.ready;
  return { File: h5wasm.File, module };
}

/** Writes groups into an HDF5 file and gives its bytes. */
export async function encodeWeights(groups: readonly StoredGroup[]): Promise<Uint8Array> {
  const { File, module } = await load();
  const path = `${crypto.randomUUID()}.h5`;
  try {
    const file = new File(path, "w");
    try {
      for (const { path, name, arrays } of groups) {
        const parts = [...path.split("/").filter((part) => part !== ""), "vars"];
        let at: ReturnType<typeof file.create_group> = file;
        for (const [i, part] of parts.entries()) {
          const present = file.get(parts.slice(0, i + 1).join("/"));
          at = present ? present as typeof at : at.create_group(part);
        }
        at.create_attribute("name", name);
        for (const [i, { data, shape }] of arrays.entries()) {
          at.create_dataset({ name: `${i}`, data, shape: [...shape] });
        }
      }
    } finally {
      file.close();
    }
    return module.FS.readFile(path);
  } finally {
    if (module.FS.analyzePath(path, false).exists) module.FS.unlink(path);
  }
}

/** Where a weights file lies. */
type Bytes = Pick<ZipSource, "size" | "read">;

/** An open weights file. */
export interface WeightsFile {
  /** The number of arrays in the `vars` of `path`. */
  count(path: string): number;
  /** The shape of one array. @throws {SyntaxError} If it is missing or no plain array of numbers. */
  shape(path: string, index: number): number[];
  /** One array, provided its shape is `shape`. @throws {SyntaxError} If it is not, or cannot be read. */
  read(path: string, index: number, shape: readonly number[]): Float32Array;
  close(): void;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Puts a file into the library's file system whose bytes are read where they lie, piece by piece. */
function mount(module: Module, source: Bytes): PlacedFile {
  return placeFile(module, source.size, (into, offset) => {
    for (let done = 0; done < into.length; done += PIECE_BYTES) {
      into.set(source.read(offset + done, Math.min(PIECE_BYTES, into.length - done)), done);
    }
    return true;
  });
}

/** Filters by their registered numbers. */
const GZIP = 1, SHUFFLE = 2, LZF = 32_000;

/** Bytes that are read at once. */
const PIECE_BYTES = 1 << 20;

/** The file's length as its first block states it, for versions 0 to 3 with 8-byte addresses. */
function statedLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 48 || SIGNATURE.some((byte, i) => bytes[i] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[8];
  const [sizeAt, endAt] = version < 2 ? [13, version === 0 ? 40 : 44] : [9, 28];
  return bytes[sizeAt] === 8 ? Number(view.getBigUint64(endAt, true)) : undefined;
}

/**
 * Opens a weights file.
 *
 * @param source Where the file is; needed until it is closed.
 * @param fail Makes an error of what is wrong.
 */
export async function openWeights(source: Bytes, fail: (why: string) => Error): Promise<WeightsFile> {
  const stated = statedLength(source.read(0, Math.min(source.size, 48)));
  if (stated === undefined) throw fail("model.weights.h5 is not an HDF5 file");
  if (stated > source.size) {
    throw fail(`model.weights.h5 must have ${stated} bytes: it ends after ${source.size}`);
  }
  const { File, module } = await load();
  const filters = new Set([GZIP, SHUFFLE]);
  // A bundle has no plugins; there a file packed by LZF is refused by name.
  await installPlugin({ module }, LZF, "").then(() => filters.add(LZF), () => {});
  const { place, unmount } = mount(module, source);
  module.activate_throwing_error_handler(); // else the library writes its own stories to stderr
  let file: Hdf5File | undefined;
  const close = () => {
    try {
      file?.close();
    } catch { /* a damaged file may not close either; its bytes go away below */ }
    module.deactivate_throwing_error_handler();
    unmount();
  };
  const guarded = <T>(what: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw error instanceof SyntaxError ? error : fail(`${what} in model.weights.h5 is damaged`);
    }
  };
  try {
    file = guarded("the head", () => new File(place, "r"));
  } catch (error) {
    close();
    throw error;
  }
  const open = file;

  const find = (at: string) => {
    // The library throws for a name that is not there, so each level is looked up in its parent's list.
    let group: unknown = open;
    for (const part of at.split("/").filter((part) => part !== "")) {
      const keys = (group as { keys?: () => string[] }).keys?.call(group) ?? [];
      if (!keys.includes(part)) return undefined;
      group = (group as { get(name: string): unknown }).get(part);
    }
    return group;
  };
  const dataset = (at: string, index: number): Dataset => {
    const name = `${at}/vars/${index}`;
    return guarded(`"${name}"`, () => {
      const found = find(name);
      if (!found || !("metadata" in (found as object))) {
        throw fail(`array "${name}" is missing in model.weights.h5`);
      }
      const array = found as Dataset;
      const { shape } = array.metadata;
      if (!shape) throw fail(`"${name}" in model.weights.h5 is no array`);
      const dtype = array.dtype;
      if (typeof dtype !== "string" || !/^[<>]?[fdiqIQ]$/.test(dtype)) {
        throw fail(`"${name}" in model.weights.h5 must hold float32: it holds ${JSON.stringify(dtype)}`);
      }
      const filter = array.filters.find(({ id }) => !filters.has(id));
      if (filter) {
        throw fail(`"${name}" in model.weights.h5 is packed by filter "${filter.name || filter.id}"`);
      }
      return array;
    });
  };
  return {
    count(at) {
      return guarded(`"${at}"`, () => {
        const group = find(`${at}/vars`.replace(/^\//, ""));
        return (group as { keys?: () => string[] } | undefined)?.keys?.().length ?? 0;
      });
    },
    shape: (at, index) => [...dataset(at, index).metadata.shape!],
    read(at, index, shape) {
      const array = dataset(at, index), found = array.metadata.shape!;
      if (found.length !== shape.length || found.some((side, i) => side !== shape[i])) {
        throw fail(`"${at}/vars/${index}" must have shape [${shape}]: it has [${found}]`);
      }
      return guarded(`"${at}/vars/${index}"`, () => {
        const value = array.value;
        const numbers = typeof value === "number" || typeof value === "bigint" ? [value] : value;
        const size = shape.reduce((product, side) => product * side, 1);
        if (numbers === null || (numbers as ArrayLike<number>).length !== size) {
          throw fail(`"${at}/vars/${index}" cannot be read`);
        }
        if (numbers instanceof Float32Array) return numbers;
        return Float32Array.from(numbers as ArrayLike<number | bigint>, Number);
      });
    },
    close,
  };
}
