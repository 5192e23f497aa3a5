/** How far a ROC curve may lie from where it was measured. @module */
import { clopperPearson } from "./clopper_pearson.ts";
import type { ConfidenceOptions } from "./estimate.ts";
import type { RocCurve } from "./roc_curve.ts";

/** Limits of the signal efficiency at every point of a curve. */
export interface RocBand {
  /** Lower edge of the band. */
  low: Float64Array;
  /** Upper edge of the band. */
  high: Float64Array;
}

/**
 * Exact intervals of the signal efficiency at every threshold of a curve (Clopper-Pearson), point by point.
 *
 * @param curve From `rocCurve`.
 * @param signalTotal Signal examples that the curve was measured on.
 * @example Half of two
 * ```ts
 * import { rocCurve } from "./roc_curve.ts";
 * rocBand(rocCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 2).high[1]; // 0.9874…
 * ```
 */
export function rocBand(curve: RocCurve, signalTotal: number, options: ConfidenceOptions = {}): RocBand {
  const { truePositiveRate } = curve, known = new Map<number, { low: number; high: number }>();
  const intervals = Array.from(truePositiveRate, (rate) => {
    const kept = Math.round(rate * signalTotal);
    if (!known.has(kept)) known.set(kept, clopperPearson(kept, signalTotal, options));
    return known.get(kept)!;
  });
  return {
    low: Float64Array.from(intervals, ({ low }) => low),
    high: Float64Array.from(intervals, ({ high }) => high),
  };
}
