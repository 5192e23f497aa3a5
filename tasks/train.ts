/**
 * `deno task train`: trains an experiment from its data to a measured, exported model in a run folder.
 * @module
 */
import type { CardMetric } from "../lib/card/mod.ts";
import { nearest } from "../lib/base/nearest.ts";
import { basename, join, resolve } from "@std/path";
import { pathToFileURL } from "node:url";
import { engineReport, type Joined, mixedPrecisionRefusal, startEngine } from "../lib/engine/mod.ts";
import type { Experiment, LoadProgress, Options } from "../lib/run/experiment.ts";
import { DEFAULT_EXPERIMENT, EXPERIMENTS } from "../lib/experiments/registry.ts";
import { fineTune } from "../lib/run/fine_tune.ts";
import { runExperiment, type RunResult, workOf } from "../lib/run/run.ts";
import { readRecord } from "../lib/run/run_folder.ts";
import { formatSummary, summarizeModel } from "../lib/models/mod.ts";
import {
  type BatchReport,
  type EpochNumbers,
  type Models,
  type StepProfile,
  trainingWorkers,
  WorkerLostError,
  type Workers,
} from "../lib/train/mod.ts";
import {
  CliError,
  createOutput,
  flagName,
  formatCount,
  formatSeconds,
  interruptible,
  JSON_OPTION,
  type OptionTable,
  type Output,
  type Progress,
  readOptions,
  runTask,
  stopCode,
} from "./_cli.ts";
import { openBucket } from "./_stores.ts";
import { runJoined, type Spread, spreadOf, startWorkers, STRATEGIES, whenAbandoned } from "./_workers.ts";

/** Options that every experiment has; those of the experiment come between. */
function optionTable(experiment: Experiment) {
  const { epochs, batch } = experiment.defaults;
  return {
    epochs: { type: "integer", default: epochs, min: 1, help: "Passes over the training examples." },
    batch: { type: "integer", default: batch, min: 1, help: "Examples a step." },
    seed: { type: "integer", default: 0, min: 0, max: 2 ** 31 - 1, help: "Fixes everything random." },
    ...experiment.options as OptionTable,
    ...OWN_OPTIONS,
  } as const;
}

