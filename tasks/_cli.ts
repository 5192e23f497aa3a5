/**
 * What every task shares: options read against a typed table, errors as one clear line, and output that is
 * a progress bar on a terminal, plain lines elsewhere, or JSON lines with `--json`.
 *
 * A task looks like this, so that tests call `main` and read the exit code:
 * ```ts
 * import { createOutput, JSON_OPTION, readOptions, runTask } from "./_cli.ts";
 *
 * const OPTIONS = { epochs: { type: "integer", default: 12, min: 1, help: "Passes over the data." }, json: JSON_OPTION } as const;
 *
 * export function main(args: string[]): Promise<number> {
 *   return runTask(() => {
 *     const { options } = readOptions(args, OPTIONS, { usage: "deno task train", examples: [] });
 *     createOutput(options).say(`${options.epochs} epochs`);
 *   });
 * }
 * ```
 * @module
 */
import { isForeseen } from "../lib/base/foreseen.ts";
import { nearest } from "../lib/base/nearest.ts";
import type { OptionSpec, OptionTable, OptionValues } from "../lib/base/options.ts";

export type { OptionSpec, OptionTable, OptionValues };

/** How a task presents itself in `--help`. */
export interface TaskHelp {
  /** The command, such as `deno task score MODEL FILE…`. */
  usage: string;
  /** What the task does, in a line or two. */
  summary?: string;
  /** Command lines that can be pasted, each with an optional comment after ` # `. */
  examples: readonly string[];
  /** How many words that are no options may follow. @default {[0, Infinity] if `usage` names any in capitals, else [0, 0]} */
  words?: readonly [min: number, max: number];
}

/** Bad input on the command line: one line on stderr and exit code 2. */
export class CliError extends Error {
  override name = "CliError";
}

/** Thrown by {@linkcode readOptions} at `--help`; {@linkcode runTask} prints it and exits with 0. */
export class HelpRequest extends Error {
  override name = "HelpRequest";
}

/** The `--json` option, the same in every task that has it. */
export const JSON_OPTION = {
  type: "boolean",
  default: false,
  help: "Write one JSON object a line to standard output.",
} as const;

/**
 * Reads command line arguments against a table of options.
 *
 * Understands `--name value`, `--name=value`, `--name` and `--no-name` for booleans, and `--` before words that
 * start with a dash. The last one of a repeated option counts, lists add up.
 *
 * @returns The value of every option, defaults filled in, the names of those given, and the remaining words.
 * @throws {CliError} Unknown option (naming the nearest), bad or missing value, too few or too many words.
 * @throws {HelpRequest} At `--help` or `-h`.
 */
export function readOptions<const T extends OptionTable>(
  args: readonly string[],
  table: T,
  help: TaskHelp,
): { options: OptionValues<T>; words: string[]; given: Set<keyof T & string> } {
  const keys = new Map(Object.keys(table).map((key) => [flagName(key), key]));
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(table)) values[key] = defaultValue(spec);
  const given = new Set<string>();
  const words: string[] = [], listBefore: (string | undefined)[] = []; // of each word, the option of names that it follows
  let list: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--") {
      words.push(...args.slice(i + 1));
      break;
    }
    if (arg === "--help" || arg === "-h") throw new HelpRequest(formatHelp(table, help));
    if (!arg.startsWith("-") || arg === "-" || Number.isFinite(Number(arg))) {
      listBefore[words.length] = list;
      words.push(arg);
      continue;
    }
    const [flag, inline] = cut(arg.replace(/^--?/, ""), "=");
    const { key, negated } = findKey(flag, keys, table, arg);
    const spec = table[key];
    let text = inline;
    if (spec.type === "boolean") text ??= "true";
    else if (text === undefined) {
      const next = args[i + 1];
      if (next !== undefined && (!next.startsWith("--") || next === "--")) text = args[++i];
    }
    if (text === undefined) throw new CliError(`Option --${flag} needs a value: ${wanted(spec)}`);
    const value = parseValue(flag, spec, text);
    list = spec.type === "list" ? flag : undefined;
    if (spec.type === "list") {
      values[key] = given.has(key) ? [...values[key] as string[], ...value as string[]] : value;
    } else values[key] = negated ? !value : value;
    given.add(key);
  }
  for (const [key, spec] of Object.entries(table)) {
    if (spec.required && !given.has(key)) {
      throw new CliError(`Option --${flagName(key)} is required: ${wanted(spec)}`);
    }
  }
  checkWords(words, help, listBefore);
  return { options: values as OptionValues<T>, words, given: given as Set<keyof T & string> };
}

