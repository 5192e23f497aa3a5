/**
 * A study: a folder that any number of processes share, with no server and no database.
 *
 * ```
 * journal            every trial, attempt, report and end (see journal.ts)
 * journal.lock       while somebody writes;  journal.lock.log  locks of dead processes that were broken
 * workers/ID.lock    one a process, touched by a thread of its own: it lives
 * trials/00012/      log, checkpoint and whatever else a trial keeps
 * ```
 * A trial is started by one line under the lock, so no two processes have it. When its process dies, another one says so
 * in a line and the trial waits again, at most `retries` times; should the dead one speak after all, its attempt is known
 * to be given up and nobody listens. @module
 */
import { join } from "@std/path";
import { acquireLock, inspectLock, type Lock } from "../base/lock.ts";
import { type Journal, type JournalEntry, openJournal } from "./journal.ts";
import { checkParams, defineSpace, type Params, type ParamValue, type Space } from "./space.ts";
import {
  applyEntry,
  countEnded,
  emptyState,
  type EndEntry,
  type StudyEntry,
  type StudySpec,
  type StudyState,
} from "./study_state.ts";
import type { Failure, Trial } from "./trial.ts";

/** Options for {@linkcode openStudy}. */
export interface StudyOptions {
  /** The batch system's job. */
  job?: string;
  /** A process of another machine that did not touch its file for so long is dead, in milliseconds. @default {60_000} */
  staleMs?: number;
  /** How often a process touches its file, in milliseconds. @default {5_000} */
  heartbeatMs?: number;
  /** The space, where its constraints are functions, which no file holds. */
  space?: Space;
  /** The name of this machine. @default {its own} */
  host?: string;
}

/** What a sampler says about the next trial. */
export interface Suggestion {
  params: Params;
  notes?: Record<string, ParamValue>;
}

/** Gives the parameters of the trial with a number; undefined where there are no more. */
export interface Suggest {
  (study: StudyState, number: number): Suggestion | undefined;
  /** Whether they follow from seed and number alone, whatever other trials gave. */
  readonly independent?: boolean;
}

/** A trial that is this process's to run. */
export interface Claim {
  readonly trial: Trial;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  readonly started: number;
}

/** How a trial ended. */
export type Outcome =
  & Pick<EndEntry, "values" | "constraints" | "metrics" | "failure">
  & { state: EndEntry["state"] };

/** An attempt that another process gave up, as this one seemed dead; whatever it does has no effect any more. */
export class GivenUpError extends Error {
  override name = "GivenUpError";
}

/** Files and folders of a study's folder. */
export interface StudyPaths {
  journal: string;
  workers: string;
  worker: (id: string) => string;
  trials: string;
  trial: (number: number) => string;
  report: string;
}

/** Paths in a study's folder. */
export function studyPaths(folder: string): StudyPaths {
  return {
    journal: join(folder, "journal"),
    workers: join(folder, "workers"),
    worker: (id: string) => join(folder, "workers", `${id}.lock`),
    trials: join(folder, "trials"),
    trial: (number: number) => join(folder, "trials", String(number).padStart(5, "0")),
    report: join(folder, "report.html"),
  };
}

/** Whether a folder holds a study. */
export function hasStudy(folder: string): boolean {
  return openJournal(studyPaths(folder).journal).read().some(({ op }) => op === "study");
}

/**
 * Makes a study, or opens the one that is there if it is the same.
 *
 * @throws {Error} If the folder holds a study of another space, other objectives or another seed, naming what differs.
 */
export async function createStudy(
  folder: string,
  spec: StudySpec,
  options: StudyOptions = {},
): Promise<Study> {
  const paths = studyPaths(folder);
  await Deno.mkdir(paths.workers, { recursive: true });
  await Deno.mkdir(paths.trials, { recursive: true });
  const study = new Study(folder, options);
  const stored = JSON.parse(JSON.stringify(spec)) as StudySpec;
  await study.write((state) => state.spec ? [] : [{ op: "study", spec: stored }]);
  const there = study.spec;
  for (const key of ["space", "directions", "objectives", "seed"] as const) {
    if (JSON.stringify(there[key]) === JSON.stringify(stored[key])) continue;
    throw new Error(
      `Cannot search in "${folder}" as it holds a study with another ${key}: ${JSON.stringify(there[key])}`,
    );
  }
  return study;
}

/** Opens the study of a folder. @throws {Error} If there is none. */
export function openStudy(folder: string, options: StudyOptions = {}): Study {
  const study = new Study(folder, options);
  study.refresh();
  if (!study.state.spec) throw new Error(`Cannot open a study in "${folder}": it holds none`);
  return study;
}

/** A study as this process sees it; see {@linkcode openStudy}. */
export class Study {
  readonly state: StudyState = emptyState();
  readonly paths: ReturnType<typeof studyPaths>;
  readonly #journal: Journal;
  #space?: Space;

