/** Area under the ROC curve with its interval. @module */
import { areaOf, rank, type Ranking, resampler } from "./_ranking.ts";
import { normalQuantile } from "./_special.ts";
import { quantileSorted } from "./bootstrap.ts";
import { checkConfidence, type ConfidenceOptions, type Estimate } from "./estimate.ts";

/** Options for {@linkcode auc}. */
export interface AucOptions extends ConfidenceOptions {
  /** `delong` is exact in its variance and needs no random numbers; `bootstrap` resamples both classes. @default {"delong"} */
  method?: "delong" | "bootstrap";
  /** Uniform random numbers in [0, 1); needed by `bootstrap`. */
  rng?: () => number;
  /** Number of resamples. @default {1000} */
  resamples?: number;
}

/** An area under the curve, its interval and its DeLong standard error. */
export interface AucEstimate extends Estimate {
  /** By DeLong's formula. */
  standardError: number;
}

/** DeLong's variance from the two sets of placement values, in one pass over the ranking. */
function delongVariance(ranking: Ranking, area: number): number {
  const { signal, background, signalTotal, backgroundTotal } = ranking;
  let signalAbove = 0, backgroundBelow = backgroundTotal, ofSignal = 0, ofBackground = 0;
  for (let k = 0; k < signal.length; k++) {
    backgroundBelow -= background[k];
    const signalPlacement = (backgroundBelow + background[k] / 2) / backgroundTotal;
    const backgroundPlacement = (signalAbove + signal[k] / 2) / signalTotal;
    ofSignal += signal[k] * (signalPlacement - area) ** 2;
    ofBackground += background[k] * (backgroundPlacement - area) ** 2;
    signalAbove += signal[k];
  }
  // A class of one event says nothing of its spread.
  if (signalTotal < 2 || backgroundTotal < 2) return NaN;
  return ofSignal / (signalTotal - 1) / signalTotal + ofBackground / (backgroundTotal - 1) / backgroundTotal;
}

/**
 * Area under the ROC curve: the probability that a signal event scores above a background event, ties counted half.
 *
 * The DeLong interval is built on the logit of the area, so that it stays within [0, 1]. A perfect separation (area 0 or 1)
 * has no spread to measure; then the interval is the exact one of min(signal, background) independent pairs all in order.
 * Sources: E. R. DeLong et al., Biometrics 44 (1988) 837; X. Sun, W. Xu, IEEE Signal Process. Lett. 21 (2014) 1389.
 *
 * Shapes: [n] scores and labels (1 signal, 0 background).
 *
 * @throws {RangeError} If lengths differ, a label is not 0 or 1, a score is NaN, or one class is missing.
 * @throws {TypeError} If `bootstrap` is asked for without `rng`.
 * @example Four events
 * ```ts
 * auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).value; // 0.75
 * ```
 */
export function auc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: AucOptions = {},
): AucEstimate {
  const { method = "delong", rng, resamples = 1000 } = options;
  const alpha = 1 - checkConfidence(options.confidence ?? 0.95);
  const ranking = rank("compute an AUC", scores, labels);
  const value = areaOf(ranking);
  const standardError = Math.sqrt(delongVariance(ranking, value));
  const known = { value, n: scores.length, standardError };
  if (value === 0 || value === 1) {
    const certain = (alpha / 2) ** (1 / Math.min(ranking.signalTotal, ranking.backgroundTotal));
    return value === 1 ? { ...known, low: certain, high: 1 } : { ...known, low: 0, high: 1 - certain };
  }
  if (method === "bootstrap") {
    if (!rng) throw new TypeError(`Cannot bootstrap an AUC as "rng" is missing`);
    const draw = resampler(ranking, rng);
    const areas = Float64Array.from({ length: resamples }, () => areaOf(draw())).sort();
    return { ...known, low: quantileSorted(areas, alpha / 2), high: quantileSorted(areas, 1 - alpha / 2) };
  }
  if (Number.isNaN(standardError)) return { ...known, low: 0, high: 1 };
  const center = Math.log(value / (1 - value));
  const reach = normalQuantile(1 - alpha / 2) * standardError / (value * (1 - value));
  const logistic = (x: number) => 1 / (1 + Math.exp(-x));
  return { ...known, low: logistic(center - reach), high: logistic(center + reach) };
}