function defaultValue(spec: OptionSpec): unknown {
  if (spec.type === "boolean") return spec.default ?? false;
  if (spec.type === "list") return [...(spec.default ?? [])];
  return spec.default;
}

function findKey(flag: string, keys: Map<string, string>, table: OptionTable, arg: string) {
  const direct = keys.get(flag) ?? (Object.hasOwn(table, flag) ? flag : undefined);
  if (direct !== undefined && arg.startsWith("--")) return { key: direct, negated: false };
  const positive = flag.startsWith("no-") ? keys.get(flag.slice(3)) : undefined;
  if (positive !== undefined && table[positive].type === "boolean") return { key: positive, negated: true };
  const near = nearest(flag, [...keys.keys(), "help"]);
  throw new CliError(
    `Unknown option ${arg.split("=")[0]}${near ? ` (nearest: --${near})` : ""}: --help lists all options`,
  );
}

function parseValue(flag: string, spec: OptionSpec, text: string): unknown {
  const refuse = () => new CliError(`Option --${flag} needs ${wanted(spec)}: got "${text}"`);
  switch (spec.type) {
    case "boolean":
      if (text !== "true" && text !== "false") throw refuse();
      return text === "true";
    case "number":
    case "integer": {
      const value = text.trim() === "" ? NaN : Number(text);
      const fits = Number.isFinite(value) && value >= (spec.min ?? -Infinity) &&
        value <= (spec.max ?? Infinity);
      if (!fits || (spec.type === "integer" && !Number.isSafeInteger(value))) throw refuse();
      return value;
    }
    case "choice":
      if (spec.choices.includes(text)) return text;
      throw new CliError(`${refuse().message}${suggestion(text, spec.choices)}`);
    case "list": {
      const items = text.split(",").map((item) => item.trim()).filter((item) => item !== "");
      for (const item of items) {
        if (spec.choices && !spec.choices.includes(item)) {
          throw new CliError(
            `Option --${flag} needs ${wanted(spec)}: got "${item}"${suggestion(item, spec.choices)}`,
          );
        }
      }
      return items;
    }
    case "string":
      return text;
  }
}

function suggestion(text: string, choices: readonly string[]): string {
  const near = nearest(text, choices);
  return near ? ` (nearest: ${near})` : "";
}

/** What kind of value an option takes, in words. */
function wanted(spec: OptionSpec): string {
  switch (spec.type) {
    case "boolean":
      return "true or false";
    case "choice":
      return `one of ${spec.choices.join(", ")}`;
    case "list":
      return spec.choices ? `any of ${spec.choices.join(", ")}` : "names separated by commas";
    case "string":
      return spec.hint ? `a value (${spec.hint})` : "a value";
    default: {
      const { min, max } = spec;
      const range = min !== undefined && max !== undefined
        ? ` from ${min} to ${max}`
        : min !== undefined
        ? ` of at least ${min}`
        : max !== undefined
        ? ` of at most ${max}`
        : "";
      return (spec.type === "integer" ? "a whole number" : "a number") + range;
    }
  }
}

