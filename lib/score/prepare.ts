/**
 * From a file's values to a model's input, as the card says: range, preprocessing, shape. @module
 */
import { type Card, type CardTensor, rangeOf, stepsOf } from "../card/card.ts";
import { inputKindOf } from "../card/inputs/registry.ts";
import { checkWhole } from "../card/wholeness.ts";
import type { Pixels } from "../image/preprocessing/pixels.ts";
import { preprocess, type Region, regionOf } from "../image/preprocessing/registry.ts";
import type { Image } from "../io/image.ts";
import { type Example, fromImage, type RawArray, type RawValues } from "./raw_array.ts";
import { findRange, type ValueRange } from "./value_range.ts";

/** What {@linkcode prepareInput} makes. */
export interface Prepared {
  /** Row-major, of the input's shape. */
  data: Float32Array;
  /** What was assumed, and what looks wrong; for the user. */
  warnings: string[];
}

/** What is needed of a card. */
export type InputCard = Pick<Card, "name" | "inputs" | "preprocessing">;

/** Options for {@linkcode prepareInput}. */
export interface PrepareOptions {
  /** Black and white of the file, as its user says. @default {found out, or assumed with a warning} */
  range?: ValueRange;
}

/** The part of a picture that a model looks at, so that a decoder can leave out the rest. */
export function regionFor(card: InputCard, height: number, width: number): Region {
  return regionOf(stepsOf(card, card.inputs[0]), [height, width, 1]);
}

/** Without alpha, which is no colour. */
function withoutAlpha(array: RawArray): RawArray {
  const { data, shape } = array, channels = shape[2];
  if (channels !== 2 && channels !== 4) return array;
  const kept = channels - 1, pixels = data.length / channels;
  const out = new (data.constructor as new (length: number) => RawValues)(pixels * kept);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < kept; c++) out[p * kept + c] = data[p * channels + c];
  }
  return { ...array, data: out, shape: [shape[0], shape[1], kept] };
}

/** Values brought from one range to another. */
function mapRange(data: RawValues, [black, white]: ValueRange, [low, high]: ValueRange): RawValues {
  if (black === low && white === high) return data;
  const factor = (high - low) / (white - black), offset = low - black * factor;
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = data[i] * factor + offset;
  return out;
}

/** Numbers without rows and columns go through the steps as one row of pixels, so that a step a column is possible. */
function asPixels(shape: readonly number[]): readonly number[] {
  return shape.length >= 3 ? shape : [1, shape.length === 2 ? shape[0] : 1, shape[shape.length - 1]];
}

function isOneValue(data: ArrayLike<number>): boolean {
  for (let i = 1; i < data.length; i++) if (data[i] !== data[0]) return false;
  return data.length > 1;
}

/**
 * Makes a model's input from a file's values.
 *
 * An alpha channel is dropped; a colour picture for a one-channel model becomes grey (ITU-R BT.601 weights) even where
 * the card has no such step. Where the input has a range, values are brought from the file's range to it first.
 *
 * @param array Values of one example, of the input's kind; not modified.
 * @returns float32 values of the input's shape, and what was assumed.
 * @throws {TypeError} If they end in another shape than the model's input, naming both.
 * @throws {RangeError} If the picture is smaller than a crop, or its range is not known and cannot be assumed.
 * @throws {NotWholeError} If a value is not a number.
 * @example A window of camera counts
 * ```ts
 * import { prepareInput } from "./prepare.ts";
 * const input = { name: "image", shape: [1, 2, 1], dtype: "float32" as const, units: "" };
 * const card = { name: "tiny", inputs: [input], preprocessing: [{ op: "window" as const, low: 60, high: 130 }] };
 * const array = { data: Uint8Array.of(95, 200), shape: [1, 2, 1], dtype: "u1" as const };
 * prepareInput(card, input, array).data; // 0.5, 1
 * ```
 */
