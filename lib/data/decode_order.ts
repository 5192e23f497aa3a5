/** What decoding threads are told. @module */
import type { Region } from "../image/preprocessing/mod.ts";
import type { ZipEntry } from "../io/zip.ts";

/** What holds for every picture of a list. */
export interface DecodeSetup {
  /** The archive that holds them; otherwise names are paths. */
  zip?: string;
  /** Shape that every picture must have, pixels. */
  height: number;
  width: number;
}

/** Asks for some pictures. */
export interface DecodeOrder {
  names: string[];
  entries?: ZipEntry[];
  /** The part of each picture that is wanted. */
  region: Region;
}

/** Pixels of a region. */
export function areaOf({ rows, columns }: Region): number {
  return (rows[1] - rows[0]) * (columns[1] - columns[0]);
}