/** @param listBefore The option of names that a word follows, as where the shell made several files of a pattern. */
function checkWords(words: string[], help: TaskHelp, listBefore: readonly (string | undefined)[]): void {
  const [min, max] = help.words ?? (/ \[?[A-Z]{2,}/.test(help.usage) ? [0, Infinity] : [0, 0]);
  if (words.length > max && listBefore[max] !== undefined) {
    throw new CliError(
      `Unexpected argument "${words[max]}" behind --${
        listBefore[max]
      }: its values are separated by commas, and a pattern ` +
        `stands in quotes, as the shell makes several words of it`,
    );
  }
  if (words.length > max) {
    throw new CliError(`Unexpected argument "${words[max]}": usage is ${help.usage}`);
  }
  if (words.length < min) throw new CliError(`Too few arguments: usage is ${help.usage}`);
}

/** The text that `--help` prints. */
export function formatHelp(table: OptionTable, help: TaskHelp): string {
  const lines = [`Usage: ${help.usage} [--option value]`];
  if (help.summary) lines.push("", help.summary);
  const rows = Object.entries(table).map(([key, spec]) => [helpFlag(flagName(key), spec), helpText(spec)]);
  rows.push(["--help", "Show this text."]);
  const width = Math.min(30, Math.max(...rows.map(([flag]) => flag.length)));
  lines.push("", "Options:");
  for (const [flag, text] of rows) {
    if (flag.length > width) lines.push(`  ${flag}`, `  ${" ".repeat(width)}  ${text}`);
    else lines.push(`  ${flag.padEnd(width)}  ${text}`);
  }
  if (help.examples.length) lines.push("", "Examples:", ...help.examples.map((example) => `  ${example}`));
  return lines.join("\n");
}

function helpFlag(flag: string, spec: OptionSpec): string {
  if (spec.type === "boolean") return spec.default ? `--[no-]${flag}` : `--${flag}`;
  const choices = spec.type === "choice" ? spec.choices.join("|") : undefined;
  const kinds = { string: "TEXT", number: "NUMBER", integer: "N", choice: "CHOICE", list: "A,B,…" };
  return `--${flag} ${spec.hint ?? (choices && choices.length <= 24 ? choices : kinds[spec.type])}`;
}

function helpText(spec: OptionSpec): string {
  const notes: string[] = [];
  if (spec.type === "choice" && spec.choices.join("|").length > 24) notes.push(spec.choices.join(", "));
  if (spec.type === "list" && spec.choices) notes.push(spec.choices.join(", "));
  if (spec.required) notes.push("required");
  else if (spec.type === "boolean") { if (spec.default) notes.push("default: on"); }
  else if (spec.type === "list") {
    if (spec.default?.length) {
      notes.push(`default: ${spec.default.join(",")}`);
    }
  } else if (spec.default !== undefined && spec.default !== "") notes.push(`default: ${spec.default}`);
  return spec.help + (notes.length ? ` (${notes.join("; ")})` : "");
}

/** `stepEpochs` to `step-epochs`, as it is typed. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Signals that end a task, with the exit codes that shells have for them; SIGHUP is a closed terminal, SIGUSR1 a batch system's warning. */
const STOP_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGUSR1: 138 } as const;
/** Signals that end every task. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Why a task ended before it was done: somebody stopped it. The reason of {@linkcode interruptible}'s signal. */
export class Stopped extends Error {
  /** The exit code that shells have for the signal. */
  readonly code: number;

  constructor(name: keyof typeof STOP_CODES) {
    super(`stopped by ${name}`);
    this.name = "Stopped";
    this.code = STOP_CODES[name];
  }
}

/** The exit code of a task whose signal was aborted, or undefined. */
export function stopCode({ reason }: AbortSignal): number | undefined {
  return reason instanceof Stopped ? reason.code : undefined;
}

/**
 * Runs a task's body and gives its exit code: 0, or what the body returns; 2 for bad arguments; the signal's where
 * it was stopped; 1 for any other error.
 *
 * An error that says what is wrong is one line on stderr. One that looks like a defect of ours also says
 * how to get its stack (`CLOUDCHAMBER_STACK=1`).
 */
