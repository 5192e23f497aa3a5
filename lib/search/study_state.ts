/** What a study's journal says, line by line: a function of its lines alone, so that all processes agree. @module */
import { nearest } from "../base/nearest.ts";
import type { JournalEntry } from "./journal.ts";
import type { Params, ParamValue, SpaceSpec } from "./space.ts";
import { type Failure, isEnded, type Trial, type TrialState } from "./trial.ts";

/** Which way is better. */
export type Direction = "minimize" | "maximize";

/** What a study is, fixed when it is made. */
export interface StudySpec {
  name: string;
  space: SpaceSpec;
  /** One an objective. */
  directions: readonly Direction[];
  /** Names of the objectives, as reports and tables call them. */
  objectives: readonly string[];
  sampler: { name: string; [option: string]: unknown };
  pruner: { name: string; [option: string]: unknown };
  seed: number;
  /** How often a trial is tried again whose process died. */
  retries: number;
  /** Whatever else the study's processes need, such as the experiment and its fixed options. */
  settings?: Readonly<Record<string, unknown>>;
}

/** A process that worked on a study. */
export interface WorkerInfo {
  id: string;
  host: string;
  pid: number;
  job?: string;
  started: string;
}

/** All that a journal says. */
export interface StudyState {
  spec?: StudySpec;
  /** How many trials there are to be; the number that was said last. */
  budget: number;
  trials: Trial[];
  /** Numbers of the trials that wait, lowest first. */
  waiting: number[];
  running: Set<number>;
  workers: Map<string, WorkerInfo>;
  notes: string[];
  /** Whether somebody asked all workers to stop. */
  stopped: boolean;
  /** Ends that came from an attempt that had been given up. */
  late: number;
}

/** A line of the journal. */
export type StudyEntry =
  & { at?: string }
  & (
    | { op: "study"; spec: StudySpec }
    | { op: "budget"; trials: number }
    | { op: "worker"; worker: WorkerInfo }
    | { op: "add"; trial: number; params: Params; seed: number; origin: Trial["origin"] }
    | {
      op: "start";
      trial: number;
      attempt: number;
      worker: string;
      /** Of a new trial. */
      params?: Params;
      seed?: number;
      notes?: Record<string, ParamValue>;
    }
    | { op: "report"; trial: number; attempt: number; step: number; values: Record<string, number> }
    | EndEntry
    | { op: "import"; trial: Omit<Trial, "number"> }
    | { op: "stop"; stopped: boolean }
    | { op: "note"; text: string }
  );

/** How an attempt ended. */
export interface EndEntry {
  op: "end";
  trial: number;
  attempt: number;
  /** `waiting`: the attempt gave nothing, and the trial is to be tried again. */
  state: Exclude<TrialState, "running">;
  values?: readonly number[];
  constraints?: readonly number[];
  metrics?: Record<string, number>;
  failure?: Failure;
  seconds?: number;
  at?: string;
}

/** A study before its first line. */
export function emptyState(): StudyState {
  return {
    budget: 0,
    trials: [],
    waiting: [],
    running: new Set(),
    workers: new Map(),
    notes: [],
    stopped: false,
    late: 0,
  };
}

/** Applies a line; one that says nothing new, such as the end of an attempt that had been given up, changes nothing. */
export function applyEntry(state: StudyState, entry: StudyEntry | JournalEntry): void {
  const line = entry as StudyEntry;
  switch (line.op) {
    case "study":
      state.spec ??= line.spec;
      return;
    case "budget":
      state.budget = line.trials;
      return;
    case "worker":
      state.workers.set(line.worker.id, line.worker);
      return;
    case "add":
      if (line.trial !== state.trials.length) return;
      state.trials.push(newTrial(line.trial, line.params, line.seed, line.origin));
      state.waiting.push(line.trial);
      return;
    case "start":
      return start(state, line);
    case "report": {
      const trial = state.trials[line.trial];
      if (!isCurrent(trial, line.attempt)) return;
      // An attempt that goes on from a checkpoint, or begins again, replaces what an earlier one reported from there.
      while (trial.reports.length > 0 && trial.reports.at(-1)!.step >= line.step) trial.reports.pop();
      trial.reports.push({ step: line.step, values: line.values });
      return;
    }
    case "end":
      return end(state, line);
    case "import":
      state.trials.push({ ...line.trial, number: state.trials.length });
      return;
    case "stop":
      state.stopped = line.stopped;
      return;
    case "note":
      state.notes.push(line.text);
  }
}

function newTrial(number: number, params: Params, seed: number, origin: Trial["origin"]): Trial {
  return { number, params, seed, state: "waiting", attempts: [], reports: [], origin };
}

function start(state: StudyState, line: Extract<StudyEntry, { op: "start" }>): void {
  if (line.trial === state.trials.length && line.params !== undefined) {
    const trial = newTrial(line.trial, line.params, line.seed ?? 0, "sampler");
    if (line.notes) trial.notes = line.notes;
    state.trials.push(trial);
  } else {
    const at = state.waiting.indexOf(line.trial);
    if (at < 0) return;
    state.waiting.splice(at, 1);
  }
  const trial = state.trials[line.trial];
  trial.state = "running";
  trial.attempts.push({ worker: line.worker, started: line.at ?? "" });
  state.running.add(line.trial);
}

function end(state: StudyState, line: EndEntry): void {
  const trial = state.trials[line.trial];
  if (!isCurrent(trial, line.attempt)) {
    state.late++;
    return;
  }
  const attempt = trial.attempts.at(-1)!;
  if (line.seconds !== undefined) attempt.seconds = line.seconds;
  if (line.failure) attempt.failure = line.failure;
  trial.state = line.state;
  if (line.values) trial.values = line.values;
  if (line.constraints) trial.constraints = line.constraints;
  if (line.metrics) trial.metrics = line.metrics;
  state.running.delete(line.trial);
  if (line.state === "waiting") {
    state.waiting.push(line.trial);
    state.waiting.sort((a, b) => a - b);
  }
}

function isCurrent(trial: Trial | undefined, attempt: number): trial is Trial {
  return trial !== undefined && trial.state === "running" && trial.attempts.length === attempt;
}

/** How many trials are in each state. */
export function countStates({ trials }: StudyState): Record<TrialState, number> {
  const counts = { waiting: 0, running: 0, complete: 0, pruned: 0, failed: 0 };
  for (const { state } of trials) counts[state]++;
  return counts;
}

/** How many trials are over. */
export function countEnded({ trials }: StudyState): number {
  return trials.reduce((sum, trial) => sum + (isEnded(trial) ? 1 : 0), 0);
}

/** The place of a metric among the objectives. @throws {RangeError} If there is none of that name. */
export function objectiveNumber({ objectives }: StudySpec, name: string): number {
  const at = objectives.indexOf(name);
  if (at >= 0) return at;
  const near = nearest(name, objectives);
  throw new RangeError(`Cannot find objective "${name}"${near ? ` (nearest: "${near}")` : ""}`);
}
