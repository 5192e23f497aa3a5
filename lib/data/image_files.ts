/**
 * Where the pictures of a set lie: in a zip archive, under a folder, or wherever a pattern points. Lists names; reads no picture. @module
 */
import { isAbsolute, join } from "@std/path";
import { listZip, openZipFile, type ZipEntry } from "../io/zip.ts";

/** A list of pictures; plain data, so that it can be posted to a worker. */
export interface ImageFiles {
  /** The archive, if that is where they are. */
  zip?: string;
  /** Path of each in the archive or on disk, in order of the names, with `/` between its parts. */
  names: string[];
  /** Bytes of each file. */
  bytes: Float64Array;
  /** Where each starts in the archive. */
  entries?: ZipEntry[];
}

/** Whether a text is a pattern: has `*`, `?`, `[` or `{`. */
export function isPattern(text: string): boolean {
  return /[*?[{]/.test(text);
}

/** The expression that a pattern's segments stand for: `**` any folders, `*` and `?` within a segment, `[a-z]`, `{a,b}`. */
export function patternToRegExp(pattern: string): RegExp {
  let out = "", depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i];
    if (pattern.startsWith("**/", i)) [out, i] = [out + "(?:[^/]+/)*", i + 2];
    else if (c === "*") out += "[^/]*";
    else if (c === "?") out += "[^/]";
    else if (c === "[" && pattern.indexOf("]", i + 2) > 0) {
      const end = pattern.indexOf("]", i + 2);
      out += "[" + pattern.slice(i + 1, end).replace(/^!/, "^").replace(/\\/g, "\\\\") + "]";
      i = end;
    } else if (c === "{") [out, depth] = [out + "(?:", depth + 1];
    else if (c === "}" && depth > 0) [out, depth] = [out + ")", depth - 1];
    else if (c === "," && depth > 0) out += "|";
    else out += c.replace(/[.+^$()|\\\]{}]/, "\\$&");
  }
  if (depth > 0) throw new SyntaxError(`Cannot read the pattern "${pattern}": a brace is not closed`);
  return new RegExp(`^${out}$`);
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}

/** Order of names as in a sorted glob: by code unit, whatever the locale. */
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Lists the pictures that end in `.png` in an archive, under a folder, or by a pattern.
 *
 * @param source A `.zip` file, a folder, one file, or a pattern such as `data/export/run_1/NR/[1-6]_keV/0*.png`.
 * @throws {Deno.errors.NotFound} If there is nothing at `source`, or the pattern matches nothing.
 * @throws {SyntaxError} If the archive is damaged or unsafe.
 */
export async function listImages(source: string): Promise<ImageFiles> {
  if (isPattern(source)) {
    const parts = source.replaceAll("\\", "/").split("/");
    const fixed = parts.findIndex(isPattern);
    const base = parts.slice(0, fixed).join("/") || (isAbsolute(source) ? "/" : ".");
    const matcher = patternToRegExp(parts.filter((part) => part !== ".").join("/"));
    const names: string[] = [];
    try {
      for await (const path of walk(base)) {
        const name = path.replaceAll("\\", "/");
        if (matcher.test(name) && /\.png$/i.test(name)) names.push(name);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (names.length === 0) {
      throw new Deno.errors.NotFound(`Cannot list images as no file matches "${source}"`);
    }
    return withSizes(names.sort(byName));
  }
  const info = await Deno.stat(source).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot list images as there is no file or folder "${source}"`);
  });
  if (info.isDirectory) {
    const names: string[] = [];
    for await (const path of walk(source)) if (/\.png$/i.test(path)) names.push(path.replaceAll("\\", "/"));
    return withSizes(names.sort(byName));
  }
  if (/\.png$/i.test(source)) return withSizes([source.replaceAll("\\", "/")]);
  const zip = openZipFile(source);
  try {
    const entries = listZip(zip).filter(({ name }) => /\.png$/i.test(name));
    entries.sort((a, b) => byName(a.name, b.name));
    return {
      zip: source,
      names: entries.map(({ name }) => name),
      bytes: Float64Array.from(entries, ({ size }) => size),
      entries,
    };
  } finally {
    zip.close();
  }
}

async function withSizes(names: string[]): Promise<ImageFiles> {
  const bytes = new Float64Array(names.length);
  for (let i = 0; i < names.length; i++) bytes[i] = (await Deno.stat(names[i])).size;
  return { names, bytes };
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
    zip: files.zip,
    names: chosen.map((i) => files.names[i]),
    bytes: Float64Array.from(chosen, (i) => files.bytes[i]),
    entries: files.entries && chosen.map((i) => files.entries![i]),
  };
}