export async function runTask(body: () => number | void | Promise<number | void>): Promise<number> {
  try {
    return (await body()) ?? 0;
  } catch (error) {
    if (error instanceof HelpRequest) {
      console.log(error.message);
      return 0;
    }
    if (error instanceof Stopped) {
      toTerminal(() => console.error(error.message));
      return error.code;
    }
    for (const line of describeError(error)) toTerminal(() => console.error(line));
    return error instanceof CliError ? 2 : 1;
  }
}

/** The lines that tell a person about an error: one, or two for one that nobody foresaw. */
export function describeError(error: unknown): string[] {
  if (!(error instanceof Error)) return [`error: ${String(error)}`];
  const line = `error: ${error.message.trim().replaceAll(/\s*\n\s*/g, " ") || error.name}`;
  if (Deno.env.get("CLOUDCHAMBER_STACK") === "1" && error.stack) return [line, stackOf(error)];
  return isForPeople(error) ? [line] : [line, "This was not foreseen: CLOUDCHAMBER_STACK=1 shows the stack."];
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return (error.stack ?? error.message) + cause;
}

const OF_THE_SYSTEM = new Set<unknown>(Object.values(Deno.errors));

/** Whether an error was thrown on purpose, with a message for people, or by the operating system. */
function isForPeople(error: Error): boolean {
  if (error instanceof CliError || OF_THE_SYSTEM.has(error.constructor)) return true;
  if ("code" in error && typeof error.code === "string") return true; // node's ENOENT, ENOSPC and the like
  return isForeseen(error);
}

/** Where a task's lines go; tests hand in their own. */
export interface OutputOptions {
  /** Write JSON lines instead of text. @default {false} */
  json?: boolean;
  /** Whether a bar may be redrawn in place. @default {whether stderr is a terminal} */
  terminal?: boolean;
  /** Takes a finished line for standard output. @default {console.log} */
  print?: (line: string) => void;
  /** Takes raw text for standard error. */
  printError?: (text: string) => void;
  /** Milliseconds now. @default {performance.now} */
  clock?: () => number;
}

/** A task's voice. */
export interface Output {
  readonly json: boolean;
  /** A line for people; in JSON mode an object of type "note". */
  say(text: string): void;
  /** A result: `text` for people, or an object with `type` and `fields`. */
  record(type: string, fields: Record<string, unknown>, text: string): void;
  /** Rows under a header for people, or one object a row; numbers are set flush right. */
  table(type: string, rows: readonly Record<string, unknown>[], columns?: readonly string[]): void;
  /** Starts a progress display of `total` steps. */
  progress(label: string, total: number, options?: { unit?: string }): Progress;
}

/** A running progress display. */
export interface Progress {
  /** Sets how much is done; `details` such as `loss 0.113` stand behind the bar. */
  update(done: number, details?: string): void;
  /** Takes the bar away; call it also on failure. */
  end(): void;
}

const BAR_WIDTH = 24, BAR_EVERY_MS = 100, LINE_EVERY_MS = 10_000;

/** Writes to a terminal, if it is still there: where it was closed nobody reads, and what the task does matters more. */
function toTerminal(write: () => unknown): void {
  try {
    write();
  } catch (error) {
    if ((error as { code?: string }).code !== "EIO") throw error;
  }
}

/** How a progress is told. */
interface Told extends Required<Pick<OutputOptions, "json" | "print" | "printError" | "clock">> {
  label: string;
  /** How much there is to do; 0 where nobody knows. */
  total: number;
  unit: string;
  /** Whether it is a bar, drawn over itself again and again. */
  drawn: boolean;
}

