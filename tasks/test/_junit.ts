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

/** A test that failed. */
export interface FailedTest {
  /** Its file and its name. */
  name: string;
  /** What was thrown, as Deno writes it. */
  message: string;
}

/**
 * The tests that failed, each with its file and what it threw.
 *
 * @example
 * ```ts
 * const failed = '<testcase name="a" classname="./a_test.ts" time="0.1">\n<failure message="">no</failure>';
 * readFailed(failed); // [{ name: "./a_test.ts: a", message: "no" }]
 * ```
 */
export function readFailed(report: string): FailedTest[] {
  const pattern = /<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<failure[^>]*>([^<]*)/g;
  return [...report.matchAll(pattern)].map(([, name, file, message]) => ({
    name: `${unescape(file)}: ${unescape(name)}`,
    message: unescape(message),
  }));
}

/** Lines of a message, and characters of a line, that tell what went wrong. */
const LINES = 12, COLUMNS = 200;

/** Each test that failed with the head of what it threw, for the end of a long log, of which some keep only that. */
export function describeFailed(failed: readonly FailedTest[]): string[] {
  if (failed.length === 0) return [];
  const lines = failed.flatMap(({ name, message }) => {
    const told = message.split("\n").filter((line) => line.trim() !== "").slice(0, LINES);
    return [`  ${name}`, ...told.map((line) => `    ${line.slice(0, COLUMNS)}`)];
  });
  return ["Failed:", ...lines];
}

/** Says how often each test failed, the most often first. */
export function describeFlakes(failed: readonly FailedTest[], runs: number): string[] {
  if (failed.length === 0) return [`No test failed in ${runs} runs`];
  const times = Object.entries(Object.groupBy(failed, ({ name }) => name));
  const rows = times.map(([name, tests]) => ({ name, times: tests!.length }));
  rows.sort((a, b) => b.times - a.times);
  return [`Failed in ${runs} runs:`, ...rows.map(({ name, times }) => `  ${times} times  ${name}`)];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name) => ENTITIES[name]);
}
