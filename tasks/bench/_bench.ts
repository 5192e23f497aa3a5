/**
 * What the benches share: rows of ours against a peer, rounds that alternate, and peers as long-lived programs.
 *
 * A bench is a file `tasks/bench/<area>.ts` that exports `name`, `summary` and `run(context)`.
 * @module
 */
import type { Precision } from "../../lib/engine/mod.ts";
import type { Spec } from "../../lib/plot/spec.ts";
import { CliError } from "../_cli.ts";
import { type ComponentName, findComponent, forgetComponents } from "../_components.ts";
import { readLines } from "../_lines.ts";
import { forgetPeak, peakMebibytes, watchMemory } from "./_memory.ts";

/** One bench: what `tasks/bench/<area>.ts` exports. */
export interface Bench {
  name: string;
  summary: string;
  run(context: BenchContext): Promise<BenchTable[]>;
}

/** What a bench gets. */
export interface BenchContext {
  /** How often each side is measured; the sides take turns. */
  rounds: number;
  /** How many times, each from another seed, a network is trained whose quality is measured. @default {1} */
  seeds?: number;
  /** Words after the area's name that choose among its parts; empty for all. */
  parts: readonly string[];
  /** An empty folder, removed afterwards. */
  folder: string;
  /** Tells what is going on. */
  say(line: string): void;
  /** Where a bench that takes hours keeps what it has found, to go on from. */
  keep?: string;
  /** Whether a part is to show with little that it runs; what it finds is kept apart from the real figures. */
  isShort?: boolean;
  /** Aborted when the bench is to stop: one that takes hours ends after what it keeps. */
  signal?: AbortSignal;
  /** The path of a peer's program. @throws {CliError} If it is missing, with the command that installs it. */
  need(component: ComponentName): string;
}

/** Measurements of one thing, side by side. */
export interface BenchRow {
  what: string;
  /** Unit of the values, such as "ms" or "images/s". */
  unit: string;
  /** Which way is good. @default {"lower"} */
  better?: "lower" | "higher";
  /** Our values, one a round. */
  ours: readonly number[];
  /** Who else was measured; absent for a number that stands alone. */
  peer?: string;
  theirs?: readonly number[];
  /** The bar: ours divided by theirs is to be at most (`better: "lower"`) or at least this. */
  bar?: number;
  /** For a number that stands alone: the bar for its median itself. */
  limit?: number;
  /** The most memory that each side's programs held, MiB; it is never to be more than the peer's. */
  memory?: { ours?: number; theirs?: number };
  /** Arithmetic behind one of our values, which is a time in ms or s, and in which precision. */
  work?: { gflop: number; precision: Precision };
}

/** Rows under a title. */
export interface BenchTable {
  title: string;
  rows: BenchRow[];
  /** What a reader must know: sizes, settings, what was not measured. */
  notes?: string[];
  /** Charts that are drawn beside the record. */
  charts?: { name: string; spec: Spec }[];
}

/** Finds a component or says how to get it. */
export function need(component: ComponentName): string {
  const found = findComponent(component);
  if (found.path !== undefined) return found.path;
  throw new CliError(`This bench needs ${component} (${found.reason}): deno task setup --with ${component}`);
}

/**
 * As {@linkcode need}, but what is missing is installed first, by `deno task setup`.
 *
 * @throws {CliError} If it cannot be, or if the user's own environment, which nothing is put into, lacks it.
 */
export async function provide(
  component: ComponentName,
  { need, say }: Pick<BenchContext, "need" | "say">,
): Promise<string> {
  if (findComponent(component).path === undefined) {
    say(`installing ${component}`);
    const setup = new URL("../setup.ts", import.meta.url).pathname;
    await readProgram(Deno.execPath(), ["run", "-A", setup, "--with", component]);
    forgetComponents();
  }
  return need(component);
}

/**
 * The parts to run, in the bench's own order.
 *
 * @param asked What the user named; nothing for `otherwise`.
 * @param known Names of all parts.
 * @param otherwise What is run unless told. @default {all of them}
 * @throws {CliError} If a name is none of them.
 */
