/**
 * A search's training set: cutouts of what is looked for and of all else, one array a class, any number of bands.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { nearest } from "../base/nearest.ts";
import { centeredStart } from "../image/mod.ts";
import { fileSource } from "../io/byte_source.ts";
import type { FileArray } from "../io/file_array.ts";
import { openFile } from "../io/formats.ts";
import { isNpy, openNpy } from "../io/npy.ts";
import { type OwnImages, readOwnImages } from "./own/own_images.ts";
import { checkAxes, guessAxes, imagesOf, type OwnImage, stackOf } from "./own/stacks.ts";
import type { NdArray } from "./source.ts";

/** Cutouts of one class: [images, height, width, bands]. */
export interface Cutouts extends NdArray<Float32Array> {
  /** Pixels that were no finite number and were given another value. */
  masked: number;
}

/** Options for {@linkcode readCutouts}. */
export interface ReadCutoutsOptions {
  /** What becomes of NaN and infinite pixels. @default {"mask"} */
  nonFinite?: "mask" | "refuse";
  /** Value of a masked pixel, for all bands or one each. @default {0} */
  fill?: number | readonly number[];
  /** What the axes of an array are that is no .npy, as {@linkcode checkAxes} has it. @default {told by the shape} */
  axes?: string;
  /** Most bytes of a .npy file's values that are held beside what was read of it. @default {268_435_456} */
  slabBytes?: number;
}

/** Both classes. */
export interface LensSet {
  /** Cutouts with a gravitational lens. */
  lenses: Cutouts;
  /** Cutouts without. */
  others: Cutouts;
  /** Bands of every cutout. */
  bands: number;
  /** What each cutout shows, lenses first; two names where the set tells no more. */
  kinds: readonly string[];
  /** Rows and columns that every cutout has at least. */
  height: number;
  /** Columns of every cutout, pixels. */
  width: number;
  /** SHA-256 of all values. */
  fingerprint: string;
}

/** Files of the two classes in a folder. */
export const LENS_FILES = { lenses: "lenses.npy", others: "other.npy" } as const;

/**
 * Reads cutouts of one class from a file: .npy, .npz, FITS, HDF5.
 *
 * Shapes: [images, height, width, bands], or [images, height, width] of one band; in FITS planes are bands, [images, bands, height,
 * width]. Units: the file's.
 *
 * @throws {TypeError} If the array has other axes, or no numbers.
 * @throws {RangeError} If there is no image, or a pixel is not finite and that is refused.
 */
export async function readCutouts(path: string, options: ReadCutoutsOptions = {}): Promise<Cutouts> {
  const { axes, slabBytes } = options, source = fileSource(path);
  try {
    if (isNpy(await source.read(0, Math.min(source.size, NPY_HEAD)))) {
      return masked(await readSlabs(await openNpy(source, { name: path }), slabBytes), path, options);
    }
  } finally {
    source.close?.();
  }
  const bytes = await Deno.readFile(path);
  const file = await openFile(bytes, { name: path });
  try {
    const array = stackOf(file);
    if (!array) {
      const found = file.arrays.map(({ name }) => name).join(", ") || "none";
      throw new RangeError(`Cannot read cutouts from "${path}" as it must hold one array: got ${found}`);
    }
    if (file.format === "zip" && axes === undefined) return cutoutsOf(await array.read(), path, options);
    const order = axes === undefined ? guessAxes(path, array.shape, true, "c") : checkAxes(axes);
    return cutoutsOf(await stackOfImages(imagesOf(array, path, order)), path, options);
  } finally {
    file.close();
  }
}

/** Bytes that tell a .npy file from others. */
const NPY_HEAD = 16;
/** Most bytes of a file that are held beside what was read of it. */
const SLAB_BYTES = 2 ** 28;

/** All of an array, of which no more than a slab is held twice: ten thousand cutouts of three bands are over a gigabyte. */
async function readSlabs({ shape, read }: FileArray, slabBytes = SLAB_BYTES): Promise<NdArray<Float32Array>> {
  const [count = 1, ...sides] = shape, size = sides.reduce((product, side) => product * side, 1);
  const data = new Float32Array(count * size), step = Math.max(1, Math.floor(slabBytes / (8 * size)));
  for (let first = 0; first < count; first += step) {
    const { data: values } = await read(
      shape.length > 0 ? [first, Math.min(count, first + step)] : undefined,
    );
    const isWide = values instanceof BigInt64Array || values instanceof BigUint64Array;
    data.set(isWide ? Array.from(values, Number) : values as ArrayLike<number>, first * size);
  }
  return { data, shape };
}

