/** What labels mean: one class of several, several labels at once, or a value; told apart by what they look like. @module */
import { nearest } from "../../base/nearest.ts";

/** What is to be learned of an image. */
export type LabelTask = "classes" | "labels" | "value";

/** Texts by column, one of each an example. */
export type LabelColumns = Readonly<Record<string, readonly string[]>>;

/** Labels with their meaning. */
export type Labels =
  /** Class of each example, [n]. */
  | { task: "classes"; column: string; names: string[]; values: Int32Array }
  /** 0 or 1 for each label, [n, labels]. */
  | { task: "labels"; column: string; names: string[]; values: Float32Array }
  /** [n]. */
  | { task: "value"; column: string; values: Float32Array };

/** Options for {@linkcode readLabels}. */
export interface LabelOptions {
  /** What is to be learned. @default {told by the labels} */
  task?: LabelTask;
  /** The one column to learn. @default {all there are} */
  column?: string;
  /** Names of the classes or labels, in the order of their numbers. @default {as they are written} */
  names?: readonly string[];
}

/** Most different whole numbers that are taken for classes without being told. */
const MOST_CLASS_NUMBERS = 20;

const isNumber = (text: string) => text !== "" && Number.isFinite(Number(text));
const isWhole = (text: string) => /^[+-]?\d+(\.0*)?$/.test(text);
const isYesNo = (text: string) => text === "0" || text === "1";

/** Numbers by size, texts by letter. */
function inOrder(names: Iterable<string>): string[] {
  const all = [...new Set(names)];
  if (all.every(isNumber)) return all.sort((a, b) => Number(a) - Number(b));
  return all.sort();
}

const partsOf = (cell: string) => cell.split(";").map((part) => part.trim()).filter((part) => part !== "");

/** What the labels of one column look like. @throws {TypeError} If that can be two things. */
function taskOf(column: string, cells: readonly string[]): LabelTask {
  if (cells.some((cell) => cell.includes(";"))) return "labels";
  if (!cells.every(isNumber)) return "classes";
  if (!cells.every(isWhole)) return "value";
  const different = new Set(cells.map(Number)).size;
  if (different <= Math.min(MOST_CLASS_NUMBERS, cells.length / 2)) return "classes";
  throw new TypeError(
    `Cannot tell whether "${column}" is a class or a value as it has ${different} different whole numbers in ` +
      `${cells.length} examples: say --task classes or --task value`,
  );
}

function namesFor(found: readonly string[], { names }: LabelOptions): string[] {
  if (!names || names.length === 0) return [...found];
  if (names.length === found.length) return [...names];
  throw new RangeError(
    `Cannot name ${found.length} classes (${found.join(", ")}) by ${names.length} names: ${names.join(", ")}`,
  );
}

function readClasses(column: string, cells: readonly string[], options: LabelOptions): Labels {
  const found = inOrder(cells.map((cell) => isWhole(cell) ? String(Number(cell)) : cell));
  if (found.length < 2) {
    throw new RangeError(
      `Cannot learn to tell classes apart as there is one class only: "${found[0]}"`,
    );
  }
  const places = new Map(found.map((name, place) => [name, place]));
  const values = Int32Array.from(
    cells,
    (cell) => places.get(isWhole(cell) ? String(Number(cell)) : cell)!,
  );
  return { task: "classes", column, names: namesFor(found, options), values };
}

function readMarks(column: string, rows: readonly (readonly string[])[], options: LabelOptions): Labels {
  const found = inOrder(rows.flat());
  if (found.length === 0) throw new RangeError(`Cannot learn labels as "${column}" has none`);
  const places = new Map(found.map((name, place) => [name, place]));
  const values = new Float32Array(rows.length * found.length);
  rows.forEach((row, i) => {
    for (const name of row) values[i * found.length + places.get(name)!] = 1;
  });
  return { task: "labels", column, names: namesFor(found, options), values };
}

function readValues(column: string, cells: readonly string[]): Labels {
  const wrong = cells.findIndex((cell) => !isNumber(cell));
  if (wrong >= 0) {
    throw new TypeError(`Cannot learn "${column}" as a value: example ${wrong + 1} has "${cells[wrong]}"`);
  }
  const values = Float32Array.from(cells, Number);
  if (values.every((value) => value === values[0])) {
    throw new RangeError(`Cannot learn "${column}" as it is ${values[0]} for all ${values.length} examples`);
  }
  return { task: "value", column, values };
}

/** Several columns: 0 and 1 say which labels hold; exactly one in every row is a class. */
function readColumns(columns: LabelColumns, options: LabelOptions): Labels {
  const names = Object.keys(columns), { task } = options;
  const marked = names.every((name) => columns[name].every(isYesNo));
  if (!marked || task === "value") {
    throw new TypeError(
      `Cannot learn ${names.length} columns at once: say --column ${names.join(", or --column ")}`,
    );
  }
  const rows = columns[names[0]].map((_, i) => names.filter((name) => columns[name][i] === "1"));
  const single = rows.every((row) => row.length === 1);
  if (task === "classes" && !single) {
    const wrong = rows.findIndex((row) => row.length !== 1);
    throw new TypeError(
      `Cannot take ${names.join(", ")} as classes as example ${wrong + 1} has ${rows[wrong].length} of them`,
    );
  }
  // Columns of 0 and 1 whose every row has exactly one 1 are what Keras calls categorical.
  if (single && task !== "labels") {
    const values = Int32Array.from(rows, ([name]) => names.indexOf(name));
    if (new Set(values).size < 2) {
      throw new RangeError(`Cannot learn to tell classes apart as there is one class only: "${rows[0][0]}"`);
    }
    return { task: "classes", column: "label", names: namesFor(names, options), values };
  }
  const values = Float32Array.from(rows.flatMap((row) => names.map((name) => row.includes(name) ? 1 : 0)));
  return { task: "labels", column: "labels", names: namesFor(names, options), values };
}

/**
 * Reads labels and finds out what they mean.
 *
 * Texts are classes; `a;b`, or several columns of 0 and 1, are labels that may hold at once; numbers with fractions are
 * values; few different whole numbers are classes, whichever number they begin with.
 *
 * @throws {TypeError} If they can be two things, or do not fit what was asked for.
 * @throws {RangeError} If there is nothing to learn: one class only, or one value.
 * @example
 * ```ts
 * readLabels({ kind: ["cat", "dog", "cat"] }).task; // "classes"
 * readLabels({ energy: ["1.5", "3.25"] }).task; // "value"
 * readLabels({ seen: ["star;galaxy", "star", ""] }).task; // "labels"
 * ```
 */
export function readLabels(columns: LabelColumns, options: LabelOptions = {}): Labels {
  const names = Object.keys(columns);
  if (options.column !== undefined && !names.includes(options.column)) {
    const near = nearest(options.column, names);
    throw new RangeError(
      `Cannot learn column "${options.column}"${near ? ` (nearest: "${near}")` : ""}: there are ${
        names.join(", ")
      }`,
    );
  }
  if (options.column === undefined && names.length > 1) return readColumns(columns, options);
  const column = options.column ?? names[0], cells = columns[column];
  const task = options.task ?? taskOf(column, cells);
  if (task !== "labels") {
    const empty = cells.indexOf("");
    if (empty >= 0) throw new TypeError(`Cannot learn "${column}" as example ${empty + 1} has none`);
  }
  if (task === "value") return readValues(column, cells);
  if (task === "classes") return readClasses(column, cells, options);
  return readMarks(column, cells.map(partsOf), options);
}
