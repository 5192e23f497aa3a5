/**
 * `deno task bench`: measures ours against the Python peers, side by side in one run.
 *
 * Every area is a file in `tasks/bench/`. Only ratios within one run mean anything: machines are noisy.
 * @module
 */
import { nearest } from "../lib/base/nearest.ts";
import { join } from "@std/path";
import {
  CliError,
  createOutput,
  formatSeconds,
  interruptible,
  JSON_OPTION,
  type Output,
  readOptions,
  runTask,
} from "./_cli.ts";
import {
  type Bench,
  type BenchRow,
  type BenchTable,
  holdsMore,
  median,
  meetsBar,
  need,
  onFigure,
  type Peaks,
  ratioOf,
  shareOfPeak,
} from "./bench/_bench.ts";
import { describeMachine, measurePeaks } from "./bench/_machine.ts";

const OPTIONS = {
  list: { type: "boolean", default: false, help: "List the areas." },
  rounds: { type: "integer", default: 5, min: 1, help: "How often each side is measured, in turns" },
  seeds: {
    type: "integer",
    default: 1,
    min: 1,
    help: "Trainings of each network of the parts that train for hours, from other seeds",
  },
  out: { type: "string", default: join("runs", "bench"), hint: "FOLDER", help: "Where the JSON record goes" },
  keep: {
    type: "string",
    default: "",
    hint: "FOLDER",
    help: "Where benches that take hours keep each figure as it comes, to go on from",
  },
  strict: { type: "boolean", default: false, help: "Exit with 1 if a bar is missed." },
  json: JSON_OPTION,
} as const;

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task bench [AREA[:PART,PART]…]",
      summary: "Measures against the peers, which `deno task setup --with bench` installs.",
      examples: [
        "deno task bench --list",
        "deno task bench main_path",
        "deno task bench main_path:step --rounds 9",
        "deno task bench supernemo:counting --keep runs/kept",
        "deno task bench clustering:ours,tracks --keep runs/kept --seeds 3",
      ],
    });
    const output = createOutput(options);
    const benches = await loadBenches();
    if (options.list) {
      output.table("area", benches.map(({ name, summary }) => ({ name, summary })));
      return 0;
    }
    const chosen = words.length > 0
      ? words.map((word) => choose(word, benches))
      : benches.map((bench) => ({ bench, parts: [] }));
    const peaks = await measurePeaks(), machine = describeMachine(peaks);
    output.record(
      "machine",
      machine,
      Object.entries(machine).map(([key, value]) => `${key} ${value}`).join(" · "),
    );
    const tables: (BenchTable & { area: string })[] = [];
    await interruptible(async (signal) => {
      for (const { bench, parts } of chosen) {
        signal.throwIfAborted();
        onFigure((name, value) => tell(output, bench.name, name, value));
        const folder = await Deno.makeTempDir({ prefix: "cloudchamber-bench-" });
        const start = performance.now();
        try {
          const say = (line: string) => void (options.json || console.error(`  ${line}`));
          const { rounds, seeds, keep } = options;
          for (
            const table of await bench.run({
              rounds,
              seeds,
              parts,
              folder,
              say,
              need,
              keep: keep || undefined,
              signal,
            })
          ) {
            tables.push({ area: bench.name, ...table });
            printTable(table, output, peaks);
          }
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
        output.say(`${bench.name} took ${formatSeconds((performance.now() - start) / 1000)}`);
      }
    });
    await Deno.mkdir(options.out, { recursive: true });
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    for (const path of await drawCharts(tables, join(options.out, stamp))) {
      output.record("written", { file: path }, `Drawn in ${path}`);
    }
    const file = join(options.out, `${stamp}.json`);
    await Deno.writeTextFile(
      file,
      JSON.stringify({ machine, rounds: options.rounds, tables }, null, 1) + "\n",
    );
    output.record("written", { file }, `Written to ${file}`);
    const missed = tables.flatMap(({ rows }) => rows).filter((row) =>
      meetsBar(row) === false || holdsMore(row)
    );
    return options.strict && missed.length > 0 ? 1 : 0;
  });
}

