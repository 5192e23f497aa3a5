/**
 * Labelled images of a user's own, in whatever form they are: a folder a class, files and a table, arrays; in a folder, a
 * zip or one file. What can be taken in two ways is refused with what to say.
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "@std/path";
import type { FileArray } from "../../io/file_array.ts";
import type { OpenedFile } from "../../io/formats.ts";
import { readArraySet } from "./arrays.ts";
import { findTable, readClassFolders, readTableSet } from "./class_folders.ts";
import type { FindOptions, FoundSet, Part } from "./found_set.ts";
import { type LabelOptions, type Labels, readLabels } from "./labels.ts";
import { isNoFormat, openPlace, type Place } from "./place.ts";
import { type OwnImage, type OwnPixels, stackOf } from "./stacks.ts";

/** Options for {@linkcode readOwnImages}. */
export interface OwnImagesOptions extends FindOptions, LabelOptions {
  /** Most bytes of images that are kept for the second reading. @default {536_870_912} */
  keepBytes?: number;
  /** Whether NaN and infinite values are refused, or left as they are. @default {"refuse"} */
  nonFinite?: "refuse" | "keep";
  /** Takes how many images have been looked at. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A labelled set. */
export interface OwnImages {
  /** In words. */
  form: string;
  images: readonly OwnImage[];
  labels: Labels;
  /** The part of each image, where the place says so. */
  parts?: readonly Part[];
  /** What was found: sides, channels and type of every image. */
  looks: readonly OwnLook[];
  /** SHA-256 of all images and labels, in their order. */
  fingerprint: string;
  /** What a user should know. */
  notes: string[];
  /** Lets go of open files. */
  close(): void;
}

/** What an image looks like, without its values. */
export type OwnLook = Pick<OwnPixels, "shape" | "type" | "isPicture"> & { low: number; high: number };

/**
 * Reads what a place holds, and looks at every image once.
 *
 * @param name A folder, a zip, a file of arrays (.npz, HDF5, ROOT, TIFF, FITS), or a table of files in its folder
 * (.csv, .tsv, FITS).
 * @throws {Error} One line that says what is missing, damaged or can be taken in two ways, and how to say which is meant.
 */
export async function readOwnImages(name: string, options: OwnImagesOptions = {}): Promise<OwnImages> {
  const place = await openPlace(name);
  const opened: { close(): void }[] = place.single ? [place.single] : [];
  const close = () => opened.forEach((file) => file.close());
  try {
    const found = await findSet(place, options, opened);
    if (found.images.length === 0) {
      throw new RangeError(`Cannot learn from "${name}" as it holds no image`);
    }
    const labels = readLabels(found.columns, options);
    const kept = remembered(found.images, options.keepBytes ?? 1 << 29);
    const { looks, hashes } = await lookAtAll(kept, options);
    const { rows, notes } = dropRepeated(kept, hashes, labels);
    const all = rows.length === kept.length;
    return {
      form: found.form,
      images: all ? kept : rows.map((row) => kept[row]),
      labels: all ? labels : labelRows(labels, rows),
      parts: found.parts && rows.map((row) => found.parts![row]),
      looks: rows.map((row) => looks[row]),
      fingerprint: fingerprintOf(rows.map((row) => hashes[row]), all ? labels : labelRows(labels, rows)),
      notes: [...found.notes, ...notes],
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Which form the place has. */
async function findSet(
  place: Place,
  options: OwnImagesOptions,
  opened: { close(): void }[],
): Promise<FoundSet> {
  if (place.single) return await readArraySet(arraysOf(place), place.name, options);
  const table = findTable(place, options.labels);
  if (table) return await readTableSet(place, table, options, opened);
  const inFolders = place.files.some(({ path }) => path.includes("/"));
  if (inFolders) return await readClassFolders(place, options);
  const files: OpenedFile[] = [], names: string[] = [], passed: string[] = [];
  for (const file of place.files) {
    try {
      files.push(await file.open());
      opened.push(files[files.length - 1]);
      names.push(file.path);
    } catch (error) {
      if (!isNoFormat(error)) throw error;
      passed.push(file.path);
    }
  }
  if (files.every(isSinglePicture)) throw noClasses(place);
  const arrays = files.flatMap((file, i) => namedArrays(file, names[i]));
  const set = await readArraySet(arrays, place.name, options);
  return {
    ...set,
    notes: [...set.notes, ...passed.map((path) => `"${path}" is no image and was passed over`)],
  };
}

/** Whether a file is one image and nothing else, such as a PNG or a plane of FITS. */
function isSinglePicture({ arrays, format }: OpenedFile): boolean {
  return arrays.length === 1 &&
    (arrays[0].isPicture === true || (format === "fits" && arrays[0].shape.length === 2));
}

/** A file's arrays under its own name; its pages are one array. */
function namedArrays(file: OpenedFile, path: string): FileArray[] {
  const stem = basename(path).replace(/\.[^.]+$/, ""), stack = stackOf(file);
  if (stack?.isPicture && file.arrays.length === 1) { // a stack of one page
    const read: FileArray["read"] = async () => {
      const { data, shape } = await stack.read();
      return { data, shape: [1, ...shape] };
    };
    return [{ ...stack, name: stem, shape: [1, ...stack.shape], read }];
  }
  if (stack) return [{ ...stack, name: stem }];
  return file.arrays.map((array) => ({ ...array, name: `${stem}/${array.name}` }));
}

/** Single pictures in one folder have no labels, or are of one class. */
function noClasses({ name, within, files }: Place): Error {
  const folder = within.replace(/\/$/, "");
  if (folder !== "") {
    return new RangeError(
      `Cannot learn to tell classes apart as there is one class only: "${basename(folder)}" in "${name}"`,
    );
  }
  return new TypeError(
    `Cannot tell the classes of the ${files.length} images in "${name}": put them into a folder a class, or add ` +
      `labels.csv with the columns file,label`,
  );
}

/** The arrays of a single file; the pages of a stack have no labels beside them. */
function arraysOf({ name, single }: Place): readonly FileArray[] {
  const { arrays } = single!;
  const hasLabels = arrays.some(({ shape }) => shape.length < 3) || arrays.length > 1 && !arrays[0].isPicture;
  if (hasLabels) return arrays;
  throw new TypeError(
    `Cannot learn from "${name}" alone as it holds images without labels: give a folder with a file a class`,
  );
}

/** Images whose values are kept once read, up to a limit. */
function remembered(images: readonly OwnImage[], limit: number): OwnImage[] {
  let left = limit;
  return images.map(({ name, read }) => {
    let kept: OwnPixels | undefined;
    return {
      name,
      async read() {
        if (kept) return kept;
        const pixels = await read();
        if (pixels.data.byteLength <= left) {
          left -= pixels.data.byteLength;
          kept = { ...pixels, data: pixels.data.slice() };
        }
        return pixels;
      },
    };
  });
}

/** Reads every image once. @throws {TypeError} If a value is not a finite number; the image is named. */
async function lookAtAll(images: readonly OwnImage[], options: OwnImagesOptions) {
  const { onProgress, signal, nonFinite = "refuse" } = options;
  const looks: OwnLook[] = [], hashes: string[] = [];
  for (const [i, { name, read }] of images.entries()) {
    signal?.throwIfAborted();
    const { data, shape, type, isPicture } = await read();
    let low = Infinity, high = -Infinity;
    for (let k = 0; k < data.length; k++) {
      const value = data[k];
      if (!Number.isFinite(value)) {
        if (nonFinite === "keep") continue;
        throw new TypeError(
          `Cannot learn from "${name}" as its value ${k} is ${value}: fill what is not known`,
        );
      }
      if (value < low) low = value;
      if (value > high) high = value;
    }
    looks.push({ shape, type, isPicture, low, high });
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    hashes.push(createHash("sha256").update(`${type} ${shape}`).update(bytes).digest("hex"));
    onProgress?.(i + 1, images.length);
  }
  return { looks, hashes };
}

/** The label of one example, to be compared. */
function labelAt(labels: Labels, i: number): string {
  if (labels.task !== "labels") return String(labels.values[i]);
  const width = labels.names.length;
  return labels.values.subarray(i * width, (i + 1) * width).join();
}

/**
 * Leaves out images that are there twice: one in training and one in test would be an answer known beforehand.
 *
 * @throws {RangeError} If the same image has two labels; both are named.
 */
function dropRepeated(images: readonly OwnImage[], hashes: readonly string[], labels: Labels) {
  const first = new Map<string, number>(), rows: number[] = [];
  let example = "";
  hashes.forEach((hash, i) => {
    const before = first.get(hash);
    if (before === undefined) {
      first.set(hash, i);
      rows.push(i);
      return;
    }
    if (labelAt(labels, before) !== labelAt(labels, i)) {
      throw new RangeError(
        `Cannot learn from "${images[before].name}" and "${
          images[i].name
        }" as they are the same image with two labels`,
      );
    }
    example ||= `"${images[i].name}" is "${images[before].name}"`;
  });
  const left = hashes.length - rows.length;
  const what = left === 1 ? "one image that is there twice was" : `${left} images that are there twice were`;
  const notes = left > 0 ? [`${what} left out: ${example}`] : [];
  return { rows, notes };
}

/** Labels of some of the examples. */
function labelRows(labels: Labels, rows: readonly number[]): Labels {
  if (labels.task === "classes") {
    return {
      ...labels,
      values: Int32Array.from(rows, (row) => labels.values[row]),
    };
  }
  if (labels.task === "value") {
    return {
      ...labels,
      values: Float32Array.from(rows, (row) => labels.values[row]),
    };
  }
  const width = labels.names.length, values = new Float32Array(rows.length * width);
  rows.forEach((row, i) => values.set(labels.values.subarray(row * width, (row + 1) * width), i * width));
  return { ...labels, values };
}

function fingerprintOf(hashes: readonly string[], labels: Labels): string {
  const hash = createHash("sha256");
  for (const one of hashes) hash.update(one);
  return hash.update(JSON.stringify([labels.task, ...labels.values])).digest("hex");
}
