/**
 * Blobs in a folder of the file system, one file a blob.
 *
 * A file appears under its name whole or not at all: it is written beside its place, synced and renamed, and the folder
 * is synced too. Conditional writes hold an advisory lock (flock) on `.lock` in the root, which the system drops with
 * the process that holds it, so that a killed writer blocks nobody. Names that start with "." are ours alone: no key
 * may have one, and no listing shows one. @module
 */
import { dirname, join, relative, resolve } from "@std/path";
import {
  type Blob,
  type BlobEntry,
  type Blobs,
  BlobsError,
  ConflictError,
  type PutOptions,
} from "./blobs.ts";
import { sha256 } from "../base/sha256.ts";
import { syncFolder, writeAll } from "../base/write_all.ts";

const REASONS: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ENOENT: "no folder can be made there",
  ENAMETOOLONG: "the name is too long",
  EIO: "the disk failed to read or write",
  EMFILE: "too many files are open",
  ELOOP: "links lead in a circle",
};

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `Deno has no permission: ${error.message.split(",")[0]}`;
  }
  const code = (error as { code?: string }).code ?? "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Whether `error` means that there is no such file; a folder in its place counts as none too. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.IsADirectory;
}

/** {@linkcode Blobs} in a folder; the folder is made by the first write. */
export class FolderBlobs implements Blobs {
  readonly location: string;
  readonly #root: string;

  /** Blobs in one folder. @param folder Its path. */
  constructor(folder: string) {
    this.#root = resolve(folder);
    this.location = `file:${this.#root}`;
  }

  #path(key: string): string {
    for (const segment of key.split("/")) {
      // deno-lint-ignore no-control-regex -- control characters are what must not get into a file name
      if (segment === "" || segment.startsWith(".") || /[\\:\x00-\x1f]/.test(segment)) {
        throw new RangeError(`Cannot use "${key}" as a key as every part must be a plain, visible file name`);
      }
    }
    return join(this.#root, key);
  }

  async get(key: string): Promise<Blob | undefined> {
    const path = this.#path(key);
    try {
      // A link may point into the store, as a user may have arranged it by hand, but never out of it.
      const real = await Deno.realPath(path);
      if (relative(await Deno.realPath(this.#root), real).startsWith("..")) {
        throw new BlobsError(`Cannot read "${key}" in ${this.location}: it is a link that leaves the store`);
      }
      const bytes = await Deno.readFile(real);
      return { bytes, tag: await sha256(bytes) };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      if (error instanceof BlobsError) throw error;
      throw new BlobsError(`Cannot read "${key}" in ${this.location}: ${reason(error)}`, { cause: error });
    }
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions = {}): Promise<string> {
    const path = this.#path(key);
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      if (!options.ifNoneMatch && options.ifMatch === undefined) await this.#write(path, bytes);
      else await this.#locked(() => this.#writeIf(key, path, bytes, options));
      return await sha256(bytes);
    } catch (error) {
      if (error instanceof ConflictError || error instanceof BlobsError) throw error;
      throw new BlobsError(`Cannot write "${key}" in ${this.location}: ${reason(error)}`, { cause: error });
    }
  }

  async #writeIf(key: string, path: string, bytes: Uint8Array, options: PutOptions): Promise<void> {
    const present = await this.get(key);
    if (options.ifNoneMatch && present) {
      throw new ConflictError(`Cannot create "${key}" in ${this.location}: it exists already`);
    }
    if (options.ifMatch !== undefined && present?.tag !== options.ifMatch) {
      throw new ConflictError(
        `Cannot replace "${key}" in ${this.location}: another writer changed it meanwhile`,
      );
    }
    await this.#write(path, bytes);
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(path);
    const temporary = join(folder, `.${crypto.randomUUID()}.tmp`);
    try {
      using file = await Deno.open(temporary, { write: true, createNew: true });
      await writeAll(file, bytes);
      await file.sync();
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {}); // the first error is the one to tell
      throw error;
    }
    await syncFolder(folder);
  }

  async #locked(action: () => Promise<void>): Promise<void> {
    using file = await Deno.open(join(this.#root, ".lock"), { read: true, write: true, create: true });
    await file.lock(true);
    await action(); // closing the file unlocks it
  }

  async list(prefix: string): Promise<BlobEntry[]> {
    const found: BlobEntry[] = [];
    // Only the folder that the prefix names can hold its keys.
    const start = prefix.split("/").slice(0, -1).join("/");
    const walk = async (key: string) => {
      try {
        for await (const entry of Deno.readDir(key === "" ? this.#root : this.#path(key))) {
          const child = key === "" ? entry.name : `${key}/${entry.name}`;
          if (entry.name.startsWith(".")) continue;
          if (entry.isDirectory && (child.startsWith(prefix) || prefix.startsWith(child))) await walk(child);
          else if (entry.isFile && child.startsWith(prefix)) {
            const { size } = await Deno.stat(join(this.#root, child));
            found.push({ key: child, bytes: size });
          }
        }
      } catch (error) {
        if (isAbsent(error)) return; // not made yet, or deleted while we read
        throw error;
      }
    };
    try {
      await walk(start);
    } catch (error) {
      throw new BlobsError(`Cannot list ${this.location}: ${reason(error)}`, { cause: error });
    }
    return found.sort((a, b) => a.key < b.key ? -1 : 1);
  }

  /** Deletes temporary files of writers that were killed before a time, and gives their paths. */
  async prune(before: Date): Promise<string[]> {
    const found: string[] = [];
    const walk = async (folder: string) => {
      for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
        const path = join(folder, name);
        if (isDirectory && !name.startsWith(".")) await walk(path);
        if (!isFile || !/^\.[0-9a-f-]{36}\.tmp$/.test(name)) continue;
        const { mtime } = await Deno.stat(path);
        if (mtime && mtime < before) found.push(path);
      }
    };
    try {
      await walk(this.#root);
      for (const path of found) await Deno.remove(path);
    } catch (error) {
      if (!isAbsent(error)) {
        throw new BlobsError(`Cannot prune ${this.location}: ${reason(error)}`, { cause: error });
      }
    }
    return found.map((path) => relative(this.#root, path));
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await Deno.remove(path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (isAbsent(error)) return;
      throw new BlobsError(`Cannot delete "${key}" in ${this.location}: ${reason(error)}`, { cause: error });
    }
  }
}
