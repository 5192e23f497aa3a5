/** What a trial does and gives, and what is made of its failures. @module */
import type { Params } from "./space.ts";
import type { Failure } from "./trial.ts";

/** What a trial gives: its objective, its objectives by place or by name, or these with more beside. */
export type ObjectiveResult = number | readonly number[] | {
  values: number | readonly number[] | Readonly<Record<string, number>>;
  /** At most 0 where met. */
  constraints?: readonly number[];
  /** Other numbers worth keeping. */
  metrics?: Readonly<Record<string, number>>;
  /** The first objective of each fold, where `values` are their means: what an interval is made of. */
  folds?: readonly number[];
};

/** What a trial may use beside its parameters. */
export interface TrialContext {
  readonly number: number;
  /** For everything random. */
  readonly seed: number;
  /** Which attempt this is, from 1: beyond the first there may be a checkpoint in the folder. */
  readonly attempt: number;
  /** Of this trial alone; made already. */
  readonly folder: string;
  /** Aborted when the trial is pruned, takes too long or has to make room; the reason says which. */
  readonly signal: AbortSignal;
  /**
   * Records metrics after a step.
   *
   * @param values Metrics by name, or the objective alone.
   * @param isLast Whether nothing is left to be done: the trial is not pruned then, as that saves nothing and loses its result.
   * @throws {PrunedError} If the trial is not worth going on with: let it through.
   */
  report(step: number, values: number | Readonly<Record<string, number>>, isLast?: boolean): Promise<void>;
  /** Adds a line to the trial's log. */
  log(line: string): void;
}

/** A trial as a function. */
export type Objective = (params: Params, trial: TrialContext) => ObjectiveResult | Promise<ObjectiveResult>;

/** A trial is not worth going on with. */
export class PrunedError extends Error {
  override name = "PrunedError";
}

/** A trial has to make room and goes on later: a checkpoint is worth writing. */
export class InterruptedError extends Error {
  override name = "InterruptedError";
}

/** A trial took longer than it may. */
export class TrialTimeoutError extends Error {
  override name = "TrialTimeoutError";
}

/** What a result says, in the order of the objectives. */
export interface PlainResult {
  values: number[];
  constraints?: readonly number[];
  metrics?: Readonly<Record<string, number>>;
  folds?: readonly number[];
}

/**
 * Reads what a trial gave.
 *
 * @throws {TypeError} If it is no result, or lacks an objective.
 */
export function readResult(result: ObjectiveResult, objectives: readonly string[]): PlainResult {
  if (typeof result === "number" || isNumbers(result)) return { values: readValues(result, objectives) };
  if (typeof result !== "object" || result === null || !("values" in result)) {
    throw new TypeError(
      `Cannot read a trial's result as it must be a number, a list or an object with "values": got ${
        JSON.stringify(result)
      }`,
    );
  }
  const { values, constraints, metrics, folds } = result;
  return { values: readValues(values, objectives), constraints, metrics, folds };
}

function readValues(
  values: number | readonly number[] | Readonly<Record<string, number>>,
  objectives: readonly string[],
): number[] {
  if (typeof values === "number") values = [values];
  const list = isNumbers(values) ? [...values] : objectives.map((name) => values[name]);
  if (list.length !== objectives.length) {
    throw new TypeError(
      `Cannot read a trial's result as ${objectives.length} objectives: got ${list.length}`,
    );
  }
  const missing = objectives.find((_, i) => typeof list[i] !== "number");
  if (missing !== undefined) {
    throw new TypeError(`Cannot read a trial's result: it has no number for objective "${missing}"`);
  }
  return list;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value);
}

/** What is made of an error that a trial threw. */
export function failureFrom(error: unknown): Failure {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof TrialTimeoutError) return { kind: "timeout", message };
  if (error instanceof InterruptedError) return { kind: "interrupted", message };
  const isMemory = /out of memory|\boom\b|resource.?exhausted|allocation fail|cannot allocate/i.test(message);
  return { kind: isMemory ? "memory" : "error", message: message.slice(0, 2000) };
}
