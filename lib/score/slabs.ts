/** An array with more examples than memory holds, a slab of them at a time. @module */
import { type Card, rangeOf } from "../card/card.ts";
import { inputKindOf } from "../card/inputs/registry.ts";
import type { FileArray } from "../io/file_array.ts";
import type { Found } from "./found.ts";
import { cutExamples, type RawArray, rawValues } from "./raw_array.ts";
import { countValues } from "./tensor.ts";
import type { ValueRange } from "./value_range.ts";

/** How an array is read in slabs. */
export interface SlabOptions {
  /** What is to be done, for messages: "rank". */
  what: string;
  /** Black and white of the file, where the model takes pictures by their range and the file has more than 8 bits. */
  range?: ValueRange;
}

/**
 * The shape of one example of an array whose first axis counts them.
 *
 * @throws {TypeError} If the array is none of the model's one input.
 * @throws {RangeError} If what is black and white in the file must be known and is not.
 */
export function exampleShape(card: Card, array: FileArray, { what, range }: SlabOptions): readonly number[] {
  const [input] = card.inputs, wanted = input.raw ?? input.shape;
  const layout = inputKindOf(input)?.layout(wanted, array.shape);
  if (card.inputs.length > 1 || !layout || layout.examples !== array.shape[0] || layout.bandsFirst) {
    const [found, needed] = [array.shape, wanted].map((sides) => `[${sides.join(", ")}]`);
    throw new TypeError(
      `Cannot ${what} an array of ${found} by "${card.name}" as it must hold examples of ${needed}`,
    );
  }
  const { dtype, white } = array;
  // Guessed from each example, the same values would be of different brightness in two of them.
  const isKnown = range !== undefined || white !== undefined || dtype === "u1" || dtype === "b1";
  if (rangeOf(input) && !isKnown) {
    throw new RangeError(
      `Cannot ${what} by "${card.name}" as it must be known what is black and white in the file: say the range`,
    );
  }
  return layout.shape;
}

/** Most values of a slab: 64 MiB of floats. */
const MOST_VALUES = 2 ** 24;

/**
 * How many examples of a shape make a slab: fewer of large ones.
 *
 * @example
 * ```ts
 * slabRows([28, 28, 1], 128); // 128
 * slabRows([2304, 2304], 128); // 3
 * ```
 */
export function slabRows(shape: readonly number[], most: number): number {
  return Math.max(1, Math.min(most, Math.floor(MOST_VALUES / countValues(shape))));
}

/**
 * Reads some of an array's examples.
 *
 * @param rows From `first` to before `end`.
 * @param shape Of one example, see {@linkcode exampleShape}.
 */
export async function readSlab(
  array: FileArray,
  rows: readonly [first: number, end: number],
  shape: readonly number[],
): Promise<RawArray[]> {
  const { data } = await array.read(rows);
  return cutExamples(rawValues(data), { examples: rows[1] - rows[0], shape }, array);
}

/**
 * Finds the examples of an array of any size, one after the other.
 *
 * Memory: a slab.
 *
 * @param name The file's, for the examples' names.
 * @param most Examples read at once. @default {128}
 * @throws What {@linkcode exampleShape} throws.
 */
export async function* examplesInSlabs(
  card: Card,
  array: FileArray,
  { name, most = 128, ...options }: SlabOptions & { name: string; most?: number },
): AsyncGenerator<Found> {
  const shape = exampleShape(card, array, options), total = array.shape[0], [input] = card.inputs;
  const rows = slabRows(shape, most);
  for (let first = 0; first < total; first += rows) {
    const slab = await readSlab(array, [first, Math.min(total, first + rows)], shape);
    for (const [i, values] of slab.entries()) {
      yield { name: `${name}[${first + i}]`, arrays: { [input.name]: values } };
    }
  }
}
