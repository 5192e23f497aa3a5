/** `deno task search EXPERIMENT`: makes a study, or goes on with one, and lets workers run its trials. @module */
import { join, resolve } from "@std/path";
import { fileURLToPath } from "node:url";
import { nearest } from "../../lib/base/nearest.ts";
import { DEFAULT_EXPERIMENT, EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { countCombinations } from "../../lib/search/combinations.ts";
import { runLocal } from "../../lib/search/executors/local.ts";
import { type SlurmOptions, slurmScript, submit, watch } from "../../lib/search/executors/slurm.ts";
import { bestTrials } from "../../lib/search/run_trials.ts";
import { trialsOf } from "../../lib/search/search.ts";
import { createStudy, hasStudy, openStudy, type Study } from "../../lib/search/study.ts";
import { isEnded } from "../../lib/search/trial.ts";
import {
  CliError,
  createOutput,
  formatCount,
  interruptible,
  type Output,
  readOptions,
  stopCode,
} from "../_cli.ts";
import { tableOf, type Values } from "./_options.ts";
import { checkSame, type Request, spaceOf, studyFrom, wantedTrials } from "./_spec.ts";
import { progressLine, rowOf, showParams, statusOf } from "./_summary.ts";
import { showReport, writeReport } from "./report.ts";

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
  const request = { experiment, named, options, all, own, given: given as ReadonlySet<string> };
  const folder = resolve(options.out ?? join("runs", "search", experiment?.name ?? "command"));
  if (options.follow) return await showReport([folder, "--follow", ...options.json ? ["--json"] : []]);
  const worker = workerCommand(folder, options);
  if (options.dryRun) {
    const name = experiment?.name ?? "command";
    await spaceOf(experiment, options);
    console.log(slurmScript(folder, worker, slurmOptions(name, options)).trimEnd());
    return 0;
  }
  const study = await openOrCreate(folder, request, output);
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

async function openOrCreate(folder: string, request: Request, output: Output): Promise<Study> {
  const { options } = request;
  if (options.resume) return await resume(folder, request, output);
  if (hasStudy(folder)) {
    throw new CliError(
      `Cannot search in "${folder}" as it holds a study: add --resume, or give another --out`,
    );
  }
  if (options.addTrials !== undefined) throw new CliError("Option --add-trials goes with --resume");
  const { space, spec } = await studyFrom(request);
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

/** The study of a folder, ready to go on; with more trials where they are asked for. */
async function resume(folder: string, request: Request, output: Output): Promise<Study> {
  const { options } = request;
  if (!hasStudy(folder)) throw new CliError(`Cannot resume "${folder}": it holds no study`);
  const study = openStudy(folder);
  await checkSame(study.spec, request);
  const trials = wantedTrials(options) ??
    (options.fraction === undefined ? undefined : trialsOf(study.space, options.fraction));
  await study.stop(false);
  if (options.addTrials) await study.addTrials(options.addTrials);
  else if (trials !== undefined) await study.setBudget(trials);
  output.say(`Going on in ${folder}: ${progressLine(study)}`);
  return study;
}

/** What starts a worker: this very task. */
function workerCommand(folder: string, { timeLimit, executor, threads, workers, cpus }: Values): string[] {
  const permissions = ["read", "write", "env", "sys", "ffi", "net", "run"].map((name) => `--allow-${name}`);
  const place = new URL("../search.ts", import.meta.url);
  const task = place.protocol === "file:" ? fileURLToPath(place) : place.href; // the latter where it is a package
  const limit = timeLimit === undefined ? [] : ["--time-limit", String(timeLimit)];
  const idle = executor === "slurm" ? ["--idle", "10"] : [];
  const shared = Math.max(1, Math.floor(navigator.hardwareConcurrency / workers));
  const each = threads ?? (executor === "slurm" ? cpus : shared);
  const own = each === undefined ? [] : ["--threads", String(each)];
  const command = [Deno.execPath(), "run", "--no-prompt", ...permissions, task, "worker", folder];
  return [...command, ...limit, ...idle, ...own];
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
