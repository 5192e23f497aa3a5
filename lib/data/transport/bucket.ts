/** Objects of a bucket, copied into a folder, and only what is not there yet. @module */
import { dirname, join } from "@std/path";
import { writeDurably } from "../../base/durable_file.ts";
import { acquireLock } from "../../base/lock.ts";

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
  /** Called after each object. */
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
  const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0, next = 0;
  const copySome = async () => {
    while (next < listed.length) {
      signal?.throwIfAborted();
      const { key, bytes } = listed[next++];
      await copyObject(objects, { key, bytes, source }, join(folder, key));
      onProgress?.(done += bytes, total);
    }
  };
  await Deno.mkdir(folder, { recursive: true });
  const lock = await acquireLock(join(folder, ".lock"), { heartbeatMs: 5000, signal });
  try {
    const copies = await Promise.allSettled(Array.from({ length: SIDE_BY_SIDE }, copySome));
    const failed = copies.find((copy) => copy.status === "rejected");
    if (failed) throw failed.reason;
  } finally {
    lock.release();
  }
  const files = listed.map(({ key }) => join(folder, key));
  return { folder: join(folder, wholeFolders(prefix)), files };
}

function isSafe(key: string): boolean {
  return !/[\\\0]/.test(key) && key.split("/").every((part) => !["", ".", ".."].includes(part));
}

async function copyObject(
  objects: ObjectSource,
  { key, bytes, source }: { key: string; bytes: number; source: string },
  path: string,
): Promise<void> {
  const present = await Deno.stat(path).then((info) => info.size, () => -1);
  if (present === bytes) return;
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
