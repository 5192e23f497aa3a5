/**
 * What is black and what is white in a file: known from its type or header, said by the user, or assumed and said so.
 * @module
 */
import { limitsOf, type RawArray } from "./raw_array.ts";

/** Black and white of a file's values. */
export type ValueRange = readonly [black: number, white: number];

/** A file's range, and what was assumed where the file does not say it. */
export interface FoundRange {
  /** Values of black and white. */
  range: ValueRange;
  /** For the user; undefined where the range is known. */
  assumed?: string;
}

/** What white usually is: in 8, 10, 12, 14 and 16 bits. */
const FULL_SCALES = [255, 1023, 4095, 16_383, 65_535];

const REMEDY = "say range=BLACK,WHITE if that is wrong";

/** Below this part of white a file is suspiciously dark: 8 bits taken for 12, 12 taken for 16. */
const DARK = 1 / 16;

/** Whether a model learned from other than 8-bit files, so that what fits into its range is most likely of it. */
function isOwnScale([black, white]: ValueRange): boolean {
  return white <= 1 || white > 255 || black < 0;
}

/** The first usual full scale that holds a value. */
function fullScaleOf(high: number): number | undefined {
  return FULL_SCALES.find((scale) => high <= scale);
}

function wordOf(dtype: string): string {
  const bits = 8 * Number(dtype.slice(1));
  return dtype.startsWith("f") ? `${bits}-bit floats` : `${bits}-bit integers`;
}

/**
 * Finds out what is black and white in an array.
 *
 * A bool is 0 or 1, 8 bits reach 255, a header's word counts. 16 bits that never pass 255, 1023, 4095 or 16,383 are
 * taken for 8, 10, 12 or 14 bits kept in 16, and floats for the range that they seem to have: both are said. Where the
 * model learned from other than 8 bits, values that fit into its range are of it, and only a file much darker is told.
 *
 * @param given What the user says it is; then nothing is assumed.
 * @param model What the model's own files had.
 * @throws {RangeError} If values are beyond every usual full scale, or below black.
 * @example
 * ```ts
 * import { findRange } from "./value_range.ts";
 * findRange({ data: Uint8Array.of(3), shape: [1, 1, 1], dtype: "u1", isPicture: true }).range; // 0, 255
 * findRange({ data: Float32Array.of(0, 0.7), shape: [1, 2, 1], dtype: "f4" }).range; // 0, 1
 * ```
 */
export function findRange(array: RawArray, given?: ValueRange, model?: ValueRange): FoundRange {
  if (given) return { range: given };
  const { data, dtype, isPicture, white } = array;
  if (dtype === "b1") return { range: [0, 1] };
  if (white !== undefined) return { range: [0, white] };
  if (dtype === "u1" && isPicture) return { range: [0, 255] };
  const [low, high] = array.limits ?? limitsOf(data);
  const found = `${wordOf(dtype)} from ${shown(low)} to ${shown(high)}`;
  if (dtype === "u1") {
    if (high === 0 || high > 1) return { range: [0, 255] };
    return { range: [0, 255], assumed: `${found} are taken with white 255: ${REMEDY}` };
  }
  if (model && isOwnScale(model) && low >= model[0] && high <= model[1]) {
    const isDark = high < model[1] * DARK;
    return {
      range: model,
      ...(isDark ? { assumed: `${found} are taken with white ${model[1]}: ${REMEDY}` } : {}),
    };
  }
  const scale = dtype.startsWith("f") && high <= 1 ? 1 : fullScaleOf(high);
  if (scale === undefined || low < 0) {
    throw new RangeError(
      `Cannot score values whose black and white are not known: ${found}; say range=BLACK,WHITE`,
    );
  }
  if (dtype === "u2" && scale === 65_535) return { range: [0, scale] };
  return { range: [0, scale], assumed: `${found} are taken with white ${scale}: ${REMEDY}` };
}

const shown = (value: number) => String(Number(value.toPrecision(6)));

/**
 * Reads `BLACK,WHITE` as a user writes it.
 *
 * @throws {RangeError} If it is not two rising numbers.
 * @example
 * ```ts
 * import { parseRange } from "./value_range.ts";
 * parseRange("0,4095"); // 0, 4095
 * ```
 */
export function parseRange(text: string): ValueRange {
  const parts = text.split(",").map((part) => part.trim());
  const [black, white] = parts.map(Number);
  if (parts.length !== 2 || parts.includes("") || !(black < white) || !Number.isFinite(white - black)) {
    throw new RangeError(
      `Cannot read range "${text.slice(0, 40)}" as it must be two rising numbers: BLACK,WHITE`,
    );
  }
  return [black, white];
}
