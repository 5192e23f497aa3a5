/** A number measured on `n` examples, with the interval that its confidence level asks for. @module */

/** The two ends of an interval; both belong to it. */
export interface Interval {
  low: number;
  high: number;
}

/** A measured value and its interval. */
export interface Estimate extends Interval {
  value: number;
  /** Examples (or events) that the value was measured on. */
  n: number;
}

/** What every interval takes. */
export interface ConfidenceOptions {
  /** Probability content of the interval, between 0 and 1. @default {0.95} */
  confidence?: number;
}

/** What every resampled interval takes besides. */
export interface ResamplingOptions extends ConfidenceOptions {
  /** Uniform random numbers in [0, 1). */
  rng: () => number;
  /** Number of resamples. @default {1000} */
  resamples?: number;
}

/**
 * Gives a confidence level back after checking it.
 *
 * @throws {RangeError} If it is not between 0 and 1, both excluded.
 */
export function checkConfidence(confidence: number): number {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(
      `Cannot build an interval as confidence must lie between 0 and 1: got ${confidence}`,
    );
  }
  return confidence;
}

/**
 * Checks that arrays which run in parallel are equally long and not empty.
 *
 * @param action What is being computed, for the message.
 * @param arrays The arrays by name.
 * @returns Their common length.
 * @throws {RangeError} If lengths differ or are 0.
 */
export function checkLengths(action: string, arrays: Record<string, ArrayLike<unknown>>): number {
  const lengths = Object.entries(arrays).map(([name, array]) => [name, array.length] as const);
  const [[first, length], ...others] = lengths;
  if (length === 0) throw new RangeError(`Cannot ${action} as "${first}" is empty`);
  for (const [name, other] of others) {
    if (other !== length) {
      throw new RangeError(
        `Cannot ${action} as arrays must be equally long: "${first}" has ${length}, "${name}" has ${other}`,
      );
    }
  }
  return length;
}
