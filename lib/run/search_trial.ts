/**
 * Trials of a search that train an experiment: judged on validation examples or by k-fold, never on the test examples.
 *
 * Data are loaded once a process: again only where a trial changes an option that loading reads. @module
 */
import { join } from "@std/path";
import { acquireLock } from "../base/lock.ts";
import { nearest } from "../base/nearest.ts";
import { createRng, shuffle } from "../base/rng.ts";
import { type Source, subset } from "../data/source.ts";
import { InterruptedError, type Objective, type TrialContext } from "../search/mod.ts";
import {
  type Callback,
  countParameters,
  csvLog,
  fit,
  type History,
  modelsOf,
  shardsByThreads,
} from "../train/mod.ts";
import type { Data, Experiment, LoadContext, Options, OptionTable } from "./experiment.ts";
import { runPaths } from "./run_folder.ts";

/** Options for {@linkcode experimentObjective}. */
export interface ExperimentTrialOptions<T extends OptionTable = OptionTable> {
  /** Values of all options of the experiment; a trial's parameters take the place of some. */
  options: Options<T>;
  /** What a trial is judged by, as the history names it; also `parameters`. @default {["validationLoss"]} */
  metrics?: readonly string[];
  /** Judge by so many parts of the training examples in turn, instead of by the validation examples. */
  folds?: number;
  /** Where data sets are kept. @default {"data"} */
  dataFolder?: string;
  openBucket?: LoadContext["openBucket"];
  /** Into how many shards to cut a batch. @default {one a thread} */
  shards?: number;
  /** Epochs from one checkpoint to the next. @default {1} */
  saveEvery?: number;
}

/** An objective that keeps data between trials. */
export interface ExperimentObjective extends Disposable {
  objective: Objective;
}

/**
 * Makes an objective of an experiment. The engine must be running.
 *
 * A trial reports the numbers of each epoch, writes a checkpoint into its folder, and goes on from there when it is tried
 * again.
 *
 * @throws {Error} (the objective) If the data have no validation examples and no folds are asked for, or the history has
 * no such metric, naming the nearest.
 */
export function experimentObjective<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  settings: ExperimentTrialOptions<T>,
): ExperimentObjective {
  // From here on what the options and the data are is the experiment's own business.
  return objectiveOf(experiment as unknown as Experiment, settings as unknown as ExperimentTrialOptions);
}

function objectiveOf(experiment: Experiment, settings: ExperimentTrialOptions): ExperimentObjective {
  const store = new DataStore(experiment, settings);
  return {
    objective: async (params, trial) => {
      const options = { ...settings.options, ...params, seed: trial.seed } as Options;
      const data = await store.get(options, trial);
      const parts = partsOf(experiment.name, data, settings);
      const means: Record<string, number> = {}, each: Record<string, number>[] = [];
      for (const part of parts) {
        const numbers = await train(experiment, data, part, options, trial, settings);
        each.push(numbers);
        for (const [name, value] of Object.entries(numbers)) {
          means[name] = (means[name] ?? 0) + value / parts.length;
        }
      }
      const values = pickMetrics(means, settings);
      if (parts.length === 1) return { values, metrics: means };
      const [first] = Object.keys(values);
      return { values, metrics: means, folds: each.map((numbers) => numbers[first]) };
    },
    [Symbol.dispose]: () => store.dispose(),
  };
}

/** Loaded data, and the options that loading them read. */
class DataStore {
  #data?: Data;
  #read = new Map<string, string>();

  constructor(readonly experiment: Experiment, readonly settings: ExperimentTrialOptions) {}

