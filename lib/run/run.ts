/** One training run of an experiment, from its options to a full run folder. @module */
import { dirname } from "@std/path";
import { writeDurably } from "../base/durable_file.ts";
import { acquireLock, type Lock } from "../base/lock.ts";
import type { Card, CardMetric } from "../card/mod.ts";
import { engineReport, type FunctionProfile } from "../engine/mod.ts";
import {
  type BatchReport,
  countParameters,
  csvLog,
  type EpochNumbers,
  fit,
  type History,
  type LoopOptions,
  type Models,
  type OptimizerSnapshot,
  type Predictions,
  type Schedule,
  type StepProfile,
  summarizeProfile,
  type Workers,
  type WorkReport,
} from "../train/mod.ts";
import { checkCard } from "./check_card.ts";
import { checkServing } from "./check_serving.ts";
import type { CardParts, Data, Experiment, LoadContext, Options, OptionTable, Recipe } from "./experiment.ts";
import { completeParts, exportModel, writeCard } from "./export_model.ts";
import { measureModels, type PrepareModels, prepareModels } from "./measure_models.ts";
import { writeReport } from "./report.ts";
import { encodeTrace } from "./trace_file.ts";
import { encodeXSpace } from "./xplane_file.ts";
import { occlusionOfTest } from "./test_occlusion.ts";
import {
  newRecord,
  prepareFolder,
  readRecord,
  runPaths,
  type RunRecord,
  type WorkOfOne,
  writeRecord,
} from "./run_folder.ts";

/** Options for {@linkcode runExperiment}. */
export interface RunOptions<T extends OptionTable = OptionTable> {
  /** The run folder; made where missing. */
  folder: string;
  /** Values of the experiment's options, with `epochs`, `batch` and `seed`. */
  options: Options<T>;
  /** Where data sets are kept. @default {"data"} */
  dataFolder?: string;
  /** Opens a bucket with data. */
  openBucket?: LoadContext["openBucket"];
  /** Go on with the run in the folder. @default {false} */
  resume?: boolean;
  /** Epochs from one checkpoint to the next. @default {1} */
  saveEvery?: number;
  /** Into how many shards to cut a batch. @default {"auto"} */
  shards?: number | "auto";
  /** In which numbers layers multiply; "auto" measures, for an experiment that was shown to lose nothing. @default {"float32"} */
  precision?: LoopOptions["precision"];
  /** Find out where a step's time goes: told, shown in the report and kept as a trace. @default {nobody asks} */
  onProfile?: (profile: StepProfile) => void;
  /** The other processes that take every step together with this one; the first of them writes the folder. */
  workers?: Workers;
  /** Parts of a batch that are worked on one after another. @default {1} */
  accumulate?: number;
  /** Whether batch normalisation takes the moments of all workers' examples. @default {true} */
  syncBatchNorm?: boolean;
  /** Changes the models before training. @default {they are trained as built} */
  prepareModels?: PrepareModels;
  /** Ends the run with a checkpoint. */
  signal?: AbortSignal;
  /** Takes a line for each thing done. */
  log?: (line: string) => void;
  /** Takes how far loading is. */
  onLoad?: LoadContext["onProgress"];
  /** Takes the numbers of a batch. */
  onBatch?: (report: BatchReport) => void;
  /** Takes the numbers of an epoch. */
  onEpoch?: (numbers: EpochNumbers) => void;
}

/** What became of a run. */
export interface RunResult {
  /** The run folder. */
  folder: string;
  /** Numbers of every epoch. */
  history: History;
  /** Metrics on the test examples; absent where the run was interrupted. */
  metrics?: Record<string, CardMetric>;
  /** The model's card; absent where the run was interrupted. */
  card?: Card;
}

/** Test examples that are scored through card and ONNX at the end. */
const SERVED_EXAMPLES = 16;

/**
 * Trains, evaluates, exports and reports one run.
 *
 * The engine must be running. While the run lasts, a lock with host, process and age keeps others off its folder. Every file
 * of the folder is written under another name and renamed, `model.json` last. An interrupted run leaves its checkpoint,
 * history and `run.json`.
 *
 * @throws {Error} If the folder cannot be written, is another run's at work, or already holds a run that is not to be
 * resumed; what loading and training throw.
 */
