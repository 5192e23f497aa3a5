/**
 * Where the pictures of a set lie: in a zip archive, under a folder, or wherever a pattern points. Lists names; reads no picture. @module
 */
import { normalize } from "@std/path";
import { listZip, openZipFile, readZipEntry, type ZipEntry } from "../io/zip.ts";
import {
  byName,
  filesMatching,
  fixedPart,
  isLitter,
  isPattern,
  walkFiles,
  withSlashes,
} from "./transport/glob.ts";

/** A list of pictures; plain data, so that it can be posted to a worker. */
export interface ImageFiles {
  /** The archive, if that is where they are. */
  zip?: string;
  /** Path of each in the archive or on disk, in order of the names, with `/` between its parts. */
  names: string[];
  /**
   * How many characters of each name say where the set lies, and nothing of its pictures: the folder that was given, or
   * what is in front of a pattern's first special part.
   */
  baseLength: number;
  /** Bytes of each file. */
  bytes: Float64Array;
  /** Where each starts in the archive. */
  entries?: ZipEntry[];
}

const isPicture = (name: string) => /\.png$/i.test(name);

/**
 * Lists the pictures that end in `.png` in an archive, under a folder, or by a pattern.
 *
 * Symbolic links are followed; what macOS leaves among files (`__MACOSX/`, `._…`) is passed over.
 *
 * @param source A `.zip` file, a folder, one file, or a pattern such as `data/export/run_1/NR/[1-6]_keV/0*.png`. What there
 *   is by this name is not taken for a pattern.
 * @throws {Deno.errors.NotFound} If there is nothing at `source`, or the pattern matches nothing.
 * @throws {SyntaxError} If the archive is damaged or unsafe.
 */
export async function listImages(source: string): Promise<ImageFiles> {
  const info = await Deno.stat(source).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  if (info?.isDirectory) {
    const folder = withSlashes(normalize(source)).replace(/\/+$/, "");
    const names = (await Array.fromAsync(walkFiles(source))).filter(isPicture).sort(byName);
    return withSizes(names, folder === "." ? 0 : folder.length + 1);
  }
  if (info) {
    const name = withSlashes(source);
    return isPicture(name) ? withSizes([name], name.lastIndexOf("/") + 1) : listArchive(source);
  }
  if (!isPattern(source)) {
    throw new Deno.errors.NotFound(`Cannot list images as there is no file or folder "${source}"`);
  }
  const names = (await Array.fromAsync(filesMatching(source))).filter(isPicture).sort(byName);
  if (names.length === 0) {
    throw new Deno.errors.NotFound(`Cannot list images as no file matches "${source}"`);
  }
  const base = withSlashes(normalize(fixedPart(source)));
  return withSizes(names, base === "." ? 0 : base.replace(/\/+$/, "").length + 1);
}

function listArchive(path: string): ImageFiles {
  const zip = openZipFile(path);
  try {
    const entries = listZip(zip).filter(({ name }) => isPicture(name) && !isLitter(name));
    entries.sort((a, b) => byName(a.name, b.name));
    return {
      zip: path,
      names: entries.map(({ name }) => name),
      baseLength: 0,
      bytes: Float64Array.from(entries, ({ size }) => size),
      entries,
    };
  } finally {
    zip.close();
  }
}

async function withSizes(names: string[], baseLength: number): Promise<ImageFiles> {
  const bytes = new Float64Array(names.length);
  for (let i = 0; i < names.length; i++) bytes[i] = (await Deno.stat(names[i])).size;
  return { names, baseLength, bytes };
}

/** Keeps only some pictures of a list, in the order given. */
export function selectImages(files: ImageFiles, indices: ArrayLike<number>): ImageFiles {
  const chosen = Array.from(indices);
  for (const i of chosen) {
    if (!(Number.isInteger(i) && i >= 0 && i < files.names.length)) {
      throw new RangeError(`Cannot select image ${i}: there are ${files.names.length}`);
    }
  }
  return {
    ...files,
    names: chosen.map((i) => files.names[i]),
    bytes: Float64Array.from(chosen, (i) => files.bytes[i]),
    entries: files.entries && chosen.map((i) => files.entries![i]),
  };
}

/** The bytes of a list's first picture, as they are packed. */
export function readFirst({ zip, names, entries }: ImageFiles): Uint8Array {
  if (names.length === 0) throw new RangeError("Cannot read the first image: there is none");
  if (!zip) return Deno.readFileSync(names[0]);
  const archive = openZipFile(zip);
  try {
    return readZipEntry(archive, entries![0]);
  } finally {
    archive.close();
  }
}
