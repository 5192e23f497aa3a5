/** Numbers that are none, found before anybody takes them for an answer. @module */

/** A pixel or an output is not a number, or far beyond what was measured: there is no answer, only this reason. */
export class NotWholeError extends RangeError {
  override name = "NotWholeError";
}

/** Beyond this no detector counts and no model answers; squared, it still is a float32. */
const MOST = 1e18;

/**
 * Index of the first value that is NaN, infinite or beyond ± 1e18; -1 where all are numbers.
 *
 * @example
 * ```ts
 * import { findNotWhole } from "./wholeness.ts";
 * findNotWhole(Float32Array.of(1, NaN, 3)); // 1
 * ```
 */
export function findNotWhole(values: ArrayLike<number>): number {
  if (values instanceof Float32Array && areModest(values)) return -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value <= MOST && value >= -MOST)) return i;
  }
  return -1;
}

/** Whether the squares of all values have a sum that none of them beyond {@linkcode MOST}, nor NaN, could be part of. */
function areModest(values: Float32Array): boolean {
  const paired = values.length - values.length % 2;
  let even = 0, odd = 0; // two sums, as each addition waits for the one before
  for (let i = 0; i < paired; i += 2) {
    even += values[i] * values[i];
    odd += values[i + 1] * values[i + 1];
  }
  const last = paired < values.length ? values[paired] : 0;
  return even + odd + last * last < MOST * MOST;
}

/**
 * Refuses values that are no numbers.
 *
 * @param values Row-major, of any shape.
 * @param what What they are, for the message: "the picture", `input "image"`.
 * @throws {NotWholeError} Naming the first of them and its place.
 */
export function checkWhole(values: ArrayLike<number>, shape: readonly number[], what: string): void {
  const at = findNotWhole(values);
  if (at < 0) return;
  const place = shape.length > 0 ? ` at ${placeOf(at, shape)}` : "";
  throw new NotWholeError(`Cannot score ${what} as it must hold numbers: got ${values[at]}${place}`);
}

/**
 * The place of a value as people count it in an array of this shape.
 *
 * @example
 * ```ts
 * import { placeOf } from "./wholeness.ts";
 * placeOf(7, [2, 3, 2]); // "row 1, column 0, channel 1"
 * ```
 */
export function placeOf(index: number, shape: readonly number[]): string {
  const names = shape.length === 3
    ? ["row", "column", "channel"]
    : shape.length === 4
    ? ["frame", "row", "column", "channel"]
    : shape.map((_, axis) => shape.length === 1 ? "column" : `axis ${axis}`);
  const places: string[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const place = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
    const isOnlyChannel = names[axis] === "channel" && shape[axis] === 1;
    if (!isOnlyChannel) places.unshift(`${names[axis]} ${place}`);
  }
  return places.join(", ");
}
