/** Folders in which what is to be kept is made, beside its place. @module */
import { join } from "@std/path";

const TEMPORARY = ".fetching-";
/** After so long nobody is at it any more. */
const STALE_MS = 24 * 3600 * 1000;

/**
 * A private folder inside another, on the same file system as what is kept there, so that a rename puts it in place. What killed
 * processes left behind a day ago is removed.
 *
 * @param folder Made where it is missing.
 * @returns The path of a new folder that only this user may read.
 * @example
 * ```ts
 * const made = makeTemporaryIn(Deno.makeTempDirSync());
 * Deno.statSync(made).isDirectory; // true
 * ```
 */
export function makeTemporaryIn(folder: string): string {
  Deno.mkdirSync(folder, { recursive: true });
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.startsWith(TEMPORARY)) removeStale(join(folder, name));
  }
  return Deno.makeTempDirSync({ dir: folder, prefix: TEMPORARY });
}

function removeStale(path: string): void {
  try {
    const { mtime } = Deno.statSync(path);
    if (mtime && Date.now() - mtime.getTime() > STALE_MS) Deno.removeSync(path, { recursive: true });
  } catch {
    // another process removes it, or it is another user's
  }
}
