/** Training: one compiled step, run over batches and epochs, with everything that a long run needs around it. @module */
import { heedStop, stopped } from "../base/stop_button.ts";
import {
  deviceCount,
  mixedPrecisionRefusal,
  type Precision,
  random,
  tf,
  tuneConvolutions,
  type Tuning,
  useTuning,
} from "../engine/mod.ts";
import type { Source } from "../data/source.ts";
import { checkList, checkModels, checkPart, checkSource } from "./arguments.ts";
import type { RunInfo } from "./callback.ts";
import { type CheckpointState, checkSettings, readCheckpoint } from "./checkpoint.ts";
import { choosePrecision } from "./choose_precision.ts";
import { chooseShards, shardsByThreads, WORTH_MEASURING } from "./choose_shards.ts";
import type { History } from "./history.ts";
import {
  endWeights,
  historyOf,
  type LoopOptions,
  ratesAt,
  type Run,
  runEpoch,
  save,
  shownRate,
  takeUp,
} from "./loop.ts";
import { validationName } from "./metric.ts";
import type { OptimizerSnapshot } from "./optimizer.ts";
import { constant, type Schedule } from "./schedule.ts";
import { type CompiledStep, type Models, modelsOf, type StepPlan, type TrainStep } from "./step.ts";
import { supervised, type SupervisedOptions } from "./steps/supervised.ts";
import { isShared, type Together, togetherOf } from "./together.ts";
import { profileStep, type TrialOptions } from "./trial.ts";
import { shareFirst, shareReports, WorkerLostError } from "./workers.ts";

/** Options for {@linkcode fit}: of the loop, and either those of supervised learning or another step. */
export type FitOptions = LoopOptions & FitEnds & (SupervisedOptions | { step: StepPlan });

/** What is measured after every epoch, and what is handed over at the end. */
export interface FitEnds {
  /** Examples on which loss and metrics are measured after every epoch. */
  validation?: Source;
  /** Given the optimizer's state when the run has ended by itself. */
  onEnd?: (optimizer: OptimizerSnapshot) => void;
}

/**
 * Trains a model, or several by a step of their own.
 *
 * Each step is one compiled function. An epoch visits every example once, in an order that depends on seed and epoch
 * only; the last batch may be smaller. With a checkpoint, a run that was killed and resumed ends with the very same
 * weights as one that was not, given the same backend, threads, shards and precision.
 *
 * @param model Any built model of layers, or several by name; their weights are changed.
 * @param train Training examples, their inputs and targets named as the model's inputs and outputs are, where it has
 * several.
 * @returns The history. The model holds the last weights, their moving averages where asked for, or the best ones where
 * a callback kept them.
 * @throws {RangeError} If the loss stops being a finite number, naming epoch, batch and examples; the last checkpoint
 * stays as it was.
 * @throws {TypeError} If names or shapes of source, losses and model do not fit each other.
 * @throws {Error} If a checkpoint belongs to a run with other settings, or mixed precision is asked of a machine that has
 * none.
 * @throws {DOMException} `AbortError` if a notebook's Stop button was pressed and no signal was given.
 * @example Learn to tell the sign of a number
 * ```ts
 * import { fromArrays } from "../data/source.ts";
 * import { startEngine } from "../engine/mod.ts";
 * import { crossEntropy, fit } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [1] })] });
 * const x = { data: Float32Array.of(-2, -1, 1, 2), shape: [4, 1] };
 * const source = fromArrays(x, { data: Int32Array.of(0, 0, 1, 1), shape: [4] });
 * const { epochs } = await fit(model, source, { loss: crossEntropy(), epochs: 3, batch: 2 });
 * epochs.length; // 3
 * ```
 */
export async function fit(
  model: tf.LayersModel | Models,
  train: Source,
  options: FitOptions,
): Promise<History> {
  checkArguments(model, train, options);
  using stop = heedStop(options.signal);
  const history = await fitUntil(model, train, { ...options, signal: stop.signal });
  if (history.ending !== "interrupted" || !stop.isPressed()) return history;
  const { epochs, seconds } = history;
  throw stopped(
    `Stopped after ${epochs.length} epochs, ${seconds.toFixed(1)} s: the model keeps what it has learned`,
  );
}

