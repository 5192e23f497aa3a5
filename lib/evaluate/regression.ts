/** Bias and resolution of a predicted quantity, overall and in bins. @module */
import { bootstrapIndices } from "./bootstrap.ts";
import { checkLengths, type Estimate, type ResamplingOptions } from "./estimate.ts";
import { indicesByBin } from "./histogram.ts";
import { meanOf } from "./mean.ts";

/** How predictions lie around the truth; units are those of the quantity. */
export interface RegressionMetrics {
  /** Number of examples. */
  n: number;
  /** Mean of predicted minus true. */
  bias: Estimate;
  /** Standard deviation of predicted minus true (n - 1 in the denominator). */
  resolution: Estimate;
  /** Root of the mean squared difference. */
  rms: Estimate;
  /** Mean absolute difference. */
  meanAbsolute: Estimate;
}

/** {@linkcode RegressionMetrics} of the examples in one bin. */
export interface RegressionBin extends RegressionMetrics {
  /** Least value of the bin. */
  low: number;
  /** Value at which the next bin begins. */
  high: number;
  /** Mean of the quantity that the bins are of. */
  center: number;
  /** Resolution divided by the mean true value. */
  relativeResolution: Estimate;
}

const NOTHING: Estimate = { value: NaN, low: NaN, high: NaN, n: 0 };

/** Mean and spread of `differences` at `indices`, by one pass each. */
function moments(differences: Float64Array, indices: Uint32Array): [mean: number, deviation: number] {
  let sum = 0, squares = 0;
  for (let i = 0; i < indices.length; i++) sum += differences[indices[i]];
  const mean = sum / indices.length;
  for (let i = 0; i < indices.length; i++) squares += (differences[indices[i]] - mean) ** 2;
  return [mean, Math.sqrt(squares / (indices.length - 1))];
}

function measure(differences: Float64Array, options: ResamplingOptions): RegressionMetrics {
  const n = differences.length;
  if (n === 0) return { n, bias: NOTHING, resolution: NOTHING, rms: NOTHING, meanAbsolute: NOTHING };
  const estimate = (statistic: (indices: Uint32Array) => number) => bootstrapIndices(n, statistic, options);
  const averageOf = (values: Float64Array) => (indices: Uint32Array) => {
    let sum = 0;
    for (let i = 0; i < indices.length; i++) sum += values[indices[i]];
    return sum / indices.length;
  };
  const squares = averageOf(differences.map((d) => d * d));
  return {
    n,
    bias: estimate(averageOf(differences)),
    resolution: estimate((indices) => moments(differences, indices)[1]),
    rms: estimate((indices) => Math.sqrt(squares(indices))),
    meanAbsolute: estimate(averageOf(differences.map(Math.abs))),
  };
}

function differencesOf(action: string, predicted: ArrayLike<number>, truth: ArrayLike<number>): Float64Array {
  const n = checkLengths(action, { predicted, truth });
  return Float64Array.from({ length: n }, (_, i) => predicted[i] - truth[i]);
}

/**
 * Bias, resolution, rms and mean absolute difference of predictions, each with a bootstrap interval.
 *
 * Shapes: [n] predicted and true values in the same units, which are those of the answer.
 *
 * @throws {RangeError} If the arrays are empty or differ in length.
 * @example Two keV too high, each time
 * ```ts
 * regression([12, 22], [10, 20], { rng: Math.random }).bias.value; // 2
 * ```
 */
export function regression(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: ResamplingOptions,
): RegressionMetrics {
  return measure(differencesOf("measure a regression", predicted, truth), options);
}

/** Options for {@linkcode regressionByBin}. */
export interface RegressionByBinOptions extends ResamplingOptions {
  /** What the bins are of, [n]; give the predictions for an uncertainty that can be looked up without the truth. @default {truth} */
  by?: ArrayLike<number>;
}

/**
 * Bias and resolution in bins, each with a bootstrap interval; NaN where a bin is empty.
 *
 * Shapes: [n] predicted and true values in the same units; [bins + 1] edges of the quantity `by`, lower edges included.
 *
 * @throws {RangeError} If lengths differ or edges do not rise.
 * @example Two bins
 * ```ts
 * regressionByBin([2, 3, 14], [1, 2, 10], [0, 5, 15], { rng: Math.random }).map((bin) => bin.bias.value); // 1, 4
 * ```
 */
export function regressionByBin(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  edges: ArrayLike<number>,
  options: RegressionByBinOptions,
): RegressionBin[] {
  const { by = truth } = options;
  const differences = differencesOf("measure a regression", predicted, truth);
  checkLengths("measure a regression", { truth, by });
  return indicesByBin(by, edges).map((members, b) => {
    const metrics = measure(Float64Array.from(members, (i) => differences[i]), options);
    const scale = meanOf(Array.from(members, (i) => truth[i]));
    const { value, low, high, n } = metrics.resolution;
    return {
      low: edges[b],
      high: edges[b + 1],
      center: meanOf(Array.from(members, (i) => by[i])),
      ...metrics,
      relativeResolution: { value: value / scale, low: low / scale, high: high / scale, n },
    };
  });
}