  /** The data for some options: those that are there, if loading would read the same values. */
  async get(options: Options, { log, signal }: TrialContext): Promise<Data> {
    // All trials are judged on the same examples, so the split's seed is the study's and not the trial's.
    const loading = { ...options, seed: this.settings.options.seed } as Options & Record<string, unknown>;
    if (this.#data) {
      const same = [...this.#read].every(([name, value]) => JSON.stringify(loading[name]) === value);
      if (same) return this.#data;
    }
    this.dispose();
    const { dataFolder = "data", openBucket } = this.settings;
    const watched = new Proxy(loading, {
      get: (target, name) => {
        if (typeof name === "string") this.#read.set(name, JSON.stringify(target[name]));
        return Reflect.get(target, name);
      },
      ownKeys: (target) => {
        for (const name of Object.keys(target)) this.#read.set(name, JSON.stringify(target[name]));
        return Reflect.ownKeys(target);
      },
    });
    // What is not there yet is fetched or simulated by one process while the others wait.
    using _lock = await lockFolder(dataFolder, signal);
    this.#data = await this.experiment.load(watched, { dataFolder, openBucket, log, signal });
    return this.#data;
  }

  dispose(): void {
    this.#data?.dispose();
    this.#data = undefined;
    this.#read.clear();
  }
}

/** A lock on the folder of data sets; none where it may not be written, as nothing is made there then. */
async function lockFolder(folder: string, signal: AbortSignal): Promise<Disposable> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    return await acquireLock(join(folder, ".loading.lock"), { heartbeatMs: 5_000, signal });
  } catch (error) {
    signal.throwIfAborted();
    const { PermissionDenied, NotCapable } = Deno.errors;
    const isReadOnly = error instanceof PermissionDenied || error instanceof NotCapable ||
      (error instanceof Error && error.message.includes("Read-only"));
    if (!isReadOnly) throw error;
    return { [Symbol.dispose]: () => {} };
  }
}

/** What is trained on, and what is judged by. */
interface Part {
  name: string;
  train: Source;
  validation: Source;
}

function partsOf(name: string, data: Data, { folds, options: { seed } }: ExperimentTrialOptions): Part[] {
  if (folds === undefined) {
    if (data.validation) return [{ name: "", train: data.train, validation: data.validation }];
    throw new Error(
      `Cannot judge a trial of "${name}" as its data have no validation examples: keep some, or ask for folds`,
    );
  }
  const { train } = data;
  if (!(Number.isInteger(folds) && folds > 1 && folds <= train.size)) {
    throw new RangeError(`Cannot cut ${train.size} training examples into ${folds} folds`);
  }
  const rng = createRng(seed, 77), own = data.folds?.(folds, rng);
  if (own) return own.map((part, fold) => ({ name: `fold${fold + 1}`, ...part }));
  const order = shuffle(Uint32Array.from({ length: train.size }, (_, i) => i), rng);
  return Array.from({ length: folds }, (_, fold) => {
    const inside = (_: number, i: number) => i % folds === fold;
    return {
      name: `fold${fold + 1}`,
      train: subset(train, order.filter((row, i) => !inside(row, i))),
      validation: subset(train, order.filter(inside)),
    };
  });
}

async function train(
  experiment: Experiment,
  data: Data,
  part: Part,
  options: Options,
  trial: TrialContext,
  { shards, saveEvery }: ExperimentTrialOptions,
): Promise<Record<string, number>> {
  const folder = join(trial.folder, part.name), paths = runPaths(folder);
  const checkpointFolder = join(paths.checkpoint, "..");
  await Deno.mkdir(checkpointFolder, { recursive: true });
  const resume = trial.attempt > 1 && await Deno.stat(paths.checkpoint).then(() => true, () => false);
  const models = modelsOf(experiment.build(options, data));
  const isFirst = part.name === "" || part.name === "fold1"; // curves and pruning are those of the first fold
  const reporter: Callback = {
    name: "search",
    async onEpoch({ epoch, ...numbers }) {
      if (!isFirst) return;
      try {
        await trial.report(epoch, numbers, part.name === "" && epoch === options.epochs);
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error; // fit sees the signal, and writes its checkpoint
      }
    },
  };
  try {
    const recipe = experiment.recipe(options, data, models);
    const history = await fit(models, part.train, {
      ...recipe,
      epochs: options.epochs,
      batch: options.batch,
      seed: options.seed,
      validation: part.validation,
      // A trial may go on where there are other threads: as its checkpoint has it then.
      shards: resume
        ? "auto"
        : recipe.shards ?? shards ?? shardsByThreads(Math.min(options.batch, part.train.size)),
      callbacks: [...recipe.callbacks ?? [], csvLog(paths.history), reporter],
      checkpoint: { path: paths.checkpoint, every: saveEvery },
      resume,
      signal: trial.signal,
    });
    if (history.ending === "interrupted") throw trial.signal.reason;
    await Deno.remove(checkpointFolder, { recursive: true });
    const parameters = Object.values(models).reduce((sum, model) => sum + countParameters(model), 0);
    return { ...numbersOf(history), parameters };
  } finally {
    for (const model of Object.values(models)) model.dispose();
  }
}