/** Options of the task itself; they do not change what is learned. */
const OWN_OPTIONS = {
  backend: {
    type: "choice",
    choices: ["auto", "tensorflow", "wasm", "cpu", "webgpu"],
    default: "auto",
    help: "What computes.",
  },
  threads: {
    type: "integer",
    min: 1,
    max: 1024,
    hint: "N",
    help: "Threads of the native backend (default: all).",
  },
  shards: {
    type: "integer",
    min: 1,
    max: 64,
    hint: "N",
    help: "Parts of a batch worked on side by side (default: measured).",
  },
  precision: {
    type: "choice",
    choices: ["float32", "mixed", "auto"],
    default: "float32",
    help:
      "Numbers that layers multiply; mixed: bfloat16, auto: where it is faster and was shown to lose nothing.",
  },
  profile: {
    type: "boolean",
    default: false,
    help: "Say where a step's time goes, by layer and by op, with a trace for Perfetto.",
  },
  strategy: {
    type: "choice",
    choices: STRATEGIES,
    help:
      "How a step is spread: over one process, its --devices, or several processes (default: as those options and Slurm say).",
  },
  workers: {
    type: "integer",
    min: 1,
    max: 1024,
    hint: "N",
    help: "Processes that take every step together, a part of the batch each.",
  },
  devices: { type: "list", hint: "A,B", help: "Devices of one process, such as gpu:0,gpu:1 or cpu:0,cpu:1." },
  accumulate: {
    type: "integer",
    default: 1,
    min: 1,
    help: "Parts of a batch that are worked on one after another, for batches that memory does not hold.",
  },
  syncBatchNorm: {
    type: "boolean",
    default: true,
    help: "Batch normalisation takes the moments of all workers' examples.",
  },
  stuckAfter: {
    type: "integer",
    default: 120,
    min: 5,
    hint: "SECONDS",
    help: "How long a worker may be behind the others.",
  },
  out: { type: "string", hint: "FOLDER", help: "Run folder (default: runs/EXPERIMENT/ and the time)." },
  resume: { type: "boolean", default: false, help: "Go on with the run in --out, or with the newest one." },
  saveEvery: { type: "integer", default: 1, min: 1, help: "Epochs from one checkpoint to the next." },
  dataFolder: { type: "string", default: "data", hint: "FOLDER", help: "Where data sets are kept." },
  from: {
    type: "string",
    hint: "RUN|FILE",
    help:
      "Start from the weights of this run or .keras file (of several: top_=RUN,side_=RUN, before the layers' names).",
  },
  freeze: { type: "list", hint: "LAYERS", help: "Layers that training leaves alone, such as conv1,stage*." },
  summary: { type: "boolean", default: false, help: "Print the model as Keras does before training it." },
  list: { type: "boolean", default: false, help: "List the experiments." },
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const command = await readCommand(args);
    const { experiment, options } = command, output = createOutput(options);
    if (options.list) {
      output.table("experiment", EXPERIMENTS.map(({ name, summary }) => ({ name, summary })), [
        "name",
        "summary",
      ]);
      return 0;
    }
    const spread = spreadOf(options, Deno.env.toObject());
    checkSpread(spread, options);
    if ("start" in spread) return await startWorkers(args, spread.start);
    if (!("place" in spread)) return await trainAs(command, spread, output);
    const { place } = spread, settled = settle(command);
    const first = place.rank === 0 ? await findRun(command, settled) : undefined;
    const { precision, accumulate, syncBatchNorm } = options;
    const facts = factsOf({ ...settled, precision, accumulate, syncBatchNorm, experiment: experiment.name });
    const request = { place, facts: { ...FACTS, ...facts }, patience: options.stuckAfter, word: first };
    return await runJoined(request, async (joined) => {
      const run = joined.word as RunToDo;
      return await trainAs(command, spread, place.rank === 0 ? output : SILENT, { joined, run });
    });
  });
}

/** Refuses what is only for one worker. @throws {CliError} */
function checkSpread({ strategy }: Spread, { profile, accumulate, backend }: Command["options"]): void {
  if (profile && (strategy === "multiworker" || accumulate > 1)) {
    throw new CliError("Option --profile is for one worker that takes its steps whole");
  }
  if (strategy !== "one" && backend !== "auto" && backend !== "tensorflow") {
    throw new CliError(`Option --strategy ${strategy} needs the tensorflow backend: got ${backend}`);
  }
}

/** What must be the same in all workers beside the options. */
const FACTS = { Deno: Deno.version.deno, platform: Deno.build.target };
/** How a worker that is not the first speaks. */
const SILENT = createOutput({ terminal: false, print: () => {}, printError: () => {} });

/** Where to train, and with which values. */
interface RunToDo {
  folder: string;
  values: Options;
  /** What the run measured, if it is finished already. */
  metrics?: Record<string, CardMetric>;
}

type Command = Awaited<ReturnType<typeof readCommand>>;

/** Values of the experiment's options. */
function settle({ experiment, table, options, given }: Command): Options {
  const picked = pick(options, table);
  return experiment.resolveOptions?.(picked, given) ?? picked;
}

function factsOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`--${flagName(key)}`, JSON.stringify(value) ?? "nothing"]),
  );
}

/** The folder that is to be trained into, and the values of the run that is in it. */
async function findRun({ experiment, options, given }: Command, settled: Options): Promise<RunToDo> {
  const folder = options.out ?? await defaultFolder(experiment.name, options.resume);
  const values = await resumed(experiment, folder, settled, given, options.resume);
  const record = await readRecord(folder);
  const finished = record?.state === "finished";
  return { folder, values, ...(finished && { metrics: record.metrics as Record<string, CardMetric> }) };
}

