/**
 * The loop round a step: epochs and batches, schedules, callbacks, validation, checkpoints and the stop on a loss that is
 * no number. It knows nothing of models, losses or optimizers, so that all of this holds for every kind of step.
 * @module
 */
import { evenParts, type FunctionProfile, type Precision, random, tf } from "../engine/mod.ts";
import type { Callback, TrainingControl } from "./callback.ts";
import { arraysOf, type Checkpoint, type CheckpointState, writeCheckpoint } from "./checkpoint.ts";
import type { EpochNumbers, History } from "./history.ts";
import { validationName } from "./metric.ts";
import { batches as cutBatches } from "./order.ts";
import type { Schedule } from "./schedule.ts";
import type { CompiledStep, Evaluation, TrainStep } from "./step.ts";
import { ownRows, type Together } from "./together.ts";
import { createTurns } from "./turn_taking.ts";
import { assignValues, copyValues } from "./weights.ts";
import type { Workers, WorkReport } from "./workers.ts";

/** Where a run stands, told every now and then. */
export interface BatchReport {
  /** Epoch under way, from 1, of `epochs`. */
  epoch: number;
  epochs: number;
  /** Batches of this epoch that are done, of `batches`. */
  batch: number;
  batches: number;
  /** Steps taken in all, of `steps`. */
  step: number;
  steps: number;
  /** Means over the epoch so far: `loss`, then the metrics by name. */
  means: Record<string, number>;
  learningRate: number;
  /** Examples a second in this epoch. */
  examplesPerSecond: number;
}

/** Where and how often to save the state of a run. */
export interface CheckpointOptions {
  /** The file; its folder must exist. */
  path: string;
  /** Epochs from one checkpoint to the next; the end and an interruption are always saved. @default {1} */
  every?: number;
  /** Seconds after which to save in the middle of an epoch. @default {120} */
  everySeconds?: number;
}

/** Options of the loop, whatever its step. */
export interface LoopOptions {
  /** Passes over the training examples. */
  epochs: number;
  /** Examples a step. @default {128} */
  batch?: number;
  /** Fixes the order of the examples and all random ops; the weights are the model's own. @default {0} */
  seed?: number;
  /** Learning rates; by name where a step has several. @default {constant(1e-3)} */
  schedule?: Schedule | Readonly<Record<string, Schedule>>;
  /** Into how many shards to cut a batch; "auto" measures at the start. @default {"auto"} */
  shards?: number | "auto";
  /**
   * In which numbers layers multiply, forward and in their gradients: "mixed" rounds the factors to bfloat16, "auto" does so
   * where a measurement at the start finds it faster. @default {"float32"}
   */
  precision?: Precision | "auto";
  /** Other processes that take every step together with this one: a batch is cut among all of them. */
  workers?: Workers;
  /** Parts of a batch that are worked on one after another, for batches that memory does not hold. @default {1} */
  accumulate?: number;
  /** Whether batch normalisation takes the moments of all workers' examples. @default {true} */
  syncBatchNorm?: boolean;
  callbacks?: readonly Callback[];
  checkpoint?: CheckpointOptions;
  /** Go on from the checkpoint, where there is one. @default {false} */
  resume?: boolean;
  /** More that must be the same for a run to go on, such as the data's fingerprint. */
  settings?: Readonly<Record<string, unknown>>;
  /** Ends the run after the step at hand, with a checkpoint. */
  signal?: AbortSignal;
  /** Told before training where the time of a step goes; undefined where the backend cannot say. */
  onProfile?: (profile: FunctionProfile | undefined) => void | Promise<void>;
  /** Told at most every `reportMs`. */
  onBatch?: (report: BatchReport) => void;
  /** @default {200} */
  reportMs?: number;
  /** Told the numbers of every finished epoch. */
  onEpoch?: (numbers: EpochNumbers) => void | Promise<void>;
}

