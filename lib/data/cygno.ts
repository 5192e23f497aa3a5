/**
 * CYGNO's training set: pictures of recoils whose kind and energy are in their paths, `…/<NR|ER>/<E>_keV/<event>.png`.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, join } from "@std/path";
import { extractZip } from "../io/zip.ts";
import { download } from "./download.ts";
import { type ImageFiles, isPattern, listImages, selectImages } from "./image_files.ts";
import { LazyImages, type LazyImagesOptions } from "./lazy_images.ts";
import { LazyNumbers } from "./lazy_numbers.ts";

/** What a path says of an event. */
export interface PathTruth {
  /** 1 for a nuclear recoil, 0 for an electron recoil. */
  nuclear: 0 | 1;
  energyKeV: number;
}

/**
 * Reads kind and energy out of a path by the course's two patterns, `/([NE]R)/` and `/([0-9]+)_keV`, the first energy that is found.
 *
 * @returns undefined if either is missing, or both kinds occur: nothing is guessed.
 * @example
 * ```ts
 * parseCygnoPath("data/export/run_1/NR/30_keV/7.png"); // { nuclear: 1, energyKeV: 30 }
 * parseCygnoPath("data/export/run_1/30_keV/7.png"); // undefined
 * ```
 */
export function parseCygnoPath(path: string): PathTruth | undefined {
  const rooted = "/" + path; // a path that starts with the kind has no slash before it
  const kinds = new Set(Array.from(rooted.matchAll(/\/([NE]R)(?=\/)/g), (match) => match[1]));
  const energy = /\/([0-9]+)_keV/.exec(rooted)?.[1];
  if (kinds.size !== 1 || energy === undefined) return undefined;
  return { nuclear: kinds.has("NR") ? 1 : 0, energyKeV: Number(energy) };
}

/** Where objects of a bucket can be had; a store's `Blobs` is one. */
export interface ObjectSource {
  list(prefix: string): Promise<{ key: string; bytes: number }[]>;
  get(key: string): Promise<{ bytes: Uint8Array } | undefined>;
}

/** Options for {@linkcode openCygno}. */
export interface OpenCygnoOptions extends LazyImagesOptions {
  /** Folder that downloads go to. Needed for `s3:` and `http(s):` only. */
  cache?: string;
  /** Checksum of the archive behind an http address, `sha256:…` or `md5:…`. */
  checksum?: string;
  /** Opens a bucket; needed for `s3:` only. */
  openBucket?: (location: string) => ObjectSource | Promise<ObjectSource>;
  /** Unpacks an archive here first, as `unzip -n`, and reads the files. @default {read out of the archive} */
  extractTo?: string;
  /** Called while bytes are fetched; `total` is 0 where it is not known. */
  onProgress?: (done: number, total: number) => void;
  /** Stops a download with the signal's reason. */
  signal?: AbortSignal;
}

/** A set, nothing of it read yet but the paths. */
export interface CygnoSet {
  /** [n, 576, 576]. */
  images: LazyImages;
  /** 1 nuclear, 0 electron recoil; [n]. */
  labels: LazyNumbers;
  /** keV; [n]. */
  energies: LazyNumbers;
  /** Pictures whose path does not say what they are; in none of the above. */
  unmatched: string[];
  /** SHA-256 of the paths, sizes, and (in an archive) CRC-32s. */
  fingerprint: string;
}

/**
 * Opens a set wherever it lies: a zip file, a folder, a pattern, `s3://bucket/prefix` or an http(s) address of a zip.
 *
 * A local archive is read in place; an unsafe one (see `lib/io/zip.ts`) is refused. From a bucket, the archive or the pictures under the
 * prefix are copied to the cache, and only what is missing there; an http download resumes. Close `images` when done.
 *
 * @throws {Deno.errors.NotFound} If there is nothing there.
 * @throws {SyntaxError} If the archive is damaged or unsafe.
 * @throws {RangeError} If no picture's path says what it is; the first few are named.
 */
