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
import { type Bench, type BenchTable, median, meetsBar, need, onFigure, ratioOf } from "./bench/_bench.ts";

const OPTIONS = {
  list: { type: "boolean", default: false, help: "List the areas." },
  rounds: { type: "integer", default: 5, min: 1, help: "How often each side is measured, in turns" },
  out: { type: "string", default: join("runs", "bench"), hint: "FOLDER", help: "Where the JSON record goes" },
  keep: {
    type: "string",
    default: "",
    hint: "FOLDER",
    help: "Where conformance keeps each verdict as it comes, to go on from",
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
        "deno task bench conformance --keep runs/conformance",
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
    const machine = await describeMachine();
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
          const { rounds, keep } = options;
          for (
            const table of await bench.run({ rounds, parts, folder, say, need, keep: keep || undefined })
          ) {
            tables.push({ area: bench.name, ...table });
            printTable(table, output);
          }
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
        output.say(`${bench.name} took ${formatSeconds((performance.now() - start) / 1000)}`);
      }
    });
    await Deno.mkdir(options.out, { recursive: true });
    const file = join(options.out, `${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.json`);
    await Deno.writeTextFile(
      file,
      JSON.stringify({ machine, rounds: options.rounds, tables }, null, 1) + "\n",
    );
    output.record("written", { file }, `Written to ${file}`);
    const missed = tables.flatMap(({ rows }) => rows).filter((row) => meetsBar(row) === false);
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

/** One measurement as it comes: a JSON line, or a line beside the tables, on stderr. */
function tell(output: Output, area: string, name: string, value: unknown): void {
  if (output.json) return output.record("figure", { area, name, value }, "");
  const shown = typeof value === "number" ? value.toPrecision(4) : JSON.stringify(value);
  console.error(`  ${area}, ${name}: ${shown}`);
}

function printTable({ title, rows, notes = [] }: BenchTable, output: Output): void {
  output.say(output.json ? title : `\n${title}`);
  output.table(
    "row",
    rows.map((row) => {
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
      };
    }),
  );
  for (const note of notes) output.say(`  ${note}`);
}

/** Facts that a number needs beside it. */
async function describeMachine(): Promise<Record<string, string | number>> {
  const cpu = await Deno.readTextFile("/proc/cpuinfo").then(
    (text) => /^model name\s*:\s*(.*)$/m.exec(text)?.[1] ?? Deno.build.arch,
    () => Deno.build.arch, // no such file but on Linux
  );
  return {
    cpu,
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    deno: Deno.version.deno,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    load: Number(Deno.loadavg()[0].toFixed(2)),
    date: new Date().toISOString(),
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
