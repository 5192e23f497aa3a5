/** Images of files: a folder a class, or a table that names each file. @module */
import { basename } from "@std/path";
import { nearest } from "../../base/nearest.ts";
import { FORMATS, type OpenedFile, sniffFormat } from "../../io/formats.ts";
import { decodeFitsTable } from "../../io/fits_table.ts";
import { type FindOptions, type FoundSet, type Part, partOf } from "./found_set.ts";
import { isNoFormat, type Place, type PlaceFile } from "./place.ts";
import { checkAxes, guessAxes, imagesOf, type OwnImage, stackOf } from "./stacks.ts";
import { parseTable, type Table } from "./table.ts";

/** The images of one file: one, unless axes say that there are more. @throws {TypeError} If it can be either. */
async function imagesOfFile(
  path: string,
  file: OpenedFile,
  { axes: given, planes }: FindOptions,
): Promise<OwnImage[]> {
  const { arrays } = file;
  const axes = given ?? (arrays.length > 1 && planes !== undefined ? `${planes}hw` : undefined);
  if (arrays.length === 0) throw new TypeError(`Cannot take "${path}" as an image as it holds none`);
  if (arrays.length === 1 && arrays[0].isPicture) return imagesOf(arrays[0], path, "hwc");
  if (arrays.length > 1 && axes === undefined) {
    throw new TypeError(
      `Cannot take "${path}" as one image as it has ${arrays.length} pages: say --axes nhw (each is an image), ` +
        `--axes dhw (frames of one) or --axes chw (bands of one)`,
    );
  }
  const array = stackOf(file);
  if (!array) throw new TypeError(`Cannot take "${path}" as an image as its pages differ in shape`);
  return await Promise.resolve(imagesOf(array, path, axes ?? guessAxes(path, array.shape, false, planes)));
}

/** The images of a file, opened again for each reading so that a set may have any number of files. */
async function readFile(file: PlaceFile, options: FindOptions): Promise<OwnImage[] | undefined> {
  const open = async () => {
    const opened = await file.open();
    try {
      return { opened, images: await imagesOfFile(file.path, opened, options) };
    } catch (error) {
      opened.close();
      throw error;
    }
  };
  let first: Awaited<ReturnType<typeof open>>;
  try {
    first = await open();
  } catch (error) {
    if (isNoFormat(error)) return undefined;
    throw error;
  }
  first.opened.close();
  return first.images.map(({ name }, i) => ({
    name,
    async read() {
      const { opened, images } = await open();
      try {
        return await images[i].read();
      } finally {
        opened.close();
      }
    },
  }));
}

function knownFormats(): string {
  return FORMATS.map(({ title }) => title).join(", ");
}

/**
 * A folder a class, or folders `train`, `validation` and `test` that hold such folders.
 *
 * @throws {RangeError} If a class holds no image.
 * @throws {TypeError} If images lie beside the classes' folders, or only some folders are parts.
 */
export async function readClassFolders(place: Place, options: FindOptions): Promise<FoundSet> {
  if (options.axes !== undefined) checkAxes(options.axes);
  const split = place.files.map(({ path }) => path.split("/"));
  const tops = [...new Set(split.filter((path) => path.length > 1).map(([top]) => top))];
  const parted = tops.length > 0 && tops.every((top) => partOf(top) !== undefined);
  const some = tops.filter((top) => partOf(top) !== undefined);
  if (!parted && some.length > 0) {
    const others = tops.filter((top) => partOf(top) === undefined);
    throw new TypeError(
      `Cannot tell whether the folders of "${place.name}" are classes or parts of the set: "${
        some[0]
      }" is a part's ` +
        `name, "${others[0]}" is not`,
    );
  }
  const depth = parted ? 1 : 0;
  const images: OwnImage[] = [], classes: string[] = [], parts: Part[] = [], passed: string[] = [];
  const seen = new Set<string>();
  for (const [i, file] of place.files.entries()) {
    const label = split[i].length > depth + 1 ? split[i][depth] : undefined;
    if (label !== undefined) seen.add(label);
    const found = await readFile(file, options);
    if (!found) {
      passed.push(file.path);
      continue;
    }
    if (label === undefined) {
      throw new TypeError(`Cannot tell the class of "${file.path}" as it lies in no class's folder`);
    }
    for (const image of found) {
      images.push(image);
      classes.push(label);
      if (parted) parts.push(partOf(split[i][0])!);
    }
  }
  for (const path of place.emptyFolders) seen.add(path.replace(/\/$/, ""));
  const empty = [...seen].find((name) => !classes.includes(name));
  if (empty !== undefined) {
    throw new RangeError(
      `Cannot take "${empty}" as a class as its folder holds no image (formats: ${knownFormats()})`,
    );
  }
  return {
    form: parted ? "folders of parts, a folder a class in each" : "a folder a class",
    images,
    columns: { class: classes },
    parts: parted ? parts : undefined,
    notes: passedNotes(passed),
  };
}

