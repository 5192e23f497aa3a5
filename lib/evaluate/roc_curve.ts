/** Receiver operating characteristic. @module */
import { rank } from "./_ranking.ts";

/** Points of a ROC curve from (0, 0) to (1, 1), one for each distinct score; arrays run in parallel. */
export interface RocCurve {
  /** Examples with at least this score are called signal; starts at +Infinity. */
  threshold: Float64Array;
  /** Signal efficiency: share of signal kept. */
  truePositiveRate: Float64Array;
  /** Share of background kept; background rejection is 1 minus it. */
  falsePositiveRate: Float64Array;
}

/**
 * ROC curve of a score, by scanning the threshold over every distinct score. The same points as scikit-learn's
 * `roc_curve(labels, scores, drop_intermediate=False)`.
 *
 * Shapes: [n] scores and labels (1 signal, 0 background).
 *
 * @throws {RangeError} If lengths differ, a label is not 0 or 1, a score is NaN, or one class is missing.
 * @example Four events
 * ```ts
 * rocCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).truePositiveRate; // 0, 0.5, 0.5, 1, 1
 * ```
 */
export function rocCurve(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): RocCurve {
  const ranking = rank("draw a ROC curve", scores, labels);
  const points = ranking.scores.length + 1;
  const threshold = new Float64Array(points), truePositiveRate = new Float64Array(points);
  const falsePositiveRate = new Float64Array(points);
  threshold[0] = Infinity;
  for (let k = 1, s = 0, b = 0; k < points; k++) {
    s += ranking.signal[k - 1];
    b += ranking.background[k - 1];
    threshold[k] = ranking.scores[k - 1];
    truePositiveRate[k] = s / ranking.signalTotal;
    falsePositiveRate[k] = b / ranking.backgroundTotal;
  }
  return { threshold, truePositiveRate, falsePositiveRate };
}
