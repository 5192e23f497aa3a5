/**
 * `deno task runs`: what training runs there are, side by side, and their numbers for other programs.
 * @module
 */
import { join } from "@std/path";
import { nearest } from "../lib/base/nearest.ts";
import { writeDurably } from "../lib/base/durable_file.ts";
import {
  compareHtml,
  compareTable,
  describeRun,
  findRuns,
  type FoundRun,
  readRun,
  runEventFile,
  runsCsv,
} from "../lib/run/compare.ts";
import { CliError, createOutput, JSON_OPTION, type Output, readOptions, runTask } from "./_cli.ts";

const OPTIONS = {
  folder: { type: "string", default: "runs", hint: "FOLDER", help: "Where the runs are." },
  experiment: { type: "string", hint: "NAME", help: "Only runs of this experiment." },
  out: {
    type: "string",
    hint: "PLACE",
    help:
      "File of the comparison (default: runs/compare.html), or folder of an export (default: runs/export).",
  },
  to: {
    type: "choice",
    choices: ["tensorboard", "csv"],
    default: "tensorboard",
    help: "What an export is for.",
  },
  json: JSON_OPTION,
} as const;

/** What a command works with. */
interface Work {
  runs: readonly FoundRun[];
  folder: string;
  out?: string;
  to: "tensorboard" | "csv";
  output: Output;
}

function list({ runs, output, folder }: Work): Promise<void> {
  if (runs.length === 0) output.say(`There are no runs in ${folder}`);
  output.table("run", runs.map((run) => ({ ...describeRun(run) })));
  return Promise.resolve();
}

async function compare({ runs, output, folder, out = join(folder, "compare.html") }: Work): Promise<void> {
  const { columns, rows } = compareTable(runs);
  output.table(
    "run",
    rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))),
    columns,
  );
  await writeDurably(out, await compareHtml(runs));
  output.record("compared", { runs: runs.length, file: out }, `${runs.length} runs side by side: ${out}`);
}

async function exportRuns({ runs, output, folder, to, out = join(folder, "export") }: Work): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  if (to === "csv") {
    const file = join(out, "runs.csv");
    await writeDurably(file, runsCsv(runs));
    output.record("exported", { runs: runs.length, file }, `${runs.length} runs: ${file}`);
    return;
  }
  for (const run of runs) {
    const place = join(out, run.name), { name, bytes } = runEventFile(run);
    await Deno.mkdir(place, { recursive: true });
    await writeDurably(join(place, name), bytes);
    output.record("exported", { run: run.name, file: join(place, name) }, join(place, name));
  }
  output.say(`Look at them: tensorboard --logdir ${out}`);
}

const COMMANDS: Readonly<Record<string, (work: Work) => Promise<void>>> = {
  list,
  compare,
  export: exportRuns,
};

/** The runs that words name, all where there are none; a word is a run's name, the start of one, or a folder. */
async function chosen(all: readonly FoundRun[], words: readonly string[]): Promise<FoundRun[]> {
  const runs: FoundRun[] = [];
  for (const word of words) {
    const named = word.replace(/\/+$/, "");
    const found = all.filter(({ name, folder }) =>
      name === named || folder === named || name.startsWith(`${named}/`)
    );
    if (found.length > 0) runs.push(...found);
    else runs.push(await readRun(named).catch(() => refuse(word, all)));
  }
  return words.length === 0 ? [...all] : [...new Map(runs.map((run) => [run.folder, run])).values()];
}

function refuse(word: string, runs: readonly FoundRun[]): never {
  const near = nearest(word, runs.map(({ name }) => name));
  throw new CliError(
    `There is no run "${word}"${near ? ` (nearest: ${near})` : ""}: deno task runs lists those there are`,
  );
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task runs [COMMAND] [RUN…]",
      summary:
        "Lists training runs (list), lays them side by side in a table and a page (compare), and writes their\n" +
        "numbers for TensorBoard or as CSV (export). A RUN is a name of the list or a part of one; all by default.",
      examples: [
        "deno task runs                                    # what there is",
        "deno task runs compare mnist                      # all runs of mnist, in runs/compare.html",
        "deno task runs compare runs/a runs/b --out ab.html",
        "deno task runs export --to csv --out numbers",
      ],
      words: [0, Infinity],
    });
    const [command = "list", ...names] = words;
    if (!Object.hasOwn(COMMANDS, command)) {
      const known = Object.keys(COMMANDS), near = nearest(command, known);
      throw new CliError(
        `There is no command "${command}"${near ? ` (nearest: ${near})` : ""}: there are ${known.join(", ")}`,
      );
    }
    const output = createOutput(options);
    const { runs: all, unread } = await findRuns(options.folder).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return { runs: [], unread: [] };
      throw error;
    });
    for (const { reason } of unread) output.say(reason);
    const own = all.filter(({ record }) =>
      options.experiment === undefined || record.experiment === options.experiment
    );
    const runs = await chosen(own, names);
    if (runs.length === 0 && command !== "list") throw new CliError(`There are no runs in ${options.folder}`);
    const { folder, out, to } = options;
    await COMMANDS[command]({ runs, folder, out, to, output });
    return 0;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