export function chooseParts(
  asked: readonly string[],
  known: readonly string[],
  otherwise: readonly string[] = known,
): string[] {
  const unknown = asked.find((part) => !known.includes(part));
  if (unknown !== undefined) {
    throw new CliError(`No part of the bench is named "${unknown}": ${known.join(", ")}`);
  }
  const chosen = asked.length > 0 ? asked : otherwise;
  return known.filter((part) => chosen.includes(part));
}

/** What a bench measures, by the names of its parts. */
export type Parts = Readonly<Record<string, (context: BenchContext) => Promise<BenchTable | BenchTable[]>>>;

/**
 * Runs the chosen parts of a bench, the usual ones where none is chosen.
 *
 * @param bench Its name.
 * @param onRequest Parts that run only where they are named.
 * @throws {CliError} If a name is none of them.
 */
export async function runParts(
  bench: string,
  context: BenchContext,
  usual: Parts,
  onRequest: Parts = {},
): Promise<BenchTable[]> {
  const all = { ...usual, ...onRequest }, tables: BenchTable[] = [];
  for (const part of chooseParts(context.parts, Object.keys(all), Object.keys(usual))) {
    context.say(`${bench}:${part}`);
    forgetPeak();
    tables.push(...[await all[part](context)].flat());
  }
  return tables;
}

/** Parts that take hours, and each with little, to see that it runs, as `NAME-short`. */
export function withShort<S>(
  parts: Readonly<Record<string, (context: BenchContext, scale: S) => Promise<BenchTable>>>,
  full: S,
  short: S,
): Parts {
  const all = Object.entries(parts).flatMap(([name, part]): [string, Parts[string]][] => [
    [name, (context) => part(context, full)],
    [`${name}-short`, (context) => part({ ...context, isShort: true }, short)],
  ]);
  return Object.fromEntries(all);
}

/** The middle value; the mean of the two middle ones for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Ours divided by theirs: the median over rounds of the ratio within a round, as machines drift between rounds.
 *
 * Undefined for a row without a peer.
 */
export function ratioOf({ ours, theirs }: BenchRow): number | undefined {
  if (!theirs?.length || !ours.length) return undefined;
  if (ours.length !== theirs.length) return median(ours) / median(theirs);
  return median(ours.map((value, round) => value / theirs[round]));
}

/** Whether a row meets its bar; undefined where it has none. */
export function meetsBar(row: BenchRow): boolean | undefined {
  const { better = "lower", bar, limit } = row;
  const value = bar !== undefined ? ratioOf(row) : limit !== undefined ? median(row.ours) : undefined;
  const mark = bar ?? limit;
  if (value === undefined || mark === undefined) return undefined;
  return better === "lower" ? value <= mark : value >= mark;
}

/** Whether our programs held more memory than the peer's. */
export function holdsMore({ memory }: BenchRow): boolean {
  return memory?.ours !== undefined && memory.theirs !== undefined && memory.ours > memory.theirs;
}

/** What the processor multiplies at most, GFLOP/s on all threads, by precision; empty without TensorFlow. */
export type Peaks = Partial<Record<Precision, number>>;

/** Which share of the processor's measured peak our median comes to; undefined where the work or the peak is not known. */
export function shareOfPeak({ ours, unit, work }: BenchRow, peaks: Peaks): number | undefined {
  const peak = work && peaks[work.precision], seconds = median(ours) / (unit === "ms" ? 1000 : 1);
  return peak === undefined ? undefined : work!.gflop / seconds / peak;
}

let tellFigure: (name: string, value: unknown) => void = () => {};

/** Has every single measurement of {@linkcode alternate} told as it comes; a bench lasts for minutes. */
export function onFigure(tell: (name: string, value: unknown) => void): void {
  tellFigure = tell;
}

/**
 * Measures several things in turns: a, b, c, a, b, c, …, each `rounds` times, starting with another one each round.
 *
 * @param rounds How many turns each gets.
 * @param measures Each measures once and gives a value, or several together.
 * @returns The values by name, in order of the rounds.
 */
export async function alternate<K extends string, T = number>(
  rounds: number,
  measures: Readonly<Record<K, () => T | Promise<T>>>,
): Promise<Record<K, T[]>> {
  const names = Object.keys(measures) as K[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<K, T[]>;
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      const value = await measures[name]();
      values[name].push(value);
      tellFigure(name, value);
    }
  }
  return values;
}

