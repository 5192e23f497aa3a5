/** Studies as CSV in the order of Talos's columns, both ways. @module */
import { isValueOf, type Params, type ParamValue, type Space } from "../space.ts";
import type { StudyState } from "../study_state.ts";
import { secondsOf, type Trial } from "../trial.ts";
import { metricsOf, usable } from "./table.ts";

/**
 * The trials that gave values as Talos writes a scan: `start`, `end`, `duration`, `round_epochs`, the metrics, those of
 * training first, then the parameters by name. Metrics of validation examples are called `val_…`, as Keras has them.
 */
export function encodeTalosCsv({ trials, spec }: StudyState): string {
  const rows = usable(trials);
  const metrics = rows.map((trial) => metricsOf(trial, spec?.objectives ?? []));
  const left = new Set(["learningRate", "seconds", "examplesPerSecond", "parameters"]);
  const names = [...new Set(metrics.flatMap(Object.keys))].filter((name) => !left.has(name));
  const ordered = [...names.filter((name) => !isValidation(name)), ...names.filter(isValidation)];
  const params = [...new Set(rows.flatMap((trial) => Object.keys(trial.params)))].sort();
  const header = ["start", "end", "duration", "round_epochs", ...ordered.map(kerasName), ...params];
  const lines = rows.map((trial, i) => {
    const started = new Date(trial.attempts[0]?.started || 0), seconds = secondsOf(trial);
    const ended = new Date(started.getTime() + seconds * 1000);
    const steps = trial.reports.at(-1)?.step ?? 0;
    const values = ordered.map((name) => metrics[i][name] ?? "");
    return [
      talosTime(started),
      talosTime(ended),
      seconds,
      steps,
      ...values,
      ...params.map((name) => trial.params[name] ?? ""),
    ];
  });
  return [header, ...lines].map((cells) => cells.map(quote).join(",")).join("\n") + "\n";
}

const isValidation = (name: string) => name.startsWith("validation");

/** `validationAccuracy` to `val_accuracy`. */
function kerasName(name: string): string {
  if (!isValidation(name)) return name;
  const rest = name.slice("validation".length);
  return `val_${rest.charAt(0).toLowerCase()}${rest.slice(1)}`;
}

/** `11/29/21-201603`. */
function talosTime(time: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${two(time.getMonth() + 1)}/${two(time.getDate())}/${two(time.getFullYear() % 100)}`;
  return `${date}-${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
}

function quote(cell: ParamValue): string {
  const text = String(cell);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Reads a CSV of a scan as trials of a space.
 *
 * @param metric The column to judge by.
 * @throws {SyntaxError} If a column is missing, or a value is none of the space; with the line.
 */
export function decodeTalosCsv(csv: string, space: Space, metric: string): Omit<Trial, "number">[] {
  const [header, ...lines] = csv.split(/\r?\n/).filter((line) => line !== "").map(splitCsv);
  const names = space.dimensions.map(({ name }) => name);
  for (const name of [metric, ...names]) {
    if (!header?.includes(name)) {
      throw new SyntaxError(`Cannot import trials: the table has no column "${name}"`);
    }
  }
  const own = new Set(["", "start", "end", "duration", "round_epochs", ...names]);
  return lines.map((cells, i) => {
    const cell = (name: string) => cells[header.indexOf(name)] ?? "";
    const params: Record<string, ParamValue> = {};
    for (const dimension of space.dimensions) {
      const text = cell(dimension.name);
      if (text === "") continue; // a parameter that was not there
      const value = [text, Number(text), text.toLowerCase() === "true"].find((value) =>
        isValueOf(dimension, value)
      );
      if (value === undefined) {
        throw new SyntaxError(
          `Cannot import line ${i + 2}: "${text}" is no value of parameter "${dimension.name}"`,
        );
      }
      params[dimension.name] = value;
    }
    const value = Number(cell(metric));
    if (cell(metric) === "" || !Number.isFinite(value)) {
      throw new SyntaxError(`Cannot import line ${i + 2}: "${cell(metric)}" is no value of "${metric}"`);
    }
    const metrics = Object.fromEntries(
      header.filter((name) => !own.has(name) && Number.isFinite(Number(cell(name)))).map((
        name,
      ) => [name, Number(cell(name))]),
    );
    return imported(params, value, metrics, Number(cell("duration")));
  });
}

/** A trial that was run elsewhere. */
export function imported(
  params: Params,
  value: number | readonly number[],
  metrics: Record<string, number> = {},
  seconds = 0,
): Omit<Trial, "number"> {
  return {
    params,
    seed: 0,
    state: "complete",
    attempts: [{ worker: "import", started: "", seconds: Number.isFinite(seconds) ? seconds : 0 }],
    values: typeof value === "number" ? [value] : value,
    metrics,
    reports: [],
    origin: "import",
  };
}

/** A line's cells; those in quotes may hold commas, and two quotes for one. */
function splitCsv(line: string): string[] {
  const cells = [""];
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const sign = line[i];
    if (sign === '"' && quoted && line[i + 1] === '"') cells[cells.length - 1] += line[i++];
    else if (sign === '"') quoted = !quoted;
    else if (sign === "," && !quoted) cells.push("");
    else cells[cells.length - 1] += sign;
  }
  return cells;
}
