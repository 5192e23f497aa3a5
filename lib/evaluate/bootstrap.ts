/** Intervals by resampling what was measured. @module */
import { checkConfidence, type Estimate, type ResamplingOptions } from "./estimate.ts";

/**
 * Quantile of sorted numbers, linear between neighbours (NumPy's default); NaN for none.
 *
 * @param sorted Ascending.
 * @param fraction From 0 (smallest) to 1 (largest).
 * @example Between the second and the third of four
 * ```ts
 * quantileSorted([1, 2, 4, 8], 0.5); // 3
 * ```
 */
export function quantileSorted(sorted: ArrayLike<number>, fraction: number): number {
  if (sorted.length === 0) return NaN;
  const at = Math.min(Math.max(fraction, 0), 1) * (sorted.length - 1);
  const below = Math.floor(at), above = Math.ceil(at);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/**
 * Percentile bootstrap over example numbers, for statistics of several arrays at once.
 *
 * Resamples on which the statistic is not finite (a class may be missing) are left out.
 * Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
 *
 * @param n Examples, at least 1.
 * @param statistic Called with example numbers, [n]; the array is reused between calls.
 * @throws {RangeError} If `n`, `resamples` or `confidence` is out of range.
 * @example Interval of a ratio of sums
 * ```ts
 * const [hits, tries] = [[1, 2, 2, 0], [2, 2, 3, 1]];
 * const sum = (xs: number[], at: Uint32Array) => at.reduce((total, i) => total + xs[i], 0);
 * bootstrapIndices(4, (at) => sum(hits, at) / sum(tries, at), { rng: Math.random }).value; // 0.625
 * ```
 */
export function bootstrapIndices(
  n: number,
  statistic: (indices: Uint32Array) => number,
  options: ResamplingOptions,
): Estimate {
  const { rng, resamples = 1000 } = options;
  const alpha = 1 - checkConfidence(options.confidence ?? 0.95);
  if (!Number.isInteger(n) || n < 1 || !Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(
      `Cannot resample as examples and resamples must be at least 1: got ${n} and ${resamples}`,
    );
  }
  const indices = Uint32Array.from({ length: n }, (_, i) => i);
  const value = statistic(indices);
  const seen: number[] = [];
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) indices[i] = Math.floor(rng() * n);
    const one = statistic(indices);
    if (Number.isFinite(one)) seen.push(one);
  }
  const sorted = Float64Array.from(seen).sort();
  return { value, low: quantileSorted(sorted, alpha / 2), high: quantileSorted(sorted, 1 - alpha / 2), n };
}

/**
 * Percentile bootstrap interval of a statistic of one sample.
 *
 * @param values The sample, [n].
 * @param statistic Called with a resample, [n]; the array is reused between calls.
 * @throws {RangeError} If there are no values, or an option is out of range.
 * @example Interval of a mean
 * ```ts
 * const mean = (xs: Float64Array) => xs.reduce((sum, x) => sum + x, 0) / xs.length;
 * bootstrap([1, 2, 3, 6], mean, { rng: Math.random }).value; // 3
 * ```
 */
export function bootstrap(
  values: ArrayLike<number>,
  statistic: (sample: Float64Array) => number,
  options: ResamplingOptions,
): Estimate {
  const sample = new Float64Array(values.length);
  return bootstrapIndices(values.length, (indices) => {
    for (let i = 0; i < sample.length; i++) sample[i] = values[indices[i]];
    return statistic(sample);
  }, options);
}
