/**
 * A search's training set: cutouts of what is looked for and of all else, one array a class, any number of bands.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { decodeNpy, isNpy, type NpyArray } from "../io/npy.ts";
import { decodeNpz } from "../io/npz.ts";
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
}

/** Both classes. */
export interface LensSet {
  lenses: Cutouts;
  others: Cutouts;
  bands: number;
  /** Rows and columns that every cutout has at least. */
  height: number;
  width: number;
  /** SHA-256 of all values. */
  fingerprint: string;
}

/** Files of the two classes in a folder. */
export const LENS_FILES = { lenses: "lenses.npy", others: "other.npy" } as const;

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}

/** The array of a .npy file, or the one of an .npz. */
function arrayIn(bytes: Uint8Array, path: string): NpyArray {
  if (isNpy(bytes) || !isZip(bytes)) return decodeNpy(bytes, { name: path });
  const arrays = decodeNpz(bytes, { name: path });
  if (arrays.size === 1) return [...arrays.values()][0];
  throw new RangeError(
    `Cannot read cutouts from "${path}" as it must hold one array: got ${[...arrays.keys()].join(", ")}`,
  );
}

/**
 * Reads cutouts of one class from a .npy or .npz file.
 *
 * Shapes: [images, height, width, bands], or [images, height, width] of one band. Units: the file's.
 *
 * @throws {TypeError} If the array has other axes, or no numbers.
 * @throws {RangeError} If there is no image, or a pixel is not finite and that is refused.
 */
export async function readCutouts(path: string, options: ReadCutoutsOptions = {}): Promise<Cutouts> {
  return cutoutsOf(arrayIn(await Deno.readFile(path), path), path, options);
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
  array: { data: ArrayLike<number | bigint>; shape: readonly number[] },
  from: string,
  options: ReadCutoutsOptions = {},
): Cutouts {
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
  const bands = shape[3];
  if (typeof fill !== "number" && fill.length !== bands) {
    throw new RangeError(
      `Cannot mask pixels of "${from}" as each of ${bands} bands needs a value: got ${fill.length}`,
    );
  }
  const data = Float32Array.from(array.data as ArrayLike<number>, Number);
  let masked = 0, first = -1;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    if (masked === 0) first = i;
    data[i] = typeof fill === "number" ? fill : fill[i % bands];
    masked++;
  }
  if (masked > 0 && nonFinite === "refuse") {
    const image = Math.floor(first / (data.length / shape[0]));
    throw new RangeError(
      `Cannot use "${from}" as its pixels must be finite: ${masked} are not, the first in image ${image}`,
    );
  }
  return { data, shape, masked };
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
    hash.update(shape.join()).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return {
    lenses,
    others,
    bands,
    height: Math.min(height, others.shape[1]),
    width: Math.min(width, others.shape[2]),
    fingerprint: hash.digest("hex"),
  };
}

/** Where the classes are. */
export interface LensPlaces {
  /** Folder with `lenses.npy` and `other.npy`, or the file of lenses. */
  lenses: string;
  /** File of the others, where lenses are a file. */
  others?: string;
}

/**
 * Reads both classes.
 *
 * @throws {Deno.errors.NotFound} If a file is missing.
 * @throws {RangeError} If a class is empty or the bands differ.
 */
export async function readLensSet(places: LensPlaces, options: ReadCutoutsOptions = {}): Promise<LensSet> {
  const isFolder = places.others === undefined;
  const paths = isFolder
    ? { lenses: join(places.lenses, LENS_FILES.lenses), others: join(places.lenses, LENS_FILES.others) }
    : { lenses: places.lenses, others: places.others! };
  const read = async (path: string) => {
    try {
      return await readCutouts(path, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Deno.errors.NotFound(`Cannot read cutouts as "${path}" is missing`);
    }
  };
  return pairClasses(await read(paths.lenses), await read(paths.others));
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