/** Where a program runs, and with what besides this process's environment. */
export interface ProgramOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/** What a program took. */
export interface ProgramCost {
  seconds: number;
  /** The most memory that it and what it started held, MiB; 0 where the system does not say. */
  mebibytes: number;
}

/** What a program takes from start to exit. @throws {CliError} If it fails, with its last words. */
export async function measureProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramCost> {
  const start = performance.now();
  let end: (() => number) | undefined;
  try {
    await runProgram(program, args, options, "null", (process) => end = watchMemory(process));
  } finally {
    end?.();
  }
  return { seconds: (performance.now() - start) / 1000, mebibytes: end!() };
}

/** What whole programs took, as a row has it: seconds, and the most memory of each side. */
export function rowOfPrograms(
  { ours, theirs }: Record<"ours" | "theirs", readonly ProgramCost[]>,
): Pick<BenchRow, "unit" | "ours" | "theirs" | "memory"> {
  const seconds = (costs: readonly ProgramCost[]) => costs.map(({ seconds }) => seconds);
  const most = (costs: readonly ProgramCost[]) =>
    Math.max(...costs.map(({ mebibytes }) => mebibytes)) || undefined;
  return {
    unit: "s",
    ours: seconds(ours),
    theirs: seconds(theirs),
    memory: { ours: most(ours), theirs: most(theirs) },
  };
}

/** Seconds that a program takes from start to exit. @throws {CliError} If it fails, with its last words. */
export async function timeProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<number> {
  return (await measureProgram(program, args, options)).seconds;
}

/** What a program prints. @throws {CliError} If it fails, with its last words. */
export async function readProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  return new TextDecoder().decode((await runProgram(program, args, options, "piped")).stdout).trim();
}

async function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
  stdout: "null" | "piped",
  started: (process: number) => void = () => {},
): Promise<Deno.CommandOutput> {
  const child = new Deno.Command(program, {
    args: [...args],
    ...options,
    stdin: "null",
    stdout,
    stderr: "piped",
  }).spawn();
  started(child.pid);
  const output = await child.output();
  if (output.success) return output;
  const words = new TextDecoder().decode(output.stderr).trim().split("\n").slice(-4).join("; ");
  throw new CliError(`"${program} ${args.join(" ")}" failed with code ${output.code}: ${words}`);
}

/**
 * The most memory that our side and a peer have held.
 *
 * @param ours Our side, where it is a program of its own; else it is this process, of which the bench itself is a part.
 */
export function memoryBeside(theirs: Peer, ours?: Peer): NonNullable<BenchRow["memory"]> {
  return { ours: ours ? ours.mebibytes : peakMebibytes(Deno.pid), theirs: theirs.mebibytes };
}

/** A program that answers a JSON line to every JSON line, so that it is measured warm and in turns. */
export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;
  readonly #name: string;

  /** Starts `program`; its stderr is passed on only where `CLOUDCHAMBER_STACK=1`. */
  constructor(program: string, args: readonly string[], env: Record<string, string> = {}) {
    this.#name = [program, ...args].join(" ");
    this.#child = new Deno.Command(program, {
      args: [...args],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: Deno.env.get("CLOUDCHAMBER_STACK") === "1" ? "inherit" : "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = readLines(this.#child.stdout);
  }

  /** Sends a request and waits for the answer; lines that are no JSON objects are passed over. */
  async ask<T = Record<string, number>>(request: Record<string, unknown>): Promise<T> {
    try {
      await this.#writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
      for (;;) {
        const { value, done } = await this.#lines.next();
        if (done) break;
        if (value.startsWith("{")) return JSON.parse(value);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
    throw new CliError(`"${this.#name}" ended: CLOUDCHAMBER_STACK=1 shows what it said`);
  }

  /** The most memory that it has held so far, MiB; undefined where the system does not say. */
  get mebibytes(): number | undefined {
    return peakMebibytes(this.#child.pid);
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {}); // it may have ended already
    await this.#child.status;
  }
}
