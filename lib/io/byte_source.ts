/**
 * Where bytes are, apart from what they mean: memory, a local file, a server that answers ranges, or an object of a
 * bucket. Every reader of a large format stands on this.
 *
 * Memory: a file holds nothing; servers and objects (`http_source.ts`, `object_source.ts`) hold a cache whose bound is an
 * option, 64 MiB unless said. @module
 */

/** Bytes that can be read from any place. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** What error messages call it: a path or an address. */
  readonly name: string;
  /**
   * Reads exactly `length` bytes from `offset`; what comes back may share the source's memory and is not to be changed.
   *
   * @throws {RangeError} If they are not all inside.
   * @throws {Error} If the place cannot be read.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same without waiting, where the place allows it: memory and local files. */
  readSync?(offset: number, length: number): Uint8Array;
  /** Lets go of what is kept open. */
  close?(): void;
}

/**
 * Refuses a read that leaves a source.
 *
 * @throws {RangeError} If `offset` and `length` are not whole numbers inside of it.
 */
export function checkInside(
  { name, size }: Pick<ByteSource, "name" | "size">,
  offset: number,
  length: number,
) {
  const inside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 &&
    offset + length <= size;
  if (inside) return;
  throw new RangeError(`Cannot read ${length} bytes from byte ${offset} of "${name}": it has ${size} bytes`);
}

/**
 * Bytes in memory as a source; reads are views of them.
 *
 * @example
 * ```ts
 * await memorySource(Uint8Array.of(1, 2, 3)).read(1, 2); // 2, 3
 * ```
 */
export function memorySource(bytes: Uint8Array, name = "memory"): ByteSource {
  const source = {
    size: bytes.length,
    name,
    readSync(offset: number, length: number) {
      checkInside(source, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    read: (offset: number, length: number) => Promise.try(source.readSync, offset, length),
  };
  return source;
}

/**
 * A local file as a source; close it when done.
 *
 * Reads are done at once on this thread even by `read`: a positioned read is two system calls, and several that are under
 * way cannot move the file's position under each other.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export function fileSource(path: string): ByteSource {
  const file = Deno.openSync(path, { read: true });
  let open = true;
  const source = {
    size: file.statSync().size,
    name: path,
    readSync(offset: number, length: number) {
      checkInside(source, offset, length);
      const bytes = new Uint8Array(length);
      file.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) {
        const count = file.readSync(bytes.subarray(done));
        if (count === null) {
          throw new RangeError(`Cannot read byte ${offset + done} of "${path}": it has become shorter`);
        }
        done += count;
      }
      return bytes;
    },
    read: (offset: number, length: number) => Promise.try(source.readSync, offset, length),
    close() {
      if (open) file.close();
      open = false;
    },
  };
  return source;
}
