/**
 * The HDF5 library in WebAssembly: loaded once, with its plugins, its complaints kept, and files that lie outside its
 * memory put into its own file system.
 *
 * That file system holds nothing of this machine, so no dataset or link can lead to another file. @module
 */
import type { default as h5wasm, FS as FileSystem } from "h5wasm";
import type { ByteSource } from "./byte_source.ts";
import { type CachedSource, objectSource } from "./object_source.ts";

type H5 = typeof h5wasm;
export type Module = Awaited<H5["ready"]>;

/** The loaded library. */
export interface Library {
  h5: H5;
  module: Module;
  /** What the library has written to its error stream since the last time this was emptied. */
  complaints: string[];
}

/** A file of the library's file system, as far as it is used here. */
interface FileNode {
  usedBytes: number;
  stream_ops: Record<string, unknown>;
}

/** The parts of emscripten's file system that its published types lack. */
interface Streams {
  streams: { tty?: { ops: Record<string, unknown> } }[];
  ErrnoError: new (code: number) => Error;
  createDataFile(parent: string, name: string, data: Uint8Array, read: boolean, write: boolean): unknown;
  lookupPath(path: string): { node: FileNode };
}

const READ_ONLY = 69, IO_ERROR = 29;

let loading: Promise<Library> | undefined;

/** Loads the library: 4 MB of WebAssembly, so only once it is needed. */
export function loadLibrary(): Promise<Library> {
  loading ??= (async () => {
    const { default: h5 } = await import("h5wasm");
    const module = await h5.ready, complaints: string[] = [];
    let line = "";
    const stderr = streamsOf(module).streams[2].tty!;
    stderr.ops = {
      ...stderr.ops,
      put_char(_tty: unknown, code: number) {
        if (code !== 10) line += String.fromCharCode(code);
        else {
          if (complaints.length < 1000) complaints.push(line);
          line = "";
        }
      },
      fsync() {},
    };
    return { h5, module, complaints };
  })();
  return loading;
}

function streamsOf(module: Module): Streams {
  return module.FS as unknown as typeof FileSystem & Streams;
}

/** Bytes that are read at once. */
export const LIBRARY_BYTES = 1 << 24;

/** Filters of `h5wasm-plugins` by their registered number, and the file of each. */
export const PLUGINS: Readonly<Record<number, string>> = {
  307: "bz2",
  32000: "lzf",
  32001: "blosc",
  32004: "lz4",
  32008: "bshuf",
  32013: "zfp",
  32015: "zstd",
  32026: "blosc2",
};

/**
 * Puts a filter's plugin where the library looks for it.
 *
 * @throws {TypeError} If the package is not there, as in a bundle without it.
 */
export async function installPlugin(
  { module }: Pick<Library, "module">,
  filter: number,
  where: string,
): Promise<void> {
  const folder = module.get_plugin_search_paths()[0], file = `libH5Z${PLUGINS[filter]}.so`;
  if (module.FS.analyzePath(`${folder}/${file}`, false).exists) return;
  let bytes: Uint8Array;
  try {
    const { base_url } = await import("h5wasm-plugins");
    bytes = await Deno.readFile(new URL(`${base_url}/plugins/${file}`));
  } catch (error) {
    throw new TypeError(
      `${where} as its filter ${filter} needs the package h5wasm-plugins, which is not here`,
      {
        cause: error,
      },
    );
  }
  module.FS.mkdirTree(folder);
  module.FS.writeFile(`${folder}/${file}`, bytes);
}

/** A file in the library's file system whose bytes lie elsewhere. */
export interface PlacedFile {
  /** Its path there. */
  readonly place: string;
  /** Takes the file out again. */
  unmount(): void;
}

/**
 * Puts a file into the library's file system, read-only and without its bytes.
 *
 * @param fill Writes the file's bytes from `offset` on over all of `into`, or gives false where they cannot be had now.
 */
