/** Large files written piece by piece that are there whole or not at all. @module */
import { writeAllSync } from "./write_all.ts";

/** A file under way. */
export interface DurableWriter {
  /** Writes bytes at a place, which may lie behind the end. */
  put(bytes: Uint8Array, at: number): void;
  /** Flushes the file and gives it its name, replacing one of that name. */
  finish(): void;
  /** Takes the file away. */
  abort(): void;
}

/**
 * Opens a file under a temporary name of its own beside `path`, so that two writers of one path never share it.
 *
 * @throws {Error} What the file system says.
 * @example
 * ```ts
 * import { createDurableWriter } from "./durable_writer.ts";
 * const writer = createDurableWriter(`${await Deno.makeTempDir()}/x.bin`);
 * writer.put(Uint8Array.of(1, 2), 0);
 * writer.finish();
 * ```
 */
export function createDurableWriter(path: string): DurableWriter {
  const partial = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  const file = Deno.openSync(partial, { write: true, createNew: true });
  return {
    put(bytes, at) {
      file.seekSync(at, Deno.SeekMode.Start);
      writeAllSync(file, bytes);
    },
    finish() {
      file.syncSync();
      file.close();
      Deno.renameSync(partial, path);
    },
    abort() {
      file.close();
      Deno.removeSync(partial);
    },
  };
}