  /** @param folder The study's; use {@linkcode createStudy} or {@linkcode openStudy}. */
  constructor(readonly folder: string, readonly options: StudyOptions = {}) {
    this.paths = studyPaths(folder);
    this.#space = options.space;
    const { job, host } = options;
    this.#journal = openJournal(this.paths.journal, { job, host });
  }

  /** What the study is. */
  get spec(): StudySpec {
    if (!this.state.spec) throw new Error(`Cannot use "${this.folder}": it holds no study`);
    return this.state.spec;
  }

  /** What may be tried. */
  get space(): Space {
    return this.#space ??= defineSpace(this.spec.space);
  }

  /** Damaged lines of the journal that were passed over. */
  get damage(): Journal["damage"] {
    return this.#journal.damage;
  }

  /** Reads what other processes did. */
  refresh(): void {
    this.#apply(this.#journal.read());
  }

  #apply(entries: readonly JournalEntry[]): void {
    for (const entry of entries) applyEntry(this.state, entry);
  }

  /** Adds what `decide` gives, once everything of other processes is known; gives what was added. */
  async write(decide: (state: StudyState) => StudyEntry[]): Promise<JournalEntry[]> {
    const added = await this.#journal.write((news) => {
      this.#apply(news);
      return decide(this.state) as JournalEntry[];
    });
    this.#apply(added);
    return added;
  }

  /** Says how many trials there are to be in all. */
  async setBudget(trials: number): Promise<void> {
    if (!(Number.isInteger(trials) && trials > 0)) {
      throw new RangeError(`Cannot search with ${trials} trials as there must be one or more`);
    }
    await this.write(({ budget }) => budget === trials ? [] : [{ op: "budget", trials }]);
  }

  /** Says how many trials there are to be beside those that there were to be. */
  async addTrials(trials: number): Promise<void> {
    if (!(Number.isInteger(trials) && trials > 0)) {
      throw new RangeError(`Cannot add ${trials} trials as there must be one or more`);
    }
    await this.write((state) => [{ op: "budget", trials: state.budget + trials }]);
  }

  /** Lets trials with these parameters be the next ones; the budget grows where it has to. */
  async enqueue(list: readonly Params[], origin: "queue" | "sampler" = "queue"): Promise<void> {
    for (const params of list) checkParams(this.space, params);
    await this.write(({ trials, budget }) => {
      const lines: StudyEntry[] = list.map((params, i) => {
        const trial = trials.length + i;
        return { op: "add", trial, params, seed: seedOf(this.spec.seed, trial), origin };
      });
      const total = trials.length + list.length;
      return total > budget ? [...lines, { op: "budget", trials: total }] : lines;
    });
  }

  /** Asks all processes to stop after their trials, or to go on again. */
  async stop(stopped = true): Promise<void> {
    await this.write((state) => state.stopped === stopped ? [] : [{ op: "stop", stopped }]);
  }

  /** Whether there is nothing left to do, nor anything that may yet have to be done again. */
  isFinished(): boolean {
    const { trials, budget, running, waiting } = this.state;
    return running.size === 0 && waiting.length === 0 && trials.length >= budget;
  }

  /** Makes this process one of the study's. */
  async join(): Promise<StudyWorker> {
    const { heartbeatMs = 5_000, staleMs = 60_000, job, host } = this.options;
    await Deno.mkdir(this.paths.workers, { recursive: true });
    const id = crypto.randomUUID().slice(0, 13);
    const lock = await acquireLock(this.paths.worker(id), { job, host, heartbeatMs, staleMs });
    const { host: name, pid, since } = lock.owner;
    await this.write(() => [{ op: "worker", worker: { id, host: name, pid, job, started: since } }]);
    return new StudyWorker(this, id, lock);
  }

  /**
   * Gives up the attempts whose processes are dead; the trials wait again, or have failed after too many.
   *
   * @param except A process that lives for certain: this one.
   * @param reason What is known of a death, by worker.
   * @returns How many were given up.
   */
  async reap(except?: StudyWorker, reason: Readonly<Record<string, string>> = {}): Promise<number> {
    const { staleMs = 60_000, host } = this.options;
    const now = Date.now() + (except?.clockOffset ?? 0);
    const verdicts = new Map<string, string | undefined>();
    for (const number of this.state.running) {
      const { worker } = this.state.trials[number].attempts.at(-1)!;
      if (worker === except?.id || verdicts.has(worker)) continue;
      const { state, why } = inspectLock(this.paths.worker(worker), { staleMs, host, now });
      const gone = state === "free" ? "its process ended without a word" : why;
      verdicts.set(worker, state === "alive" ? undefined : reason[worker] ?? gone);
    }
    const dead = [...verdicts].filter(([, why]) => why !== undefined);
    if (dead.length === 0) return 0;
    const added = await this.write((state) =>
      [...state.running].flatMap((number) => {
        const trial = state.trials[number];
        const why = verdicts.get(trial.attempts.at(-1)!.worker);
        return why === undefined ? [] : [lossOf(trial, why, this.spec.retries)];
      })
    );
    for (const [worker] of dead) await Deno.remove(this.paths.worker(worker)).catch(() => {}); // gone already
    return added.filter(({ op }) => op === "end").length;
  }
}

