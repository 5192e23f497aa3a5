/** The files of a place that a user names: a folder, a zip, or one file. Lists them; opens none but the zip. @module */
import { basename, dirname, join, normalize } from "@std/path";
import { type OpenedFile, openFile } from "../../io/formats.ts";
import { isHiddenEntry } from "../../io/zip.ts";
import { byName, walkFiles, withSlashes } from "../transport/glob.ts";

/** One file of a place. */
export interface PlaceFile {
  /** Its path within the place, with `/` between its parts. */
  readonly path: string;
  open(): Promise<OpenedFile>;
  bytes(): Promise<Uint8Array>;
}

/** What is at a place. */
export interface Place {
  /** As the user called it. */
  readonly name: string;
  readonly files: readonly PlaceFile[];
  /** The place itself, where it is one file that is no archive. */
  readonly single?: OpenedFile;
  /** The place itself, where it is a table of files beside it. */
  readonly table?: PlaceFile;
  /** The folder that all files lie in, taken off their paths; "" where there is none. */
  readonly within: string;
  /** Folders that hold nothing, each with a slash at its end. */
  readonly emptyFolders: readonly string[];
}

/** What systems and programs leave in folders: no user means it. */
function isLeftBehind(path: string): boolean {
  return isHiddenEntry(path) || /(^|\/)(Thumbs\.db|desktop\.ini)$/i.test(path);
}

/** The folders that all paths lie in, with a slash at the end. */
function commonFolder(paths: readonly string[]): string {
  const [first] = paths;
  const folders = first.split("/").slice(0, -1);
  while (folders.length > 0 && !paths.every((path) => path.startsWith(folders.join("/") + "/"))) {
    folders.pop();
  }
  return folders.length > 0 ? folders.join("/") + "/" : "";
}

/** Files by path, what lies about left out and a folder round all of them taken off. */
function placeOf(name: string, all: readonly PlaceFile[], emptyFolders: readonly string[]): Place {
  const files = all.filter(({ path }) => !isLeftBehind(path)).sort((a, b) => byName(a.path, b.path));
  if (files.length === 0) throw new RangeError(`Cannot read images from "${name}" as it holds no file`);
  const within = commonFolder(files.map(({ path }) => path));
  return {
    name,
    within,
    emptyFolders: emptyFolders.map((path) => path.startsWith(within) ? path.slice(within.length) : path),
    files: files.map((file) => ({ ...file, path: file.path.slice(within.length) })),
  };
}

/**
 * Lists what is at a place.
 *
 * Symbolic links are followed, but not back to a folder that they lie in. `__MACOSX`, `.DS_Store` and their like are left out.
 *
 * @param name A folder, a zip, a file of arrays, or a table (.csv, .tsv or FITS) of files in its folder.
 * @throws {Deno.errors.NotFound} If there is nothing.
 * @throws {RangeError} If it holds no file.
 * @throws {SyntaxError} If an archive is damaged.
 */
export async function openPlace(name: string): Promise<Place> {
  const info = await Deno.stat(name).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`Cannot read images from "${name}" as there is no such file or folder`);
  });
  if (info.isDirectory) return await openFolder(name);
  if (/\.(csv|tsv)$/i.test(name)) return await openTable(name);
  const single = await openFile(name, { name: basename(name) });
  if (single.format === "fits" && single.arrays.length === 0) {
    single.close();
    return await openTable(name);
  }
  if (!single.members) return { name, files: [], single, within: "", emptyFolders: [] };
  const files = single.members.map((member): PlaceFile => ({
    path: member.name,
    open: async () => await openFile(await member.bytes(), { name: member.name }),
    bytes: () => member.bytes(),
  }));
  single.close();
  return placeOf(name, files, single.emptyFolders ?? []);
}

/** The folder of a table, with the table. */
async function openTable(name: string): Promise<Place> {
  const folder = await openFolder(dirname(name)), path = basename(name);
  const table: PlaceFile = {
    path,
    open: () => openFile(name, { name: path }),
    bytes: () => Deno.readFile(name),
  };
  return { ...folder, name, table };
}

async function openFolder(name: string): Promise<Place> {
  const folder = withSlashes(normalize(name)).replace(/\/+$/, "");
  const start = folder === "." ? 0 : folder.length + 1;
  const paths = await Array.fromAsync(walkFiles(name));
  const files = paths.map((path): PlaceFile => ({
    path: path.slice(start),
    open: async () => await openFile(path, { name: path.slice(start) }),
    bytes: async () => await Deno.readFile(path),
  }));
  return placeOf(name, files, await emptyFoldersOf(name, 2));
}

/** Folders without an entry, down to a depth. */
async function emptyFoldersOf(folder: string, depth: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || isLeftBehind(`${name}/`)) continue;
    const inner = join(folder, name);
    if ((await Array.fromAsync(Deno.readDir(inner))).length === 0) found.push(`${name}/`);
    else if (depth > 1) {
      found.push(...(await emptyFoldersOf(inner, depth - 1)).map((path) => `${name}/${path}`));
    }
  }
  return found;
}

/** Whether opening failed as the file is of no format at all, as a note beside the images is. */
export function isNoFormat(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("as its content is of no format that is read");
}
