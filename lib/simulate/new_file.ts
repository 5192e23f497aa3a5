/** Files that must not exist yet. @module */
import { dirname } from "@std/path";

/**
 * Writes a file that must not exist yet; it appears whole or not at all. Folders on the way are made.
 *
 * @throws {Deno.errors.AlreadyExists} If there is one of that name.
 */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${crypto.randomUUID()}.partial`;
  try {
    await Deno.writeFile(partial, bytes, { createNew: true });
    await Deno.link(partial, path); // fails where the name is taken, as a rename would not
  } finally {
    await Deno.remove(partial).catch(() => {});
  }
}

/**
 * Refuses paths that are taken, before any work is done.
 *
 * @throws {Deno.errors.AlreadyExists} Naming the first of them.
 */
export async function refuseExisting(paths: readonly string[], action: string): Promise<void> {
  for (const path of paths) {
    if (await Deno.lstat(path).then(() => true, () => false)) {
      throw new Deno.errors.AlreadyExists(`Cannot ${action} as "${path}" is there already`);
    }
  }
}

/** A file under way, as the writers of HDF5 and ROOT give it. */
export interface GrowingFile {
  /** Finishes it; then it appears. */
  close(): void;
  /** Gives up: nothing stays. */
  abort(): void;
}

/**
 * Has a file written piece by piece; it appears whole, or not at all if `fill` fails. Folders on the way are made.
 *
 * @param open Starts the file at `path`.
 * @throws {Deno.errors.AlreadyExists} If there is one of that name.
 */
export async function fillNewFile<File extends GrowingFile>(
  path: string,
  open: (path: string) => File,
  fill: (file: File) => Promise<void>,
): Promise<void> {
  await refuseExisting([path], "write the file");
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = open(path);
  try {
    await fill(file);
    await refuseExisting([path], "finish the file");
    file.close();
  } catch (error) {
    file.abort();
    throw error;
  }
}