export async function openCygno(source: string, options: OpenCygnoOptions = {}): Promise<CygnoSet> {
  let place = await localize(source, options);
  if (options.extractTo !== undefined && /\.zip$/i.test(place)) {
    await extractZip(place, options.extractTo, { signal: options.signal });
    place = options.extractTo;
  }
  const all = await listImages(place);
  const good: number[] = [], unmatched: string[] = [], truths: PathTruth[] = [];
  all.names.forEach((name, i) => {
    const truth = parseCygnoPath(name);
    if (truth) {
      good.push(i);
      truths.push(truth);
    } else unmatched.push(name);
  });
  if (good.length === 0) {
    const some = unmatched.slice(0, 3).map((name) => `"${name}"`).join(", ");
    throw new RangeError(
      `Cannot open "${source}" as a CYGNO set as no image has its kind (/NR/ or /ER/) and energy (/<E>_keV) in its path: ` +
        (some ? `found ${unmatched.length}, such as ${some}` : "found none"),
    );
  }
  const files = selectImages(all, good);
  return {
    images: LazyImages.open(files, options),
    labels: new LazyNumbers(Float32Array.from(truths, ({ nuclear }) => nuclear), 1),
    energies: new LazyNumbers(Float32Array.from(truths, ({ energyKeV }) => energyKeV), 1),
    unmatched,
    fingerprint: fingerprint(files, place),
  };
}

/** The same for the same pictures, whatever folder they are in. */
function fingerprint({ names, bytes, entries, zip }: ImageFiles, place: string): string {
  const hash = createHash("sha256");
  const prefix = zip || isPattern(place) ? 0 : place.replace(/\/+$/, "").length + 1;
  names.forEach((name, i) => hash.update(`${name.slice(prefix)}\t${bytes[i]}\t${entries?.[i].crc ?? ""}\n`));
  return hash.digest("hex");
}

async function localize(source: string, options: OpenCygnoOptions): Promise<string> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source)?.[1].toLowerCase();
  if (scheme === undefined) return source;
  if (scheme === "file") return decodeURIComponent(new URL(source).pathname);
  const { cache, checksum, onProgress, signal } = options;
  if (scheme !== "s3" && scheme !== "http" && scheme !== "https") {
    throw new TypeError(`Cannot open "${source}": expected a path, a pattern, s3://, http:// or https://`);
  }
  if (cache === undefined) throw new TypeError(`Cannot open "${source}" without a cache folder`);
  const key = createHash("sha256").update(source).digest("hex").slice(0, 16);
  if (scheme === "s3") return await copyBucket(source, join(cache, "cygno", key), options);
  const name = basename(new URL(source).pathname) || "set.zip";
  const path = join(cache, "cygno", key, /\.zip$/i.test(name) ? name : `${name}.zip`);
  await download(source, path, { checksum, onProgress, signal });
  return path;
}

/** Copies what a bucket has under a prefix and the folder has not; gives the folder, or the one archive in it. */
async function copyBucket(source: string, folder: string, options: OpenCygnoOptions): Promise<string> {
  const { openBucket, onProgress, signal } = options;
  if (!openBucket) throw new TypeError(`Cannot open "${source}" without access to buckets`);
  const [, bucket, prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(source) ?? [];
  if (!bucket) throw new TypeError(`Cannot open "${source}": expected s3://bucket/prefix`);
  const objects = await openBucket(`s3://${bucket}`);
  const listed = (await objects.list(prefix)).filter(({ key }) => /\.(png|zip)$/i.test(key));
  const archives = listed.filter(({ key }) => /\.zip$/i.test(key));
  if (archives.length > 1 || (archives.length === 1 && listed.length > 1)) {
    throw new RangeError(
      `Cannot open "${source}" as it must be one archive or a prefix of pictures: it has ${archives.length} archives and ` +
        `${listed.length - archives.length} pictures`,
    );
  }
  if (listed.length === 0) {
    throw new Deno.errors.NotFound(`Cannot open "${source}" as there is no image or archive`);
  }
  const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0, next = 0;
  const copy = async () => {
    while (next < listed.length) {
      signal?.throwIfAborted();
      const { key, bytes } = listed[next++];
      if (key.split("/").some((part) => part === "" || part === "." || part === "..") || /[\\\0]/.test(key)) {
        throw new SyntaxError(`Cannot copy "${key}" from "${source}": unsafe name`);
      }
      const path = join(folder, key);
      const present = await Deno.stat(path).then((info) => info.size, () => -1);
      if (present !== bytes) {
        const object = await objects.get(key);
        if (!object) throw new Deno.errors.NotFound(`Cannot copy "${key}" from "${source}": it is gone`);
        await Deno.mkdir(join(path, ".."), { recursive: true });
        const partial = `${path}.${crypto.randomUUID()}.partial`;
        await Deno.writeFile(partial, object.bytes);
        await Deno.rename(partial, path);
      }
      onProgress?.(done += bytes, total);
    }
  };
  await Promise.all(Array.from({ length: 8 }, copy));
  return archives.length === 1 ? join(folder, archives[0].key) : join(folder, prefixFolder(prefix));
}

/** The part of a prefix that is whole folders: "a/b/ev" is in "a/b". */
function prefixFolder(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}
