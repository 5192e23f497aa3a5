/** The mean, as a statistic of resamples and by itself. @module */

/**
 * Mean of some numbers; NaN of none.
 *
 * @param values [n].
 * @example With its interval
 * ```ts
 * import { bootstrap } from "./bootstrap.ts";
 * meanOf([1, 2, 6]); // 3
 * bootstrap([1, 2, 6], meanOf, { rng: Math.random }).value; // 3
 * ```
 */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
