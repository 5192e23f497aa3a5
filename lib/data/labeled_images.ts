/**
 * Pictures with class labels, as MNIST and its kin publish them: held once as bytes, described by where they came from
 * and what they add up to. @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { decodeIdx } from "../io/idx.ts";

/** Pictures and their labels. */
export interface LabeledImages {
  /** Counts from 0 to 255, row-major, [n, height, width, 1]. */
  images: Uint8Array;
  /** Class of each picture, [n]. */
  labels: Uint8Array;
  /** Sides of `images`. */
  shape: [n: number, height: number, width: number, channels: 1];
}

/** A published set: its two parts and where they came from. */
export interface IdxData {
  /** What the set is called. */
  name: string;
  /** Pictures to train on (and to take validation pictures from). */
  train: LabeledImages;
  /** Pictures to measure on, once. */
  test: LabeledImages;
  /** Class names, by label. */
  classNames: string[];
  /** Where the files came from. */
  source: string;
  /** SHA-256 of all pictures and labels, in hexadecimal; the same wherever the set was read from. */
  fingerprint: string;
  /** Whether the two parts are the publisher's own; if not, `note` says how they were made. */
  officialSplit: boolean;
  /** Said in the run's record, if there is anything to say. */
  note?: string;
}

/** The four files of such a set, each with ".gz" or without. */
const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

/** Whether a folder holds all four files. */
export function hasIdxFiles(folder: string): boolean {
  return FILES.every((file) => findFile(folder, file) !== undefined);
}

/**
 * Reads the four files of a set from a folder.
 *
 * @throws {Deno.errors.NotFound} If a file is missing, with and without ".gz".
 * @throws {SyntaxError} If a file is damaged, or pictures and labels do not belong together.
 */
export function readIdxFolder(
  folder: string,
  classes: number,
): { train: LabeledImages; test: LabeledImages } {
  const [trainImages, trainLabels, testImages, testLabels] = FILES.map((file) => {
    const path = findFile(folder, file);
    if (!path) {
      throw new Deno.errors.NotFound(
        `Cannot read "${join(folder, file)}" or "${file}.gz" there: no such file`,
      );
    }
    return { path, ...decodeIdx(Deno.readFileSync(path), { name: path }) };
  });
  return {
    train: labeled(trainImages, trainLabels, classes),
    test: labeled(testImages, testLabels, classes),
  };
}

/**
 * Copies some pictures with their labels.
 *
 * @param indices Which ones, in order; one may occur twice.
 * @throws {RangeError} If an index is out of range.
 */
export function selectImages(set: LabeledImages, indices: ArrayLike<number>): LabeledImages {
  const [n, height, width] = set.shape, size = height * width;
  const images = new Uint8Array(indices.length * size), labels = new Uint8Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i];
    if (!(Number.isInteger(from) && from >= 0 && from < n)) {
      throw new RangeError(`Cannot select picture ${from} as there are ${n}`);
    }
    images.set(set.images.subarray(from * size, (from + 1) * size), i * size);
    labels[i] = set.labels[from];
  }
  return { images, labels, shape: [indices.length, height, width, 1] };
}

/** SHA-256 of both parts' pictures and labels, in hexadecimal. */
export function fingerprintOf(train: LabeledImages, test: LabeledImages): string {
  const hash = createHash("sha256");
  for (const bytes of [train.images, train.labels, test.images, test.labels]) hash.update(bytes);
  return hash.digest("hex");
}

function findFile(folder: string, file: string): string | undefined {
  return [join(folder, file), join(folder, `${file}.gz`)].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

interface IdxFile {
  path: string;
  data: ArrayLike<number>;
  shape: number[];
}

function labeled(images: IdxFile, labels: IdxFile, classes: number): LabeledImages {
  const [n, height, width] = images.shape;
  if (images.shape.length !== 3 || !(images.data instanceof Uint8Array)) {
    throw new SyntaxError(
      `Cannot use "${images.path}" as pictures: expected bytes [n, height, width], found [${images.shape}]`,
    );
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== n || !(labels.data instanceof Uint8Array)) {
    throw new SyntaxError(
      `Cannot use "${labels.path}" as labels of "${images.path}": expected bytes [${n}], found [${labels.shape}]`,
    );
  }
  const odd = labels.data.find((label) => label >= classes);
  if (odd !== undefined) {
    throw new SyntaxError(`Cannot use "${labels.path}" as labels: found ${odd}, of ${classes} classes`);
  }
  return { images: images.data, labels: labels.data, shape: [n, height, width, 1] };
}