function passedNotes(passed: readonly string[]): string[] {
  if (passed.length === 0) return [];
  const many = passed.length > 1
    ? `${passed.length} files that are no images were`
    : "one file that is no image was";
  return [`${many} passed over: "${passed[0]}"${passed.length > 1 ? ", …" : ""}`];
}

const FILE_COLUMNS = /^(file|files|filename|file_name|image|images|image_id|path|name|id)$/i;
const PART_COLUMNS = /^(split|part|subset|set)$/i;
/** Which image of a file of many. */
const INDEX_COLUMNS = /^(index|page|slice)$/i;

/** The table of a place: itself, `labels.csv`, the one that was named, or the only one there is. */
export function findTable(place: Place, named?: string): PlaceFile | undefined {
  if (place.table) return place.table;
  if (named !== undefined && /\.(csv|tsv|txt)$/i.test(named)) {
    const found = place.files.find(({ path }) => path === named);
    if (found) return found;
    throw new RangeError(`Cannot read the labels "${named}" as "${place.name}" holds no such file`);
  }
  const tables = place.files.filter(({ path }) => /^[^/]*\.(csv|tsv)$/i.test(path));
  const own = tables.find(({ path }) => /^labels\.(csv|tsv)$/i.test(path));
  if (own || tables.length === 1) return own ?? tables[0];
  if (tables.length === 0) return undefined;
  throw new TypeError(
    `Cannot tell which of ${
      tables.map(({ path }) => `"${path}"`).join(", ")
    } holds the labels: say --labels FILE`,
  );
}

