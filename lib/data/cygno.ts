/**
 * CYGNO's training set: pictures of recoils whose kind and energy are in their paths, `…/<NR|ER>/<E>_keV/<event>.png`.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { extractZip } from "../io/zip.ts";
import { type ImageFiles, listImages, selectImages } from "./image_files.ts";
import { LazyImages, type LazyImagesOptions } from "./lazy_images.ts";
import { LazyNumbers } from "./lazy_numbers.ts";
import { localize, type LocalizeOptions } from "./transport/localize.ts";

/** What a path says of an event. */
export interface PathTruth {
  /** 1 for a nuclear recoil, 0 for an electron recoil. */
  nuclear: 0 | 1;
  /** Energy of the recoil. */
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

/**
 * Kind and energy of each listed picture, out of its path below the place that was given: folders above a set say nothing
 * of its events. Only where no path below says them, a pattern's or file's own fixed parts are looked at, from the right:
 * who wrote `run_1/NR/[1-6]_keV/*.png` has said the kind.
 */
function truthsOf({ names, baseLength }: ImageFiles, isFolder: boolean): (PathTruth | undefined)[] {
  for (let from = baseLength;; from = names[0].lastIndexOf("/", from - 2) + 1) {
    const truths = names.map((name) => parseCygnoPath(name.slice(from)));
    if (isFolder || from <= 1 || truths.some((truth) => truth)) return truths;
  }
}

/**
 * Refuses a training set of one kind, from which no network can learn to tell the kinds apart.
 *
 * @param labels 1 nuclear, 0 electron recoil.
 * @param from Where the set is from, for the message.
 * @throws {RangeError} Naming the kind that there is.
 */
export function requireBothKinds(labels: Float32Array, from: string): void {
  const nuclear = labels.reduce((sum, label) => sum + label, 0);
  if (nuclear > 0 && nuclear < labels.length) return;
  const [only, missing] = nuclear > 0 ? ["nuclear", "electron"] : ["electron", "nuclear"];
  throw new RangeError(
    `Cannot train on "${from}" to tell recoils apart as there must be both kinds: ` +
      `all ${labels.length} training images are of ${only} recoils, none of ${missing} ones`,
  );
}

/** Options for {@linkcode openCygno}. */
export interface OpenCygnoOptions extends LazyImagesOptions, Omit<LocalizeOptions, "wanted" | "extension"> {
  /** Unpacks an archive here first, as `unzip -n`, and reads the files. @default {read out of the archive} */
  extractTo?: string;
}

/** A set, nothing of it read yet but the paths. */
export interface CygnoSet {
  /** [n, height, width]. */
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
 * Kind and energy of an event are in its path below that place; links to folders are followed.
 * A local archive is read in place; an unsafe one (see `lib/io/zip.ts`) is refused. From a bucket, the archive or the pictures under the
 * prefix are copied to the cache, and only what is missing there; an http download resumes. Close `images` when done.
 *
 * @throws {Deno.errors.NotFound} If there is nothing there.
 * @throws {SyntaxError} If the archive is damaged or unsafe.
 * @throws {RangeError} If no picture's path says what it is; the first few are named.
 */
export async function openCygno(source: string, options: OpenCygnoOptions = {}): Promise<CygnoSet> {
  const { cache, extractTo, signal } = options;
  let place = await localize(source, {
    ...options,
    cache: cache === undefined ? undefined : join(cache, "cygno"),
    extension: ".zip",
    wanted: (key) => /\.(png|zip)$/i.test(key),
  });
  if (extractTo !== undefined && /\.zip$/i.test(place)) {
    await extractZip(place, extractTo, { signal });
    place = extractTo;
  }
  const all = await listImages(place);
  const isFolder = all.zip !== undefined || await isDirectory(place);
  const good: number[] = [], unmatched: string[] = [], truths: PathTruth[] = [];
  truthsOf(all, isFolder).forEach((truth, i) => {
    if (truth) {
      good.push(i);
      truths.push(truth);
    } else unmatched.push(all.names[i]);
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
    fingerprint: fingerprint(files),
  };
}

/** The same for the same pictures, whatever folder they are in. */
function fingerprint({ names, baseLength, bytes, entries }: ImageFiles): string {
  const hash = createHash("sha256");
  names.forEach((name, i) =>
    hash.update(`${name.slice(baseLength)}\t${bytes[i]}\t${entries?.[i].crc ?? ""}\n`)
  );
  return hash.digest("hex");
}

function isDirectory(path: string): Promise<boolean> {
  return Deno.stat(path).then((info) => info.isDirectory, () => false);
}
