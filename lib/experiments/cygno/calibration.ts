/** What validation events say of a trained network: how sure it may be of the kind, and how wide its energy's σ must be. @module */
import { quantileSorted } from "../../evaluate/mod.ts";

/** Probability = sigmoid(slope · score + offset). */
export interface Logistic {
  slope: number;
  offset: number;
}

/** Steps of Newton's method; it has settled after five or so. */
const STEPS = 25;

/**
 * Fits a probability to scores by maximum likelihood. A rising slope changes no order, and so no AUC.
 *
 * A weak pull to slope 1 and offset 0, worth one event, keeps it finite where the scores separate the kinds.
 *
 * Shapes: [n] scores and labels (1 signal, 0 background).
 * Source: J. Platt, "Probabilistic outputs for support vector machines", 1999.
 *
 * @returns Slope 1 and offset 0 where the scores' order is so poor that the slope would not rise.
 * @example Twice as sure as it may be
 * ```ts
 * // Of four events with score 2, three are signal: the log of 3 to 1 is 1.1.
 * const fitted = fitLogistic([2, 2, 2, 2, -2, -2, -2, -2], [1, 1, 1, 0, 0, 0, 0, 1]);
 * fitted.slope < 0.7 && Math.abs(fitted.offset) < 1e-9; // true
 * ```
 */
export function fitLogistic(scores: ArrayLike<number>, labels: ArrayLike<number>): Logistic {
  let slope = 1, offset = 0;
  for (let step = 0; step < STEPS; step++) {
    let bySlope = slope - 1, byOffset = offset, ss = 1, so = 0, oo = 1;
    for (let i = 0; i < scores.length; i++) {
      const p = 1 / (1 + Math.exp(-slope * scores[i] - offset)), weight = p * (1 - p);
      bySlope += (p - labels[i]) * scores[i];
      byOffset += p - labels[i];
      ss += weight * scores[i] ** 2;
      so += weight * scores[i];
      oo += weight;
    }
    const determinant = ss * oo - so * so;
    slope -= (oo * bySlope - so * byOffset) / determinant;
    offset -= (ss * byOffset - so * bySlope) / determinant;
  }
  return slope > 0 && Number.isFinite(slope + offset) ? { slope, offset } : { slope: 1, offset: 0 };
}

/** Share of a Gaussian within one standard deviation. */
export const WITHIN_SIGMA = 0.6827;

/** Fewest events that a bin's own factor is taken from. */
const ENOUGH = 100;
/** Rounds in which the factors of neighbouring bins settle. */
const ROUNDS = 20;

/** Some predictions of a value, beside the truth; all in the same units. */
export interface StatedValues {
  means: ArrayLike<number>;
  sigmas: ArrayLike<number>;
  truth: ArrayLike<number>;
}

/**
 * What σ must be multiplied by at each knot so that one σ covers the truth as often as a Gaussian's does, in each bin of the
 * predicted value. Between two knots the factor runs straight, beyond the outer ones it stays.
 *
 * @param edges Ends of the bins, one knot in each.
 * @returns A factor for each knot; that of all events together where a bin has fewer than 100.
 * @example One σ is all that is stated, and two would be right
 * ```ts
 * const truth = Float64Array.from({ length: 1001 }, (_, i) => 2 * Math.tan((i - 500) / 1001)); // 68 % within 1.19
 * const stated = { means: truth.map(() => 0), sigmas: truth.map(() => 0.1), truth };
 * scalesOf(stated, [-9, 9], [0]).map((scale) => scale.toFixed(1)); // ["7.1"]
 * ```
 */
export function scalesOf(
  stated: StatedValues,
  edges: readonly number[],
  knots: readonly number[],
): number[] {
  const { means, sigmas, truth } = stated;
  const all = Array.from({ length: means.length }, (_, i) => i);
  const pulls = (members: readonly number[], scaleAt: (value: number) => number) =>
    Float64Array.from(members, (i) => Math.abs(means[i] - truth[i]) / (sigmas[i] * scaleAt(means[i]))).sort();
  const factorOf = (members: readonly number[], scaleAt: (value: number) => number) => {
    const factor = quantileSorted(pulls(members, scaleAt), WITHIN_SIGMA);
    return Number.isFinite(factor) && factor > 0 ? factor : 1;
  };
  const overall = all.length > 0 ? factorOf(all, () => 1) : 1;
  const bins = knots.map((_, b) =>
    all.filter((i) =>
      (b === 0 || means[i] >= edges[b]) && (b === knots.length - 1 || means[i] < edges[b + 1])
    )
  );
  let scales = knots.map(() => overall);
  for (let round = 0; round < ROUNDS; round++) {
    const before = scales;
    scales = bins.map((members, b) =>
      members.length < ENOUGH
        ? overall
        : before[b] * factorOf(members, (value) => between(value, knots, before))
    );
  }
  return scales;
}

/** The straight line between the two knots about a value; beyond the outer ones their own factor. */
function between(value: number, knots: readonly number[], scales: readonly number[]): number {
  const next = knots.findIndex((knot) => knot > value);
  if (next === 0) return scales[0];
  if (next < 0) return scales[scales.length - 1];
  const share = (value - knots[next - 1]) / (knots[next] - knots[next - 1]);
  return scales[next - 1] + share * (scales[next] - scales[next - 1]);
}
