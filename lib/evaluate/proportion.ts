/** A share of events with its exact interval. @module */
import { clopperPearson } from "./clopper_pearson.ts";
import type { ConfidenceOptions, Estimate } from "./estimate.ts";

/**
 * A share, `successes / trials`, with its Clopper-Pearson interval; NaN in [0, 1] where nothing was tried.
 *
 * @example Nine of ten
 * ```ts
 * proportion(9, 10); // { value: 0.9, low: 0.5549…, high: 0.9974…, n: 10 }
 * ```
 */
export function proportion(successes: number, trials: number, options: ConfidenceOptions = {}): Estimate {
  return { value: successes / trials, ...clopperPearson(successes, trials, options), n: trials };
}
