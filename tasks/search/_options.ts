/** What `deno task search` may be told: the search's own options, and those of the experiment, which hold for all trials. @module */
import type { Experiment } from "../../lib/run/experiment.ts";
import { PRUNERS } from "../../lib/search/pruners/registry.ts";
import { SAMPLERS } from "../../lib/search/samplers/registry.ts";
import { flagName, JSON_OPTION, type OptionTable, type OptionValues } from "../_cli.ts";

/** The search's own options. */
export const OPTIONS = {
  space: {
    type: "string",
    hint: "FILE",
    help: "What to try, as JSON or TypeScript (default: the options' own ranges).",
  },
  vary: {
    type: "list",
    hint: "OPTIONS",
    help: "Instead of a file: only these options, in their own ranges; of choices all without one.",
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

/** Values of the search's own options. */
export type Values = OptionValues<typeof OPTIONS>;

/** The experiment's options by what they are called here. */
export type Own = Readonly<Record<string, string>>;

/**
 * The search's options, and those of the experiment, which hold for all trials. One that both have is the search's; the
 * experiment's is called `itsNAME` then.
 */
export function tableOf(experiment: Experiment | undefined): { table: OptionTable; own: Own } {
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
