/** How far two ways lie apart in the mean, measured in pairs. @module */
import { meanOf } from "../../lib/evaluate/mean.ts";

/** 97.5 % quantiles of Student's t for 1, 2, 3, … degrees of freedom. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/**
 * Mean of the differences within pairs, with its 95 % interval by Student's t.
 *
 * Source: R's `t.test(a, b, paired = TRUE)`.
 *
 * @param a One value a pair, two to eleven of them.
 * @param b In the same order.
 * @example
 * ```ts
 * import { meanDifference } from "./_mean_difference.ts";
 * meanDifference([3, 4, 5], [1, 2, 3]); // { mean: 2, low: 2, high: 2 }
 * ```
 */
export function meanDifference(
  a: readonly number[],
  b: readonly number[],
): { mean: number; low: number; high: number } {
  const apart = a.map((value, i) => value - b[i]), n = apart.length;
  if (b.length !== n || n < 2 || n > T.length + 1) {
    throw new RangeError(
      `Cannot compare means of ${n} and ${b.length} values: two to ${T.length + 1} pairs are needed`,
    );
  }
  const mean = meanOf(apart);
  const variance = apart.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const reach = T[n - 2] * Math.sqrt(variance / n);
  return { mean, low: mean - reach, high: mean + reach };
}