/** All parts of a run under way. */
export interface Run {
  readonly options: LoopOptions;
  /** Number of training examples. */
  readonly size: number;
  readonly batch: number;
  readonly schedules: Readonly<Record<string, Schedule>>;
  readonly callbacks: readonly Callback[];
  readonly step: TrainStep;
  readonly compiled: CompiledStep;
  readonly evaluation?: Evaluation;
  /** Who takes every step. */
  readonly together: Together;
  /** What this worker has done since the run was begun or taken up. */
  readonly work: WorkReport;
  /** Whether all workers are to stop; alone, whether the signal says so. */
  isStopping: boolean;
  /** What every worker has done, when the run has ended. */
  reports?: WorkReport[];
  state: CheckpointState;
  /** Weights to go back to at the end, as a callback kept them. */
  kept: tf.Tensor[];
  /** When the last checkpoint was written, ms. */
  savedAt: number;
  /** The checkpoint that is being written; it may fail. */
  saving: Promise<void>;
}

/** A run's steps in one epoch. */
function stepsPerEpoch({ size, batch }: Run): number {
  return Math.ceil(size / batch);
}

/** Learning rates of the step to come, by name. */
export function ratesAt(run: Run, step: number): Record<string, number> {
  const perEpoch = stepsPerEpoch(run);
  const progress = { step, steps: perEpoch * run.options.epochs, stepsPerEpoch: perEpoch };
  return Object.fromEntries(
    Object.entries(run.schedules).map(([name, schedule]) => [name, schedule.rate(progress)]),
  );
}

/** The rate that is shown: the one of the name, or the first. */
export function shownRate(rates: Readonly<Record<string, number>>): number {
  return rates.learningRate ?? Object.values(rates)[0];
}

/** Puts a run where a checkpoint left it. @throws {Error} If the checkpoint has other arrays than the run. */
export function takeUp(run: Run, { state, arrays }: Checkpoint): void {
  const assign = (role: string, variables: readonly tf.Variable[]) =>
    tf.tidy(() => {
      const list = arrays[role] ?? [];
      if (list.length !== variables.length) {
        throw new Error(
          `Cannot resume as the run has ${variables.length} arrays of ${role}: found ${list.length}`,
        );
      }
      variables.forEach((variable, i) =>
        variable.assign(tf.tensor(list[i].data, [...list[i].shape], variable.dtype as "float32"))
      );
    });
  for (const [role, variables] of Object.entries(run.step.variables)) assign(role, variables);
  assign("sums", run.compiled.totals.variables);
  run.kept = (arrays.kept ?? []).map(({ data, shape }) => tf.tensor(data, [...shape]));
  run.state = state;
  random.setState(state.random);
  for (const [name, part] of statefulParts(run)) {
    if (name in state.states) part.restore?.(state.states[name] as never);
  }
}

/** What keeps a state beside the step, by the name under which a checkpoint has it. */
function statefulParts({ schedules, callbacks }: Run): [string, Schedule | Callback][] {
  return [
    ...Object.entries(schedules).map(([name, schedule]) =>
      [`schedule/${name}`, schedule] as [string, Schedule]
    ),
    ...callbacks.map((callback) => [callback.name, callback] as [string, Callback]),
  ];
}

/**
 * Copies the state of the run and starts to write it, which takes as long as the disk does; training need not wait.
 *
 * @throws {Error} If the checkpoint before could not be written.
 */
export async function save(run: Run): Promise<void> {
  await run.saving;
  const { options, state, step, compiled, kept } = run;
  if (!options.checkpoint || run.together.rank > 0) return; // all workers have the same to say
  const states = Object.fromEntries(statefulParts(run).map(([name, part]) => [name, part.state?.()]));
  const roles = Object.entries(step.variables).map(([role, variables]) => [role, arraysOf(variables)]);
  run.saving = writeCheckpoint(options.checkpoint.path, {
    state: { ...state, random: random.getState(), states },
    arrays: { ...Object.fromEntries(roles), sums: arraysOf(compiled.totals.variables), kept: arraysOf(kept) },
  });
  run.saving.catch(() => {}); // whoever waits for it is told
  run.savedAt = performance.now();
}

/** The time that an epoch has taken so far, over all sessions of a resumed run. */
function createClock({ state }: Run): () => void {
  const { epochSeconds, seconds } = state, start = performance.now();
  return () => {
    const spent = (performance.now() - start) / 1000;
    state.epochSeconds = epochSeconds + spent;
    state.seconds = seconds + spent;
  };
}