async function fitUntil(
  model: tf.LayersModel | Models,
  train: Source,
  options: FitOptions,
): Promise<History> {
  const plan = "step" in options ? options.step : supervised(options);
  const models = modelsOf(model), step = plan.create(models, train);
  let run: Run | undefined;
  try {
    run = await startRun(models, step, train, options);
    const ending = await runEpochs(run).catch((error) => failTogether(run!, error));
    await run.saving;
    if (options.workers) run.reports = shareReports(run.work);
    if (ending === "interrupted") return historyOf(run, ending);
    endWeights(run);
    const rate = shownRate(ratesAt(run, Math.max(0, run.state.step - 1)));
    if (step.snapshot) options.onEnd?.(step.snapshot(rate));
    return historyOf(run, ending);
  } finally {
    await run?.saving.catch(() => {}); // thrown already, or less to the point than what was
    run?.compiled.dispose();
    run?.evaluation?.dispose();
    tf.dispose(run?.kept ?? []);
    step.dispose();
  }
}

/** Where another worker is lost, keeps what was done and says who it was. @throws {Error} Always. */
async function failTogether(run: Run, error: unknown): Promise<never> {
  const reason = await run.options.workers?.explain(error) ?? error;
  if (reason instanceof WorkerLostError) await save(run);
  throw reason;
}

/** Runs epoch after epoch to the end, or to where the run is stopped. */
async function runEpochs(run: Run): Promise<History["ending"]> {
  const { options } = run;
  while (run.state.epoch < options.epochs && !run.state.stopped) {
    const whole = await runEpoch(run);
    const over = run.state.epoch === options.epochs || run.state.stopped;
    // Of several workers all are told by the next step.
    if (!whole || (!options.workers && options.signal?.aborted && !over)) return "interrupted";
  }
  return run.state.stopped ? "stopped early" : "finished";
}

function checkArguments(model: tf.LayersModel | Models, train: Source, options: FitOptions): void {
  checkModels(modelsOf(model), "train");
  checkSource(train, "train");
  checkOptions(train, options ?? {}); // without any the loss is missing
}

/** What may be asked for. */
const PRECISIONS: readonly (Precision | "auto")[] = ["float32", "mixed", "auto"];

