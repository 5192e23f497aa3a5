/** `deno task search EXPERIMENT`: makes a study, or goes on with one, and lets workers run its trials. @module */
import { join, resolve } from "@std/path";
import { fileURLToPath } from "node:url";
import { nearest } from "../../lib/base/nearest.ts";
import { DEFAULT_EXPERIMENT, EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { Experiment, Options } from "../../lib/run/experiment.ts";
import { checkJudged, checkSpaceOf } from "../../lib/run/search_trial.ts";
import { countCombinations } from "../../lib/search/combinations.ts";
import { runLocal } from "../../lib/search/executors/local.ts";
import { type SlurmOptions, slurmScript, submit, watch } from "../../lib/search/executors/slurm.ts";
import type { Named } from "../../lib/search/named_options.ts";
import { createPruner, PRUNERS } from "../../lib/search/pruners/registry.ts";
import { bestTrials } from "../../lib/search/run_trials.ts";
import { createSampler, SAMPLERS } from "../../lib/search/samplers/registry.ts";
import { trialsOf } from "../../lib/search/search.ts";
import { type Space, spaceFromOptions } from "../../lib/search/space.ts";
import { createStudy, hasStudy, openStudy, type Study } from "../../lib/search/study.ts";
import type { Direction, StudySpec } from "../../lib/search/study_state.ts";
import { isEnded } from "../../lib/search/trial.ts";
import {
  CliError,
  createOutput,
  flagName,
  formatCount,
  interruptible,
  JSON_OPTION,
  type OptionTable,
  type OptionValues,
  type Output,
  readOptions,
  stopCode,
} from "../_cli.ts";
import { readSpace, type TrialSettings } from "./_objective.ts";
import { directionOf, progressLine, rowOf, showParams, statusOf } from "./_summary.ts";
import { showReport, writeReport } from "./report.ts";

const OPTIONS = {
  space: {
    type: "string",
    hint: "FILE",
    help: "What to try, as JSON or TypeScript (default: the options' own ranges).",
  },
  vary: {
    type: "list",
    hint: "OPTIONS",
    help: "Instead of a file: only these options, in their own ranges.",
  },
  command: {
    type: "string",
    hint: "COMMAND",
    help: 'Instead of an experiment: a program, such as "python t.py {rate}".',
  },
  trials: {
    type: "integer",
    min: 1,
    hint: "N",
    help: "Trials in all (default: 50, or all combinations if fewer).",
  },
  rounds: { type: "integer", min: 1, hint: "N", help: "The same as --trials, by Talos's name." },
  fraction: {
    type: "number",
    min: 0,
    max: 1,
    help: "Instead of --trials: the share of all combinations to try.",
  },
  addTrials: { type: "integer", min: 1, hint: "N", help: "With --resume: so many more trials." },
  metric: {
    type: "list",
    default: ["validationLoss"],
    hint: "METRICS",
    help: "What to judge by, as history.csv names it.",
  },
  direction: {
    type: "list",
    choices: ["minimize", "maximize"],
    hint: "WAYS",
    help: "Whether less is better, a metric each.",
  },
  sampler: {
    type: "string",
    default: "tpe",
    hint: "NAME",
    help: `${Object.keys(SAMPLERS).join(", ")}; tpe:startup=20.`,
  },
  pruner: {
    type: "string",
    default: "none",
    hint: "NAME",
    help: `${Object.keys(PRUNERS).join(", ")}; asha:factor=3.`,
  },
  seeds: { type: "integer", default: 1, min: 1, help: "Seeds of every trial; it is judged by their mean." },
  folds: { type: "integer", min: 2, hint: "K", help: "Judge by k-fold on the training examples." },
  searchSeed: { type: "integer", default: 0, min: 0, max: 2 ** 31 - 1, help: "Fixes what is tried." },
  retries: {
    type: "integer",
    default: 2,
    min: 0,
    help: "How often a trial is tried again whose process died.",
  },
  timeLimit: { type: "number", min: 0, hint: "SECONDS", help: "Start no trial after so long." },
  trialTimeout: { type: "number", min: 0, hint: "SECONDS", help: "End a trial that takes longer." },
  target: { type: "number", help: "Start no trial once the metric is as good as this." },
  workers: {
    type: "integer",
    default: 1,
    min: 1,
    help: "Processes side by side, here or as tasks of Slurm.",
  },
  executor: { type: "choice", choices: ["local", "slurm"], default: "local", help: "Where workers run." },
  time: { type: "string", hint: "LIMIT", help: "Slurm: limit of a task, such as 02:00:00." },
  mem: { type: "string", hint: "SIZE", help: "Slurm: memory of a task." },
  gres: { type: "string", hint: "WHAT", help: "Slurm: such as gpu:1." },
  partition: { type: "string", hint: "NAME", help: "Slurm: partition." },
  account: { type: "string", hint: "NAME", help: "Slurm: account." },
  cpus: { type: "integer", min: 1, hint: "N", help: "Slurm: processors of a task." },
  warning: {
    type: "integer",
    default: 120,
    min: 1,
    hint: "SECONDS",
    help: "Slurm: SIGUSR1 so long before the limit.",
  },
  dryRun: {
    type: "boolean",
    default: false,
    help: "Print what would be submitted to Slurm, and do nothing.",
  },
  detach: { type: "boolean", default: false, help: "Slurm: submit and do not wait." },
  out: { type: "string", hint: "FOLDER", help: "The study's folder (default: runs/search/EXPERIMENT)." },
  resume: { type: "boolean", default: false, help: "Go on with the study in --out." },
  follow: {
    type: "boolean",
    default: false,
    help: "Start nothing: watch the study in --out, and keep its report.html up to date.",
  },
  backend: {
    type: "choice",
    choices: ["auto", "tensorflow", "wasm", "cpu"],
    default: "auto",
    help: "What computes.",
  },
  threads: {
    type: "integer",
    min: 1,
    hint: "N",
    help: "Threads of a worker (default: the processors, shared out).",
  },
  dataFolder: { type: "string", default: "data", hint: "FOLDER", help: "Where data sets are kept." },
  json: JSON_OPTION,
} as const satisfies OptionTable;

type Values = OptionValues<typeof OPTIONS>;

/** Exit code where nothing was completed. */
const NOTHING = 1;

/** Runs a search. */
export async function runSearch(args: readonly string[]): Promise<number> {
  const named = args.length > 0 && !args[0].startsWith("-") ? args[0] : undefined;
  const byCommand = args.some((arg) => arg === "--command" || arg.startsWith("--command="));
  const experiment = byCommand && named === undefined
    ? undefined
    : findExperiment(named ?? DEFAULT_EXPERIMENT);
  const { table, own } = tableOf(experiment);
  const { options: all, given } = readOptions(args, table, {
    usage: `deno task search ${named ?? "[EXPERIMENT]"}`,
    summary:
      "Searches for the options with which an experiment, or any program, is best on validation examples.\n" +
      "Further: deno task search status|report|export|import|deploy|stop|worker FOLDER --help",
    examples: [
      "deno task search mnist --trials 20 --workers 2",
      "deno task search cygno --space space.json --fraction 0.01 --epochs 4",
      "deno task search mnist --pruner asha --executor slurm --workers 8 --time 02:00:00 --dry-run",
      'deno task search --command "python train.py --rate {rate}" --space space.json --metric loss',
      "deno task search mnist --resume --add-trials 20",
      "deno task search mnist --follow",
    ],
    words: [0, 1],
  });
  const options = all as unknown as Values;
  const output = createOutput(options);
  const folder = resolve(options.out ?? join("runs", "search", experiment?.name ?? "command"));
  if (options.follow) return await showReport([folder, "--follow", ...options.json ? ["--json"] : []]);
  const worker = workerCommand(folder, options);
  if (options.dryRun) {
    const name = experiment?.name ?? "command";
    await spaceOf(experiment, options);
    console.log(slurmScript(folder, worker, slurmOptions(name, options)).trimEnd());
    return 0;
  }
  const study = await openOrCreate(folder, experiment, options, all, own, given as Set<string>, output);
  if (options.executor === "slurm") return await runOnSlurm(study, worker, options, output);
  return await runHere(study, worker, options, output);
}

function findExperiment(name: string): Experiment {
  const found = EXPERIMENTS.find((experiment) => experiment.name === name);
  if (found) return found;
  const names = EXPERIMENTS.map((experiment) => experiment.name), near = nearest(name, names);
  throw new CliError(
    `Unknown experiment "${name}"${near ? ` (nearest: ${near})` : ""}: there are ${names.join(", ")}`,
  );
}

/** The experiment's options by what they are called here. */
type Own = Readonly<Record<string, string>>;

/**
 * The search's options, and those of the experiment, which hold for all trials. One that both have is the search's; the
 * experiment's is called `itsNAME` then.
 */
function tableOf(experiment: Experiment | undefined): { table: OptionTable; own: Own } {
  if (!experiment) return { table: OPTIONS, own: {} };
  const { epochs, batch } = experiment.defaults;
  const table: OptionTable = {
    epochs: { type: "integer", default: epochs, min: 1, help: "Passes over the training examples." },
    batch: { type: "integer", default: batch, min: 1, help: "Examples a step." },
    seed: { type: "integer", default: 0, min: 0, max: 2 ** 31 - 1, help: "Of the data's split." },
    ...experiment.options,
  };
  const isTaken = (name: string) => Object.hasOwn(OPTIONS, name);
  const called = (name: string) => isTaken(name) ? `its${name[0].toUpperCase()}${name.slice(1)}` : name;
  const renamed = Object.entries(table).map(([name, spec]) => {
    const help = isTaken(name) ? `The experiment's own --${flagName(name)}: ${spec.help}` : spec.help;
    return [called(name), { ...spec, help }];
  });
  const own = Object.fromEntries(Object.keys(table).map((name) => [called(name), name]));
  return { table: { ...Object.fromEntries(renamed), ...OPTIONS }, own };
}

async function openOrCreate(
  folder: string,
  experiment: Experiment | undefined,
  options: Values,
  all: Record<string, unknown>,
  own: Own,
  given: ReadonlySet<string>,
  output: Output,
): Promise<Study> {
  if (options.resume) {
    if (!hasStudy(folder)) throw new CliError(`Cannot resume "${folder}": it holds no study`);
    const study = openStudy(folder);
    await study.stop(false);
    const trials = wantedTrials(options);
    if (options.addTrials) await study.addTrials(options.addTrials);
    else if (trials !== undefined) await study.setBudget(trials);
    output.say(`Going on in ${folder}: ${progressLine(study)}`);
    return study;
  }
  if (hasStudy(folder)) {
    throw new CliError(
      `Cannot search in "${folder}" as it holds a study: add --resume, or give another --out`,
    );
  }
  const { space, module } = await spaceOf(experiment, options);
  const searched = space.dimensions.map(({ name }) => name);
  if (experiment) checkSpaceOf(experiment, searched);
  const both = Object.keys(own).find((flag) => searched.includes(own[flag]) && given.has(flag));
  if (both !== undefined) {
    throw new CliError(
      `Option --${flagName(both)} is searched over: leave it out, or take it out of the space`,
    );
  }
  const settings = settingsFrom(experiment, options, all, own, given, module);
  if (experiment && !searched.includes("validation")) {
    checkJudged(experiment.name, settings.options!, options.folds);
  }
  const spec = specFrom(space, settings, options);
  const { count, exact } = countCombinations(space);
  const trials = wantedTrials(options) ?? trialsOf(space, options.fraction);
  const study = await createStudy(folder, spec, { space });
  await study.setBudget(Math.min(trials, count));
  const many = count === Infinity ? "endlessly many" : `${exact ? "" : "at most "}${formatCount(count)}`;
  output.record(
    "study",
    { folder, combinations: count, exact, trials: study.state.budget, spec },
    [
      `${study.state.budget} trials of ${many} combinations into ${folder}`,
      `judged by ${
        spec.objectives.map((name, i) => `${name} (${spec.directions[i]})`).join(", ")
      }, never on the test examples`,
    ].join("\n"),
  );
  return study;
}

/** How many trials are asked for. @throws {CliError} If it is said twice. */
function wantedTrials({ trials, rounds, fraction }: Values): number | undefined {
  if ([trials, rounds, fraction].filter((wanted) => wanted !== undefined).length > 1) {
    throw new CliError("Options --trials, --rounds and --fraction say the same thing: give one of them");
  }
  return trials ?? rounds;
}

async function spaceOf(
  experiment: Experiment | undefined,
  options: Values,
): Promise<{ space: Space; module?: string }> {
  if (options.space !== undefined) return await readSpace(options.space);
  if (!experiment) throw new CliError("A search over a program needs --space FILE");
  const { epochs, batch } = experiment.defaults;
  const table: OptionTable = {
    epochs: { type: "integer", range: [Math.max(1, epochs >> 2), epochs * 2], log: true, help: "" },
    batch: { type: "integer", range: [Math.max(1, batch >> 2), batch * 4], log: true, help: "" },
    ...experiment.options,
  };
  const vary = options.vary.length > 0
    ? options.vary
    : Object.keys(experiment.options).filter((name) => "range" in experiment.options[name]);
  if (vary.length === 0) {
    throw new CliError(
      `No option of "${experiment.name}" says a range: give --space FILE or --vary epochs,batch`,
    );
  }
  return { space: spaceFromOptions(table, vary) };
}

function settingsFrom(
  experiment: Experiment | undefined,
  options: Values,
  all: Record<string, unknown>,
  own: Own,
  given: ReadonlySet<string>,
  spaceModule: string | undefined,
): TrialSettings {
  const { folds, seeds, trialTimeout, target, backend, workers } = options;
  const shared = Math.max(1, Math.floor(navigator.hardwareConcurrency / workers));
  const threads = options.threads ?? (options.executor === "slurm" ? options.cpus : shared);
  const common: TrialSettings = {
    folds,
    seeds,
    target,
    trialTimeoutMs: trialTimeout === undefined ? undefined : trialTimeout * 1000,
    spaceModule,
  };
  if (!experiment) return { ...common, command: splitWords(options.command ?? "") };
  const picked = Object.fromEntries(Object.entries(own).map(([flag, name]) => [name, all[flag]])) as Options;
  const stated = new Set([...given].filter((flag) => flag in own).map((flag) => own[flag]));
  const fixed = experiment.resolveOptions?.(picked, stated) ?? picked;
  const dataFolder = resolve(options.dataFolder);
  return { ...common, experiment: experiment.name, options: fixed, dataFolder, backend, threads };
}

/** A command line as words; quotes hold a word together. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

function specFrom(space: Space, settings: TrialSettings, options: Values): StudySpec {
  const { metric: objectives, direction, searchSeed: seed, retries } = options;
  if (direction.length > 0 && direction.length !== objectives.length) {
    throw new CliError(
      `Option --direction needs a way for each of ${objectives.length} metrics: got ${direction.length}`,
    );
  }
  const directions = objectives.map((name, i) => direction[i] as Direction ?? directionOf(name));
  const [sampler, pruner] = [parseNamed(options.sampler), parseNamed(options.pruner)];
  try {
    createSampler(sampler);
    createPruner(pruner);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
  const name = settings.experiment ?? "command";
  return {
    name,
    space: space.spec,
    directions,
    objectives,
    sampler,
    pruner,
    seed,
    retries,
    settings: { ...settings },
  };
}

/** `tpe:startup=20,candidates=48`. */
function parseNamed(text: string): Named {
  const [name, rest = ""] = text.split(":");
  const options = rest.split(",").filter((part) => part !== "").map((part) => {
    const [key, value] = part.split("=");
    if (value === undefined || !Number.isFinite(Number(value))) {
      throw new CliError(`Cannot read "${text}": expected NAME:option=number, found "${part}"`);
    }
    return [key, Number(value)];
  });
  return { ...Object.fromEntries(options), name };
}

/** What starts a worker: this very task. */
function workerCommand(folder: string, { timeLimit, executor }: Values): string[] {
  const permissions = ["read", "write", "env", "sys", "ffi", "net", "run"].map((name) => `--allow-${name}`);
  const place = new URL("../search.ts", import.meta.url);
  const task = place.protocol === "file:" ? fileURLToPath(place) : place.href; // the latter where it is a package
  const limit = timeLimit === undefined ? [] : ["--time-limit", String(timeLimit)];
  const idle = executor === "slurm" ? ["--idle", "10"] : [];
  return [Deno.execPath(), "run", "--no-prompt", ...permissions, task, "worker", folder, ...limit, ...idle];
}

async function runHere(study: Study, command: string[], options: Values, output: Output): Promise<number> {
  const follow = follower(study, output);
  const stopped = await interruptible(async (signal) => {
    await runLocal(study, {
      workers: options.workers,
      command,
      signal,
      log: (line) => output.say(line),
      onTick: follow.look,
    });
    return stopCode(signal);
  }).finally(follow.end);
  return await conclude(study, output, stopped);
}

async function runOnSlurm(study: Study, command: string[], options: Values, output: Output): Promise<number> {
  const script = slurmScript(study.folder, command, slurmOptions(study.spec.name, options));
  const job = await submit(study.folder, script);
  output.record("submitted", { job, folder: study.folder }, `Submitted job ${job}: ${options.workers} tasks`);
  if (options.detach) return 0;
  const follow = follower(study, output);
  const stopped = await interruptible(async (signal) => {
    await watch(study, job, { signal, log: (line) => output.say(line), onTick: follow.look });
    return stopCode(signal);
  }).finally(follow.end);
  if (stopped !== undefined) {
    output.say(`The job goes on: scancel ${job} ends it, deno task search status shows it`);
  }
  return await conclude(study, output, stopped);
}

function slurmOptions(name: string, options: Values): SlurmOptions {
  const { workers, time, mem: memory, gres, partition, account, cpus, warning: warningSeconds } = options;
  return { workers, time, memory, gres, partition, account, cpus, warningSeconds, name: `search-${name}` };
}

/** Says each trial that ended, and keeps the progress shown. */
function follower(study: Study, output: Output): { look: () => void; end: () => void } {
  const told = new Set(study.state.trials.filter(isEnded).map(({ number }) => number));
  let bar = output.progress("searching", Math.max(study.state.budget, study.state.trials.length), {
    unit: "trials",
  });
  let total = study.state.budget;
  return {
    look() {
      for (const trial of study.state.trials) {
        if (!isEnded(trial) || told.has(trial.number)) continue;
        told.add(trial.number);
        const values = trial.values?.map((value, i) =>
          `${study.spec.objectives[i]} ${value.toPrecision(4)}`
        ) ?? [];
        const why = trial.attempts.at(-1)?.failure?.message;
        const line = [`trial ${trial.number} ${trial.state}`, ...values, showParams(trial.params), why ?? ""];
        output.record(
          "trial",
          rowOf(trial, study.spec.objectives),
          line.filter((part) => part !== "").join("  "),
        );
      }
      if (study.state.budget !== total) {
        total = study.state.budget;
        bar = output.progress("searching", total, { unit: "trials" });
      }
      bar.update(told.size, progressLine(study));
    },
    end: () => bar.end(),
  };
}

/** Says what was found, and writes the report; gives the exit code, that of the signal where one ended the search. */
async function conclude(study: Study, output: Output, stopped: number | undefined): Promise<number> {
  study.refresh();
  const best = bestTrials(study, 5);
  if (best.length > 0) {
    output.table("best", best.map((trial) => rowOf(trial, study.spec.objectives)));
    await writeReport(study);
  }
  output.record(
    "result",
    statusOf(study),
    `${progressLine(study)}. Study and report.html are in ${study.folder}`,
  );
  if (stopped !== undefined) return stopped;
  return best.length > 0 ? 0 : NOTHING;
}
