/**
 * Asynchronous successive halving: at each rung only the best share goes on, judged by who came there so far.
 *
 * Source: L. Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020; several brackets, which begin
 * to judge later, as L. Li et al., "Hyperband", JMLR 18 (2018). @module
 */
import type { Trial } from "../trial.ts";
import { bestUpTo, type PruneContext, type Pruner } from "./pruner.ts";

/** Options for {@linkcode ashaPruner}. */
export interface AshaOptions {
  /**
   * The first step at which is judged. Too early, and chance decides: of 29 networks for digits, trained for 27 epochs, the
   * ranks after one epoch said little of the last ones (Spearman 0.2), after four half (0.5), after six nearly all (0.9).
   *
   * @default {a fifth of the steps of the longest trial that is complete; before there is one, nothing is pruned}
   */
  least?: number;
  /** From one rung to the next steps are multiplied by this, and one in so many goes on. @default {3} */
  factor?: number;
  /** Brackets: trials take turns, each bracket beginning to judge one rung later. @default {1} */
  brackets?: number;
}

/** Prunes at each rung all but the best of those that came there. */
export function ashaPruner(options: AshaOptions = {}): Pruner {
  const { least, factor = 3, brackets = 1 } = options;
  if (!((least ?? 1) > 0) || !(factor > 1) || !(Number.isInteger(brackets) && brackets > 0)) {
    throw new RangeError(
      `Cannot halve as least must be above 0, factor above 1 and brackets whole: got ${
        least ?? "none"
      }, ${factor}, ${brackets}`,
    );
  }
  const bracketOf = ({ number }: Trial) => number % brackets;
  return {
    name: "asha",
    shouldPrune(context: PruneContext, trial: Trial): boolean {
      const steps = trial.reports.map(({ step }) => step);
      const step = steps.at(-1)!, before = steps.at(-2) ?? -Infinity;
      const first = least ?? firstRung(context.trials);
      if (first === undefined) return false;
      const rung = rungAt(step, first * factor ** bracketOf(trial), factor);
      if (rung === undefined || rung <= before) return false; // no rung between the last two reports
      const mine = bestUpTo(context, trial, step)!;
      if (mine === Infinity) return true;
      const losses = context.trials
        .filter((other) =>
          bracketOf(other) === bracketOf(trial) && (other.reports.at(-1)?.step ?? -1) >= rung
        )
        .map((other) => other === trial ? mine : bestUpTo(context, other, rung) ?? Infinity)
        .sort((a, b) => a - b);
      const going = Math.max(1, Math.floor(losses.length / factor));
      return mine > losses[going - 1];
    },
  };
}

/** A fifth of the steps of the longest complete trial; undefined where none is complete. */
function firstRung(trials: readonly Trial[]): number | undefined {
  const lengths = trials.filter(({ state }) => state === "complete")
    .map(({ reports }) => reports.at(-1)?.step ?? 0);
  const longest = Math.max(0, ...lengths);
  return longest > 0 ? Math.max(1, Math.round(longest / 5)) : undefined;
}

/** The highest rung that is not above a step. */
function rungAt(step: number, first: number, factor: number): number | undefined {
  if (step < first) return undefined;
  let rung = first;
  while (rung * factor <= step) rung *= factor;
  return rung;
}