/** Every module of `tasks/bench/` whose name does not begin with an underscore. */
async function loadBenches(): Promise<Bench[]> {
  const folder = new URL("./bench/", import.meta.url);
  const benches: Bench[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(".ts") || name.startsWith("_")) continue;
    benches.push(await import(new URL(name, folder).href));
  }
  return benches.sort((a, b) => a.name < b.name ? -1 : 1);
}

function choose(word: string, benches: readonly Bench[]) {
  const [name, parts = ""] = word.split(":");
  const bench = benches.find((bench) => bench.name === name);
  if (bench) return { bench, parts: parts.split(",").filter((part) => part !== "") };
  const near = nearest(name, benches.map((bench) => bench.name));
  throw new CliError(`No bench is named "${name}"${near ? ` (nearest: ${near})` : ""}: --list shows all`);
}

/** What a row cost beside time: memory, of each side, and which share of the processor's peak it came to. */
function costs(row: BenchRow, peaks: Peaks): Record<string, string | number | undefined> {
  const { memory } = row, share = shareOfPeak(row, peaks);
  return {
    MiB: memory?.ours && Math.round(memory.ours),
    "peer MiB": memory?.theirs && Math.round(memory.theirs),
    "of peak": share && `${Math.round(100 * share)} %`,
    memory: holdsMore(row) ? "MORE THAN THE PEER" : undefined,
  };
}

/** Draws the charts of all tables; gives their files, whose names begin alike. */
async function drawCharts(
  tables: readonly (BenchTable & { area: string })[],
  begin: string,
): Promise<string[]> {
  const drawn: string[] = [];
  for (const { area, charts = [] } of tables) {
    for (const { name, spec } of charts) {
      const { onGround, renderSvg } = await import("../lib/plot/render.ts"); // slow to load, and seldom needed
      const path = `${begin}-${area}-${name}.svg`;
      await Deno.writeTextFile(path, onGround(await renderSvg(spec, { theme: "page" })));
      drawn.push(path);
    }
  }
  return drawn;
}

/** One measurement as it comes: a JSON line, or a line beside the tables, on stderr. */
function tell(output: Output, area: string, name: string, value: unknown): void {
  if (output.json) return output.record("figure", { area, name, value }, "");
  const shown = typeof value === "number" ? value.toPrecision(4) : JSON.stringify(value);
  console.error(`  ${area}, ${name}: ${shown}`);
}

/** A row as it is printed. */
function lineOf(row: BenchRow, peaks: Peaks): Record<string, string | number | undefined> {
  const { what, unit, ours, peer, theirs = [], bar, limit, better = "lower" } = row;
  const meets = meetsBar(row), sign = better === "lower" ? "≤" : "≥";
  return {
    what,
    unit,
    "ours min": Math.min(...ours),
    "ours median": median(ours),
    peer: peer ?? "",
    "peer min": theirs.length ? Math.min(...theirs) : undefined,
    "peer median": theirs.length ? median(theirs) : undefined,
    ratio: ratioOf(row),
    bar: bar !== undefined ? `${sign} ${bar} ×` : limit !== undefined ? `${sign} ${limit} ${unit}` : "",
    verdict: meets === undefined ? "" : meets ? "meets" : "MISSES",
    ...costs(row, peaks),
  };
}

/** Columns that are left out of a table in which no row has them. */
const COSTS: ReadonlySet<string> = new Set(["MiB", "peer MiB", "of peak", "memory"]);

function printTable({ title, rows, notes = [] }: BenchTable, output: Output, peaks: Peaks): void {
  output.say(output.json ? title : `\n${title}`);
  const lines = rows.map((row) => lineOf(row, peaks));
  const columns = Object.keys(lines[0] ?? {}).filter((column) =>
    !COSTS.has(column) || lines.some((line) => line[column] !== undefined)
  );
  output.table("row", lines, columns);
  for (const note of notes) output.say(`  ${note}`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