function checkOptions(train: Source, options: FitOptions): void {
  const { epochs, batch = 128, shards = "auto", accumulate, precision } = options;
  const { checkpoint, validation, callbacks = [] } = options;
  if (!("step" in options)) checkRecipe(options);
  checkList(callbacks, "callbacks");
  if (validation !== undefined) checkSource(validation, "measure after every epoch");
  if (checkpoint !== undefined && typeof checkpoint.path !== "string") {
    throw new TypeError("Cannot keep a checkpoint without a path: say { path }");
  }
  const whole = (name: string, value: number) => {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Cannot train as ${name} must be a whole number of at least 1: got ${value}`);
    }
  };
  whole("the number of examples", train.size);
  if (validation) whole("the number of validation examples", validation.size);
  whole("epochs", epochs);
  whole("batch", batch);
  if (shards !== "auto") whole("shards", shards);
  if (precision !== undefined && !PRECISIONS.includes(precision)) {
    throw new RangeError(`Cannot train in precision "${precision}": there are ${PRECISIONS.join(", ")}`);
  }
  if (accumulate !== undefined) whole("parts of a batch", accumulate);
  if (checkpoint?.every !== undefined) whole("epochs between checkpoints", checkpoint.every);
}

/** What supervised learning is told, as far as it can be looked at before the model's outputs are known. */
function checkRecipe({ loss, metrics, optimizer }: SupervisedOptions): void {
  if (loss === undefined) throw new TypeError("Cannot train without a loss");
  if (typeof loss !== "object") checkPart(loss, "a loss");
  for (const metric of Array.isArray(metrics) ? metrics : []) checkPart(metric, "a metric");
  if (optimizer !== undefined) checkPart(optimizer, "an optimizer");
}

function schedulesOf(step: TrainStep, { schedule = constant(1e-3) }: LoopOptions): Record<string, Schedule> {
  if (typeof schedule !== "object") checkPart(schedule, "a schedule");
  if (typeof schedule.rate === "function") {
    return Object.fromEntries(step.rates.map((name) => [name, schedule as Schedule]));
  }
  const schedules = schedule as Readonly<Record<string, Schedule>>;
  const wrong = [
    ...step.rates.filter((name) => !(name in schedules)),
    ...Object.keys(schedules).filter((name) => !step.rates.includes(name)),
  ];
  if (wrong.length > 0) {
    throw new TypeError(
      `Cannot train as there must be a schedule for each of ${step.rates.join(", ")}: got ${
        Object.keys(schedules).join(", ")
      }`,
    );
  }
  return schedules;
}

async function startRun(models: Models, step: TrainStep, train: Source, options: FitOptions): Promise<Run> {
  const { batch = 128, seed = 0, callbacks = [], validation, checkpoint, workers } = options;
  const together = togetherOf(options);
  const schedules = schedulesOf(step, options);
  const info = runInfo(step, options);
  for (const schedule of Object.values(schedules)) schedule.begin?.(info);
  for (const callback of callbacks) callback.begin?.(info);
  const settings = settingsOf(step, schedules, train, options);
  const saved = options.resume && checkpoint ? await readCheckpoint(checkpoint.path) : undefined;
  if (saved) checkSettings(checkpoint!.path, saved.state.settings, settings);
  await workers?.agree("the run", { ...settings, steps: saved?.state.step ?? 0 });
  const tuning = await tune(models, train, options, saved?.state);
  const { compiled, shards, precision } = await compileStep(step, train, options, saved?.state);
  if (options.onProfile) {
    await options.onProfile(await profileStep(step, compiled, trialOf(train, options)));
  }
  if (together.workers > 1 && !saved) shareFirst(step.weights, together.rank);
  random.setState({ seed, counter: 0 });
  const evaluation = validation && evaluationOf(step, validation, options, shards);
  const run: Run = {
    options,
    size: train.size,
    batch,
    schedules,
    callbacks,
    step,
    compiled,
    evaluation,
    together,
    work: { examples: 0, seconds: 0, exchangeSeconds: 0 },
    isStopping: false,
    kept: [],
    savedAt: performance.now(),
    saving: Promise.resolve(),
    state: {
      epoch: 0,
      batch: 0,
      step: 0,
      random: random.getState(),
      history: [],
      seconds: 0,
      epochSeconds: 0,
      shards,
      precision,
      tuning,
      stopped: false,
      keptEpoch: 0,
      restoreKept: false,
      states: {},
      settings,
      workers: together.workers,
    },
  };
  if (saved) takeUp(run, { ...saved, state: { ...saved.state, shards, workers: together.workers } });
  return run;
}

/**
 * Has convolutions done as a checkpoint says, or as they are found to be fastest; a short run is not worth measuring, and mixed
 * precision leaves nothing to choose.
 */
async function tune(
  models: Models,
  train: Source,
  options: FitOptions,
  saved?: CheckpointState,
): Promise<Tuning> {
  const { shards = "auto", precision } = options, trial = trialOf(train, options);
  const examples = partOf(trial, togetherOf(options));
  const parts = shards === "auto" ? shardsByThreads(examples) : shards;
  const isWorth = !saved && trial.steps >= WORTH_MEASURING && precision !== "mixed";
  const tuning = isWorth
    ? await tuneConvolutions(Object.values(models), { batch: Math.ceil(examples / parts) })
    : saved?.tuning ?? {};
  useTuning(tuning);
  return tuning;
}

/** The size of a run, by which it is measured how to do it. */
function trialOf({ size }: Source, { batch = 128, epochs }: FitOptions): TrialOptions & { steps: number } {
  return { batch, size, steps: Math.ceil(size / batch) * epochs };
}

/** How a step runs: as it was asked for, as a checkpoint was made, or as a measurement found best. */
interface Settled {
  compiled: CompiledStep;
  shards: number;
  precision: Precision;
}

async function compileStep(
  step: TrainStep,
  train: Source,
  options: FitOptions,
  saved?: CheckpointState,
): Promise<Settled> {
  const { seed = 0 } = options, trial = trialOf(train, options);
  const wanted = wantedOf(options, saved);
  const refusal = wanted.precision === "mixed" ? mixedPrecisionRefusal() : undefined;
  if (refusal) throw new Error(`Cannot train in mixed precision: ${refusal}`);
  random.setState({ seed, counter: 0 });
  const first = wanted.precision === "mixed" ? "mixed" : "float32", together = togetherOf(options);
  if (isShared(together) || deviceCount() > 1) { // to measure, all workers would have to try the same
    const own = deviceCount() > 1 ? deviceCount() : shardsByThreads(partOf(trial, together));
    const shards = wanted.shards === "auto" ? own : wanted.shards;
    return { compiled: step.compile(shards, first, together), shards, precision: first };
  }
  const { shards, step: compiled } = wanted.shards === "auto"
    ? await chooseShards(step, { ...trial, precision: first })
    : { shards: wanted.shards, step: step.compile(wanted.shards, first) };
  if (wanted.precision !== "auto") return { compiled, shards, precision: wanted.precision };
  const chosen = await choosePrecision(step, { ...trial, shards, float32: compiled });
  return { compiled: chosen.step, shards, precision: chosen.precision };
}

/** Examples that a worker computes with at once. */
function partOf({ batch, size }: TrialOptions, { workers, accumulate }: Together): number {
  return Math.ceil(Math.min(batch, size) / workers / accumulate);
}

/** What was asked for, or what a checkpoint was made with; shards belong to a number of workers. @throws {Error} If they differ. */
function wantedOf(options: FitOptions, saved?: CheckpointState) {
  const { shards = "auto", precision } = options;
  if (!saved) return { shards, precision: precision ?? "float32" };
  const sameWorkers = (saved.workers ?? 1) === togetherOf(options).workers;
  const had = { shards: sameWorkers ? saved.shards : shards, precision: saved.precision ?? "float32" };
  if (shards !== "auto" && had.shards !== shards) {
    throw new Error(`Cannot resume as the run had ${had.shards} shards: got ${shards}`);
  }
  if (precision !== undefined && precision !== "auto" && had.precision !== precision) {
    throw new Error(`Cannot resume as the run had ${had.precision} precision: got ${precision}`);
  }
  return had;
}

/** What measures the validation examples; a worker that leaves in the middle would keep the others waiting. */
function evaluationOf(step: TrainStep, validation: Source, options: FitOptions, shards: number) {
  const { batch = 128, signal, workers } = options;
  return step.evaluation?.(validation, {
    batch: Math.max(batch, 256),
    shards,
    signal: workers ? undefined : signal,
    together: togetherOf(options),
  });
}

/** Which way the columns of the history improve. */
function runInfo({ better }: TrainStep, { epochs }: LoopOptions): RunInfo {
  const validated = Object.entries(better).map(([name, way]) => [validationName(name), way]);
  return { epochs, better: { ...better, ...Object.fromEntries(validated) } };
}

/** What must be the same for a run to go on. */
function settingsOf(
  step: TrainStep,
  schedules: Readonly<Record<string, Schedule>>,
  train: Source,
  { seed = 0, batch = 128, epochs, settings = {} }: LoopOptions,
): Record<string, unknown> {
  return {
    seed,
    batch,
    epochs,
    examples: train.size,
    weights: step.weights.map(({ shape }) => shape),
    schedule: Object.fromEntries(Object.entries(schedules).map(([name, { config }]) => [name, config])),
    ...step.config,
    ...settings,
  };
}