/** Finds a table's files among a place's: by path, by name where it is the only one, with or without ending. */
function createFinder(files: readonly PlaceFile[], table: string) {
  const byKey = new Map<string, PlaceFile[]>();
  const add = (key: string, file: PlaceFile) => byKey.set(key, [...byKey.get(key) ?? [], file]);
  for (const file of files) {
    const bare = file.path.replace(/\.[^./]+$/, "");
    for (const key of new Set([file.path, basename(file.path), bare, basename(bare)])) add(key, file);
  }
  return (cell: string, row: number): PlaceFile => {
    const exact = files.find(({ path }) => path === cell.replace(/^\.\//, ""));
    const found = exact ? [exact] : byKey.get(cell) ?? [];
    if (found.length === 1) return found[0];
    const where = `Cannot read "${table}" at row ${row + 2} as`;
    if (found.length > 1) {
      throw new TypeError(
        `${where} "${cell}" can be ${found.map(({ path }) => `"${path}"`).join(" or ")}: give the folder too`,
      );
    }
    const near = nearest(cell, files.map(({ path }) => path));
    throw new RangeError(`${where} there is no file "${cell}"${near ? ` (nearest: "${near}")` : ""}`);
  };
}

function columnLike(columns: readonly string[], pattern: RegExp): number {
  return columns.findIndex((column) => pattern.test(column));
}

/** The part of each row. @throws {RangeError} If a cell names none. */
function partsOfRows(rows: readonly string[][], at: number, table: string): Part[] | undefined {
  if (at < 0) return undefined;
  return rows.map((row, i) => {
    const part = partOf(row[at]);
    if (part) return part;
    throw new RangeError(
      `Cannot read "${table}" at row ${i + 2} as "${row[at]}" is no part of a set: train, validation or test`,
    );
  });
}

/** A table's cells as texts, whether it is text or FITS. */
async function readCells(table: PlaceFile): Promise<Table> {
  const bytes = await table.bytes();
  if (sniffFormat(bytes)?.name !== "fits") {
    return parseTable(new TextDecoder().decode(bytes), table.path);
  }
  const found = decodeFitsTable(bytes, { name: table.path });
  if (!found || found.rows === 0) {
    throw new SyntaxError(`Cannot read table "${table.path}" as it has no rows`);
  }
  const { columns, rows } = found;
  return {
    columns: columns.map(({ name }) => name),
    rows: Array.from({ length: rows }, (_, row) => columns.map(({ values }) => String(values[row]))),
  };
}

/** Opens every file of many images once, and gives one of its images after the other. */
function createStacks({ axes, planes }: FindOptions, opened: { close(): void }[]) {
  const stacks = new Map<PlaceFile, Promise<OwnImage[]>>();
  const open = async (file: PlaceFile) => {
    const single = await file.open(), array = stackOf(single);
    opened.push(single);
    if (!array) throw new TypeError(`Cannot take "${file.path}" as images as it holds no array of them`);
    return imagesOf(array, file.path, axes ?? guessAxes(file.path, array.shape, true, planes));
  };
  return async (file: PlaceFile, cell: string, where: string): Promise<OwnImage> => {
    if (!stacks.has(file)) stacks.set(file, open(file));
    const images = await stacks.get(file)!, index = cell === "" ? NaN : Number(cell);
    if (Number.isInteger(index) && index >= 0 && index < images.length) return images[index];
    throw new RangeError(`${where} as "${file.path}" has no image ${cell}: it has ${images.length}, from 0`);
  };
}

/**
 * A table that names files: `file,label`, several columns of labels, a column `index` where a file holds many images (the
 * first is 0), and a column `split` where the parts are given.
 *
 * @param opened Takes files that stay open while the images are read.
 * @throws {RangeError} If a file or an image of one is missing, or is named twice.
 * @throws {TypeError} If a name can be two files, or a file is several images.
 */
export async function readTableSet(
  place: Place,
  table: PlaceFile,
  options: FindOptions,
  opened: { close(): void }[],
): Promise<FoundSet> {
  if (options.axes !== undefined) checkAxes(options.axes);
  const { columns, rows } = await readCells(table);
  const named = columnLike(columns, FILE_COLUMNS), fileAt = Math.max(0, named);
  const partAt = columnLike(columns, PART_COLUMNS), indexAt = columnLike(columns, INDEX_COLUMNS);
  const find = createFinder(place.files.filter(({ path }) => path !== table.path), table.path);
  const imageOf = createStacks(options, opened);
  const images: OwnImage[] = [], rowOf = new Map<string, number>(), used = new Set<PlaceFile>();
  for (const [i, row] of rows.entries()) {
    const file = find(row[fileAt], i), key = indexAt < 0 ? file.path : `${file.path}[${row[indexAt]}]`;
    const before = rowOf.get(key);
    if (before !== undefined) {
      throw new RangeError(
        `Cannot read "${table.path}" as rows ${before + 2} and ${i + 2} both label "${key}"`,
      );
    }
    rowOf.set(key, i);
    used.add(file);
    if (indexAt >= 0) {
      images.push(await imageOf(file, row[indexAt], `Cannot read "${table.path}" at row ${i + 2}`));
      continue;
    }
    const found = await readFile(file, options);
    if (found?.length !== 1) {
      const got = found ? `${found.length} images` : "of no format that is read";
      throw new TypeError(`Cannot take "${file.path}" as the image of row ${i + 2}: it is ${got}`);
    }
    images.push(found[0]);
  }
  const special = [fileAt, partAt, indexAt];
  const labelled = columns.filter((_, c) => !special.includes(c));
  if (labelled.length === 0) throw new TypeError(`Cannot read "${table.path}" as it has no column of labels`);
  const unused = place.files.filter(({ path }) => path !== table.path).length - used.size;
  const notes = unused > 0 ? [`${unused} files that "${table.path}" does not name were passed over`] : [];
  if (named < 0) notes.push(`column "${columns[0]}" is taken for the files' names`);
  return {
    form: `files with labels in "${table.path}"`,
    images,
    columns: Object.fromEntries(
      labelled.map((name) => [name, rows.map((row) => row[columns.indexOf(name)])]),
    ),
    parts: partsOfRows(rows, partAt, table.path),
    notes,
  };
}
