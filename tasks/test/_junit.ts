/** What a JUnit report of `deno test` says: the slowest tests, and those that failed. @module */
import { formatSeconds } from "../_cli.ts";

const SLOWEST = 12;

/** The tests that took longest, a second at least. */
export function slowest(report: string): string[] {
  const tests = [...report.matchAll(/<testcase name="([^"]*)"[^>]* time="([\d.]+)"/g)]
    .map(([, name, time]) => ({ name: unescape(name), seconds: Number(time) }))
    .filter(({ name, seconds }) => seconds >= 1 && !name.includes(" > ")); // steps count with their test
  tests.sort((a, b) => b.seconds - a.seconds);
  const lines = tests.slice(0, SLOWEST).map(({ name, seconds }) =>
    `  ${formatSeconds(seconds).padStart(12)}  ${name}`
  );
  return lines.length === 0 ? [] : ["Slowest:", ...lines];
}

/**
 * The tests that failed, each with its file.
 *
 * @example
 * ```ts
 * const failed = '<testcase name="a" classname="./a_test.ts" time="0.1" line="1" col="6">\n<failure message="no">';
 * readFailed(failed); // ["./a_test.ts: a"]
 * ```
 */
export function readFailed(report: string): string[] {
  const found = report.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<failure/g);
  return [...found].map(([, name, file]) => `${unescape(file)}: ${unescape(name)}`);
}

/** Says how often each test failed, the most often first. */
export function describeFlakes(failed: ReadonlyMap<string, number>, runs: number): string[] {
  if (failed.size === 0) return [`No test failed in ${runs} runs`];
  const rows = [...failed].sort(([, a], [, b]) => b - a);
  return [`Failed in ${runs} runs:`, ...rows.map(([name, times]) => `  ${times} times  ${name}`)];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name) => ENTITIES[name]);
}
