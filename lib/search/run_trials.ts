/** A process's part of a search: start a trial, run it, record how it ended, until there is nothing left to do. @module */
import { join } from "@std/path";
import {
  failureFrom,
  InterruptedError,
  type Objective,
  type PlainResult,
  PrunedError,
  readResult,
  type TrialContext,
  TrialTimeoutError,
} from "./objective.ts";
import { noPruner, type Pruner } from "./pruners/pruner.ts";
import type { Sampler } from "./samplers/sampler.ts";
import {
  type Claim,
  GivenUpError,
  type Outcome,
  seedOf,
  type Study,
  type StudyWorker,
  type Suggest,
} from "./study.ts";
import { isEnded, isFeasible, type Trial } from "./trial.ts";

/** Options for {@linkcode runTrials}. */
export interface RunTrialsOptions {
  sampler: Sampler;
  /** @default {none} */
  pruner?: Pruner;
  /** How many trials this process runs at a time; they share its one thread. @default {1} */
  parallel?: number;
  /** Start no trial after so long, in milliseconds. @default {Infinity} */
  timeoutMs?: number;
  /** Start no trial once the first objective is as good as this. */
  target?: number;
  /** End a trial that takes longer, in milliseconds. @default {Infinity} */
  trialTimeoutMs?: number;
  /** Run every trial with so many seeds, and judge it by the mean. @default {1} */
  seeds?: number;
  /** Longest pause between two looks whether others left something to do, in milliseconds. @default {2_000} */
  idleMs?: number;
  /** Start no more than so many trials here. @default {Infinity} */
  most?: number;
  /** Makes running trials write a checkpoint and end; another process goes on with them. */
  signal?: AbortSignal;
  /** Takes each trial that ended here. */
  onTrial?: (trial: Trial, study: Study) => void;
  /** Takes each trial that starts here. */
  onStart?: (trial: Trial, study: Study) => void;
}

/** Why {@linkcode runTrials} came to its end. */
export type Ending = "finished" | "exhausted" | "time" | "target" | "stopped" | "interrupted" | "most";

/**
 * Runs trials of a study until there is nothing left to do, here or anywhere.
 *
 * Whatever a trial throws is recorded and ends that trial only.
 *
 * @throws {Error} If the study's folder cannot be written.
 */
export async function runTrials(
  study: Study,
  objective: Objective,
  options: RunTrialsOptions,
): Promise<Ending> {
  const { sampler, parallel = 1, timeoutMs = Infinity, target, idleMs = 2_000, most = Infinity, signal } =
    options;
  const deadline = performance.now() + timeoutMs;
  const { directions, seed } = study.spec;
  const suggest: Suggest = Object.assign(
    (state: Study["state"], number: number) =>
      sampler.suggest({ space: study.space, directions, trials: state.trials, seed }, number),
    { independent: sampler.independent },
  );
  await using worker = await study.join();
  const running = new Set<Promise<void>>();
  let failure: unknown;
  let started = 0;
  let pause = 20;
  let ending: Ending | undefined;
  while (ending === undefined) {
    if (failure !== undefined) break;
    if (signal?.aborted) ending = "interrupted";
    else if (performance.now() > deadline) ending = "time";
    else if (started >= most) ending = "most";
    else if (target !== undefined && isReached(study, target)) ending = "target";
    else if (study.state.stopped) ending = "stopped";
    if (ending !== undefined) break;
    if (running.size >= parallel) {
      await Promise.race(running);
      continue;
    }
    const claim = await worker.next(suggest);
    if (claim) {
      started++;
      pause = 20;
      const run: Promise<void> = runTrial(worker, claim, objective, options)
        .catch((error) => void (failure ??= error))
        .finally(() => running.delete(run));
      running.add(run);
      continue;
    }
    if (running.size > 0) await Promise.race(running);
    else if (study.isFinished()) ending = "finished";
    else if (study.state.running.size === 0 && study.state.waiting.length === 0 && !study.state.stopped) {
      ending = "exhausted"; // the sampler has nothing more
    } else {
      pause = Math.min(idleMs, pause * 1.5);
      await sleep(pause, signal); // others have trials that may come back
    }
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
  return ending ?? "finished";
}

function isReached({ state, spec }: Study, target: number): boolean {
  const maximize = spec.directions[0] === "maximize";
  return state.trials.some((trial) => {
    if (trial.state !== "complete" || !isFeasible(trial)) return false;
    const value = trial.values![0];
    return maximize ? value >= target : value <= target;
  });
}

/** Runs one trial and records how it ended. */
async function runTrial(
  worker: StudyWorker,
  claim: Claim,
  objective: Objective,
  options: RunTrialsOptions,
): Promise<void> {
  const { study } = worker;
  const { trial } = claim;
  options.onStart?.(trial, study);
  const outcome = await outcomeOf(worker, claim, objective, options);
  if (outcome === undefined) return; // given up by others
  try {
    await worker.end(claim, outcome);
  } catch (error) {
    if (!(error instanceof GivenUpError)) throw error;
    return;
  }
  options.onTrial?.(study.state.trials[trial.number], study);
}

async function outcomeOf(
  worker: StudyWorker,
  claim: Claim,
  objective: Objective,
  options: RunTrialsOptions,
): Promise<Outcome | undefined> {
  const { trialTimeoutMs = Infinity, signal, seeds = 1 } = options;
  const controller = new AbortController();
  const interrupt = () => controller.abort(new InterruptedError("this process has to make room"));
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt);
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => {
      // Interrupted trials get the time to write a checkpoint; nobody waits for those that are timed out.
      if (controller.signal.reason instanceof TrialTimeoutError) reject(controller.signal.reason);
    });
  });
  aborted.catch(() => {}); // it may never be waited for
  const timer = trialTimeoutMs === Infinity ? undefined : setTimeout(
    () => controller.abort(new TrialTimeoutError(`it took longer than ${trialTimeoutMs} ms`)),
    trialTimeoutMs,
  );
  try {
    const results: PlainResult[] = [];
    for (let i = 0; i < seeds; i++) {
      const context = await contextOf(worker, claim, controller, options, i);
      const result = await Promise.race([objective(claim.trial.params, context), aborted]);
      if (controller.signal.reason instanceof PrunedError) throw controller.signal.reason;
      results.push(readResult(result, worker.study.spec.objectives));
    }
    return complete(meanOf(results, worker.study.spec.objectives));
  } catch (error) {
    const reason = controller.signal.aborted ? controller.signal.reason : error;
    if (reason instanceof GivenUpError) return undefined;
    if (reason instanceof PrunedError) return prunedOutcome(worker.study, claim.trial);
    if (reason instanceof InterruptedError) return { state: "waiting", failure: failureFrom(reason) };
    return { state: "failed", failure: failureFrom(reason) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
  }
}