/** The middles of images of any sides, as large as the smallest of them. @throws {RangeError} If their bands differ. */
async function stackOfImages(images: readonly OwnImage[]): Promise<NdArray<Float32Array>> {
  const all = await Promise.all(images.map(({ read }) => read()));
  const height = Math.min(...all.map(({ shape }) => shape[0]));
  const width = Math.min(...all.map(({ shape }) => shape[1])), bands = all[0].shape[2];
  const out = new Float32Array(all.length * height * width * bands);
  for (const [i, { data, shape }] of all.entries()) {
    if (shape.length !== 3) {
      throw new TypeError(
        `Cannot take "${images[i].name}" as a cutout as it has shape [${shape.join(", ")}]`,
      );
    }
    if (shape[2] !== bands) {
      throw new RangeError(
        `Cannot train as all cutouts must have the same bands: "${images[0].name}" has ${bands}, ` +
          `"${images[i].name}" ${shape[2]}`,
      );
    }
    const top = centeredStart(shape[0], height), left = centeredStart(shape[1], width);
    for (let row = 0; row < height; row++) {
      const from = ((top + row) * shape[1] + left) * bands;
      out.set(data.subarray(from, from + width * bands), (i * height + row) * width * bands);
    }
  }
  return { data: out, shape: [all.length, height, width, bands] };
}

/**
 * Cutouts of an array in memory; see {@linkcode readCutouts}.
 *
 * @param from Where they are from, for messages.
 * @example One image of 2 × 2 pixels and a band, a pixel of it missing
 * ```ts
 * const { masked, shape } = cutoutsOf({ data: Float32Array.of(1, NaN, 3, 4), shape: [1, 2, 2] }, "here");
 * masked; // 1
 * shape; // [1, 2, 2, 1]
 * ```
 */
export function cutoutsOf(
  { data, shape }: { data: ArrayLike<number | bigint>; shape: readonly number[] },
  from: string,
  options: ReadCutoutsOptions = {},
): Cutouts {
  return masked({ data: Float32Array.from(data as ArrayLike<number>, Number), shape }, from, options);
}

/** Cutouts of an array that becomes theirs: pixels that are no finite number are written over. */
function masked(array: NdArray<Float32Array>, from: string, options: ReadCutoutsOptions): Cutouts {
  const { nonFinite = "mask", fill = 0 } = options;
  const shape = array.shape.length === 3 ? [...array.shape, 1] : [...array.shape];
  if (shape.length !== 4) {
    throw new TypeError(
      `Cannot use "${from}" as cutouts must be [images, height, width, bands]: got [${
        array.shape.join(", ")
      }]`,
    );
  }
  if (shape.includes(0)) {
    throw new RangeError(`Cannot use "${from}" as it holds no image: got [${array.shape.join(", ")}]`);
  }
  const bands = shape[3], size = shape.reduce((product, side) => product * side, 1);
  if (array.data.length !== size) {
    throw new TypeError(
      `Cannot use "${from}" as [${array.shape.join(", ")}] needs ${size} values: got ${array.data.length}`,
    );
  }
  if (typeof fill !== "number" && fill.length !== bands) {
    throw new RangeError(
      `Cannot mask pixels of "${from}" as each of ${bands} bands needs a value: got ${fill.length}`,
    );
  }
  const { data } = array;
  let count = 0, first = -1;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    if (count === 0) first = i;
    data[i] = typeof fill === "number" ? fill : fill[i % bands];
    count++;
  }
  if (count > 0 && nonFinite === "refuse") {
    const image = Math.floor(first / (data.length / shape[0]));
    throw new RangeError(
      `Cannot use "${from}" as its pixels must be finite: ${count} are not, the first in image ${image}`,
    );
  }
  return { data, shape, masked: count };
}

/**
 * Puts two classes together.
 *
 * @throws {RangeError} If their bands differ.
 */
export function pairClasses(lenses: Cutouts, others: Cutouts): LensSet {
  const [, height, width, bands] = lenses.shape;
  if (others.shape[3] !== bands) {
    throw new RangeError(
      `Cannot train as both classes must have the same bands: lenses have ${bands}, others ${
        others.shape[3]
      }`,
    );
  }
  const hash = createHash("sha256");
  for (const { data, shape } of [lenses, others]) {
    hash.update(shape.join());
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // A hash takes less than 2 GiB at once.
    for (let at = 0; at < bytes.length; at += SLAB_BYTES) hash.update(bytes.subarray(at, at + SLAB_BYTES));
  }
  return {
    lenses,
    others,
    bands,
    kinds: [...new Array(lenses.shape[0]).fill("lens"), ...new Array(others.shape[0]).fill("other")],
    height: Math.min(height, others.shape[1]),
    width: Math.min(width, others.shape[2]),
    fingerprint: hash.digest("hex"),
  };
}

