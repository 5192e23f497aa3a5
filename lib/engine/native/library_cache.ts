/**
 * The folder in which fetched libraries are kept: one sub-folder a version and platform, visible only when complete.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { join } from "@std/path";
import { makeTemporaryIn } from "../../base/temporary_folder.ts";
import type { UnpackedFile } from "./wheel.ts";

/** What `library.json` in a cached folder says. */
export interface CachedLibrary {
  format: "cloudchamber-library/1";
  /** Version of TensorFlow. */
  version: string;
  /** Where the files came from. */
  origin: string;
  /** The libraries: size, time of change in milliseconds, SHA-256. */
  files: (UnpackedFile & { modified: number })[];
}

const RECORD = "library.json";

/** SHA-256 of a file of any size, hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

/** The record of a cached folder, or undefined where there is none or it cannot be understood. */
export async function readCachedLibrary(folder: string): Promise<CachedLibrary | undefined> {
  try {
    const record: CachedLibrary = JSON.parse(await Deno.readTextFile(join(folder, RECORD)));
    return record.format === "cloudchamber-library/1" && Array.isArray(record.files) ? record : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw ofCache(folder, error);
  }
}

/** What the file system says of the cache, with what helps where it is another user's. */
function ofCache(folder: string, error: unknown): unknown {
  if (error instanceof Deno.errors.PermissionDenied) {
    error.message = `Cannot use the cache of libraries as "${folder}" is not this user's to read or write: ` +
      `have its owner open it, or name another folder by CLOUDCHAMBER_CACHE (${error.message})`;
  }
  return error;
}

/**
 * Says what is wrong with a cached folder, or nothing.
 *
 * Sizes are compared always. A file whose time of change is the recorded one is taken for what was fetched; of any other,
 * such as one that was copied, every byte is read and its SHA-256 decides, and the new time is written down. `full` reads
 * every byte of all.
 *
 * @throws {Deno.errors.PermissionDenied} If the folder is not this user's to read.
 * @example
 * ```ts
 * import { checkCachedLibrary } from "./library_cache.ts";
 * await checkCachedLibrary("no/such/folder"); // "no library.json"
 * ```
 */
export async function checkCachedLibrary(folder: string, { full = false } = {}): Promise<string | undefined> {
  const record = await readCachedLibrary(folder);
  if (!record) return "no library.json";
  let moved = false;
  for (const file of record.files) {
    const { name, bytes, modified, sha256 } = file, path = join(folder, name);
    const stat = await Deno.stat(path).catch(() => undefined);
    if (!stat) return `${name} is missing`;
    if (stat.size !== bytes) return `${name} has ${stat.size} bytes, not ${bytes}`;
    const time = stat.mtime?.getTime() ?? 0;
    if (!full && time === modified) continue;
    if (await hashFile(path) !== sha256) return `${name} has another SHA-256 than the one fetched`;
    moved ||= time !== modified;
    file.modified = time;
  }
  if (moved) await rewriteRecord(folder, record);
  return undefined;
}

/** Writes the record anew, where the folder is ours to write; else the next process reads every byte once more. */
async function rewriteRecord(folder: string, record: CachedLibrary): Promise<void> {
  const partial = join(folder, `${RECORD}.${crypto.randomUUID()}.part`);
  try {
    await Deno.writeTextFile(partial, encodeRecord(record));
    await Deno.rename(partial, join(folder, RECORD));
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    const closed = error instanceof Deno.errors.PermissionDenied ||
      (error as { code?: string }).code === "EROFS";
    if (!closed) throw error;
  }
}

const encodeRecord = (record: CachedLibrary) => JSON.stringify(record, null, 2) + "\n";

/** A private folder beside the cached ones, on the same file system, so that a rename puts it in place. */
export function makeTemporaryFolder(cacheFolder: string): string {
  try {
    return makeTemporaryIn(cacheFolder);
  } catch (error) {
    throw ofCache(cacheFolder, error);
  }
}

/**
 * Records the files of a temporary folder and renames it into place.
 *
 * Two processes may do so at once: whoever comes second finds a good folder and throws its own away.
 */
export async function installLibrary(
  temporary: string,
  folder: string,
  { version, origin, files }: { version: string; origin: string; files: readonly UnpackedFile[] },
): Promise<void> {
  const record: CachedLibrary = { format: "cloudchamber-library/1", version, origin, files: [] };
  for (const file of files) {
    using handle = await Deno.open(join(temporary, file.name), { read: true, write: true });
    await handle.sync();
    record.files.push({ ...file, modified: (await handle.stat()).mtime!.getTime() });
  }
  await Deno.writeTextFile(join(temporary, RECORD), encodeRecord(record));
  if (Deno.build.os !== "windows") await Deno.chmod(temporary, 0o755); // others may read it, as they may its files
  for (let attempt = 0;; attempt++) {
    try {
      await Deno.rename(temporary, folder);
      return;
    } catch (error) {
      if (await checkCachedLibrary(folder) === undefined) {
        await Deno.remove(temporary, { recursive: true });
        return;
      }
      if (attempt === 3) throw error;
      const damaged = makeTemporaryIn(join(folder, ".."));
      await Deno.rename(folder, join(damaged, "damaged")).catch(() => {});
      await Deno.remove(damaged, { recursive: true });
    }
  }
}
