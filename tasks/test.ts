/**
 * `deno task test`: every test in `tests/` and every example in the docs, counted from the real run.
 *
 * What an example says in a `// value` behind an expression is compared with the result. With `--coverage` the share
 * of each room that ran is printed; with `--hard` all of it runs under conditions that should change nothing; with
 * `--repeat` it runs again and again, and what failed now and then is named.
 *
 * The last line is `N passed, N failed, N skipped`. In continuous integration (`CI=true`) a skipped test is a failure.
 * @module
 */
import { join, normalize, resolve } from "@std/path";
import { pathToFileURL } from "node:url";
import { CliError, formatTable, type OptionValues, readOptions, runTask } from "./_cli.ts";
import { coverageArguments, coverageByRoom, removeTornProfiles } from "./test/_coverage.ts";
import { writeExampleTests } from "./test/_doc_examples.ts";
import { type Hardship, makeHardship } from "./test/_hardship.ts";
import { describeFailed, describeFlakes, type FailedTest, readFailed, slowest } from "./test/_junit.ts";
import { findTests, groupTests, inParts, type TestGroups } from "./test/_test_files.ts";

const OPTIONS = {
  long: { type: "boolean", default: false, help: "Run tests/long as well: minutes to hours." },
  docs: { type: "boolean", default: true, help: "Leave out the examples of the docs." },
  filter: { type: "string", hint: "TEXT", help: "Only tests whose name contains this, or matches /this/" },
  coverage: {
    type: "boolean",
    default: false,
    help: "Print which share of each room the tests of lib ran",
  },
  hard: {
    type: "boolean",
    default: false,
    help: "Random order, all processors busy, the clock a day ahead in another time zone",
  },
  seed: { type: "integer", min: 0, help: "Order of the tests with --hard; drawn and printed without" },
  repeat: {
    type: "integer",
    default: 1,
    min: 1,
    help: "Times it runs; at the end, how often each test failed",
  },
  jobs: { type: "integer", default: 2, min: 1, help: "Test files that run at once" },
  limit: { type: "number", default: 60, min: 0.01, hint: "MINUTES", help: "Stop a run that takes longer" },
} as const;

/** Folders whose docs hold examples. */
const DOCUMENTED = ["functions", "lib", "tasks"];

/** What a run of `deno test` said at its end. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** One `deno test`. */
interface TestRun {
  args: string[];
  /** Files at once. */
  jobs: number;
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task test [FILES]",
      summary: "Runs the tests and the examples of the docs, all of them or those in FILES.",
      examples: [
        "deno task test",
        "deno task test tests/lib/io --filter truncated",
        "deno task test lib/io",
        "deno task test:long",
      ],
    });
    const { groups, documented } = await chosenTests(words, options);
    const folder = await Deno.makeTempDir({ prefix: "cloudchamber-test-" });
    const examples = join(folder, "examples"), profiles = join(folder, "coverage");
    try {
      const hasExamples = await writeExampleTests(documented, examples) > 0;
      const counts = await runRounds(
        { groups, profiles, examples: hasExamples ? examples : undefined },
        options,
      );
      return report(counts);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** The values of the options. */
type TestOptions = OptionValues<typeof OPTIONS>;

/** In continuous integration nothing may go untested unseen. */
const inIntegration = () => Deno.env.get("CI") === "true";

/** Test files and documented folders among those that are named, or all. @throws {CliError} If one is not there. */
async function chosenTests(
  words: readonly string[],
  { long, docs, coverage }: TestOptions,
): Promise<{ groups: TestGroups; documented: readonly string[] }> {
  for (const word of words) {
    await Deno.stat(word).catch(() => {
      throw new CliError(`Cannot test "${word}": no such file or folder`);
    });
  }
  const holdsDocs = (word: string) => DOCUMENTED.some((folder) => normalize(word).startsWith(folder));
  const tests = words.length > 0 ? words.filter((word) => !holdsDocs(word)) : ["tests"];
  const documented = words.length > 0 ? words.filter(holdsDocs) : docs ? DOCUMENTED : [];
  const isLeft = (file: string) => !long && words.length === 0 && file.startsWith(join("tests", "long"));
  const files = [...new Set((await Promise.all(tests.map(findTests))).flat())];
  return { groups: await groupTests(files.filter((file) => !isLeft(file)), coverage), documented };
}

/** What is run, and where. */
interface Chosen {
  groups: TestGroups;
  /** Where profiles of what ran go. */
  profiles: string;
  /** Where the examples of the docs are, as tests. */
  examples?: string;
}

/** Runs all of it as often as asked for, and says what is known of it together. */
async function runRounds(chosen: Chosen, options: TestOptions): Promise<Counts> {
  const firstSeed = options.seed ?? Math.floor(2 ** 32 * Math.random());
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }, failed: FailedTest[] = [];
  for (let round = 0; round < options.repeat; round++) {
    if (options.repeat > 1) console.log(`Run ${round + 1} of ${options.repeat}`);
    const seed = firstSeed + round;
    await using hardship = options.hard ? makeHardship(seed) : undefined;
    if (hardship) console.log(`Under load, tomorrow, in another time zone, in order ${seed}`);
    const common = argumentsOf(options, hardship?.args, round);
    for (const each of runsOf(chosen, common, options.jobs)) {
      const run = await countTests(each, options.limit, hardship?.env);
      for (const key of ["passed", "failed", "skipped"] as const) counts[key] += run[key];
      failed.push(...run.tests);
    }
  }
  if (chosen.groups.counted.length > 0) {
    for (const line of await describeCoverage(chosen.profiles)) console.log(line);
  }
  for (const line of describeFailed(failed)) console.log(line);
  if (options.repeat > 1) {
    for (const line of describeFlakes(failed, options.repeat)) console.log(line);
  }
  return counts;
}

