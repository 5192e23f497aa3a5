/** Runs side by side: which there are, what they reached, their numbers in one table, on one page, in other programs. @module */
import { join, relative } from "@std/path";
import { plotEpochCurves, readableName, reportHtml, type ReportTable } from "../plot/mod.ts";
import { decodeHistory, type EpochNumbers } from "../train/history.ts";
import { readRecord, runPaths, type RunRecord } from "./run_folder.ts";
import { encodeEvents, type ScalarEvent } from "./tensorboard.ts";

/** One run as its folder has it. */
export interface FoundRun {
  /** Where it is. */
  folder: string;
  /** The folder's path below where it was looked for. */
  name: string;
  /** What its `run.json` holds. */
  record: RunRecord;
  /** Numbers of the epochs that are done. */
  epochs: EpochNumbers[];
}

/** A folder with a `run.json` that is not read. */
export interface UnreadRun {
  /** Where it is. */
  folder: string;
  /** Why it cannot be read. */
  reason: string;
}

/** How deep below a folder runs lie: `runs/EXPERIMENT/TIME`, and folders of a search below them. */
const DEPTH = 4;

/** Reads one run. @throws {Deno.errors.NotFound} If the folder holds none. */
export async function readRun(folder: string, name: string = folder): Promise<FoundRun> {
  const record = await readRecord(folder);
  if (!record) throw new Deno.errors.NotFound(`Cannot read a run from "${folder}" as it holds no run.json`);
  let csv = "";
  try {
    csv = await Deno.readTextFile(runPaths(folder).history);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { folder, name, record, epochs: decodeHistory(csv) };
}

/**
 * All runs below a folder, the newest first.
 *
 * @returns The runs, and the folders whose `run.json` is of another version or damaged, each with the reason.
 * @throws {Deno.errors.NotFound} If there is no such folder.
 */
export async function findRuns(folder: string): Promise<{ runs: FoundRun[]; unread: UnreadRun[] }> {
  const runs: FoundRun[] = [], unread: UnreadRun[] = [];
  for (const place of await foldersWithRuns(folder, DEPTH)) {
    try {
      runs.push(await readRun(place, relative(folder, place).replaceAll("\\", "/") || "."));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      unread.push({ folder: place, reason: error.message });
    }
  }
  runs.sort((a, b) => a.record.started < b.record.started ? 1 : -1);
  return { runs, unread };
}

async function foldersWithRuns(folder: string, depth: number): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  if (entries.some(({ name, isFile }) => isFile && name === "run.json")) return [folder];
  if (depth === 0) return [];
  const inner = entries.filter(({ name, isDirectory }) => isDirectory && !name.startsWith("."));
  const found = await Promise.all(inner.map(({ name }) => foldersWithRuns(join(folder, name), depth - 1)));
  return found.flat();
}

/** A metric as a record keeps it. */
interface KeptMetric {
  value: number;
  low?: number;
  high?: number;
  units?: string;
}

/** The metrics of a run, the most important first. */
export function metricsOf({ metrics = {} }: RunRecord): [name: string, metric: KeptMetric][] {
  return Object.entries(metrics) as [string, KeptMetric][];
}

/** A line of the list of runs. */
export interface RunLine {
  /** What was trained. */
  experiment: string;
  /** The folder's path below where it was looked for. */
  name: string;
  /** Running, interrupted or finished. */
  state: string;
  /** Epochs done, of how many. */
  epochs: string;
  /** The most important metric, with its name. */
  metric: string;
  /** Spent in training. */
  seconds?: number;
  /** When, UTC. */
  started: string;
}

/** What a list says of a run. */
export function describeRun({ name, record, epochs }: FoundRun): RunLine {
  const [first] = metricsOf(record);
  const planned = Number(record.options.epochs);
  return {
    experiment: record.experiment,
    name,
    state: record.state,
    epochs: epochs.length === planned ? String(planned) : `${epochs.length} of ${planned}`,
    metric: first ? `${first[0]} ${Number(first[1].value.toPrecision(4))}` : "",
    seconds: record.seconds === undefined ? undefined : Math.round(record.seconds),
    started: record.started.slice(0, 16).replace("T", " "),
  };
}

/** Options that differ between runs, or that not all of them have. */
export function differingOptions(runs: readonly FoundRun[]): string[] {
  const names = [...new Set(runs.flatMap(({ record }) => Object.keys(record.options)))];
  return names.filter((name) =>
    new Set(runs.map(({ record }) => JSON.stringify(record.options[name]))).size > 1
  );
}

/** Runs as rows: what differs in their options, what they reached. */
export function compareTable(runs: readonly FoundRun[]): ReportTable {
  const options = differingOptions(runs);
  const metrics = [...new Set(runs.flatMap(({ record }) => metricsOf(record).map(([name]) => name)))];
  const cell = (value: unknown) =>
    typeof value === "number" ? value : value === undefined ? "–" : String(value);
  return {
    columns: ["run", ...options, "state", "epochs", "weights of epoch", "parameters", "seconds", ...metrics],
    rows: runs.map(({ name, record, epochs }) => {
      const own = new Map(metricsOf(record));
      return [
        name,
        ...options.map((option) => cell(record.options[option])),
        record.state,
        epochs.length,
        cell(record.weightsOf),
        cell(record.parameters),
        cell(record.seconds && Math.round(record.seconds)),
        ...metrics.map((metric) => cell(own.get(metric)?.value)),
      ];
    }),
  };
}

