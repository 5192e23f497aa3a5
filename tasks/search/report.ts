/** `deno task search report FOLDER`: what a study found, as tables and as one page. @module */
import { writeDurably } from "../../lib/base/durable_file.ts";
import { searchReportHtml } from "../../lib/run/search_report.ts";
import { pedAnova, permutationImportance } from "../../lib/search/analysis/importance.ts";
import {
  column,
  correlate,
  lossesOf,
  paretoFront,
  type Row,
  rowsOf,
  usable,
} from "../../lib/search/analysis/table.ts";
import { bestTrials } from "../../lib/search/run_trials.ts";
import { openStudy, type Study } from "../../lib/search/study.ts";
import {
  CliError,
  createOutput,
  interruptible,
  JSON_OPTION,
  type OptionTable,
  type Output,
  readOptions,
} from "../_cli.ts";
import { directionOf, progressLine, rowOf } from "./_summary.ts";

const OPTIONS = {
  metric: {
    type: "string",
    hint: "NAME",
    help: "What to sort and ask by; any column (default: the study's first objective).",
  },
  top: { type: "integer", default: 10, min: 1, hint: "N", help: "How many trials the table shows." },
  high: { type: "boolean", default: false, help: "Only the highest value of the metric (Talos's high)." },
  low: { type: "boolean", default: false, help: "Only the lowest value." },
  rounds: { type: "boolean", default: false, help: "Only how many trials gave values." },
  rounds2high: {
    type: "boolean",
    default: false,
    help: "Only how many trials it took to the highest value.",
  },
  correlate: { type: "boolean", default: false, help: "Only the correlations with the metric." },
  method: {
    type: "choice",
    choices: ["pearson", "spearman"],
    default: "pearson",
    help: "Which correlation.",
  },
  bestParams: { type: "boolean", default: false, help: "Only the parameters of the best trials." },
  importance: { type: "boolean", default: false, help: "Only which parameters matter." },
  follow: {
    type: "boolean",
    default: false,
    help: "Look again every few seconds until the study is finished.",
  },
  page: { type: "string", hint: "FILE", help: "Where the page goes (default: report.html of the study)." },
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** Writes a study's page, into its folder where no other place is named. */
export async function writeReport(study: Study, file = study.paths.report): Promise<void> {
  await writeDurably(file, await searchReportHtml(study));
}

/** Says what a study found, and writes its page. */
export async function showReport(args: readonly string[]): Promise<number> {
  const { options, words: [folder] } = readOptions(args, OPTIONS, {
    usage: "deno task search report FOLDER",
    summary:
      "Shows the best trials of a study and writes report.html, one page to mail; or answers one question.",
    examples: [
      "deno task search report runs/search/mnist",
      "deno task search report runs/search/mnist --metric validationAccuracy --high",
      "deno task search report runs/search/mnist --correlate --method spearman",
      "deno task search report runs/search/mnist --follow",
    ],
    words: [1, 1],
  });
  const study = openStudy(folder), output = createOutput(options);
  const metric = options.metric ?? study.spec.objectives[0];
  const rows = rowsOf(study.state);
  if (rows.length === 0 && !options.follow) throw new CliError(`No trial of "${folder}" gave values yet`);
  if (options.high) return answer(output, "high", Math.max(...column(rows, metric)));
  if (options.low) return answer(output, "low", Math.min(...column(rows, metric)));
  if (options.rounds) return answer(output, "rounds", rows.length);
  if (options.rounds2high) return answer(output, "rounds2high", roundsToHigh(rows, metric));
  if (options.correlate) {
    for (const [name, r] of Object.entries(correlate(rows, metric, options.method))) {
      output.record("correlation", { name, r }, `${name.padEnd(24)} ${r.toFixed(4)}`);
    }
    return 0;
  }
  if (options.importance) return showImportance(study, output);
  if (options.bestParams) {
    output.table("params", bestTrials(study, options.top).map(({ params }) => ({ ...params })));
    return 0;
  }
  const file = options.page ?? study.paths.report;
  if (options.follow) return await follow(study, output, options.top, file);
  showBest(study, output, options.top, metric);
  await writeReport(study, file);
  output.record("report", { file }, `Written to ${file}`);
  return 0;
}

function answer(output: Output, name: string, value: number): number {
  output.record(name, { value }, String(value));
  return 0;
}

/** The place of the highest value among the trials that gave values, from 0, as Talos counts. */
function roundsToHigh(rows: readonly Row[], metric: string): number {
  const values = column(rows, metric);
  return values.indexOf(Math.max(...values));
}

function showBest(study: Study, output: Output, top: number, metric = study.spec.objectives[0]): void {
  const { spec, state } = study;
  output.say(progressLine(study));
  output.table("best", sortedBy(study, metric).slice(0, top));
  if (spec.objectives.length < 2) return;
  output.say("Pareto front:");
  output.table(
    "front",
    paretoFront(state.trials, spec.directions).map((trial) => rowOf(trial, spec.objectives)),
  );
}

/** Rows of the trials that gave values, the best by a metric first. */
function sortedBy(study: Study, metric: string): Record<string, unknown>[] {
  const { spec, state } = study;
  const at = spec.objectives.indexOf(metric);
  if (at >= 0) return bestTrials(study, Infinity, at).map((trial) => rowOf(trial, spec.objectives));
  const trials = usable(state.trials), values = column(rowsOf(state), metric);
  const sign = directionOf(metric) === "maximize" ? -1 : 1;
  return trials
    .map((trial, i) => ({ row: { [metric]: values[i], ...rowOf(trial, spec.objectives) }, value: values[i] }))
    .sort((a, b) => sign * (a.value - b.value))
    .map(({ row }) => row);
}

function showImportance(study: Study, output: Output): number {
  const { space, state, spec } = study;
  const trials = usable(state.trials), losses = lossesOf(trials, spec.directions);
  const anova = pedAnova(space, trials, losses);
  const permutation = permutationImportance(space, trials, losses);
  const rows = Object.entries(anova).map(([parameter, share]) => ({
    parameter,
    "PED-ANOVA": share,
    permutation: permutation[parameter],
  }));
  output.table("importance", rows);
  return 0;
}

/** Looks every five seconds; the page stays up to date, and a browser that shows it loads it anew. */
async function follow(study: Study, output: Output, top: number, file: string): Promise<number> {
  let said = "";
  await interruptible(async (signal) => {
    while (!signal.aborted) {
      study.refresh();
      const line = progressLine(study);
      if (line !== said) {
        showBest(study, output, top);
        const page = await searchReportHtml(study);
        const refresh = study.isFinished() ? "" : '<meta http-equiv="refresh" content="10">';
        await writeDurably(file, page.replace("<head>", `<head>${refresh}`));
      }
      said = line;
      if (study.isFinished()) return;
      await new Promise((resolve) => setTimeout(resolve, 5_000));
    }
  });
  return 0;
}
