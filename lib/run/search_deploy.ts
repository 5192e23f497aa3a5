/**
 * After a search: how good its best trials are on fresh seeds, or by k-fold, which nobody chose them by.
 *
 * The best of many trials looks better than it is, as it was chosen for the luck of its seed too. @module
 */
import { join } from "@std/path";
import { heedStop } from "../base/stop_button.ts";
import { type Objective, readResult, type TrialContext } from "../search/objective.ts";
import { bestTrials, type Study, type Trial } from "../search/mod.ts";
import { seedOf } from "../search/study.ts";

/** How one trial did again. */
export interface Reevaluation {
  trial: Trial;
  /** What it was chosen by. */
  searched: number;
  /** What it gave with each fresh seed, and by k-fold with each seed in each fold. */
  values: readonly number[];
  mean: number;
  /**
   * 95 % interval of the mean by Student's t; of one value only that value. Folds share training examples, so by k-fold
   * it is somewhat narrow (Y. Bengio and Y. Grandvalet, JMLR 5, 2004).
   */
  low: number;
  high: number;
  /** By how much the search made it look better than the mean is; above 0 is flattered. */
  flattered: number;
}

/** Options for {@linkcode reevaluate}. */
export interface ReevaluateOptions {
  /** How many of the best trials. @default {3} */
  top?: number;
  /** Fresh seeds of each. @default {3} */
  seeds?: number;
  signal?: AbortSignal;
  /** Takes each value as it comes. */
  onValue?: (trial: Trial, seed: number, value: number) => void;
}

/**
 * Runs the best trials of a study again with seeds that the search did not have.
 *
 * @returns One entry a trial, the best mean first.
 */
export async function reevaluate(
  study: Study,
  objective: Objective,
  options: ReevaluateOptions = {},
): Promise<Reevaluation[]> {
  const { top = 3, seeds = 3, onValue } = options;
  using stop = heedStop(options.signal);
  const signal = stop.signal ?? new AbortController().signal;
  const sign = study.spec.directions[0] === "maximize" ? -1 : 1;
  const found: Reevaluation[] = [];
  for (const trial of bestTrials(study, top)) {
    const values: number[] = [];
    for (let i = 0; i < seeds; i++) {
      signal.throwIfAborted();
      const seed = seedOf(trial.seed, 1_000 + i);
      const context = await freshContext(study, trial, i, seed, signal);
      const result = readResult(await objective(trial.params, context), study.spec.objectives);
      values.push(...result.folds ?? [result.values[0]]);
      onValue?.(trial, seed, result.values[0]);
    }
    const searched = trial.values![0], { mean, low, high } = meanInterval(values);
    found.push({ trial, searched, values, mean, low, high, flattered: sign * (mean - searched) });
  }
  return found.sort((a, b) => sign * (a.mean - b.mean));
}

async function freshContext(
  study: Study,
  { number }: Trial,
  run: number,
  seed: number,
  signal: AbortSignal,
): Promise<TrialContext> {
  const folder = join(study.folder, "again", `${number}-${run}`);
  await Deno.mkdir(folder, { recursive: true });
  return { number, seed, attempt: 1, folder, signal, report: () => Promise.resolve(), log: () => {} };
}

/** 97.5 % points of Student's t for 1, 2, 3, … degrees of freedom; beyond the last one the normal distribution's. */
const STUDENT = [
  12.706,
  4.303,
  3.182,
  2.776,
  2.571,
  2.447,
  2.365,
  2.306,
  2.262,
  2.228,
  2.201,
  2.179,
  2.16,
  2.145,
  2.131,
];

/**
 * A mean with its 95 % interval.
 *
 * @example
 * ```ts
 * const { low, high } = meanInterval([1, 2, 3]);
 * [low.toFixed(2), high.toFixed(2)]; // ["-0.48", "4.48"]
 * ```
 */
export function meanInterval(values: readonly number[]): { mean: number; low: number; high: number } {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { mean, low: mean, high: mean };
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1));
  const half = (STUDENT[n - 2] ?? 1.96) * deviation / Math.sqrt(n);
  return { mean, low: mean - half, high: mean + half };
}