/** Columns of a history that are no measurement of learning. */
const BOOKKEEPING = new Set(["epoch", "seconds", "examplesPerSecond"]);

/** Curves of the runs by column of their histories; a column that one run alone has is a curve alone. */
export function overlaidCurves(runs: readonly FoundRun[]): Record<string, Record<string, number[]>> {
  const columns = [
    ...new Set(runs.flatMap(({ epochs }) => epochs.flatMap((numbers) => Object.keys(numbers)))),
  ];
  const curves: Record<string, Record<string, number[]>> = {};
  for (const column of columns.filter((name) => !BOOKKEEPING.has(name))) {
    const having = runs.filter(({ epochs }) => epochs.some((numbers) => Number.isFinite(numbers[column])));
    if (having.length === 0) continue;
    curves[column] = Object.fromEntries(
      having.map(({ name, epochs }) => [name, epochs.map((numbers) => numbers[column] ?? NaN)]),
    );
  }
  return curves;
}

/** A table whose metrics are named as people read them, beside their own names. */
function inWords({ columns, ...table }: ReportTable, runs: readonly FoundRun[]): ReportTable {
  const metrics = new Set(runs.flatMap(({ record }) => metricsOf(record).map(([name]) => name)));
  const wordsOf = (name: string) => metrics.has(name) ? `${readableName(name)} (${name})` : name;
  return { ...table, columns: columns.map(wordsOf) };
}

/**
 * Runs as one page: the table, and each column of their histories as overlaid curves.
 *
 * @throws {RangeError} If there are no runs.
 */
export async function compareHtml(runs: readonly FoundRun[]): Promise<string> {
  if (runs.length === 0) throw new RangeError("Cannot compare runs as there is none");
  const experiments = [...new Set(runs.map(({ record }) => record.experiment))];
  const figures = Object.entries(overlaidCurves(runs)).map(([column, curves]) => ({
    spec: plotEpochCurves(curves, { quantity: readableName(column) }),
  }));
  return await reportHtml({
    title: `cloudchamber: ${runs.length} runs side by side`,
    subtitle: experiments.join(", "),
    sections: [
      { title: "Runs", tables: [inWords(compareTable(runs), runs)] },
      ...(figures.length > 0 ? [{ title: "By epoch", figures }] : []),
    ],
  });
}

/** A run's numbers as TensorBoard tags: `loss/training` and `loss/validation` in one chart. */
function tagOf(column: string): string {
  if (column === "learningRate" || /LearningRate$/.test(column)) return `training/${column}`;
  const validation = /^validation([A-Z].*)$/.exec(column);
  if (!validation) return `${column}/training`;
  return `${validation[1][0].toLowerCase()}${validation[1].slice(1)}/validation`;
}

/**
 * The epochs of a run as events, and its final metrics at the last one.
 *
 * Times are when each epoch ended, as far as the seconds of the epochs before tell.
 */
export function runEvents({ record, epochs }: FoundRun): ScalarEvent[] {
  let time = Date.parse(record.started) / 1000;
  const events = epochs.map(({ epoch, seconds = 0, ...numbers }): ScalarEvent => {
    time += seconds;
    const values = Object.entries(numbers).filter(([column]) => !BOOKKEEPING.has(column))
      .map(([column, value]) => [tagOf(column), value]);
    return { time, step: epoch, values: Object.fromEntries(values) };
  });
  const metrics = metricsOf(record).map(([name, { value }]) => [`${name}/test`, value]);
  if (metrics.length > 0) events.push({ time, step: epochs.length, values: Object.fromEntries(metrics) });
  return events;
}

/** The name and bytes of a run's event file. */
export function runEventFile(run: FoundRun): { name: string; bytes: Uint8Array<ArrayBuffer> } {
  const seconds = Math.floor(Date.parse(run.record.started) / 1000);
  const host = run.record.host.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return { name: `events.out.tfevents.${seconds}.${host}`, bytes: encodeEvents(runEvents(run)) };
}

/** A cell of CSV as RFC 4180 has it. */
function csvCell(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The epochs of runs as CSV, a line an epoch, columns in the order of their first appearance.
 *
 * @example See `deno task runs export`.
 * ```ts
 * runsCsv([]); // "run,experiment\n"
 * ```
 */
export function runsCsv(runs: readonly FoundRun[]): string {
  const columns = [
    ...new Set(runs.flatMap(({ epochs }) => epochs.flatMap((numbers) => Object.keys(numbers)))),
  ];
  const lines = runs.flatMap(({ name, record, epochs }) =>
    epochs.map((numbers) => [name, record.experiment, ...columns.map((column) => numbers[column])])
  );
  return [["run", "experiment", ...columns], ...lines]
    .map((line) => line.map(csvCell).join(",") + "\n").join("");
}