/** Reads where the epoch stands, stops on a loss that is no number, and tells whoever wants to know. */
async function report(
  run: Run,
  all: readonly Uint32Array[],
  rates: Record<string, number>,
  clock: () => void,
) {
  const { compiled, state, options } = run;
  const totals = await compiled.totals.read();
  checkFinite(totals.firstBad, state.epoch, all);
  if (!options.onBatch || state.batch === 0) return;
  clock();
  options.onBatch({
    epoch: state.epoch + 1,
    epochs: options.epochs,
    batch: state.batch,
    batches: all.length,
    step: state.step,
    steps: all.length * options.epochs,
    means: totals.means,
    learningRate: shownRate(rates),
    examplesPerSecond: totals.examples / state.epochSeconds,
  });
}

function checkFinite(firstBad: number, epoch: number, all: readonly Uint32Array[]): void {
  if (firstBad === 0) return;
  const examples = all[firstBad - 1];
  const shown = [...examples.subarray(0, 5)].join(", ") + (examples.length > 5 ? ", …" : "");
  throw new RangeError(
    `Cannot go on training as the loss is no finite number at epoch ${epoch + 1}, batch ${firstBad} of ` +
      `${all.length} (examples ${shown}): look at these examples, or lower the learning rate`,
  );
}

/** Takes a step, and hears whether it is the last: of several workers all stop after the same one. */
function takeStep(run: Run, tensors: tf.Tensor[], rates: Record<string, number>, examples: number): void {
  const { options: { signal, workers }, state, compiled, work } = run;
  workers?.mark(state.step, "stepping");
  const began = performance.now();
  const outcome = compiled.run(tensors, rates, { examples, asksToStop: signal?.aborted });
  work.seconds += (performance.now() - began) / 1000;
  work.exchangeSeconds += outcome?.exchangeSeconds ?? 0;
  workers?.mark(state.step + 1, "reading");
  if (workers) run.isStopping = outcome?.isAskedToStop ?? false;
}

/** Takes the batches of an epoch that are left; false if it was interrupted, with a checkpoint. */
async function runBatches(run: Run, all: readonly Uint32Array[], clock: () => void): Promise<boolean> {
  const { options, state, step, callbacks, compiled, together } = run;
  const { signal, workers, reportMs = 200, checkpoint } = options;
  const listeners = callbacks.filter(({ onBatch }) => onBatch);
  const turn = createTurns();
  let reported = performance.now(), rates = ratesAt(run, Math.max(0, state.step - 1));
  const rows = all.slice(state.batch).map((batch) => ownRows(batch, together));
  for await (const { tensors } of step.batches.feed(rows)) {
    rates = ratesAt(run, state.step);
    const examples = all[state.batch].length;
    takeStep(run, tensors, rates, examples);
    run.work.examples += evenParts(examples, together.workers)[together.rank];
    tf.dispose(tensors);
    state.batch++;
    state.step++;
    const taken = { epoch: state.epoch + 1, batch: state.batch, examples };
    for (const callback of listeners) await callback.onBatch!({ ...taken, read: compiled.totals.read });
    const now = performance.now();
    if (now - reported >= reportMs) {
      reported = now;
      await report(run, all, rates, clock);
    }
    await turn();
    if (!workers) run.isStopping = signal?.aborted ?? false;
    const due = checkpoint && now - run.savedAt >= (checkpoint.everySeconds ?? 120) * 1000;
    if (!run.isStopping && !due) continue;
    await report(run, all, rates, clock);
    clock();
    await save(run);
    if (run.isStopping) return false;
  }
  await report(run, all, rates, clock);
  clock();
  return true;
}

