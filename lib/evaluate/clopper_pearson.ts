/** Exact binomial interval. @module */
import { betaQuantile } from "./_special.ts";
import { checkConfidence, type ConfidenceOptions, type Interval } from "./estimate.ts";

/**
 * Clopper-Pearson interval of a proportion: never covers less than it says, for any n, also at 0 and n successes.
 *
 * Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404; the same numbers as SciPy's `binomtest(...).proportion_ci()`.
 *
 * @param successes How often it happened, 0 to `trials`.
 * @param trials How often it was tried; 0 gives [0, 1].
 * @throws {RangeError} If the counts are not whole numbers with 0 ≤ successes ≤ trials.
 * @example No failure in a hundred tries
 * ```ts
 * clopperPearson(100, 100); // { low: 0.9637…, high: 1 }
 * ```
 */
export function clopperPearson(successes: number, trials: number, options: ConfidenceOptions = {}): Interval {
  const alpha = 1 - checkConfidence(options.confidence ?? 0.95);
  const whole = Number.isInteger(successes) && Number.isInteger(trials);
  if (!whole || successes < 0 || successes > trials) {
    throw new RangeError(
      `Cannot build an interval as counts must be whole with 0 ≤ successes ≤ trials: got ${successes} of ${trials}`,
    );
  }
  const failures = trials - successes;
  return {
    low: successes === 0 ? 0 : betaQuantile(alpha / 2, successes, failures + 1),
    high: failures === 0 ? 1 : betaQuantile(1 - alpha / 2, successes + 1, failures),
  };
}
