/** `deno task search export FOLDER FILE` and `import`: studies as Talos's CSV or Optuna's journal. @module */
import { resolve } from "@std/path";
import { writeDurably } from "../../lib/base/durable_file.ts";
import { decodeTalosCsv, encodeTalosCsv } from "../../lib/search/analysis/csv.ts";
import { decodeOptunaJournal, encodeOptunaJournal } from "../../lib/search/analysis/optuna.ts";
import { readOptunaDatabase } from "../../lib/search/analysis/optuna_database.ts";
import { createStudy, hasStudy, openStudy, type Study } from "../../lib/search/study.ts";
import type { Direction } from "../../lib/search/study_state.ts";
import { CliError, type OptionTable, readOptions } from "../_cli.ts";
import { readSpace } from "./_objective.ts";

const FORMAT = {
  type: "choice",
  choices: ["csv", "optuna"],
  help: "CSV in the order of Talos's columns, or a journal that Optuna opens (default: by the file's name).",
} as const;

/** By a file's name: what does not end in .csv is a journal. */
const formatOf = (file: string, given: string | undefined) =>
  given ?? (file.endsWith(".csv") ? "csv" : "optuna");

/** Writes a study into a file. */
export async function exportStudy(args: readonly string[]): Promise<number> {
  const { options, words: [folder, file] } = readOptions(
    args,
    { format: FORMAT } as const satisfies OptionTable,
    {
      usage: "deno task search export FOLDER FILE",
      summary: "Writes the trials of a study as CSV or as an Optuna journal.",
      examples: [
        "deno task search export runs/search/mnist scan.csv",
        "deno task search export runs/search/mnist study.log --format optuna",
      ],
      words: [2, 2],
    },
  );
  const study = openStudy(folder);
  const csv = formatOf(file, options.format) === "csv";
  await writeDurably(file, csv ? encodeTalosCsv(study.state) : encodeOptunaJournal(study.state, study.space));
  console.log(`Written to ${file}`);
  return 0;
}

const IMPORT_OPTIONS = {
  format: {
    type: "choice",
    choices: ["csv", "optuna", "sqlite"],
    help: "Talos's CSV, Optuna's journal or its SQLite database (default: by the file's name: .csv, .db).",
  },
  study: { type: "string", hint: "NAME", help: "Which study of a database that holds several." },
  metric: { type: "string", default: "val_loss", hint: "NAME", help: "The column to judge by (CSV)." },
  direction: {
    type: "choice",
    choices: ["minimize", "maximize"],
    default: "minimize",
    help: "Whether less is better.",
  },
  space: { type: "string", hint: "FILE", help: "The space, where the folder holds no study yet." },
} as const satisfies OptionTable;

/** Reads trials of elsewhere into a study, which samplers learn from. */
export async function importStudy(args: readonly string[]): Promise<number> {
  const { options, words: [folder, file] } = readOptions(args, IMPORT_OPTIONS, {
    usage: "deno task search import FOLDER FILE",
    summary: "Adds the trials of a CSV or of a storage of Optuna to a study, or begins one with them.",
    examples: [
      "deno task search import runs/search/mnist scan.csv --metric val_loss --space space.json",
      "deno task search import runs/search/mnist optuna.db --direction maximize --space space.json",
    ],
    words: [2, 2],
  });
  const study = await openOrBegin(
    resolve(folder),
    options.space,
    options.metric,
    options.direction as Direction,
  );
  const trials = await readTrials(file, study, options);
  await study.write(({ budget }) => [
    ...trials.map((trial) => ({ op: "import", trial }) as const),
    { op: "budget", trials: budget + trials.length },
  ]);
  console.log(`Imported ${trials.length} trials into ${folder}`);
  return 0;
}

async function readTrials(
  file: string,
  { space }: Study,
  { format, metric, study }: { format?: string; metric: string; study?: string },
) {
  const isDatabase = format === "sqlite" || (format === undefined && /\.(db|sqlite3?)$/.test(file));
  if (isDatabase) return readOptunaDatabase(file, space, { study });
  const text = await Deno.readTextFile(file);
  return formatOf(file, format) === "csv"
    ? decodeTalosCsv(text, space, metric)
    : decodeOptunaJournal(text, space);
}

async function openOrBegin(
  folder: string,
  spaceFile: string | undefined,
  metric: string,
  direction: Direction,
): Promise<Study> {
  if (hasStudy(folder)) return openStudy(folder);
  if (spaceFile === undefined) throw new CliError(`"${folder}" holds no study: --space FILE begins one`);
  const { space } = await readSpace(spaceFile);
  return await createStudy(folder, {
    name: "import",
    space: space.spec,
    directions: [direction],
    objectives: [metric],
    sampler: { name: "tpe" },
    pruner: { name: "none" },
    seed: 0,
    retries: 2,
  });
}