export async function runExperiment<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  run: RunOptions<T>,
): Promise<RunResult> {
  // From here on what the options and the data are is the experiment's own business.
  return await runAny(experiment as unknown as Experiment, run as unknown as RunOptions);
}

async function runAny(experiment: Experiment, run: RunOptions): Promise<RunResult> {
  if (run.workers && run.workers.rank > 0) return await follow(experiment, run);
  const before = await readRecord(run.folder);
  checkRecord(experiment, run, before);
  const undo = await prepareFolder(run.folder);
  let lock: Lock | undefined;
  try {
    lock = await lockFolder(run.folder);
    await Deno.mkdir(dirname(runPaths(run.folder).checkpoint), { recursive: true }); // one that gave up may have taken it away
    const data = await loadData(experiment, run);
    try {
      if (before) checkData(run.folder, before, data);
      return await trainOn(experiment, run, data, before);
    } finally {
      data.dispose();
    }
  } finally {
    // Where the lock is another's, so is the folder.
    if (lock?.isHeld() && await readRecord(run.folder) === undefined) await undo(() => lock?.release());
    lock?.release();
  }
}

/** The part of a worker that is not the first: it takes every step with the others, and writes nothing. */
async function follow(experiment: Experiment, run: RunOptions): Promise<RunResult> {
  const data = await loadData(experiment, run);
  try {
    const { models, recipe } = await prepare(experiment, run, data);
    const before = run.resume ? await readRecord(run.folder) : undefined;
    const precision = precisionFor(experiment, run, before);
    const { history } = await trainModels(models, recipe, { ...run, precision }, data);
    return { folder: run.folder, history };
  } finally {
    data.dispose();
  }
}

/** Models and recipe of a run. */
function prepare(experiment: Experiment, run: RunOptions, data: Data) {
  return prepareModels(experiment, run.options, data, run.prepareModels);
}

function checkRecord(experiment: Experiment, { folder, resume }: RunOptions, before?: RunRecord): void {
  if (before && !resume) {
    throw new Error(`Cannot start a run in "${folder}" as it holds one: resume it, or give another folder`);
  }
  if (before && before.experiment !== experiment.name) {
    throw new Error(
      `Cannot resume "${folder}" as "${experiment.name}": it holds a run of "${before.experiment}"`,
    );
  }
}

