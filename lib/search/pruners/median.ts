/** Ends what does worse than the middle of the others. @module */
import { isEnded, type Trial } from "../trial.ts";
import { bestUpTo, lossAt, type PruneContext, type Pruner } from "./pruner.ts";

/** Options for {@linkcode medianPruner}. */
export interface MedianOptions {
  /** Trials that are never pruned, as there is nothing to compare with. @default {5} */
  startup?: number;
  /** Steps of every trial before it may be pruned. @default {0} */
  warmup?: number;
}

/** Prunes a trial whose best so far is worse than the median of what the others had at the same step. */
export function medianPruner(options: MedianOptions = {}): Pruner {
  const { startup = 5, warmup = 0 } = options;
  return {
    name: "median",
    shouldPrune(context: PruneContext, trial: Trial): boolean {
      const { step, values } = trial.reports.at(-1)!;
      if (step < warmup) return false;
      if (lossAt(context, values) === Infinity) return true;
      const others = context.trials
        .filter((other) => other.state === "complete" && isEnded(other))
        .map((other) => meanUpTo(context, other, step))
        .filter((loss) => loss !== undefined)
        .sort((a, b) => a - b);
      if (others.length < startup) return false;
      const middle = others.length >> 1;
      const median = others.length % 2 === 1 ? others[middle] : (others[middle - 1] + others[middle]) / 2;
      return bestUpTo(context, trial, step)! > median;
    },
  };
}

/** The mean of a trial's losses up to a step, as Vizier's median rule has it (D. Golovin et al., KDD 2017). */
function meanUpTo(context: PruneContext, { reports }: Trial, step: number): number | undefined {
  const losses = reports.filter((report) => report.step <= step).map(({ values }) => lossAt(context, values));
  return losses.length === 0 ? undefined : losses.reduce((a, b) => a + b, 0) / losses.length;
}
