/** Whether a probability means what it says. @module */
import { checkLengths, type ConfidenceOptions, type Estimate } from "./estimate.ts";
import { proportion } from "./proportion.ts";

/** Options for {@linkcode calibration}. */
export interface CalibrationOptions extends ConfidenceOptions {
  /** Equal bins of probability from 0 to 1. @default {10} */
  bins?: number;
}

/** Examples whose predicted probability lies in one bin. */
export interface CalibrationBin {
  /** Least probability of the bin. */
  low: number;
  /** Largest probability of the bin. */
  high: number;
  /** Mean predicted probability. */
  predicted: number;
  /** Share that really were signal, with its exact interval. */
  observed: Estimate;
}

/** A reliability diagram and its summaries. */
export interface Calibration {
  /** Bins that hold at least one example, ascending. */
  bins: CalibrationBin[];
  /** Mean distance between predicted and observed over the examples. */
  expectedError: number;
  /** Largest distance over the bins. */
  largestError: number;
  /** Mean squared distance of probability and truth (0 or 1). */
  brier: number;
}

/**
 * Compares predicted probabilities with how often the predicted thing happened.
 *
 * Shapes: [n] probabilities in [0, 1] and labels (1 happened, 0 did not). For many classes, give the probability of the
 * predicted class and whether it was right.
 * Source: C. Guo et al., ICML 2017, arXiv:1706.04599 (expected calibration error); G. W. Brier, Mon. Weather Rev. 78 (1950) 1.
 *
 * @throws {RangeError} If lengths differ or a probability lies outside [0, 1].
 * @example Two coins called at 0.5, one of them heads
 * ```ts
 * calibration([0.5, 0.5], [1, 0]).expectedError; // 0
 * ```
 */
export function calibration(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: CalibrationOptions = {},
): Calibration {
  const { bins: count = 10 } = options;
  const n = checkLengths("measure calibration", { probabilities, labels });
  const sums = new Float64Array(count), hits = new Float64Array(count), totals = new Float64Array(count);
  let brier = 0;
  for (let i = 0; i < n; i++) {
    const p = probabilities[i], happened = Number(labels[i]);
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(`Cannot measure calibration as probability ${i} must lie in [0, 1]: got ${p}`);
    }
    const bin = Math.min(Math.floor(p * count), count - 1);
    sums[bin] += p;
    hits[bin] += happened;
    totals[bin]++;
    brier += (p - happened) ** 2 / n;
  }
  const bins: CalibrationBin[] = [];
  let expectedError = 0, largestError = 0;
  for (let b = 0; b < count; b++) {
    if (totals[b] === 0) continue;
    const predicted = sums[b] / totals[b], observed = proportion(hits[b], totals[b], options);
    const error = Math.abs(predicted - observed.value);
    bins.push({ low: b / count, high: (b + 1) / count, predicted, observed });
    expectedError += error * totals[b] / n;
    largestError = Math.max(largestError, error);
  }
  return { bins, expectedError, largestError, brier };
}