/** Runs one epoch, or the rest of one; false if it was interrupted (a checkpoint is then written). */
export async function runEpoch(run: Run): Promise<boolean> {
  const { options, state, compiled, size, batch } = run;
  const { seed = 0, signal, workers, checkpoint } = options;
  const epoch = state.epoch, all = [...cutBatches(size, batch, { seed, epoch })];
  if (state.batch === 0) compiled.totals.reset();
  const clock = createClock(run);
  if (!await runBatches(run, all, clock)) return false;
  const { means, examples } = await compiled.totals.read();
  const numbers: EpochNumbers = { epoch: epoch + 1, ...means };
  const trainSeconds = state.epochSeconds;
  try {
    await validate(run, numbers);
  } catch (error) {
    if (workers || !signal?.aborted) throw error;
    await save(run); // all batches of the epoch are done; a resumed run goes on with the validation
    return false;
  }
  clock();
  Object.assign(numbers, {
    ...namedRates(ratesAt(run, state.step - 1)),
    seconds: round(state.epochSeconds, 3),
    examplesPerSecond: round(examples / trainSeconds, 1),
  });
  state.history.push(numbers);
  await tellEpoch(run, numbers);
  Object.assign(state, { epoch: epoch + 1, batch: 0, epochSeconds: 0 });
  const last = state.epoch === options.epochs || state.stopped;
  if (last || state.epoch % (checkpoint?.every ?? 1) === 0 || signal?.aborted) await save(run);
  return true;
}

/** Columns of the history for learning rates: `learningRate`, or one of each name. */
function namedRates(rates: Record<string, number>): Record<string, number> {
  const names = Object.keys(rates);
  if (names.length === 1) return { learningRate: rates[names[0]] };
  return Object.fromEntries(names.map((name) => [`${name}LearningRate`, rates[name]]));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Averages that take the weights' place before the end. */
function shownAverages({ averages, averagesOnlyAtEnd = false }: TrainStep): TrainStep["averages"] {
  return averagesOnlyAtEnd ? undefined : averages;
}

/** Measures the validation examples with the weights that the model would end with, but for Keras's averages. */
async function validate({ evaluation, step, state }: Run, numbers: EpochNumbers): Promise<void> {
  if (!evaluation) return;
  const { weights } = step, averages = shownAverages(step);
  const trained = copyValues(weights);
  if (averages) assignValues(weights, averages);
  try {
    const means = await evaluation.run();
    if (!Number.isFinite(means.loss)) {
      throw new RangeError(
        `Cannot go on training as the loss of the validation examples is no finite number after epoch ${
          state.epoch + 1
        }: ` +
          "look at these examples, or lower the learning rate",
      );
    }
    for (const [name, value] of Object.entries(means)) numbers[validationName(name)] = value;
  } finally {
    if (averages) assignValues(weights, trained);
    tf.dispose(trained);
  }
}

/** Tells everybody who listens that an epoch is over. */
async function tellEpoch(run: Run, numbers: EpochNumbers): Promise<void> {
  const { state, step, callbacks, schedules, options } = run;
  const control: TrainingControl = {
    stop: () => state.stopped = true,
    keepWeights() {
      tf.dispose(run.kept);
      run.kept = copyValues(shownAverages(step) ?? step.weights);
      state.keptEpoch = numbers.epoch;
    },
    restoreKept: (restore) => state.restoreKept = restore,
  };
  for (const schedule of Object.values(schedules)) schedule.onEpoch?.(numbers);
  for (const callback of callbacks) await callback.onEpoch?.(numbers, control);
  await options.onEpoch?.(numbers);
}

/** Gives the model the weights that the run ends with. */
export function endWeights({ state, kept, step }: Run): void {
  if (state.restoreKept && kept.length > 0) assignValues(step.weights, kept);
  else if (step.averages) assignValues(step.weights, step.averages);
}

/** What there is to tell of a run that has ended. */
export function historyOf({ state, callbacks, reports }: Run, ending: History["ending"]): History {
  const best = ending !== "interrupted" && state.restoreKept && state.keptEpoch > 0;
  return {
    epochs: state.history,
    ending,
    steps: state.step,
    seconds: state.seconds,
    weightsOf: best ? state.keptEpoch : state.epoch,
    shards: state.shards,
    precision: state.precision ?? "float32",
    tuning: state.tuning ?? {},
    ...(reports && { workers: reports }),
    states: Object.fromEntries(callbacks.map((callback) => [callback.name, callback.state?.()])),
  };
}
