/** A study's trials as a table of numbers, and what Talos's users ask of one. @module */
import { nearest } from "../../base/nearest.ts";
import { rankByDomination } from "../samplers/domination.ts";
import { lossOf, violationOf } from "../samplers/sampler.ts";
import type { ParamValue } from "../space.ts";
import type { Direction, StudyState } from "../study_state.ts";
import { secondsOf, type Trial } from "../trial.ts";

/** A trial as a row: number, seconds, steps, metrics, parameters. */
export type Row = Readonly<Record<string, ParamValue | undefined>>;

/** Trials that gave values, without those that failed. */
export function usable(trials: readonly Trial[]): Trial[] {
  return trials.filter(({ state, values }) => state === "complete" && values !== undefined);
}

/** Objective `number` of usable trials, to be made small. */
export function lossesOf(trials: readonly Trial[], directions: readonly Direction[], number = 0): number[] {
  return trials.map((trial) => lossOf(trial, directions, number));
}

/** One row a trial that gave values. */
export function rowsOf({ trials, spec }: StudyState): Row[] {
  return usable(trials).map((trial) => ({
    trial: trial.number,
    duration: secondsOf(trial),
    round_epochs: trial.reports.at(-1)?.step ?? 0,
    ...metricsOf(trial, spec?.objectives ?? []),
    ...trial.params,
  }));
}

/** All numbers that a trial ended with: what it reported last, what it gave, what it is judged by. */
export function metricsOf(trial: Trial, objectives: readonly string[]): Record<string, number> {
  const judged = Object.fromEntries(objectives.map((name, i) => [name, trial.values?.[i] ?? NaN]));
  return { ...trial.reports.at(-1)?.values, ...trial.metrics, ...judged };
}

/** A column of numbers. @throws {RangeError} If no row has one of that name, naming the nearest. */
export function column(rows: readonly Row[], name: string): number[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (rows.length > 0 && !names.includes(name)) {
    const near = nearest(name, names);
    throw new RangeError(
      `Cannot find column "${name}"${near ? ` (nearest: "${near}")` : ""}: there are ${names.join(", ")}`,
    );
  }
  return rows.map((row) => typeof row[name] === "number" ? row[name] : Number(row[name] ?? NaN));
}

/** How a metric goes with every other column of numbers: Pearson's or, of ranks, Spearman's coefficient. */
export function correlate(
  rows: readonly Row[],
  metric: string,
  method: "pearson" | "spearman" = "pearson",
): Record<string, number> {
  const prepare = (values: number[]) => method === "spearman" ? averageRanks(values) : values;
  const target = prepare(column(rows, metric));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== metric);
  const found: Record<string, number> = {};
  for (const name of names) {
    const values = rows.map((row) => row[name]);
    if (!values.every((value) => typeof value === "number" && Number.isFinite(value))) continue;
    const r = pearson(prepare(values as number[]), target);
    if (Number.isFinite(r)) found[name] = r;
  }
  return found;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((x, y) => x + y, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Ranks from 1; equal values share the mean of theirs. */
function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

/** Trials that meet their constraints and that no other one is better than in everything. */
export function paretoFront(trials: readonly Trial[], directions: readonly Direction[]): Trial[] {
  const candidates = usable(trials).filter((trial) => violationOf(trial) === 0);
  const ranks = rankByDomination(candidates.map((trial) => ({
    losses: directions.map((_, i) => lossOf(trial, directions, i)),
    violation: 0,
  })));
  return candidates.filter((_, i) => ranks[i] === 0);
}
