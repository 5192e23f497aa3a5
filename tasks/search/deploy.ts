/** `deno task search deploy FOLDER`: measures the best trials anew, and trains the winner, measured once. @module */
import { join } from "@std/path";
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { Experiment, Options } from "../../lib/run/experiment.ts";
import { runExperiment, type RunResult } from "../../lib/run/run.ts";
import { reevaluate, type Reevaluation } from "../../lib/run/search_deploy.ts";
import { bestTrials } from "../../lib/search/run_trials.ts";
import { openStudy, type Study } from "../../lib/search/study.ts";
import type { Trial } from "../../lib/search/trial.ts";
import { checkAlias } from "../../lib/store/store.ts";
import {
  CliError,
  createOutput,
  interruptible,
  JSON_OPTION,
  type OptionTable,
  type Output,
  readOptions,
} from "../_cli.ts";
import { publishRun } from "../_publish.ts";
import { openBucket } from "../_stores.ts";
import { createObjective, settingsOf, type TrialSettings } from "./_objective.ts";
import { show, showParams } from "./_summary.ts";
import { writeReport } from "./report.ts";

const OPTIONS = {
  top: {
    type: "integer",
    default: 3,
    min: 1,
    hint: "N",
    help: "How many of the best trials are measured anew.",
  },
  seeds: { type: "integer", default: 3, min: 1, hint: "N", help: "Fresh seeds of each." },
  folds: {
    type: "integer",
    min: 2,
    hint: "K",
    help: "Measure anew by k-fold instead of on the validation examples.",
  },
  train: { type: "boolean", default: true, help: "Train the winner into FOLDER/winner." },
  store: {
    type: "string",
    hint: "PLACE",
    help: "Publish the winner there: file:FOLDER or s3://BUCKET/PREFIX.",
  },
  alias: { type: "list", hint: "A,B,…", help: "With --store: let these aliases mean the new version." },
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** Measures anew, says how much the search flattered its winner, and trains it. */
export async function deployStudy(args: readonly string[]): Promise<number> {
  const { options, words: [folder] } = readOptions(args, OPTIONS, {
    usage: "deno task search deploy FOLDER",
    summary:
      "Runs the best trials again with seeds that the search did not have, says how much it flattered them,\n" +
      "and trains the winner as `deno task train` does: measured on the test examples, once.",
    examples: [
      "deno task search deploy runs/search/mnist --top 5 --seeds 3",
      "deno task search deploy runs/search/mnist --folds 5 --store file:store --alias champion",
    ],
    words: [1, 1],
  });
  const study = openStudy(folder), output = createOutput(options);
  const { spec } = study;
  for (const alias of options.alias) checkAlias(alias);
  if (options.alias.length > 0 && !options.store) throw new CliError("Option --alias goes with --store");
  if (bestTrials(study).length === 0) throw new CliError(`No trial of "${folder}" was completed`);
  const settings = { ...settingsOf(spec), ...options.folds && { folds: options.folds } };
  const again = await runAgain(study, settings, options, output);
  showAgain(again, output);
  await study.write(() => again.map((one) => ({ op: "note", text: noteOf(one) })));
  await writeReport(study);
  const experiment = EXPERIMENTS.find(({ name }) => name === settings.experiment);
  if (!experiment || !options.train) return 0;
  const winner = join(folder, "winner");
  const metrics = await trainWinner(experiment, winner, again[0].trial, settings, output);
  if (!metrics) return 130;
  const next = options.store ? "" : `: deno task publish ${winner}`;
  output.record("deployed", { folder: winner }, `Trained into ${winner}${next}`);
  if (options.store) await publishRun(winner, { store: options.store, alias: options.alias }, output);
  return 0;
}

/** Runs the best trials with seeds that the search did not have. */
async function runAgain(
  study: Study,
  settings: TrialSettings,
  options: { top: number; seeds: number },
  output: Output,
): Promise<Reevaluation[]> {
  const { objective, close } = await createObjective(
    { ...study.spec, settings: { ...settings } },
    (line) => output.say(line),
  );
  const onValue = ({ number }: Trial, seed: number, value: number) =>
    output.record(
      "again",
      { trial: number, seed, value },
      `trial ${number} again, seed ${seed}: ${show(value)}`,
    );
  return await interruptible((signal) => reevaluate(study, objective, { ...options, signal, onValue }))
    .finally(close);
}

/** A line for the study's records, which its report and status show. */
function noteOf({ trial, searched, mean, low, high, flattered }: Reevaluation): string {
  const anew = `${show(mean)} (95 %: ${show(low)} to ${show(high)})`;
  const by = flattered > 0 ? `flattered by ${show(flattered)}` : "not flattered";
  return `trial ${trial.number} anew: ${anew}, in the search ${show(searched)}: ${by}`;
}

/** How the best trials did again, and which of them is best. */
function showAgain(again: readonly Reevaluation[], output: Output): void {
  output.table(
    "winner",
    again.map(({ trial, searched, mean, low, high, flattered }) => ({
      trial: trial.number,
      searched,
      again: mean,
      low,
      high,
      flattered,
    })),
  );
  const [{ trial, flattered, searched, mean }] = again;
  const sense = flattered > 0 ? "flattered" : "did not flatter";
  output.say(
    `Winner: trial ${trial.number} (${showParams(trial.params)}); the search ${sense} it: ${
      show(searched)
    } then, ${show(mean)} anew`,
  );
}

/** Trains the winner as `deno task train` does; gives what the test examples say, or nothing where it was stopped. */
async function trainWinner(
  experiment: Experiment,
  folder: string,
  { params }: Trial,
  { options, dataFolder }: TrialSettings,
  output: Output,
): Promise<RunResult["metrics"]> {
  const { metrics } = await interruptible((signal) =>
    runExperiment(experiment, {
      folder,
      options: { ...options, ...params } as Options,
      dataFolder,
      openBucket,
      resume: false,
      signal,
      log: (line) => output.say(line),
    })
  );
  for (const [name, { value, low, high, n, split }] of Object.entries(metrics ?? {})) {
    const text = `${name} ${show(value)} (95 %: ${show(low)} to ${show(high)}; ${n} ${split} examples)`;
    output.record("metric", { name, value, low, high, n, split }, text);
  }
  return metrics;
}