export function placeFile(
  module: Module,
  size: number,
  fill: (into: Uint8Array, offset: number) => boolean,
): PlacedFile {
  const FS = streamsOf(module), place = `${crypto.randomUUID()}.h5`;
  FS.createDataFile("/", place, new Uint8Array(0), true, false);
  const { node } = FS.lookupPath(`/${place}`);
  node.usedBytes = size; // what the library is told of the file's size
  node.stream_ops = {
    ...node.stream_ops,
    read(_stream: unknown, heap: Int8Array, offset: number, length: number, position: number) {
      if (position >= size) return 0;
      const into = new Uint8Array(heap.buffer, heap.byteOffset + offset, Math.min(length, size - position));
      if (!fill(into, position)) throw new FS.ErrnoError(IO_ERROR);
      return into.length;
    },
    write() {
      throw new FS.ErrnoError(READ_ONLY);
    },
  };
  return {
    place,
    unmount() {
      if (module.FS.analyzePath(place, false).exists) module.FS.unlink(place);
    },
  };
}

/** A source in the library's file system. */
export interface Mounted extends PlacedFile {
  /**
   * Calls the library, without complaints before; where it asks for bytes of a source that is far away, they are fetched
   * and it is called again.
   *
   * Memory: what one call touches is held until it ends.
   *
   * @param work Looks at `complaints` itself, where it wants to: when the promise is done, another call may have begun.
   */
  call<T>(work: () => T): Promise<T>;
}

/** Puts a source into the library's file system, read-only and without its bytes. */
export function mount({ module, complaints }: Library, source: ByteSource): Mounted {
  const far = source.readSync ? undefined : cachedSource(source);
  const pinned = new Map<number, Uint8Array>(); // blocks of the call that is under way
  let missing: { offset: number; length: number } | undefined;
  let before: Promise<unknown> = Promise.resolve(); // calls take turns: each may be broken off and begun anew

  /** Bytes that are here, or undefined with `missing` set. */
  function bytesAt(offset: number, length: number): Uint8Array | undefined {
    if (!far) return source.readSync!(offset, length);
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = offset + done, block = Math.floor(at / PINNED_BYTES), bytes = pinned.get(block);
      if (!bytes) {
        missing = { offset: at, length: length - done };
        return undefined;
      }
      const from = at - block * PINNED_BYTES, part = bytes.subarray(from, from + length - done);
      out.set(part, done);
      done += part.length;
    }
    return out;
  }

  function callNear<T>(work: () => T): T {
    complaints.length = 0;
    return work();
  }

  async function callFar<T>(far: ByteSource, work: () => T): Promise<T> {
    let ahead = 1; // blocks fetched for a miss: doubled, as a long read would otherwise be begun anew for each
    for (;;) {
      missing = undefined;
      complaints.length = 0;
      let outcome: { value: T } | { error: unknown };
      try {
        outcome = { value: work() };
      } catch (error) {
        outcome = { error };
      }
      const wanted = missing as { offset: number; length: number } | undefined;
      if (wanted === undefined) {
        pinned.clear();
        if ("error" in outcome) throw outcome.error;
        return outcome.value;
      }
      const first = Math.floor(wanted.offset / PINNED_BYTES);
      const last = Math.floor((wanted.offset + wanted.length - 1) / PINNED_BYTES);
      const end = Math.min(Math.ceil(source.size / PINNED_BYTES), Math.max(last + 1, first + ahead));
      const start = first * PINNED_BYTES, stop = Math.min(source.size, end * PINNED_BYTES);
      const bytes = await far.read(start, stop - start);
      for (let block = first; block < end; block++) {
        const from = (block - first) * PINNED_BYTES;
        pinned.set(block, bytes.subarray(from, from + PINNED_BYTES));
      }
      ahead = Math.min(2 * ahead, 256);
    }
  }

  const placed = placeFile(module, source.size, (into, offset) => {
    const bytes = bytesAt(offset, into.length);
    if (bytes) into.set(bytes);
    return bytes !== undefined;
  });
  return {
    ...placed,
    call(work) {
      const mine = before.then(() => far ? callFar(far, work) : callNear(work));
      before = mine.catch(() => {});
      return mine;
    },
  };
}

const PINNED_BYTES = 1 << 16;

function cachedSource(source: ByteSource): ByteSource | CachedSource {
  if ("peek" in source) return source;
  const { name, size } = source;
  return objectSource({ name, size, readRange: (offset, length) => source.read(offset, length) });
}