/** Trains alone, or as one of several workers. */
async function trainAs(
  command: Command,
  spread: Spread,
  output: Output,
  group?: { joined: Joined; run: RunToDo },
): Promise<number> {
  const run = group?.run ?? await findRun(command, settle(command));
  const { folder, metrics } = run;
  if (metrics) {
    printMetrics(output, metrics);
    output.record("finished", { folder }, `${folder} is finished already: nothing was done`);
    return 0;
  }
  try {
    return await trainInto(run, command, spread, output, group?.joined);
  } catch (error) {
    if (error instanceof WorkerLostError) {
      error.message += `. Go on: deno task train ${command.experiment.name} --resume --out ${folder}`;
    }
    throw error;
  }
}

/** What the command line asks for. @throws {CliError} */
async function readCommand(args: string[]) {
  const named = args.length > 0 && !args[0].startsWith("-") ? args[0] : undefined;
  const experiment = await findExperiment(named ?? DEFAULT_EXPERIMENT);
  const table = optionTable(experiment);
  const { options, words, given } = readOptions(args, table, {
    usage: `deno task train ${named ?? "[EXPERIMENT]"}`,
    summary: named
      ? `${experiment.summary}.`
      : `Trains an experiment: ${
        EXPERIMENTS.map(({ name }) => name).join(", ")
      } (default: ${DEFAULT_EXPERIMENT}).\n` +
        "Each has options of its own: deno task train EXPERIMENT --help",
    examples: [
      "deno task train                                    # the default experiment, our best recipe",
      `deno task train ${experiment.name} --epochs 3 --seed 7 --out runs/a`,
      "deno task train --resume                           # goes on with the newest run",
      "deno task train --list",
    ],
    words: [0, 1],
  });
  if (words[0] !== named) {
    const hint = options.resume
      ? `the run to go on with is named by --out ${words[0]}`
      : "the experiment comes first";
    throw new CliError(`Unexpected argument "${words[0]}": ${hint}`);
  }
  return { experiment, table, options, given };
}

/** Trains, from the start of the engine to the numbers; gives the task's exit code. */
async function trainInto(
  { folder, values }: RunToDo,
  { experiment, options, given }: Command,
  spread: Spread,
  output: Output,
  joined?: Joined,
): Promise<number> {
  const log = (line: string) => output.say(line);
  const { dataFolder, resume, saveEvery, shards, accumulate, syncBatchNorm, from, freeze } = options;
  const bars = createBars(output, values.epochs);
  const obtain = (signal: AbortSignal) =>
    experiment.obtain?.(values, { dataFolder, log, signal, openBucket, onProgress: bars.onLoad });
  const start = async () => {
    const workers = await startBackend(spread, options, log, joined);
    checkProfile(options);
    return { workers, precision: precisionOf(options, given) };
  };
  const started = joined ? await start() : await startWhile(obtain, start).finally(bars.end);
  const { workers, precision } = started, { library: _, ...engine } = engineReport();
  output.record(
    "start",
    {
      experiment: experiment.name,
      folder,
      ...engine,
      options: values,
      ...(workers && { workers: workers.size }),
    },
    `${experiment.name} on ${engine.backend} ${engine.version}, ${
      workers ? `${workers.size} workers of ` : ""
    }${engine.threads} threads, into ${folder}`,
  );
  return await interruptible(async (told) => {
    const isStarted = "place" in spread && spread.isStarted;
    const signal = isStarted ? AbortSignal.any([told, whenAbandoned()]) : told;
    const { onLoad, onBatch, onEpoch, end } = bars;
    const prepareModels = async (models: Models) => {
      const tuned = from === undefined ? models : await fineTune(models, { from, freeze, log });
      if (options.summary) printSummaries(tuned, output);
      return tuned;
    };
    const onProfile = options.profile ? (profile: StepProfile) => printProfile(output, profile) : undefined;
    const run = { folder, options: values, dataFolder, openBucket, resume, saveEvery, shards, precision };
    const result = await runExperiment(experiment, {
      ...run,
      workers,
      accumulate,
      syncBatchNorm,
      prepareModels,
      signal,
      log,
      onProfile,
      onLoad,
      onBatch,
      onEpoch,
    }).finally(end);
    summarize(output, experiment.name, result);
    // A follower's part is done with its last step; a batch system may end the whole step where a task fails.
    const isWhole = result.metrics !== undefined || (workers?.rank ?? 0) > 0;
    return isWhole ? 0 : stopCode(signal) ?? STOPPED_BY_ANOTHER;
  }, stopSignals(spread));
}

