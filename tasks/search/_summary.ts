/** What is said of a study: how far it is, its best trials, as text and as JSON. @module */
import { bestTrials } from "../../lib/search/run_trials.ts";
import type { Params } from "../../lib/search/space.ts";
import type { Study } from "../../lib/search/study.ts";
import { countStates, type Direction } from "../../lib/search/study_state.ts";
import { failureOf, secondsOf, type Trial } from "../../lib/search/trial.ts";

/** A number for people. */
export function show(value: unknown): string {
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

/** Losses, errors, times and sizes are better small, all else large. */
export function directionOf(metric: string): Direction {
  return /loss|error|deviation|seconds|duration|parameters/i.test(metric) ? "minimize" : "maximize";
}

/** `rate 0.01, units 64`. */
export function showParams(params: Params): string {
  return Object.entries(params).map(([name, value]) => `${name} ${show(value)}`).join(", ");
}

/** Everything that a script may want to know of a study. */
export function statusOf(study: Study) {
  const { state, spec } = study;
  const counts = countStates(state);
  const [best] = bestTrials(study);
  const failures: Record<string, number> = {};
  for (const trial of state.trials) {
    if (trial.state !== "failed") continue;
    const kind = failureOf(trial)?.kind ?? "error";
    failures[kind] = (failures[kind] ?? 0) + 1;
  }
  return {
    folder: study.folder,
    objectives: spec.objectives,
    directions: spec.directions,
    budget: state.budget,
    ...counts,
    attempts: state.trials.reduce((sum, { attempts }) => sum + attempts.length, 0),
    retried:
      state.trials.filter(({ attempts }) => attempts.some(({ failure }) => failure?.kind === "lost")).length,
    failures,
    workers: state.workers.size,
    finished: study.isFinished(),
    stopped: state.stopped,
    damaged: study.damage.length,
    seconds: Math.round(state.trials.reduce((sum, trial) => sum + secondsOf(trial), 0) * 1000) / 1000,
    best: best && { trial: best.number, values: best.values, params: best.params, metrics: best.metrics },
  };
}

/** A trial as a row of a table. */
export function rowOf(trial: Trial, objectives: readonly string[]): Record<string, unknown> {
  const values = Object.fromEntries(objectives.map((name, i) => [name, trial.values?.[i]]));
  return { trial: trial.number, state: trial.state, ...values, ...trial.params };
}

/** One line on where a study is. */
export function progressLine(study: Study): string {
  const { complete, pruned, failed, running, waiting } = countStates(study.state);
  const parts = [`${complete} complete`];
  for (
    const [count, word] of [[pruned, "pruned"], [failed, "failed"], [running, "running"], [
      waiting,
      "waiting",
    ]]
  ) {
    if (count) parts.push(`${count} ${word}`);
  }
  const [best] = bestTrials(study);
  if (best) parts.push(`best ${show(best.values![0])} (trial ${best.number})`);
  return parts.join(", ");
}
