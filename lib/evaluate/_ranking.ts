/** Examples ordered by score, equal scores kept together: what ROC, AUC and working points are all computed from. @module */
import { checkLengths } from "./estimate.ts";

/** Distinct scores, highest first, with the number of signal and background examples at each. */
export interface Ranking {
  /** [steps], descending. */
  scores: Float64Array;
  /** [steps] */
  signal: Float64Array;
  /** [steps] */
  background: Float64Array;
  signalTotal: number;
  backgroundTotal: number;
}

/**
 * Orders examples by score.
 *
 * @param labels 1 (or true) for signal, 0 for background.
 * @throws {RangeError} If lengths differ, a label is neither 0 nor 1, a score is NaN, or one class is missing.
 */
export function rank(
  action: string,
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
): Ranking {
  const n = checkLengths(action, { scores, labels });
  let signalTotal = 0;
  for (let i = 0; i < n; i++) {
    const label = Number(labels[i]);
    if (label !== 0 && label !== 1) {
      throw new RangeError(`Cannot ${action} as labels must be 0 or 1: label ${i} is ${labels[i]}`);
    }
    if (Number.isNaN(scores[i])) throw new RangeError(`Cannot ${action} as score ${i} is NaN`);
    signalTotal += label;
  }
  if (signalTotal === 0 || signalTotal === n) {
    throw new RangeError(
      `Cannot ${action} as both classes must be present: got ${signalTotal} signal and ${
        n - signalTotal
      } background`,
    );
  }
  // One typed sort for each class and a merge: far faster than sorting examples by a comparison function.
  const sorted = [new Float64Array(n - signalTotal), new Float64Array(signalTotal)];
  const filled = [0, 0];
  for (let i = 0; i < n; i++) {
    const label = Number(labels[i]);
    sorted[label][filled[label]++] = scores[i];
  }
  const [background, signal] = sorted.map((part) => part.sort().reverse());
  const steps = { scores: new Float64Array(n), signal: new Float64Array(n), background: new Float64Array(n) };
  let [b, s, k] = [0, 0, 0];
  while (b < background.length || s < signal.length) {
    const top = Math.max(background[b] ?? -Infinity, signal[s] ?? -Infinity);
    const [b0, s0] = [b, s];
    while (b < background.length && background[b] === top) b++;
    while (s < signal.length && signal[s] === top) s++;
    steps.scores[k] = top;
    steps.signal[k] = s - s0;
    steps.background[k++] = b - b0;
  }
  return {
    scores: steps.scores.slice(0, k),
    signal: steps.signal.slice(0, k),
    background: steps.background.slice(0, k),
    signalTotal,
    backgroundTotal: n - signalTotal,
  };
}

/** Area under the ROC curve of a ranking, ties counted half. */
export function areaOf({ signal, background, signalTotal, backgroundTotal }: Ranking): number {
  let above = 0, area = 0;
  for (let k = 0; k < signal.length; k++) {
    area += background[k] * (above + signal[k] / 2);
    above += signal[k];
  }
  return area / signalTotal / backgroundTotal;
}

/** Makes a drawer of rankings with each class resampled to its own size; the drawn ranking is reused between calls. */
export function resampler(ranking: Ranking, rng: () => number): () => Ranking {
  const steps = ranking.scores.length;
  const drawn: Ranking = {
    ...ranking,
    signal: new Float64Array(steps),
    background: new Float64Array(steps),
  };
  const stepOf = (counts: Float64Array, total: number) => {
    const step = new Uint32Array(total);
    for (let k = 0, at = 0; k < steps; k++) for (let j = 0; j < counts[k]; j++) step[at++] = k;
    return step;
  };
  const signalStep = stepOf(ranking.signal, ranking.signalTotal);
  const backgroundStep = stepOf(ranking.background, ranking.backgroundTotal);
  return () => {
    drawn.signal.fill(0);
    drawn.background.fill(0);
    for (let i = 0; i < signalStep.length; i++) {
      drawn.signal[signalStep[Math.floor(rng() * signalStep.length)]]++;
    }
    for (let i = 0; i < backgroundStep.length; i++) {
      drawn.background[backgroundStep[Math.floor(rng() * backgroundStep.length)]]++;
    }
    return drawn;
  };
}