/**
 * Starts the engine, whose library may have to be fetched, while the data is made or fetched.
 *
 * @param obtain Gets a signal that ends it: the user's, or that the engine does not start or cannot do what is asked.
 */
async function startWhile<T>(
  obtain: (signal: AbortSignal) => Promise<void> | undefined,
  start: () => Promise<T>,
): Promise<T> {
  return await interruptible(async (told) => {
    const failed = new AbortController();
    const obtained = Promise.resolve(obtain(AbortSignal.any([told, failed.signal])));
    obtained.catch(() => {}); // thrown where it is awaited
    try {
      const started = await start();
      await obtained;
      return started;
    } catch (error) {
      failed.abort(error);
      await obtained.catch(() => {});
      throw error;
    }
  });
}

/** @throws {CliError} If a profile is asked for where the engine has none. */
function checkProfile({ profile }: Command["options"]): void {
  const { backend } = engineReport();
  if (profile && backend !== "tensorflow") {
    throw new CliError(`Cannot profile on the ${backend} backend: only TensorFlow says what an op takes`);
  }
}

/** In which numbers to train; undefined where a run that goes on knows. @throws {CliError} If this machine cannot. */
function precisionOf({ precision, resume }: Command["options"], given: Command["given"]) {
  const wanted = given.has("precision") || !resume ? precision : undefined;
  const refusal = wanted === "mixed" ? mixedPrecisionRefusal() : undefined;
  if (refusal) throw new CliError(`Cannot train with --precision mixed: ${refusal}`);
  return wanted;
}

/** The exit code of the first worker where another one was told to stop. */
const STOPPED_BY_ANOTHER = 143;

/** Signals that end a run with a checkpoint; Ctrl-C is for who started the workers. */
function stopSignals(spread: Spread): Parameters<typeof interruptible>[1] {
  const ofAll = Deno.build.os === "windows" ? [] : ["SIGTERM", "SIGHUP", "SIGUSR1"] as const;
  if (!("place" in spread)) return [...ofAll, "SIGINT"];
  Deno.addSignalListener("SIGINT", () => {});
  return ofAll;
}

/** Starts the engine as this run is spread; gives the other workers, where there are any. */
async function startBackend(
  spread: Spread,
  { backend, threads }: Command["options"],
  log: (line: string) => void,
  joined?: Joined,
): Promise<Workers | undefined> {
  if (!joined) {
    const devices = spread.strategy === "mirrored" ? spread.devices : undefined;
    await startEngine({ backend: backend as "auto", threads, log, devices });
    return undefined;
  }
  const { rank, addresses } = joined;
  const share = "place" in spread ? spread.place.threads : undefined;
  await startEngine({ threads: threads ?? share, log, workers: { rank, addresses } });
  await joined.agree("the engine", { TensorFlow: engineReport().version });
  return trainingWorkers(joined);
}

/** Rows of a profile's tables that are printed; the report has more. */
const PROFILE_ROWS = 12;

/** Where a step's time goes. */
function printProfile(output: Output, profile: StepProfile): void {
  const { steps, traceMs, firstMs, stepMs, busyMs, ops, parts } = profile;
  const ms = (value: number) => value.toFixed(2),
    percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  output.record(
    "profile",
    { steps, traceMs, firstMs, stepMs, busyMs },
    `A step takes ${ms(stepMs)} ms, its ops together ${
      ms(busyMs)
    } ms; before the first, taking the graph down ` +
      `${ms(traceMs)} ms and optimising it ${ms(firstMs)} ms`,
  );
  output.table(
    "profilePart",
    parts.slice(0, PROFILE_ROWS).map(({ part, forwardMs, gradientMs, share }) => ({
      "layer or part": part,
      "forward ms": ms(forwardMs),
      "gradient ms": ms(gradientMs),
      share: percent(share),
    })),
  );
  output.table(
    "profileOp",
    ops.slice(0, PROFILE_ROWS).map((row) => ({
      op: row.op,
      "runs a step": row.count,
      ms: ms(row.ms),
      share: percent(row.share),
    })),
  );
}