/** Where the classes are. */
export interface LensPlaces {
  /** Folder with `lenses.npy` and `other.npy`, the file of lenses, or any labelled set (see `readOwnImages`). */
  lenses: string;
  /** File of the others, where lenses are a file. */
  others?: string;
  /** Of a labelled set: the class that is looked for; all others are what it is told from. @default {told by its name} */
  positive?: string;
  /** Of a labelled set: the array of images. @default {told by names and shapes} */
  images?: string;
  /** Of a labelled set: the array or table of labels. @default {told by names and shapes} */
  labels?: string;
  /** Of a labelled set: the column of labels. @default {told by names and shapes} */
  column?: string;
}

/** Names that the class that is looked for may have without being told. */
const POSITIVE = /^(lens|lenses|positive|true|yes|1)$/i;

/**
 * Reads both classes: two files, a folder of them, or a set of several labelled classes of which one is looked for.
 *
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {RangeError} If a class is empty or the bands differ.
 */
export async function readLensSet(places: LensPlaces, options: ReadCutoutsOptions = {}): Promise<LensSet> {
  const { lenses, others } = places;
  if (others !== undefined) return await readPair(lenses, others, options);
  const pair = [LENS_FILES.lenses, LENS_FILES.others].map((name) => join(lenses, name));
  const info = await Deno.stat(lenses).catch(() => undefined);
  const there = await Promise.all(pair.map((path) => Deno.stat(path).then(() => true, () => false)));
  if (!info || info.isDirectory && there.some(Boolean)) return await readPair(pair[0], pair[1], options);
  const set = await readOwnImages(lenses, {
    ...places,
    task: "classes",
    axes: options.axes,
    planes: "c",
    nonFinite: "keep",
  });
  try {
    return await lensSetOf(set, places, options);
  } finally {
    set.close();
  }
}

async function readPair(lenses: string, others: string, options: ReadCutoutsOptions): Promise<LensSet> {
  const read = async (path: string) => {
    try {
      return await readCutouts(path, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Deno.errors.NotFound(`Cannot read cutouts as "${path}" is missing`);
    }
  };
  return pairClasses(await read(lenses), await read(others));
}

/** One class of a labelled set against all others. */
async function lensSetOf(
  { images, labels }: OwnImages,
  { lenses: place, positive }: LensPlaces,
  options: ReadCutoutsOptions,
): Promise<LensSet> {
  if (labels.task !== "classes") throw new TypeError(`Cannot look for a class in "${place}" as it has none`);
  const { names, values } = labels, listed = names.map((name) => `"${name}"`).join(", ");
  const found = positive === undefined ? names.filter((name) => POSITIVE.test(name)) : [positive];
  const wanted = names.indexOf(found[0]);
  if (found.length !== 1 || wanted < 0) {
    const near = positive === undefined ? undefined : nearest(positive, names);
    throw new RangeError(
      `Cannot tell which class of "${place}" is looked for${near ? ` (nearest: "${near}")` : ""}: ` +
        `say --positive, one of ${listed}`,
    );
  }
  const rows = (isLens: boolean) => [...values.keys()].filter((i) => (values[i] === wanted) === isLens);
  const [first, second] = [rows(true), rows(false)];
  const all = await stackOfImages([...first, ...second].map((row) => images[row]));
  const [, height, width, bands] = all.shape, size = height * width * bands;
  const part = (from: number, count: number) =>
    cutoutsOf(
      { data: all.data.subarray(from * size, (from + count) * size), shape: [count, height, width, bands] },
      place,
      options,
    );
  return {
    ...pairClasses(part(0, first.length), part(first.length, second.length)),
    kinds: [...first, ...second].map((row) => names[values[row]]),
  };
}

/**
 * A group number for each image of a set of one class: images that are the same value for value share one, so that no
 * split parts them. `origins`, where images were made of others, joins those that share an origin.
 *
 * @example The first image stands there twice
 * ```ts
 * const data = Float32Array.of(1, 2, 1);
 * groupsOf({ data, shape: [3, 1, 1, 1] }); // 0, 1, 0
 * ```
 */
export function groupsOf(
  { data, shape }: NdArray<Float32Array>,
  origins?: readonly (readonly number[])[],
): Uint32Array {
  const count = shape[0],
    size = data.length / count,
    groups = Uint32Array.from({ length: count }, (_, i) => i);
  const root = (i: number): number => {
    while (groups[i] !== i) i = groups[i];
    return i;
  };
  const join = (a: number, b: number) => {
    const [low, high] = [root(a), root(b)].sort((x, y) => x - y);
    groups[high] = low;
  };
  const seen = new Map<string, number>(), made = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const values = data.subarray(i * size, (i + 1) * size);
    const key = createHash("sha256")
      .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)).digest("base64");
    const same = seen.get(key);
    if (same === undefined) seen.set(key, i);
    else join(same, i);
    for (const origin of origins?.[i] ?? []) {
      const other = made.get(origin);
      if (other === undefined) made.set(origin, i);
      else join(other, i);
    }
  }
  return groups.map((_, i) => root(i));
}