/** Writes how far something is, not too often: as a bar, as a line, or as an object. */
function progressWriter({ label, total, unit, json, drawn, print, printError, clock }: Told) {
  const start = clock();
  let last = drawn ? -Infinity : start;
  return (done: number, details = ""): void => {
    const now = clock(), finished = total > 0 && done >= total;
    if (now - last < (drawn ? BAR_EVERY_MS : LINE_EVERY_MS) && !(drawn && finished)) return;
    last = now;
    const seconds = (now - start) / 1000;
    const left = done > 0 && total > 0 ? seconds * (total - done) / done : undefined;
    if (json) {
      print(JSON.stringify({ type: "progress", label, done, total, seconds, left, details }));
      return;
    }
    const parts = [
      `${formatCount(done)}${total > 0 ? `/${formatCount(total)}` : ""}`,
      details,
      unit && seconds > 0 ? `${formatCount(done / seconds)} ${unit}/s` : "",
      left === undefined ? formatSeconds(seconds) : `${formatSeconds(left)} left`,
    ];
    const text = parts.filter((part) => part !== "").join("  ");
    if (drawn) printError(`\r\x1b[K${label} ${total > 0 ? formatBar(done / total) + " " : ""}${text}`);
    else printError(`${label}  ${text}\n`);
  };
}

/** Makes a task's {@linkcode Output}. Progress goes to stderr, so that standard output can be piped. */
export function createOutput(options: OutputOptions = {}): Output {
  const {
    json = false,
    terminal = Deno.stderr.isTerminal(),
    print = (line) => toTerminal(() => console.log(line)),
    printError = (text) => toTerminal(() => Deno.stderr.writeSync(new TextEncoder().encode(text))),
    clock = () => performance.now(),
  } = options;
  let clearBar = () => {};
  const write = (line: string) => {
    clearBar();
    print(line);
  };

  return {
    json,
    progress(label, total, { unit = "" } = {}) {
      const drawn = terminal && !json;
      if (drawn) clearBar = () => printError("\r\x1b[K");
      const end = () => {
        clearBar();
        clearBar = () => {};
      };
      const update = progressWriter({ label, total, unit, json, drawn, print, printError, clock });
      return { update, end };
    },
    say: (text) => write(json ? JSON.stringify({ type: "note", text }) : text),
    record: (type, fields, text) => write(json ? JSON.stringify({ type, ...fields }) : text),
    table(type, rows, columns = Object.keys(rows[0] ?? {})) {
      if (json) { for (const row of rows) write(JSON.stringify({ type, ...row })); }
      else if (rows.length) { for (const line of formatTable(rows, columns)) write(line); }
    },
  };
}

/** Rows as aligned lines with a header; columns that hold only numbers are set flush right. */
export function formatTable(rows: readonly Record<string, unknown>[], columns: readonly string[]): string[] {
  const cells = rows.map((row) => columns.map((column) => formatCell(row[column])));
  const widths = columns.map((name, c) => Math.max(name.length, ...cells.map((row) => row[c].length)));
  const right = columns.map((name) =>
    rows.every((row) => row[name] === undefined || typeof row[name] === "number")
  );
  const line = (row: readonly string[]) =>
    row.map((cell, c) => right[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c])).join("  ").trimEnd();
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)];
}

function formatCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}

function formatBar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  return "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
}

/** Seconds for people: `0.42 s`, `12.3 s`, `2 min 05 s`, `1 h 03 min`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor(whole % 3600 / 60))} min`;
}

/** Bytes for people, in powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes, unit = 0;
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A count for people: thousands apart, decimals only where small. */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/**
 * Runs `body` with a signal that the first SIGINT, SIGTERM or SIGHUP aborts, so that a task can finish cleanly; the
 * second one ends the process with the shell's usual code.
 *
 * @param signals Which signals, instead of these.
 */
export async function interruptible<T>(
  body: (signal: AbortSignal) => Promise<T>,
  signals: readonly (keyof typeof STOP_CODES)[] = STOP_SIGNALS,
): Promise<T> {
  const controller = new AbortController();
  const handlers = signals.map((name) => {
    const handler = () => {
      if (controller.signal.aborted) Deno.exit(STOP_CODES[name]);
      controller.abort(new Stopped(name));
    };
    Deno.addSignalListener(name, handler);
    return [name, handler] as const;
  });
  try {
    return await body(controller.signal);
  } finally {
    for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
  }
}