/** An experiment by its name, or the one that a file exports. */
async function findExperiment(name: string): Promise<Experiment> {
  const found = EXPERIMENTS.find((experiment) => experiment.name === name);
  if (found) return found;
  if (name.endsWith(".ts") || name.endsWith(".js")) return await importExperiment(name);
  const names = EXPERIMENTS.map((experiment) => experiment.name);
  const near = nearest(name, names);
  throw new CliError(
    `Unknown experiment "${name}"${near ? ` (nearest: ${near})` : ""}: there are ${names.join(", ")}`,
  );
}

/** What a file exports that is an experiment. @throws {CliError} If it is not exactly one. */
async function importExperiment(path: string): Promise<Experiment> {
  const { pathname } = pathToFileURL(resolve(path));
  const module: Record<string, unknown> = await import(`file://${pathname}`).catch((error) => {
    throw new CliError(`Cannot import the experiment "${path}": ${(error as Error).message}`);
  });
  const isExperiment = (value: unknown) => typeof value === "object" && value !== null && "recipe" in value;
  const found = Object.values(module).filter(isExperiment) as Experiment[];
  if (found.length === 1) return found[0];
  throw new CliError(`Cannot train "${path}" as it must export one experiment: it exports ${found.length}`);
}

/** Prints every model's layers. */
function printSummaries(models: Models, output: Output): void {
  for (const [role, model] of Object.entries(models)) {
    const summary = summarizeModel(model);
    output.record("model", { role, ...summary }, formatSummary(summary));
  }
}

/** The options that belong to the experiment, `epochs`, `batch` and `seed` among them. */
function pick(options: Record<string, unknown>, table: OptionTable): Options {
  const own = Object.keys(table).filter((key) => !Object.hasOwn(OWN_OPTIONS, key));
  return Object.fromEntries(own.map((key) => [key, options[key]])) as Options;
}

/**
 * The values to run with: those of the run to be resumed, where there is one; an option that was given must agree.
 *
 * @throws {CliError} If there is nothing to resume, a finished run would be overwritten, or an option differs.
 */
async function resumed(
  experiment: Experiment,
  folder: string,
  values: Options,
  given: ReadonlySet<string>,
  resume: boolean,
): Promise<Options> {
  const record = await readRecord(folder);
  if (!record) {
    if (resume) throw new CliError(`Cannot resume "${folder}": it holds no run`);
    return values;
  }
  if (!resume) {
    throw new CliError(
      `Cannot train into "${folder}" as it holds a run: add --resume, or give another --out`,
    );
  }
  if (record.experiment !== experiment.name) {
    throw new CliError(
      `Cannot resume "${folder}" as ${experiment.name}: it holds a run of ${record.experiment}`,
    );
  }
  for (const key of Object.keys(values)) {
    const [was, is] = [record.options[key], (values as Record<string, unknown>)[key]];
    if (given.has(key) && JSON.stringify(was) !== JSON.stringify(is)) {
      throw new CliError(`Cannot resume "${folder}" with --${flagName(key)} ${is}: the run has ${was}`);
    }
  }
  return { ...values, ...record.options } as Options;
}

/** `runs/<experiment>/<time>`, or the newest of these folders for a resume. */
async function defaultFolder(experiment: string, resume: boolean): Promise<string> {
  const parent = join("runs", experiment);
  if (!resume) {
    const time = new Date().toISOString().slice(0, 19).replaceAll(":", "").replace("T", "-");
    return join(parent, time);
  }
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(parent)) if (entry.isDirectory) names.push(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const started = await Promise.all(
    names.map(async (name) => ({ name, started: (await readRecord(join(parent, name)))?.started ?? "" })),
  );
  const newest =
    started.filter((run) => run.started !== "").sort((a, b) => a.started < b.started ? 1 : -1)[0];
  if (!newest) throw new CliError(`Cannot resume as "${parent}" holds no run: --out names another folder`);
  return join(parent, newest.name);
}

