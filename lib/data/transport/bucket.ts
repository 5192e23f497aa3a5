/** Objects of a bucket, copied into a folder, and only what is not there yet. @module */
import { dirname, join } from "@std/path";
import { writeDurably } from "../../base/durable_file.ts";
import { acquireLock } from "../../base/lock.ts";
import { walkFiles } from "./glob.ts";

/** Where objects of a bucket can be had; a store's `Blobs` is one. */
export interface ObjectSource {
  list(prefix: string): Promise<{ key: string; bytes: number }[]>;
  get(key: string): Promise<{ bytes: Uint8Array } | undefined>;
}

/** Options for {@linkcode copyBucket}. */
export interface CopyBucketOptions {
  /** Opens a bucket by its location, `s3://bucket`. */
  openBucket: (location: string) => ObjectSource | Promise<ObjectSource>;
  /** Which objects are wanted, by their keys. @default {all} */
  wanted?: (key: string) => boolean;
  /** Called after each object that was missing, with bytes. */
  onProgress?: (done: number, total: number) => void;
  /** Stops with the signal's reason; what is whole stays. */
  signal?: AbortSignal;
}

/** What was copied. */
export interface BucketCopy {
  /** The folder that the prefix's whole folders are. */
  folder: string;
  /** Paths of the objects, in the bucket's order. */
  files: string[];
}

const SIDE_BY_SIDE = 8;

/**
 * Copies what a bucket has under a prefix and the folder has not, told by its size.
 *
 * Each object is there whole or not at all; processes that copy into the same folder wait for each other.
 *
 * @param source `s3://bucket/prefix`.
 * @throws {TypeError} If `source` is no such address.
 * @throws {Deno.errors.NotFound} If there is nothing wanted under the prefix, or an object goes away meanwhile.
 * @throws {SyntaxError} If a key is no safe path.
 */
export async function copyBucket(
  source: string,
  folder: string,
  options: CopyBucketOptions,
): Promise<BucketCopy> {
  const { openBucket, wanted = () => true, onProgress, signal } = options;
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(source) ?? [];
  if (!bucket) throw new TypeError(`Cannot open "${source}": expected s3://bucket/prefix`);
  const objects = await openBucket(`s3://${bucket}`);
  const listed = (await objects.list(prefix)).filter(({ key }) => wanted(key));
  if (listed.length === 0) {
    throw new Deno.errors.NotFound(`Cannot open "${source}" as it has no object of a kind that is read`);
  }
  const unsafe = listed.find(({ key }) => !isSafe(key));
  if (unsafe) throw new SyntaxError(`Cannot copy "${unsafe.key}" from "${source}": unsafe name`);
  await Deno.mkdir(folder, { recursive: true });
  const lock = await acquireLock(join(folder, ".lock"), { heartbeatMs: 5000, signal });
  try {
    const missing = await missingFrom(folder, listed);
    if (missing.length > 0) await removeLitter(folder);
    await copyObjects(objects, missing, { source, folder, onProgress, signal });
  } finally {
    lock.release();
  }
  const files = listed.map(({ key }) => join(folder, key));
  return { folder: join(folder, wholeFolders(prefix)), files };
}

interface Listed {
  key: string;
  bytes: number;
}

async function missingFrom(folder: string, listed: readonly Listed[]): Promise<Listed[]> {
  const isThere = await Promise.all(
    listed.map(({ key, bytes }) =>
      Deno.stat(join(folder, key)).then((info) => info.size === bytes, () => false)
    ),
  );
  return listed.filter((_, i) => !isThere[i]);
}

/** Takes away what a process left that was killed while it wrote: nobody else writes here now. */
async function removeLitter(folder: string): Promise<void> {
  for await (const path of walkFiles(folder)) if (/\.[0-9a-f]{8}\.part$/.test(path)) await Deno.remove(path);
}

/** Copies some at a time; after a failure what is under way is finished, and nothing more is begun. */
async function copyObjects(
  objects: ObjectSource,
  missing: readonly Listed[],
  { source, folder, onProgress, signal }: {
    source: string;
    folder: string;
    onProgress?: (done: number, total: number) => void;
    signal?: AbortSignal;
  },
): Promise<void> {
  const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0, next = 0, failed = false;
  const copySome = async () => {
    while (next < missing.length && !failed) {
      signal?.throwIfAborted();
      const object = missing[next++];
      try {
        await copyObject(objects, object, source, join(folder, object.key));
      } catch (error) {
        failed = true;
        throw error;
      }
      onProgress?.(done += object.bytes, total);
    }
  };
  const copies = await Promise.allSettled(Array.from({ length: SIDE_BY_SIDE }, copySome));
  const failure = copies.find((copy) => copy.status === "rejected");
  if (failure) throw failure.reason;
}

function isSafe(key: string): boolean {
  return !/[\\\0]/.test(key) && key.split("/").every((part) => !["", ".", ".."].includes(part));
}

async function copyObject(
  objects: ObjectSource,
  { key, bytes }: Listed,
  source: string,
  path: string,
): Promise<void> {
  const object = await objects.get(key);
  if (!object) throw new Deno.errors.NotFound(`Cannot copy "${key}" from "${source}": it is gone`);
  if (object.bytes.length !== bytes) {
    throw new Error(
      `Cannot copy "${key}" from "${source}": it was listed with ${bytes} bytes, ${object.bytes.length} came`,
    );
  }
  await Deno.mkdir(dirname(path), { recursive: true });
  await writeDurably(path, object.bytes);
}

/** The part of a prefix that is whole folders: "a/b/ev" is in "a/b/". */
function wholeFolders(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}