/** The line that gives an attempt up. */
function lossOf(trial: Trial, message: string, retries: number): EndEntry {
  const losses = trial.attempts.filter(({ failure }) => failure?.kind === "lost").length;
  const failure: Failure = { kind: "lost", message };
  const state = losses >= retries ? "failed" : "waiting";
  return { op: "end", trial: trial.number, attempt: trial.attempts.length, state, failure };
}

/** The seed of a trial: no two of a study are alike, nor those of studies with neighbouring seeds. */
export function seedOf(studySeed: number, number: number): number {
  let h = (Math.imul(studySeed | 0, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca77)) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 1;
}

/** This process in a study; see {@linkcode Study.join}. */
export class StudyWorker implements AsyncDisposable {
  /** The file server's clock against this machine's, in milliseconds. */
  readonly clockOffset: number;
  #reaped = -Infinity;

  /** @param study Of which it is a worker; use {@linkcode Study.join}. */
  constructor(readonly study: Study, readonly id: string, readonly lock: Lock) {
    const mtime = Deno.statSync(lock.path).mtime?.getTime();
    this.clockOffset = mtime === undefined ? 0 : mtime - Date.now();
  }

  /**
   * Starts the next trial: one that waits, or a new one.
   *
   * @returns Undefined if there is none now; {@linkcode Study.isFinished} tells whether there may be one later.
   */
  async next(suggest: Suggest): Promise<Claim | undefined> {
    const { study } = this;
    if (performance.now() - this.#reaped > 2_000) {
      this.#reaped = performance.now();
      study.refresh();
      await study.reap(this);
    }
    const guess = study.state.trials.length;
    const isNew = (state: StudyState) => state.waiting.length === 0 && state.trials.length < state.budget;
    // Thinking may take long, so it is done before the lock is taken; those who think in no time do it again.
    let suggestion = isNew(study.state) ? suggest(study.state, guess) : undefined;
    let claim: number | undefined;
    await study.write((state) => {
      if (state.stopped) return [];
      const at = new Date().toISOString();
      if (state.waiting.length > 0) {
        claim = state.waiting[0];
        const attempt = state.trials[claim].attempts.length + 1;
        return [{ op: "start", trial: claim, attempt, worker: this.id, at }];
      }
      if (!isNew(state)) return [];
      const number = state.trials.length;
      if (!suggestion || (suggest.independent && number !== guess)) suggestion = suggest(state, number);
      if (!suggestion) return [];
      claim = number;
      const { params, notes } = suggestion;
      const seed = seedOf(study.spec.seed, number);
      return [{ op: "start", trial: number, attempt: 1, worker: this.id, params, seed, notes, at }];
    });
    if (claim === undefined) return undefined;
    const trial = study.state.trials[claim];
    return { trial, attempt: trial.attempts.length, started: performance.now() };
  }

  /**
   * Records metrics after a step.
   *
   * @throws {GivenUpError} If another process gave the attempt up.
   */
  async report({ trial, attempt }: Claim, step: number, values: Record<string, number>): Promise<void> {
    await this.study.write(() =>
      isCurrent(this.study.state.trials[trial.number], attempt)
        ? [{ op: "report", trial: trial.number, attempt, step, values }]
        : []
    );
    if (!isCurrent(this.study.state.trials[trial.number], attempt)) throw givenUp(trial);
  }

  /**
   * Records how an attempt ended.
   *
   * @throws {GivenUpError} If another process gave the attempt up; the outcome then has no effect.
   */
  async end({ trial, attempt, started }: Claim, outcome: Outcome): Promise<void> {
    const seconds = Math.round(performance.now() - started) / 1000;
    let current = false;
    await this.study.write((state) => {
      current = isCurrent(state.trials[trial.number], attempt);
      if (!current) return [];
      const at = new Date().toISOString();
      return [{ op: "end", trial: trial.number, attempt, ...outcome, seconds, at }];
    });
    if (!current) throw givenUp(trial);
  }

  /** Takes this process's file away; a trial that it still has is given up by the next one that looks. */
  leave(): void {
    this.lock.release();
  }

  /** Leaves. */
  [Symbol.asyncDispose](): Promise<void> {
    this.leave();
    return Promise.resolve();
  }
}

function isCurrent(trial: Trial, attempt: number): boolean {
  return trial.state === "running" && trial.attempts.length === attempt;
}

function givenUp({ number }: Trial): GivenUpError {
  return new GivenUpError(
    `Cannot go on with trial ${number}: this process was taken for dead, and it was given to another`,
  );
}

/** How far a study is. */
export function progressOf(state: StudyState): { ended: number; of: number } {
  return { ended: countEnded(state), of: Math.max(state.budget, state.trials.length) };
}