/** The numbers of the epoch whose weights the model holds. */
function numbersOf({ epochs, weightsOf }: History): Record<string, number> {
  const { epoch: _, ...numbers } = epochs.find(({ epoch }) => epoch === weightsOf) ?? epochs.at(-1)!;
  return numbers;
}

function pickMetrics(
  numbers: Readonly<Record<string, number>>,
  { metrics = ["validationLoss"] }: ExperimentTrialOptions,
): Record<string, number> {
  const names = Object.keys(numbers);
  for (const metric of metrics) {
    if (metric in numbers) continue;
    const near = nearest(metric, names);
    throw new RangeError(
      `Cannot judge a trial by "${metric}"${near ? ` (nearest: "${near}")` : ""}: there are ${
        names.join(", ")
      }`,
    );
  }
  return Object.fromEntries(metrics.map((metric) => [metric, numbers[metric]]));
}

/**
 * Checks, before anything is loaded, that trials have something to be judged by.
 *
 * @throws {RangeError} If the options keep no validation examples and no folds are asked for.
 */
export function checkJudged(name: string, options: Readonly<Record<string, unknown>>, folds?: number): void {
  if (folds !== undefined || options.validation !== 0) return;
  throw new RangeError(
    `Cannot judge trials of "${name}" as no examples are kept for validation: give --folds K, or --validation`,
  );
}

/**
 * Checks that losses of trials compare: none of the searched options changes what is minimised.
 *
 * @param metrics What trials are judged by.
 * @throws {RangeError} Naming the option and the metric.
 */
export function checkComparable(
  { name, options }: Pick<Experiment, "name" | "options">,
  searched: readonly string[],
  metrics: readonly string[],
): void {
  const loss = metrics.find(isLoss), changing = searched.find((option) => options[option]?.changesLoss);
  if (loss === undefined || changing === undefined) return;
  throw new RangeError(
    `Cannot judge trials of "${name}" by ${loss} where "${changing}" is searched, as it changes what the loss is: ` +
      `give --metric a number that all trials have alike, such as validationAccuracy, or search each "${changing}" by itself`,
  );
}

/** Whether a metric is a loss, or a part of one. */
const isLoss = (metric: string) => /loss$/i.test(metric);

/** Options that a search tries where it is told nothing: those with a range under which what it is judged by compares. */
export function searchedByDefault(options: OptionTable, metrics: readonly string[]): string[] {
  const byLoss = metrics.some(isLoss);
  return Object.keys(options).filter((name) =>
    "range" in options[name] && !(byLoss && options[name].changesLoss)
  );
}

/** Checks that a space names options of an experiment. @throws {RangeError} Naming the nearest. */
export function checkSpaceOf(experiment: Experiment, names: readonly string[]): void {
  const known = [...Object.keys(experiment.options), "epochs", "batch"];
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new RangeError(
      `Cannot search "${experiment.name}" by "${name}": it has no such option${
        near ? ` (nearest: "${near}")` : ""
      }`,
    );
  }
}
