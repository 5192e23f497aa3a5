/** Training: one compiled step, run over batches and epochs, with everything that a long run needs around it. @module */
import { random, tf } from "../engine/mod.ts";
import { adam } from "./adam.ts";
import type { Preparation } from "./batch_parts.ts";
import type { Callback, Steering } from "./callback.ts";
import {
  arraysOf,
  type Checkpoint,
  type CheckpointState,
  checkSettings,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint.ts";
import { chooseShards } from "./choose_shards.ts";
import type { EpochNumbers, History } from "./history.ts";
import type { Loss } from "./loss.ts";
import { type Metric, validationName } from "./metric.ts";
import { createOptimizer, type Optimizer, type OptimizerRule, type OptimizerSnapshot } from "./optimizer.ts";
import { batches as cutBatches } from "./order.ts";
import { createEvaluation, type Evaluation } from "./predict.ts";
import { constant, type Schedule } from "./schedule.ts";
import { feed, type Source } from "./source.ts";
import { createTrainStep, type TrainStep } from "./train_step.ts";
import { createTurns } from "./turn_taking.ts";
import { allVariables, assignValues, copyValues, trainedVariables } from "./weights.ts";

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

/** Options for {@linkcode fit}. */
export interface FitOptions extends Preparation {
  /** What to minimise. */
  loss: Loss;
  /** Passes over the training examples. */
  epochs: number;
  /** Examples a step. @default {128} */
  batch?: number;
  /** Fixes the order of the examples and all random ops; the weights are the model's own. @default {0} */
  seed?: number;
  /** @default {adam()} */
  optimizer?: OptimizerRule;
  /** @default {constant(1e-3)} */
  schedule?: Schedule;
  /** @default {[]} */
  metrics?: readonly Metric[];
  /** Examples on which loss and metrics are measured after every epoch. */
  validation?: Source;
  /** Decoupled weight decay of kernels; see {@linkcode createOptimizer}. @default {0} */
  weightDecay?: number;
  /** Largest joint norm of all gradients. */
  clipNorm?: number;
  /** Largest component of a gradient. */
  clipValue?: number;
  /** Weight in the loss of each class, by class number. */
  classWeights?: readonly number[];
  /** Decay of running averages of the weights; they are what is validated and what the model ends with. */
  averageDecay?: number;
  /** Into how many shards to cut a batch; "auto" measures at the start. @default {"auto"} */
  shards?: number | "auto";
  callbacks?: readonly Callback[];
  checkpoint?: CheckpointOptions;
  /** Go on from the checkpoint, where there is one. @default {false} */
  resume?: boolean;
  /** Ends the run after the step at hand, with a checkpoint. */
  signal?: AbortSignal;
  /** Told at most every `reportMs`. */
  onBatch?: (report: BatchReport) => void;
  /** @default {200} */
  reportMs?: number;
  /** Told the numbers of every finished epoch. */
  onEpoch?: (numbers: EpochNumbers) => void | Promise<void>;
  /** Given the optimizer's state when the run has ended by itself. */
  onEnd?: (optimizer: OptimizerSnapshot) => void;
}

/**
 * Trains a model.
 *
 * Each step is one compiled function. An epoch visits every example once, in an order that depends on seed and epoch
 * only; the last batch may be smaller. With a checkpoint, a run that was killed and resumed ends with the very same
 * weights as one that was not, given the same backend, threads and shards.
 *
 * @param model Any model of layers with one input; its weights are changed.
 * @param train Training examples; sources stay the caller's.
 * @returns The history. The model holds the last weights, their running averages where asked for, or the best ones
 * where a callback kept them.
 * @throws {RangeError} If the loss stops being a finite number, naming epoch, batch and examples; the last checkpoint
 * stays as it was.
 * @throws {Error} If a checkpoint belongs to a run with other settings.
 * @example Learn to tell the sign of a number
 * ```ts
 * import { hold, startEngine } from "../engine/mod.ts";
 * import { crossEntropy, fit } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [1] })] });
 * const x = hold(Float32Array.of(-2, -1, 1, 2), [4, 1]), y = hold(Int32Array.of(0, 0, 1, 1), [4]);
 * const source = { kind: "held", size: 4, x, y } as const;
 * const { epochs } = await fit(model, source, { loss: crossEntropy(), epochs: 3, batch: 2 });
 * epochs.length; // 3
 * ```
 */
export async function fit(model: tf.LayersModel, train: Source, options: FitOptions): Promise<History> {
  checkOptions(train, options);
  const run = await startRun(model, train, options);
  try {
    let interrupted = false;
    while (run.state.epoch < options.epochs && !run.state.stopped && !interrupted) {
      const whole = await runEpoch(run);
      interrupted = !whole || (options.signal?.aborted === true && run.state.epoch < options.epochs);
    }
    await run.saving;
    if (interrupted) return finish(run, "interrupted");
    endWeights(run);
    options.onEnd?.(run.optimizer.snapshot(run.state.history.at(-1)!.learningRate));
    return finish(run, run.state.stopped ? "stopped early" : "finished");
  } finally {
    await run.saving.catch(() => {}); // thrown already, or less to the point than what was
    run.dispose();
  }
}

function checkOptions(
  train: Source,
  { epochs, batch = 128, shards = "auto", averageDecay, checkpoint }: FitOptions,
) {
  const whole = (name: string, value: number) => {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Cannot train as ${name} must be a whole number of at least 1: got ${value}`);
    }
  };
  whole("the number of examples", train.size);
  whole("epochs", epochs);
  whole("batch", batch);
  if (shards !== "auto") whole("shards", shards);
  if (checkpoint?.every !== undefined) whole("epochs between checkpoints", checkpoint.every);
  if (averageDecay !== undefined && !(averageDecay > 0 && averageDecay < 1)) {
    throw new RangeError(
      `Cannot train as the decay of averages must lie between 0 and 1: got ${averageDecay}`,
    );
  }
}

/** All parts of a run under way. */
interface Run {
  model: tf.LayersModel;
  train: Source;
  options: FitOptions;
  schedule: Schedule;
  callbacks: readonly Callback[];
  batch: number;
  stepsPerEpoch: number;
  weights: tf.Variable[];
  optimizer: Optimizer;
  averages: tf.Variable[];
  step: TrainStep;
  evaluation?: Evaluation;
  kept: tf.Tensor[];
  state: CheckpointState;
  /** When the last checkpoint was written, ms. */
  savedAt: number;
  /** The checkpoint that is being written; it may fail. */
  saving: Promise<void>;
  dispose(): void;
}

async function startRun(model: tf.LayersModel, train: Source, options: FitOptions): Promise<Run> {
  const { batch = 128, seed = 0, optimizer: rule = adam(), schedule = constant(1e-3), callbacks = [] } =
    options;
  const { metrics = [], loss, weightDecay = 0, validation, averageDecay, prepare, signal } = options;
  const settings: Record<string, unknown> = {
    seed,
    batch,
    examples: train.size,
    weights: model.weights.map(({ shape }) => shape),
    optimizer: rule.config,
    schedule: schedule.config,
    loss: loss.config,
    epochs: options.epochs,
    weightDecay,
    averageDecay: averageDecay ?? null,
    metrics: metrics.map(({ name }) => name),
  };
  const { path } = options.checkpoint ?? {};
  const saved = options.resume && path ? await readCheckpoint(path) : undefined;
  if (saved && path) checkSettings(path, saved.state.settings, settings);
  random.setState({ seed, counter: 0 });

  const weights = allVariables(model);
  const optimizer = createOptimizer(rule, trainedVariables(model), { weightDecay });
  const averages = averageDecay === undefined
    ? []
    : weights.map((weight) => tf.tidy(() => tf.variable(weight, false)));
  const average = averageDecay === undefined ? undefined : { variables: averages, decay: averageDecay };
  const parts = { ...options, metrics, optimizer, average };
  const create = (shards: number) => createTrainStep(model, train, { ...parts, shards });
  const stepsPerEpoch = Math.ceil(train.size / batch);
  let step: TrainStep;
  let shards = saved?.state.shards ?? options.shards ?? "auto";
  if (shards === "auto") {
    const state = () => [...weights, ...optimizer.variables, ...averages];
    ({ shards, step } = await chooseShards(train, {
      batch,
      steps: stepsPerEpoch * options.epochs,
      create,
      state,
    }));
    random.setState({ seed, counter: 0 });
  } else step = create(shards);
  const evaluation = validation &&
    createEvaluation(model, validation, {
      batch: Math.max(batch, 256),
      shards,
      loss,
      metrics,
      prepare,
      signal,
    });
  const run: Run = {
    model,
    train,
    options,
    schedule,
    callbacks,
    batch,
    stepsPerEpoch,
    weights,
    optimizer,
    averages,
    step,
    evaluation,
    kept: [],
    savedAt: performance.now(),
    saving: Promise.resolve(),
    state: {
      epoch: 0,
      batch: 0,
      step: 0,
      random: random.getState(),
      history: [],
      firstLosses: [],
      seconds: 0,
      epochSeconds: 0,
      shards,
      stopped: false,
      keptEpoch: 0,
      restoreKept: false,
      states: {},
      settings,
    },
    dispose() {
      step.dispose();
      evaluation?.dispose();
      optimizer.dispose();
      tf.dispose([...averages, ...run.kept]);
    },
  };
  if (saved) takeUp(run, saved);
  return run;
}

/** Puts a run where a checkpoint left it. */
function takeUp(run: Run, { state, arrays }: Checkpoint): void {
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
  assign("weights", run.weights);
  assign("optimizer", run.optimizer.variables);
  assign("average", run.averages);
  assign("sums", run.step.totals.variables);
  run.kept = (arrays.kept ?? []).map(({ data, shape }) => tf.tensor(data, [...shape]));
  run.state = state;
  random.setState(state.random);
  for (const part of [run.schedule, ...run.callbacks]) {
    const name = "name" in part ? part.name : "schedule";
    if (name in state.states) part.restore?.(state.states[name] as never);
  }
}

/**
 * Copies the state of the run and starts to write it, which takes as long as the disk does; training need not wait.
 *
 * @throws {Error} If the checkpoint before could not be written.
 */
async function save(run: Run): Promise<void> {
  await run.saving;
  const { options, state, schedule, callbacks, weights, optimizer, averages, step, kept } = run;
  if (!options.checkpoint) return;
  const states: Record<string, unknown> = { schedule: schedule.state?.() };
  for (const callback of callbacks) states[callback.name] = callback.state?.();
  run.saving = writeCheckpoint(options.checkpoint.path, {
    state: { ...state, random: random.getState(), states },
    arrays: {
      weights: arraysOf(weights),
      optimizer: arraysOf(optimizer.variables),
      average: arraysOf(averages),
      sums: arraysOf(step.totals.variables),
      kept: arraysOf(kept),
    },
  });
  run.saving.catch(() => {}); // whoever waits for it is told
  run.savedAt = performance.now();
}

/** Runs one epoch, or the rest of one; false if it was interrupted (a checkpoint is then written). */
async function runEpoch(run: Run): Promise<boolean> {
  const { options, state, train, step, schedule, stepsPerEpoch, batch } = run;
  const { seed = 0, signal, onBatch, reportMs = 200, checkpoint } = options;
  const { every = 1, everySeconds = 120 } = checkpoint ?? {};
  const epoch = state.epoch;
  const steps = stepsPerEpoch * options.epochs;
  const all = [...cutBatches(train.size, batch, { seed, epoch })];
  if (state.batch === 0) step.totals.reset();
  const secondsBefore = state.epochSeconds, totalBefore = state.seconds;
  const start = performance.now();
  const clock = () => {
    const spent = (performance.now() - start) / 1000;
    state.epochSeconds = secondsBefore + spent;
    state.seconds = totalBefore + spent;
  };
  const rateOf = (step: number) => schedule.rate({ step, steps, stepsPerEpoch });
  let learningRate = rateOf(Math.max(0, state.step - 1)), reported = start;
  const turn = createTurns();
  const report = async () => {
    const totals = await step.totals.read();
    checkFinite(totals.firstBad, epoch, all);
    if (!onBatch || state.batch === 0) return;
    clock();
    onBatch({
      epoch: epoch + 1,
      epochs: options.epochs,
      batch: state.batch,
      batches: stepsPerEpoch,
      step: state.step,
      steps,
      means: totals.means,
      learningRate,
      examplesPerSecond: totals.examples / state.epochSeconds,
    });
  };
  let summed = state.firstLosses.reduce((sum, loss, i) => sum + loss * all[i].length, 0);
  const lossOfBatch = async () => {
    const { means, examples } = await step.totals.read(), before = summed;
    summed = means.loss * examples;
    return (summed - before) / all[state.batch - 1].length;
  };
  for await (const { tensors } of feed(train, all.slice(state.batch))) {
    learningRate = rateOf(state.step);
    step.run(tensors, learningRate);
    tf.dispose(tensors);
    state.batch++;
    state.step++;
    if (epoch === 0) state.firstLosses.push(await lossOfBatch());
    const now = performance.now();
    if (now - reported >= reportMs) {
      reported = now;
      await report();
    }
    await turn();
    const due = checkpoint && now - run.savedAt >= everySeconds * 1000;
    if (signal?.aborted || due) {
      await report();
      clock();
      await save(run);
      if (signal?.aborted) return false;
    }
  }
  await report();
  clock();
  const { means, examples } = await step.totals.read();
  const numbers: EpochNumbers = { epoch: epoch + 1, ...means };
  const trainSeconds = state.epochSeconds;
  try {
    await validate(run, numbers);
  } catch (error) {
    if (!signal?.aborted) throw error;
    await save(run); // all batches of the epoch are done; a resumed run goes on with the validation
    return false;
  }
  clock();
  Object.assign(numbers, {
    learningRate,
    seconds: round(state.epochSeconds, 3),
    examplesPerSecond: round(examples / trainSeconds, 1),
  });
  state.history.push(numbers);
  await tellEpoch(run, numbers);
  Object.assign(state, { epoch: epoch + 1, batch: 0, epochSeconds: 0 });
  const last = state.epoch === options.epochs || state.stopped;
  if (last || state.epoch % every === 0 || signal?.aborted) await save(run);
  return true;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
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

/** Measures the validation examples with the weights that the model would end with. */
async function validate({ evaluation, averages, weights }: Run, numbers: EpochNumbers): Promise<void> {
  if (!evaluation) return;
  const trained = copyValues(weights);
  if (averages.length > 0) assignValues(weights, averages);
  try {
    for (const [name, value] of Object.entries(await evaluation.run())) numbers[validationName(name)] = value;
  } finally {
    if (averages.length > 0) assignValues(weights, trained);
    tf.dispose(trained);
  }
}

/** Tells everybody who listens that an epoch is over. */
async function tellEpoch(run: Run, numbers: EpochNumbers): Promise<void> {
  const { state, averages, weights, callbacks, schedule, options } = run;
  const steering: Steering = {
    stop: () => state.stopped = true,
    keepWeights() {
      tf.dispose(run.kept);
      run.kept = copyValues(averages.length > 0 ? averages : weights);
      state.keptEpoch = numbers.epoch;
    },
    restoreKept: (restore) => state.restoreKept = restore,
  };
  schedule.onEpoch?.(numbers);
  for (const callback of callbacks) await callback.onEpoch?.(numbers, steering);
  await options.onEpoch?.(numbers);
}

/** Gives the model the weights that the run ends with. */
function endWeights({ state, kept, averages, weights }: Run): void {
  if (state.restoreKept && kept.length > 0) assignValues(weights, kept);
  else if (averages.length > 0) assignValues(weights, averages);
}

function finish({ state }: Run, ending: History["ending"]): History {
  return {
    epochs: state.history,
    firstLosses: state.firstLosses,
    ending,
    steps: state.step,
    seconds: state.seconds,
    weightsOf: ending !== "interrupted" && state.restoreKept && state.keptEpoch > 0
      ? state.keptEpoch
      : state.epoch,
    shards: state.shards,
  };
}
