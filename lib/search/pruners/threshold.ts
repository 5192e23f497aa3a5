/** Ends what leaves a range, or is no number. @module */
import type { Pruner } from "./pruner.ts";

/** Options for {@linkcode thresholdPruner}. */
export interface ThresholdOptions {
  /** @default {-Infinity} */
  lower?: number;
  /** @default {Infinity} */
  upper?: number;
  /** Steps of every trial before it may be pruned. @default {0} */
  warmup?: number;
}

/** Prunes a trial whose metric falls below `lower`, rises above `upper` or is no number. */
export function thresholdPruner(options: ThresholdOptions = {}): Pruner {
  const { lower = -Infinity, upper = Infinity, warmup = 0 } = options;
  return {
    name: "threshold",
    shouldPrune({ metric }, { reports }) {
      const { step, values } = reports.at(-1)!;
      if (step < warmup || !(metric in values)) return false;
      const value = values[metric];
      return !(value >= lower && value <= upper) || value === null;
    },
  };
}
