import type { FrameData } from "./frame.ts";

/** Options for {@linkcode robustLimits}. */
export interface RobustLimitsOptions {
  /** Deviations below the median. @default {3} */
  below?: number;
  /** Deviations above the median. @default {10} */
  above?: number;
}

/** The middle value; of an even number of values the mean of the middle two. NaN values are left out. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of the absolute deviations from the median; times 1.4826 it is a normal distribution's deviation. */
export function medianDeviation(values: ArrayLike<number>): number {
  const center = median(values);
  return median(Float64Array.from(values, (value) => Math.abs(value - center)));
}

/**
 * The interval in which a picture's interesting values lie, whatever a few hot pixels or stars do: so many median
 * deviations about the median. For showing frames, and for windowing where no fixed counts are known.
 *
 * Units: as they come. Source: the limits of pyBIA's sky plots, median - 3 MAD and median + 10 MAD.
 *
 * @returns `low` below `high`, also where all values are equal.
 * @throws {TypeError} If there is no value but NaN.
 * @example
 * ```ts
 * robustLimits({ data: Uint8Array.of(98, 99, 100, 101, 255) }); // { low: 97, high: 110 }
 * ```
 */
export function robustLimits(
  frame: { data: FrameData },
  options: RobustLimitsOptions = {},
): { low: number; high: number } {
  const { below = 3, above = 10 } = options;
  const center = median(frame.data), deviation = medianDeviation(frame.data);
  if (Number.isNaN(center)) throw new TypeError("Cannot find limits as there is no value");
  // More than half the values equal: one count stands in for a deviation of none.
  const unit = deviation > 0 ? deviation : 1;
  return { low: center - below * unit, high: center + above * unit };
}
