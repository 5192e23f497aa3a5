/** What is known of one trial. @module */
import type { Params, ParamValue } from "./space.ts";

/**
 * `waiting` to be started or started again, `running`, or ended: `complete` with values, `pruned` as it did worse than
 * others, `failed` with a reason.
 */
export type TrialState = "waiting" | "running" | "complete" | "pruned" | "failed";

/** Why an attempt gave no values. */
export interface Failure {
  /**
   * `nan`: a value that is no number; `memory`, `timeout`; `error`: it threw; `lost`: its process died;
   * `interrupted`: it was asked to stop and goes on later, which counts as no failure.
   */
  kind: "nan" | "memory" | "timeout" | "error" | "lost" | "interrupted";
  message: string;
}

/** Metrics after a step, most often an epoch. */
export interface Report {
  step: number;
  values: Readonly<Record<string, number>>;
}

/** One run of a trial in a process. */
export interface Attempt {
  worker: string;
  /** In ISO 8601. */
  started: string;
  seconds?: number;
  /** Why it ended without values. */
  failure?: Failure;
}

/** A trial. */
export interface Trial {
  /** Its place in the study, from 0. */
  number: number;
  params: Params;
  /** For everything random in it. */
  seed: number;
  state: TrialState;
  attempts: Attempt[];
  /** What it is judged by, one number an objective; a pruned one has the last that it reported. */
  values?: readonly number[];
  /** At most 0 where met. */
  constraints?: readonly number[];
  /** Other numbers at its end. */
  metrics?: Readonly<Record<string, number>>;
  /** After each step, of its newest attempt that got so far. */
  reports: Report[];
  /** What a sampler wants to remember. */
  notes?: Readonly<Record<string, ParamValue>>;
  /** Where its parameters come from. */
  origin: "sampler" | "queue" | "import";
}

/** Whether a trial is over. */
export function isEnded({ state }: Trial): boolean {
  return state === "complete" || state === "pruned" || state === "failed";
}

/** Whether all of a trial's constraints are met. */
export function isFeasible({ constraints = [] }: Trial): boolean {
  return constraints.every((value) => value <= 0);
}

/** Why the newest attempt gave no values. */
export function failureOf({ attempts }: Trial): Failure | undefined {
  return attempts.at(-1)?.failure;
}

/** Seconds of all attempts of a trial that ended. */
export function secondsOf({ attempts }: Trial): number {
  return attempts.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
}
