/** How good sets of labels are, where several labels may hold at once. @module */
import type { ConfidenceOptions, Estimate } from "./estimate.ts";
import { proportion } from "./proportion.ts";

/** Numbers of sets against the true ones. */
export interface LabelSetMetrics {
  /** Examples whose set is the true one. */
  exactMatch: Estimate;
  /** Labels given that are true, over all examples; NaN where none is given. */
  precision: Estimate;
  /** True labels that are given; NaN where there is none. */
  recall: Estimate;
  /** Harmonic mean of the two: 2 · right / (given + true); NaN where there is neither. */
  f1: number;
  /** Mean number of labels that must be taken in the order of their scores until all true ones are among them. */
  coverage: number;
}

/**
 * Compares sets of labels with the true ones.
 *
 * Shapes: [n, labels] scores and truth (0 or 1), row-major.
 * Source: exact match, F1 and coverage as `accuracy_score`, `f1_score(average="micro")` and `coverage_error` of scikit-learn.
 *
 * @param scores Of each label; one from its threshold on is given.
 * @param thresholds One for each label.
 * @throws {RangeError} If the lengths do not fit each other, or there is nothing to compare.
 * @example The first of two sets is right
 * ```ts
 * const { exactMatch, f1, coverage } = labelSets([0.9, 0.1, 0.8, 0.7], [1, 0, 0, 1], [0.5, 0.5]);
 * exactMatch.value; // 0.5
 * f1; // 0.8
 * coverage; // 1.5
 * ```
 */
export function labelSets(
  scores: ArrayLike<number>,
  truth: ArrayLike<number>,
  thresholds: readonly number[],
  options: ConfidenceOptions = {},
): LabelSetMetrics {
  const labels = thresholds.length, n = scores.length / labels;
  if (scores.length !== truth.length || !Number.isInteger(n) || n === 0) {
    throw new RangeError(
      `Cannot compare sets as scores and truth must be rows of ${labels}: got ${scores.length} and ${truth.length}`,
    );
  }
  let exact = 0, right = 0, given = 0, wanted = 0, depth = 0;
  for (let row = 0; row < n; row++) {
    let isSame = true, lowestTrue = Infinity;
    for (let label = 0; label < labels; label++) {
      const score = scores[row * labels + label], isTrue = truth[row * labels + label] === 1;
      const isGiven = score >= thresholds[label];
      if (isGiven) given++;
      if (isTrue) wanted++;
      if (isGiven && isTrue) right++;
      if (isGiven !== isTrue) isSame = false;
      if (isTrue) lowestTrue = Math.min(lowestTrue, score);
    }
    if (isSame) exact++;
    for (let label = 0; label < labels; label++) if (scores[row * labels + label] >= lowestTrue) depth++;
  }
  return {
    exactMatch: proportion(exact, n, options),
    precision: proportion(right, given, options),
    recall: proportion(right, wanted, options),
    f1: 2 * right / (given + wanted),
    coverage: depth / n,
  };
}