/** What every `deno test` of a round is told. */
function argumentsOf({ filter }: TestOptions, hardship: readonly string[] = [], round: number): string[] {
  return [
    "test",
    "--allow-all",
    "--no-prompt",
    ...hardship,
    ...filter ? [`--filter=${filter}`] : [],
    ...inIntegration() ? ["--frozen"] : [],
    ...inIntegration() || round > 0 ? ["--no-check"] : [], // their types were checked a moment ago
  ];
}

/** Says how it went; gives the task's exit code. */
function report({ passed, failed, skipped }: Counts): number {
  const isStrict = inIntegration() && skipped > 0;
  if (isStrict) {
    console.log(`${skipped} skipped tests count as failed here, as nothing may go untested unseen.`);
  }
  const bad = failed + (isStrict ? skipped : 0);
  console.log(`${passed} passed, ${bad} failed, ${isStrict ? 0 : skipped} skipped`);
  return bad > 0 ? 1 : 0;
}

/** The runs of one round, one after another. */
function runsOf(
  { groups, profiles, examples }: Chosen,
  common: readonly string[],
  jobs: number,
): TestRun[] {
  const together = [...common, "--parallel"], counting = [...together, ...coverageArguments(profiles)];
  const runs: TestRun[] = [
    ...groups.alone.map((file) => ({ args: [...common, file], jobs })),
    ...inParts(groups.plain).map((part) => ({ args: [...together, ...part], jobs })),
    // One more, as each waits a second for every thread that it starts.
    ...inParts(groups.counted).map((part) => ({ args: [...counting, ...part], jobs: jobs + 1 })),
  ];
  // A run of their own, so that an example that does not load cannot keep the tests from running; their types are
  // checked by `deno task check`.
  if (examples) runs.push({ args: [...together, "--no-check", "--config=deno.json", examples], jobs });
  return runs;
}

/** One run of `deno test`: its own counts, or one failure where it did not come to count, and what failed. */
async function countTests(
  { args, jobs }: TestRun,
  limit: number,
  env: Hardship["env"] = {},
): Promise<Counts & { tests: FailedTest[] }> {
  const folder = await Deno.makeTempDir({ prefix: "cloudchamber-test-" });
  const path = join(folder, "report.xml");
  try {
    const { success, text } = await runTests([...args, `--junit-path=${path}`], jobs, limit, env);
    const report = await Deno.readTextFile(path).catch(() => "");
    for (const line of slowest(report)) console.log(line);
    const counts = readCounts(text) ?? { passed: 0, failed: 1, skipped: 0 };
    if (!success && counts.failed === 0) counts.failed = 1; // it ended badly after its last test
    const tests = readFailed(report);
    if (counts.failed > 0 && tests.length === 0) {
      tests.push({ name: `a run of ${args.at(-1)} that did not end well`, message: "" });
    }
    return { ...counts, tests };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs `deno` with its output passed on as it comes, and kept. */
async function runTests(
  args: string[],
  jobs: number,
  limitMinutes: number,
  extra: Hardship["env"],
): Promise<{ success: boolean; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: {
      ...extra,
      DENO_JOBS: String(jobs),
      ...Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" },
    },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const timer = setTimeout(() => {
    console.error(`error: Stopped the tests as they took longer than ${limitMinutes} minutes`);
    child.kill("SIGKILL");
  }, limitMinutes * 60_000);
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of child.stdout) {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
    text = (text + decoder.decode(bytes, { stream: true })).slice(-100_000); // the summary is at the end
  }
  const { success } = await child.status;
  clearTimeout(timer);
  return { success, text };
}

/** Reads the line that closes a run, such as `FAILED | 7 passed (2 steps) | 1 failed | 3 ignored (2s)`. */
export function readCounts(text: string): Counts | undefined {
  // deno-lint-ignore no-control-regex -- the colours of a terminal
  const lines = text.replaceAll(/\x1b\[[0-9;]*m/g, "").split("\n");
  const line = lines.findLast((line) => /^(ok|FAILED) \| \d+ passed/.test(line));
  if (line === undefined) return undefined;
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** A table of what ran of each room, from Deno's profiles. */
async function describeCoverage(profiles: string): Promise<string[]> {
  const output = join(profiles, "report.lcov");
  const torn = await removeTornProfiles(profiles);
  // Only what the table is of: programs that tests write and replace make Deno's sum panic.
  const lib = RegExp.escape(`${pathToFileURL(resolve("lib"))}/`);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--lcov", `--include=^${lib}`, `--output=${output}`, profiles],
  }).output();
  if (!success) return [`Cannot sum the coverage: ${new TextDecoder().decode(stderr).trim()}`]; // the tests' own counts still stand
  const rooms = coverageByRoom(
    await Deno.readTextFile(output),
    Deno.cwd(),
    (file) => Deno.readTextFileSync(file),
  );
  const percent = (share: number) => Number.isNaN(share) ? "" : `${(100 * share).toFixed(1)} %`;
  const rows = rooms.map(({ room, files, lines, branches, throws }) => ({
    room,
    files,
    lines: percent(lines),
    branches: percent(branches),
    throws: percent(throws),
  }));
  return [
    "What the tests of lib ran of each room, but for those with loops too long to count" +
    (torn > 0 ? ` and ${torn} workers that were ended while they wrote theirs:` : ":"),
    ...formatTable(rows, [
      "room",
      "files",
      "lines",
      "branches",
      "throws",
    ]),
  ];
}

if (import.meta.main) Deno.exit(await main(Deno.args));