/** One progress display for what loading takes long for, one for the whole training, and a line for each epoch that is done. */
function createBars(output: Output, epochs: number) {
  let bar: { progress: Progress; from: number } | undefined;
  let loading: { progress: Progress; label: string } | undefined;
  const endLoading = () => {
    loading?.progress.end();
    loading = undefined;
  };
  return {
    onLoad({ label, done, total, unit }: LoadProgress): void {
      if (loading?.label !== label) {
        endLoading();
        loading = { progress: output.progress(label, Math.ceil(total), { unit }), label };
      }
      loading.progress.update(Math.round(done));
      if (done >= total) endLoading();
    },
    onBatch({ epoch, means, examplesPerSecond, step, steps }: BatchReport): void {
      const from = bar?.from ?? step - 1; // where a resumed run began, or time left would be guessed too short
      bar ??= { progress: output.progress("training", steps - from), from };
      const details = [`epoch ${epoch}/${epochs}`, ...formatMeans(means), formatRate(examplesPerSecond)];
      bar.progress.update(step - from, details.join("  "));
    },
    onEpoch(numbers: EpochNumbers): void {
      const { epoch, seconds, examplesPerSecond, ...rest } = numbers;
      const means = Object.fromEntries(Object.entries(rest).filter(([name]) => !/learningRate$/i.test(name)));
      const parts = [`epoch ${epoch}/${epochs}`, ...formatMeans(means), formatRate(examplesPerSecond)];
      output.record("epoch", numbers, [...parts, formatSeconds(seconds)].join("  "));
    },
    end() {
      endLoading();
      bar?.progress.end();
    },
  };
}

function formatRate(examplesPerSecond: number): string {
  return `${formatCount(examplesPerSecond)} examples/s`;
}

/** `loss 0.1234`, `validation loss 0.1312`, and so on. */
function formatMeans(means: Record<string, number>): string[] {
  return Object.entries(means).map(([name, value]) =>
    `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${value.toPrecision(4)}`
  );
}

function printMetrics(output: Output, metrics: Record<string, CardMetric>): void {
  for (const [name, { value, low, high, n, split, units = "", baseline }] of Object.entries(metrics)) {
    const show = (x: number) => x.toPrecision(4);
    const compared = baseline ? `; ${baseline.name}: ${show(baseline.value)}` : "";
    output.record(
      "metric",
      { name, value, low, high, n, split, baseline },
      `${name} ${show(value)}${units && ` ${units}`} (95 %: ${show(low)} to ${
        show(high)
      }; ${n} ${split} examples${compared})`,
    );
  }
}

/** A line for each of several workers: how fast it was, and how long it computed rather than waited. */
function printWork(output: Output, workers: readonly ReturnType<typeof workOf>[]): void {
  workers.forEach((work, rank) => {
    const { examplesPerSecond, efficiency, exchangeShare } = work;
    const percent = (share: number) => `${Math.round(100 * share)} %`;
    output.record(
      "worker",
      { rank, ...work },
      `worker ${rank}: ${formatRate(examplesPerSecond)}, efficiency ${percent(efficiency)} (${
        percent(exchangeShare)
      } in exchange)`,
    );
  });
}

function summarize(output: Output, experiment: string, { folder, history, metrics }: RunResult): void {
  if (!metrics) {
    const { epochs, steps } = history;
    output.record(
      "stopped",
      { folder, epochs: epochs.length, steps },
      `Stopped after ${epochs.length} epochs (${steps} steps). Go on: deno task train ${experiment} --resume --out ${folder}`,
    );
    return;
  }
  printMetrics(output, metrics);
  printWork(output, history.workers?.map(workOf) ?? []);
  output.record(
    "finished",
    { folder, seconds: history.seconds, shards: history.shards, ending: history.ending },
    `Trained in ${formatSeconds(history.seconds)}${
      history.ending === "stopped early" ? ` (stopped early, weights of epoch ${history.weightsOf})` : ""
    }. Model, plots and ${basename(join(folder, "report.html"))} are in ${folder}`,
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
