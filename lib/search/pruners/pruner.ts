/** What every pruner is. @module */
import type { Direction } from "../study_state.ts";
import type { Trial } from "../trial.ts";

/** What a pruner knows. */
export interface PruneContext {
  readonly trials: readonly Trial[];
  readonly direction: Direction;
  /** The metric that it looks at. */
  readonly metric: string;
}

/** Says which trials are not worth going on with. */
export interface Pruner {
  readonly name: string;
  /** Asked after every report of a trial. @param trial Running; its last report is new. */
  shouldPrune(context: PruneContext, trial: Trial): boolean;
}

/** Never prunes. */
export function noPruner(): Pruner {
  return { name: "none", shouldPrune: () => false };
}

/** A metric as it is to be made small; infinite where it is no number. */
export function lossAt(
  { direction, metric }: PruneContext,
  values: Readonly<Record<string, number>>,
): number {
  const value = values[metric];
  if (typeof value !== "number" || Number.isNaN(value)) return Infinity; // JSON has null for NaN
  return direction === "maximize" ? -value : value;
}

/** The least loss that a trial had up to a step; undefined where it reported none. */
export function bestUpTo(context: PruneContext, { reports }: Trial, step: number): number | undefined {
  let best: number | undefined;
  for (const { step: at, values } of reports) {
    if (at > step) break;
    const loss = lossAt(context, values);
    if (best === undefined || loss < best) best = loss;
  }
  return best;
}