async function contextOf(
  worker: StudyWorker,
  claim: Claim,
  controller: AbortController,
  { pruner = noPruner() }: RunTrialsOptions,
  seedNumber: number,
): Promise<TrialContext> {
  const { study } = worker;
  const { trial, attempt } = claim;
  const { objectives, directions } = study.spec;
  const folder = study.paths.trial(trial.number);
  await Deno.mkdir(folder, { recursive: true });
  return {
    number: trial.number,
    seed: seedNumber === 0 ? trial.seed : seedOf(trial.seed, seedNumber),
    attempt,
    folder,
    signal: controller.signal,
    log: (line) => Deno.writeTextFileSync(join(folder, "log.txt"), `${line}\n`, { append: true }),
    async report(step, values, isLast = false) {
      const { aborted, reason } = controller.signal;
      if (aborted && !(reason instanceof InterruptedError)) throw reason;
      if (seedNumber > 0) return; // curves and pruning are those of the first seed
      const named = typeof values === "number" ? { [objectives[0]]: values } : { ...values };
      try {
        await worker.report(claim, step, named);
      } catch (error) {
        if (error instanceof GivenUpError) controller.abort(error);
        throw error;
      }
      controller.signal.throwIfAborted(); // what was done until then is kept
      if (isLast) return;
      const context = { trials: study.state.trials, direction: directions[0], metric: objectives[0] };
      if (objectives.length > 1 || !pruner.shouldPrune(context, study.state.trials[trial.number])) return;
      const pruned = new PrunedError(`trial ${trial.number} does worse than others at step ${step}`);
      controller.abort(pruned);
      throw pruned;
    },
  };
}

function complete(result: PlainResult): Outcome {
  const { values, constraints, metrics } = result;
  const broken = [...values, ...constraints ?? []].find(Number.isNaN);
  if (broken === undefined && values.every(Number.isFinite)) {
    return { state: "complete", values, constraints, metrics };
  }
  const message = `it gave ${values.join(", ")}`;
  return { state: "failed", failure: { kind: "nan", message }, metrics };
}

/** The mean over seeds, and with several of them the standard deviation beside it. */
function meanOf(results: readonly PlainResult[], objectives: readonly string[]): PlainResult {
  if (results.length === 1) return results[0];
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const metrics: Record<string, number> = {};
  const values = objectives.map((name, i) => {
    const list = results.map(({ values }) => values[i]), center = mean(list);
    metrics[`${name}Deviation`] = Math.sqrt(
      list.reduce((sum, x) => sum + (x - center) ** 2, 0) / (list.length - 1),
    );
    return center;
  });
  for (const name of Object.keys(results[0].metrics ?? {})) {
    metrics[name] = mean(results.map((result) => result.metrics?.[name] ?? NaN));
  }
  const constraints = results[0].constraints?.map((_, i) =>
    mean(results.map((result) => result.constraints![i]))
  );
  return { values, constraints, metrics };
}

/** A pruned trial stands with the last that it reported of its objectives. */
function prunedOutcome({ state, spec }: Study, { number }: Trial): Outcome {
  const last = state.trials[number].reports.at(-1)?.values ?? {};
  const values = spec.objectives.map((name) => last[name]);
  return values.every((value) => typeof value === "number" && Number.isFinite(value))
    ? { state: "pruned", values }
    : { state: "pruned" };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

/** The best trials that meet their constraints: by the first objective, the best first. */
export function bestTrials({ state, spec }: Study, count = 1, objective = 0): Trial[] {
  const sign = spec.directions[objective] === "maximize" ? -1 : 1;
  return state.trials
    .filter((trial) => trial.state === "complete" && isEnded(trial) && isFeasible(trial))
    .sort((a, b) => sign * (a.values![objective] - b.values![objective]))
    .slice(0, count);
}
