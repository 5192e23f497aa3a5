/**
 * `deno task test`: every test in `tests/` and every example in the docs, counted from the real run.
 *
 * The last line is `N passed, N failed, N skipped`. In continuous integration (`CI=true`) a skipped test is a failure.
 * @module
 */
import { join } from "@std/path";
import { CliError, formatSeconds, readOptions, runTask } from "./_cli.ts";

const OPTIONS = {
  long: { type: "boolean", default: false, help: "Run tests/long as well: minutes to hours." },
  docs: { type: "boolean", default: true, help: "Run the examples of the docs." },
  filter: { type: "string", hint: "TEXT", help: "Only tests whose name contains this, or matches /this/" },
  jobs: { type: "integer", default: 2, min: 1, help: "Test files that run at once" },
  limit: { type: "number", default: 80, min: 0.1, hint: "MINUTES", help: "Stop a run that takes longer" },
} as const;

/** Folders whose docs hold examples. */
const DOCUMENTED = ["lib", "functions", "tasks"];
const SLOWEST = 8;

/** What a run of `deno test` said at its end. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs the task; see `--help`. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words } = readOptions(args, OPTIONS, {
      usage: "deno task test [FILES]",
      summary: "Runs the tests, all of them or those in FILES.",
      examples: ["deno task test", "deno task test tests/lib/io --filter truncated", "deno task test:long"],
    });
    const inIntegration = Deno.env.get("CI") === "true";
    const files = words.length > 0 ? words : ["tests", ...options.docs ? DOCUMENTED : []];
    for (const file of files) {
      await Deno.stat(file).catch(() => {
        throw new CliError(`Cannot test "${file}": no such file or folder`);
      });
    }
    const folder = await Deno.makeTempDir({ prefix: "cloudchamber-test-" });
    const report = join(folder, "report.xml");
    try {
      const { success, text } = await runTests(
        [
          "test",
          "--allow-all",
          "--parallel",
          "--no-prompt",
          `--junit-path=${report}`,
          ...options.docs ? ["--doc"] : [],
          ...options.long || words.length > 0 ? [] : ["--ignore=tests/long"],
          ...options.filter ? [`--filter=${options.filter}`] : [],
          ...inIntegration ? ["--frozen"] : [],
          ...files,
        ],
        options.jobs,
        options.limit,
      );
      for (const line of slowest(await Deno.readTextFile(report).catch(() => ""))) console.log(line);
      const counts = readCounts(text) ?? { passed: 0, failed: 1, skipped: 0 };
      if (!success && counts.failed === 0) counts.failed = 1; // it ended badly after its last test
      if (inIntegration && counts.skipped > 0) {
        console.log(
          `${counts.skipped} skipped tests count as failed here, as nothing may go untested unseen.`,
        );
        counts.failed += counts.skipped;
        counts.skipped = 0;
      }
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
      return counts.failed > 0 ? 1 : 0;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Runs `deno` with its output passed on as it comes, and kept. */
async function runTests(
  args: string[],
  jobs: number,
  limitMinutes: number,
): Promise<{ success: boolean; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env: { DENO_JOBS: String(jobs), ...Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" } },
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

/** The test files that took longest, from the JUnit report. */
function slowest(report: string): string[] {
  const seconds = new Map<string, number>();
  for (const [, file, time] of report.matchAll(/<testcase [^>]*classname="([^"]*)" time="([\d.]+)"/g)) {
    seconds.set(file, (seconds.get(file) ?? 0) + Number(time));
  }
  const files = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST).filter(([, s]) => s >= 1);
  return files.length === 0 ? [] : [
    "Slowest files:",
    ...files.map(([file, s]) => `  ${formatSeconds(s).padStart(12)}  ${file}`),
  ];
}

if (import.meta.main) Deno.exit(await main(Deno.args));
