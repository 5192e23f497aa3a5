/** What a cut on a score achieves: efficiency at a given rejection, and rejection at a given efficiency. @module */
import { rank, type Ranking, resampler } from "./_ranking.ts";
import { quantileSorted } from "./bootstrap.ts";
import { clopperPearson } from "./clopper_pearson.ts";
import { checkConfidence, type Estimate, type ResamplingOptions } from "./estimate.ts";

/** A cut on a score and what it achieves. */
export interface WorkingPoint extends Estimate {
  /** Events with at least this score are called signal; +Infinity if only an empty selection qualifies. */
  threshold: number;
}

/** Counts of a cut after step `k` of a ranking; -1 is the cut that keeps nothing. */
interface Cut {
  k: number;
  signal: number;
  background: number;
}

/** The cut that keeps most signal with at most `allowed` background events, the tightest of equals. */
function cutByBackground(ranking: Ranking, allowed: number): Cut {
  let cut = { k: -1, signal: 0, background: 0 };
  let [signal, background] = [0, 0];
  for (let k = 0; k < ranking.scores.length; k++) {
    background += ranking.background[k];
    if (background > allowed) break;
    signal += ranking.signal[k];
    if (ranking.signal[k] > 0) cut = { k, signal, background };
  }
  return cut;
}

/** The tightest cut that keeps at least `wanted` signal events. */
function cutBySignal(ranking: Ranking, wanted: number): Cut {
  const cut = { k: -1, signal: 0, background: 0 };
  for (let k = 0; k < ranking.scores.length && cut.signal < wanted; k++) {
    cut.k = k;
    cut.signal += ranking.signal[k];
    cut.background += ranking.background[k];
  }
  return cut;
}

/**
 * Value at the cut and its interval: resampling both classes moves the cut and the share kept beyond it; the exact binomial
 * interval at the found cut is united with it, as resampling alone shrinks to nothing where no event fails.
 */
function atCut(
  ranking: Ranking,
  find: (ranking: Ranking) => Cut,
  successesOf: (cut: Cut) => number,
  total: number,
  n: number,
  { rng, resamples = 1000, confidence = 0.95 }: ResamplingOptions,
): WorkingPoint {
  const alpha = 1 - checkConfidence(confidence);
  const cut = find(ranking);
  const successes = successesOf(cut);
  const draw = resampler(ranking, rng);
  const values = Float64Array.from({ length: resamples }, () => successesOf(find(draw())) / total).sort();
  const exact = clopperPearson(successes, total, { confidence });
  return {
    value: successes / total,
    low: Math.min(exact.low, quantileSorted(values, alpha / 2)),
    high: Math.max(exact.high, quantileSorted(values, 1 - alpha / 2)),
    n,
    threshold: cut.k < 0 ? Infinity : ranking.scores[cut.k],
  };
}

function checkShare(action: string, name: string, share: number): void {
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(`Cannot ${action} as ${name} must lie in (0, 1]: got ${share}`);
  }
}

/** A count that a share of a whole asks for, protected against 0.55 · 100 = 55.00000000000001. */
const countOf = (share: number, total: number) => share * total * (1 - 1e-12);

/** The order of examples, and the cut that rejects so large a share of their background. @throws {RangeError} */
function cutAtRejection(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  rejection: number,
): { ranking: Ranking; find: (ranking: Ranking) => Cut } {
  checkShare("find an efficiency", "rejection", rejection);
  const ranking = rank("find an efficiency", scores, labels), { backgroundTotal } = ranking;
  const allowed = backgroundTotal - Math.ceil(countOf(rejection, backgroundTotal));
  return { ranking, find: (drawn) => cutByBackground(drawn, allowed) };
}

/**
 * The value of {@linkcode efficiencyAtRejection} alone, as a statistic of what is resampled elsewhere.
 *
 * Shapes: [n] scores and labels (1 signal, 0 background).
 *
 * @param rejection Share of background to reject, in (0, 1].
 * @throws {RangeError} If an argument is out of range or one class is missing.
 * @example Reject half of the background
 * ```ts
 * efficiencyAlone([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.5); // 1
 * ```
 */
export function efficiencyAlone(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  rejection: number,
): number {
  const { ranking, find } = cutAtRejection(scores, labels, rejection);
  return find(ranking).signal / ranking.signalTotal;
}

/**
 * Signal efficiency at a fixed background rejection: the largest share of signal kept by a cut that rejects at least
 * `rejection` of the background.
 *
 * Shapes: [n] scores and labels (1 signal, 0 background).
 *
 * @param rejection Share of background to reject, in (0, 1].
 * @throws {RangeError} If an argument is out of range or one class is missing.
 * @example Reject half of the background
 * ```ts
 * efficiencyAtRejection([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.5, { rng: Math.random }).value; // 1
 * ```
 */
export function efficiencyAtRejection(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  rejection: number,
  options: ResamplingOptions,
): WorkingPoint {
  const { ranking, find } = cutAtRejection(scores, labels, rejection);
  return atCut(ranking, find, (cut) => cut.signal, ranking.signalTotal, scores.length, options);
}

/**
 * Background rejection at a fixed signal efficiency: the largest share of background rejected by a cut that keeps at least
 * `efficiency` of the signal.
 *
 * Shapes: [n] scores and labels (1 signal, 0 background).
 *
 * @param efficiency Share of signal to keep, in (0, 1].
 * @throws {RangeError} If an argument is out of range or one class is missing.
 * @example Keep all of the signal
 * ```ts
 * rejectionAtEfficiency([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 1, { rng: Math.random }).value; // 0.5
 * ```
 */
export function rejectionAtEfficiency(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  efficiency: number,
  options: ResamplingOptions,
): WorkingPoint {
  checkShare("find a rejection", "efficiency", efficiency);
  const ranking = rank("find a rejection", scores, labels);
  const { signalTotal, backgroundTotal } = ranking;
  const wanted = Math.ceil(countOf(efficiency, signalTotal));
  const find = (drawn: Ranking) => cutBySignal(drawn, wanted);
  return atCut(
    ranking,
    find,
    (cut) => backgroundTotal - cut.background,
    backgroundTotal,
    scores.length,
    options,
  );
}