export function prepareInput(
  card: InputCard,
  input: CardTensor,
  array: RawArray,
  options: PrepareOptions = {},
): Prepared {
  const named = card.inputs.length > 1 ? `input "${input.name}"` : "the picture";
  if (array.data instanceof Float32Array) checkWhole(array.data, array.shape, named);
  const isPicture = inputKindOf(input)?.kind === "picture";
  const colours = isPicture ? withoutAlpha(array) : array;
  const { data, white, assumed } = inModelRange(card, input, colours, options);
  let pixels = preprocess(stepsOf(card, input), { data, shape: asPixels(colours.shape) }, { white });
  if (isPicture && input.shape[2] === 1 && pixels.shape[2] === 3) {
    pixels = preprocess([{ op: "grey" }], pixels, { white });
  }
  checkShape(card, input, array, asArray(pixels, colours.shape));
  const warnings = [...array.notes ?? [], ...assumed];
  if (isPicture && isOneValue(pixels.data) && !isOneValue(array.data)) {
    warnings.push(`the model sees one value everywhere (${Number(pixels.data[0].toPrecision(6))})`);
  }
  return { data: pixels.data, warnings };
}

/** Values as the model's own files have them, what is white among them, and what was assumed. @throws {RangeError} */
function inModelRange(
  card: InputCard,
  input: CardTensor,
  array: RawArray,
  options: PrepareOptions,
): { data: RawValues; white: number; assumed: string[] } {
  const wanted = rangeOf(input);
  if (wanted) {
    const { range, assumed } = findRange(array, options.range, wanted);
    return { data: mapRange(array.data, range, wanted), white: wanted[1], assumed: assumed ? [assumed] : [] };
  }
  if (options.range) {
    throw new RangeError(
      `Cannot take values by a range as "${card.name}" takes ${input.units || "values"} as they are`,
    );
  }
  const ofType = array.dtype === "u1" ? 255 : array.dtype === "u2" ? 65_535 : 1;
  return { data: array.data, white: array.white ?? ofType, assumed: [] };
}

/** The shape after the steps, without the rows that only stood for pixels. */
function asArray({ data, shape }: Pixels, before: readonly number[]): readonly number[] {
  if (before.length >= 3) return shape;
  return before.length === 1 ? [data.length] : [before[0], data.length / before[0]];
}

/** Refuses what does not end in the model's shape. @throws {TypeError} */
function checkShape(card: InputCard, input: CardTensor, array: RawArray, shape: readonly number[]): void {
  if (shape.join() === input.shape.join()) return;
  throw new TypeError(
    `Cannot score ${nounOf(input)} of ${array.shape.join(" × ")} with "${card.name}" as its input is ` +
      `[${input.shape}]: after preprocessing it is [${shape}]`,
  );
}

function nounOf(input: CardTensor): string {
  return inputKindOf(input)?.noun ?? "an array";
}

/** As {@linkcode prepareInput} for a decoded picture and a model of one input. */
export function prepareImage(card: InputCard, image: Image): Float32Array {
  return prepareInput(card, card.inputs[0], fromImage(image)).data;
}

/** The inputs of one example by name, in the card's order. @throws {TypeError} If one is missing. */
export function prepareExample(
  card: InputCard,
  example: Example,
  options: PrepareOptions = {},
): { values: Map<string, Float32Array>; warnings: string[] } {
  const values = new Map<string, Float32Array>(), warnings: string[] = [];
  for (const input of card.inputs) {
    const array = example[input.name];
    if (!array) throw new TypeError(`Cannot score with "${card.name}" as input "${input.name}" is missing`);
    const prepared = prepareInput(card, input, array, rangeOf(input) ? options : {});
    values.set(input.name, prepared.data);
    const where = card.inputs.length > 1 ? `input "${input.name}": ` : "";
    warnings.push(...prepared.warnings.map((warning) => where + warning));
  }
  if (options.range && !card.inputs.some(rangeOf)) {
    throw new RangeError(`Cannot take values by a range as "${card.name}" takes them as they are`);
  }
  return { values, warnings };
}
