/** The part of a kernel's work that one thread does. @module */

/** One of the equal parts that work is cut into. */
export interface Part {
  /** Number of this part, from 0. */
  index: number;
  /** How many parts there are. */
  of: number;
  /** Number of the thread that does it: scratch space is by thread. */
  thread: number;
}

/**
 * The units of work that belong to a part, from the first to before the last; no unit belongs to two.
 *
 * @example Seven rows on two threads
 * ```ts
 * import { unitsOf } from "./wasm_part.ts";
 * unitsOf(7, { index: 0, of: 2, thread: 0 }); // [0, 3]
 * unitsOf(7, { index: 1, of: 2, thread: 1 }); // [3, 7]
 * ```
 */
export function unitsOf(units: number, { index, of }: Part): [first: number, end: number] {
  return [Math.floor(units * index / of), Math.floor(units * (index + 1) / of)];
}
