/** From wherever a set lies to a path of this machine. @module */
import { basename, extname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { sha256 } from "../../base/sha256.ts";
import { copyBucket, type CopyBucketOptions } from "./bucket.ts";
import { download } from "./download.ts";

/** Options for {@linkcode localize}. */
export interface LocalizeOptions extends Partial<CopyBucketOptions> {
  /** Folder that downloads go to. Needed for `s3:` and `http(s):` only. */
  cache?: string;
  /** Checksum of the file behind an http address, `sha256:…` or `md5:…`. */
  checksum?: string;
  /** Called while bytes are fetched; `total` is 0 where it is not known. */
  onProgress?: (done: number, total: number) => void;
  /** What a downloaded file's name ends with where its address has no such end, such as ".zip". */
  extension?: string;
}

/**
 * Makes a path of what a user writes: a path or pattern as it is, a `file:` address, `http(s)://…` downloaded,
 * `s3://bucket/prefix` copied.
 *
 * A download is kept under the cache by its address, and resumes; of a bucket comes what is missing.
 *
 * @returns A path or pattern; of a bucket the one object, or the folder of several.
 * @throws {TypeError} If the address is of another kind, or there is no cache for it or no access to buckets.
 * @throws {Deno.errors.NotFound} If a bucket has nothing there.
 * @throws {RangeError} If a bucket has archives among other files there.
 * @throws {Error} If a download fails or has another checksum.
 */
export async function localize(source: string, options: LocalizeOptions = {}): Promise<string> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1].toLowerCase();
  if (scheme === undefined) return source;
  if (scheme === "file") return fileURLToPath(source);
  if (scheme !== "s3" && scheme !== "http" && scheme !== "https") {
    throw new TypeError(`Cannot open "${source}": expected a path, a pattern, s3://, http:// or https://`);
  }
  const { cache, checksum, extension = "", openBucket, onProgress, signal } = options;
  if (cache === undefined) throw new TypeError(`Cannot open "${source}" without a cache folder`);
  const folder = join(cache, (await sha256(new TextEncoder().encode(source))).slice(0, 16));
  if (scheme === "s3") {
    if (!openBucket) throw new TypeError(`Cannot open "${source}" without access to buckets`);
    const copy = await copyBucket(source, folder, { ...options, openBucket });
    const archives = copy.files.filter((file) => /\.zip$/i.test(file)).length;
    if (archives > 0 && copy.files.length > 1) {
      throw new RangeError(
        `Cannot open "${source}" as it must be one archive or a prefix of files: it has ${archives} archives and ` +
          `${copy.files.length - archives} other files`,
      );
    }
    return copy.files.length === 1 ? copy.files[0] : copy.folder;
  }
  const name = basename(new URL(source).pathname) || "set";
  const path = join(folder, extname(name).toLowerCase() === extension ? name : `${name}${extension}`);
  await download(source, path, { checksum, onProgress, signal });
  return path;
}
