/** How good sets of labels are, where several labels may hold at once. @module */
import { bootstrapIndices } from "./bootstrap.ts";
import type { Estimate, ResamplingOptions } from "./estimate.ts";
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
  f1: Estimate;
  /** Mean number of labels that must be taken in the order of their scores until all true ones are among them. */
  coverage: Estimate;
}

/** Numbers of labels of each example, [n]. */
interface LabelCounts {
  right: Uint32Array;
  given: Uint32Array;
  wanted: Uint32Array;
  /** Labels that must be taken until all true ones are among them. */
  depth: Uint32Array;
}

function countLabels(
  scores: ArrayLike<number>,
  truth: ArrayLike<number>,
  thresholds: readonly number[],
): LabelCounts {
  const labels = thresholds.length, n = scores.length / labels;
  const counts: LabelCounts = {
    right: new Uint32Array(n),
    given: new Uint32Array(n),
    wanted: new Uint32Array(n),
    depth: new Uint32Array(n),
  };
  for (let row = 0; row < n; row++) {
    let lowestTrue = Infinity;
    for (let label = 0; label < labels; label++) {
      const score = scores[row * labels + label], isTrue = truth[row * labels + label] === 1;
      const isGiven = score >= thresholds[label];
      if (isGiven) counts.given[row]++;
      if (isTrue) counts.wanted[row]++;
      if (isGiven && isTrue) counts.right[row]++;
      if (isTrue) lowestTrue = Math.min(lowestTrue, score);
    }
    for (let label = 0; label < labels; label++) {
      if (scores[row * labels + label] >= lowestTrue) counts.depth[row]++;
    }
  }
  return counts;
}

/**
 * Compares sets of labels with the true ones; F1 and coverage have bootstrap intervals over examples.
 *
 * Shapes: [n, labels] scores and truth (0 or 1), row-major.
 * Source: exact match, F1 and coverage as `accuracy_score`, `f1_score(average="micro")` and `coverage_error` of scikit-learn.
 *
 * @param scores Of each label; one from its threshold on is given.
 * @param thresholds One for each label.
 * @throws {RangeError} If the lengths do not fit each other, or there is nothing to compare.
 * @example The first of two sets is right
 * ```ts
 * const { exactMatch, f1, coverage } = labelSets([0.9, 0.1, 0.8, 0.7], [1, 0, 0, 1], [0.5, 0.5], { rng: Math.random });
 * exactMatch.value; // 0.5
 * f1.value; // 0.8
 * coverage.value; // 1.5
 * ```
 */
export function labelSets(
  scores: ArrayLike<number>,
  truth: ArrayLike<number>,
  thresholds: readonly number[],
  options: ResamplingOptions,
): LabelSetMetrics {
  const labels = thresholds.length, n = scores.length / labels;
  if (scores.length !== truth.length || !Number.isInteger(n) || n === 0) {
    throw new RangeError(
      `Cannot compare sets as scores and truth must be rows of ${labels}: got ${scores.length} and ${truth.length}`,
    );
  }
  const { right, given, wanted, depth } = countLabels(scores, truth, thresholds);
  const rows = Uint32Array.from({ length: n }, (_, row) => row);
  const total = (counts: Uint32Array, at: Uint32Array) => {
    let sum = 0;
    for (let i = 0; i < at.length; i++) sum += counts[at[i]];
    return sum;
  };
  const all = (counts: Uint32Array) => total(counts, rows);
  const exact = rows.filter((row) => right[row] === given[row] && right[row] === wanted[row]).length;
  const both = given.map((count, row) => count + wanted[row]);
  return {
    exactMatch: proportion(exact, n, options),
    precision: proportion(all(right), all(given), options),
    recall: proportion(all(right), all(wanted), options),
    f1: bootstrapIndices(n, (at) => 2 * total(right, at) / total(both, at), options),
    coverage: bootstrapIndices(n, (at) => total(depth, at) / at.length, options),
  };
}