/** Keeps other processes off the folder; one that is at work there is named. */
async function lockFolder(folder: string): Promise<Lock> {
  try {
    return await acquireLock(runPaths(folder).lock, { timeoutMs: 0, heartbeatMs: 5000 });
  } catch (error) {
    throw new Error(
      `Cannot train into "${folder}" as another process is at work there: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

function loadData(experiment: Experiment, run: RunOptions): Promise<Data> {
  const { options, dataFolder = "data", signal, log = () => {}, onLoad, openBucket } = run;
  return experiment.load(options, { dataFolder, log, signal, onProgress: onLoad, openBucket });
}

/** Refuses to go on with other data than the run began with. */
function checkData(folder: string, { dataFingerprint }: RunRecord, { fingerprint }: Data): void {
  if (dataFingerprint === undefined || dataFingerprint === fingerprint) return;
  throw new Error(
    `Cannot resume "${folder}" as its data are not those that it began with: their fingerprint was ` +
      `${dataFingerprint.slice(0, 12)}…, now it is ${fingerprint.slice(0, 12)}…`,
  );
}

async function trainOn(
  experiment: Experiment,
  run: RunOptions,
  data: Data,
  before: RunRecord | undefined,
): Promise<RunResult> {
  const { folder, options } = run;
  const { models, recipe } = await prepare(experiment, run, data);
  const [model] = Object.values(models);
  const parts = experiment.card(options, data);
  const planned = checkCard(experiment.name, parts, model, data.test);
  if (before?.state === "finished") {
    throw new Error(`Cannot resume "${folder}" as its run is finished: its model and report are there`);
  }
  const precision = precisionFor(experiment, run, before);
  const record = describe(before ?? newRecord(experiment.name, options), data, models, recipe);
  Object.assign(record.engine!, { precision: precision ?? "float32" });
  await writeRecord(folder, record);
  const { history, optimizer } = await trainModels(models, recipe, { ...run, precision }, data, record);
  noteTraining(record, history);
  if (history.ending !== "interrupted") {
    const asked = { experiment, run, data, models, recipe, parts, card: planned, record };
    const measured = await unlessStopped(run.signal, () => finish(asked, history, optimizer));
    if (measured) return { folder, history, ...measured };
  }
  record.state = "interrupted";
  await writeRecord(folder, record);
  return { folder, history };
}

/** What a piece of work gives, or undefined where the signal ended it. */
async function unlessStopped<T>(signal: AbortSignal | undefined, work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** A run whose models are trained. */
interface TrainedRun {
  experiment: Experiment;
  run: RunOptions;
  data: Data;
  models: Models;
  recipe: Recipe;
  parts: CardParts;
  card: Card;
  record: RunRecord;
}

/** Measures, exports and reports what was trained. @throws {unknown} The signal's reason between two of its parts. */
async function finish(trained: TrainedRun, history: History, optimizer: OptimizerSnapshot | undefined) {
  const { experiment, run, data, models, recipe, parts, card: planned, record } = trained;
  const { folder, options, signal, log = () => {} } = run, [model] = Object.values(models);
  signal?.throwIfAborted();
  const { results, measured } = await measureModels(
    experiment,
    options,
    data,
    { models, recipe, history },
    { card: planned, shards: history.shards, signal },
  );
  warnOfNaN(measured.metrics, log);
  const { onnx, hasOptimizer } = await exportModel(folder, model, planned, optimizer);
  if (optimizer && !hasOptimizer) {
    log(`model.keras is without the state of ${optimizer.config.name}, which its format cannot say`);
  }
  record.serving = await verifyServing(planned, onnx, data, results.predictions);
  if (record.serving) log(servingLine(record.serving));
  const outcome = { record, history, metrics: measured.metrics };
  const asked = { card: planned, onnx, data, threads: engineReport().threads };
  const shown = {
    ...results,
    measured,
    occlusion: (rows: readonly number[]) => occlusionOfTest(asked, rows),
  };
  signal?.throwIfAborted();
  const figures = await experiment.figures(shown, data, options);
  signal?.throwIfAborted();
  await writeReport(folder, experiment, { ...outcome, figures, models });
  const card = await writeCard(folder, experiment.name, completeParts(parts, measured), outcome);
  Object.assign(record, {
    state: "finished",
    finished: new Date().toISOString(),
    metrics: measured.metrics,
  });
  await writeRecord(folder, record);
  return { metrics: measured.metrics, card };
}

/** Fills in how training went. */
function noteTraining(record: RunRecord, history: History): void {
  const { shards, precision, tuning, seconds, weightsOf, workers } = history;
  Object.assign(record.engine!, { shards, precision });
  Object.assign(record, {
    tuning,
    workers: workers?.map(workOf),
    seconds,
    weightsOf,
    learningRates: learningRatesOf(history),
  });
}

/** Fills in what is known once data, models and recipe are there. */
function describe(record: RunRecord, data: Data, models: Models, recipe: Recipe): RunRecord {
  const { backend, version, threads } = engineReport();
  const parameters = Object.values(models).reduce((sum, model) => sum + countParameters(model), 0);
  return {
    ...record,
    state: "running",
    origin: data.origin ?? ([record.options.data ?? []].flat().join(", ") || "the experiment's own"),
    dataFingerprint: data.fingerprint,
    examples: { train: data.train.size, validation: data.validation?.size ?? 0, test: data.test.size },
    engine: { ...record.engine, backend, version, threads },
    parameters,
    schedule: scheduleOf(recipe),
  };
}

/** How a recipe's learning rates are to change; by role where each has its own. */
function scheduleOf(recipe: Recipe): RunRecord["schedule"] {
  const schedule = "schedule" in recipe ? recipe.schedule as LoopOptions["schedule"] : undefined;
  if (schedule === undefined) return undefined;
  if (typeof schedule.rate === "function") return (schedule as Schedule).config;
  const byRole = Object.entries(schedule as Readonly<Record<string, Schedule>>);
  return Object.fromEntries(byRole.map(([role, { config }]) => [role, config]));
}

/** Learning rates of a run's epochs, by the column of the history that has them: the first, the highest, the last. */
function learningRatesOf({ epochs }: History): RunRecord["learningRates"] {
  const columns = new Set(
    epochs.flatMap((numbers) => Object.keys(numbers)).filter((name) => /learningRate$/i.test(name)),
  );
  return Object.fromEntries(Array.from(columns, (column) => {
    const rates = epochs.map((numbers) => numbers[column]);
    return [column, { first: rates[0], highest: Math.max(...rates), last: rates[rates.length - 1] }];
  }));
}

/**
 * What to train in: as asked, else as the run began. Without evidence that it loses nothing an experiment is not trained in mixed
 * precision unless that is asked for by name.
 */
function precisionFor(
  { mixedPrecision, name }: Experiment,
  { precision, log }: RunOptions,
  before?: RunRecord,
): LoopOptions["precision"] {
  const wanted = precision ?? before?.engine?.precision as LoopOptions["precision"];
  if (wanted !== "auto" || mixedPrecision || before) return wanted;
  log?.(`float32, as no measurement shows yet that ${name} learns as much in mixed precision`);
  return "float32";
}

/** Keeps where a step's time goes: in the record, as a trace, and for whoever asked. */
async function keepProfile(record: RunRecord, run: RunOptions, profile: FunctionProfile | undefined) {
  if (!profile) {
    const { backend } = engineReport();
    throw new Error(`Cannot profile on the ${backend} backend: only TensorFlow says what an op takes`);
  }
  const { trace, xplane } = runPaths(run.folder);
  await writeDurably(trace, encodeTrace(profile, record.experiment));
  await Deno.mkdir(dirname(xplane), { recursive: true });
  await writeDurably(xplane, encodeXSpace(profile, Date.now()));
  record.profile = summarizeProfile(profile);
  run.onProfile!(record.profile);
}

async function trainModels(models: Models, recipe: Recipe, run: RunOptions, data: Data, record?: RunRecord) {
  const { folder, options, workers, accumulate, syncBatchNorm } = run, paths = runPaths(folder);
  const isFirst = (workers?.rank ?? 0) === 0;
  await workers?.agree("the data", { data: data.fingerprint, examples: data.train.size });
  let optimizer: OptimizerSnapshot | undefined;
  const history = await fit(models, data.train, {
    ...recipe,
    epochs: options.epochs,
    batch: options.batch,
    seed: options.seed,
    validation: data.validation,
    shards: run.shards ?? recipe.shards,
    precision: run.precision,
    callbacks: [...recipe.callbacks ?? [], ...isFirst ? [csvLog(paths.history)] : []],
    workers,
    accumulate,
    syncBatchNorm,
    checkpoint: { path: paths.checkpoint, every: run.saveEvery },
    settings: { data: data.fingerprint },
    resume: run.resume,
    signal: run.signal,
    onBatch: run.onBatch,
    onEpoch: run.onEpoch,
    onProfile: run.onProfile && record && ((profile) => keepProfile(record, run, profile)),
    onEnd: (state) => optimizer = state,
  });
  return { history, optimizer };
}

/** What a worker did, in numbers for people: efficiency is the share of its steps in which it neither exchanged nor waited. */
export function workOf({ examples, seconds, exchangeSeconds }: WorkReport): WorkOfOne {
  const share = seconds > 0 ? exchangeSeconds / seconds : 0;
  const round = (value: number) => Number(value.toPrecision(4));
  return {
    examples,
    examplesPerSecond: round(examples / seconds),
    exchangeShare: round(share),
    efficiency: round(1 - share),
  };
}

/** Says which metrics could not be measured; a run of hours is not lost for them. */
function warnOfNaN(metrics: Record<string, CardMetric>, log: (line: string) => void): void {
  for (const [name, { value, n }] of Object.entries(metrics)) {
    if (!Number.isFinite(value)) log(`Could not measure ${name} on ${n} examples: it is not a number`);
  }
}

async function verifyServing(card: Card, onnx: Uint8Array, data: Data, predictions: Predictions) {
  if (!data.raw) return undefined;
  const count = Math.min(SERVED_EXAMPLES, data.test.size);
  const rows = Array.from({ length: count }, (_, i) => Math.floor(i * data.test.size / count));
  return await checkServing({ card, onnx, raw: await data.raw(rows), rows, predictions });
}

function servingLine({ largest, examples }: { largest: number; examples: number }): string {
  return `Served as trained: ${examples} raw test examples differ by at most ${largest.toExponential(1)}`;
}
