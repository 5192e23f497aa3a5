/**
 * Which test files stand on a file: those that import it, themselves or through a few files between.
 * @module
 */
import { dirname, join, normalize } from "@std/path";

/** From a test to what it imports, and on from there: a registry or two stand between. */
const STEPS = 5;
/** Which test covers files that have none of their own name; `tests/mirror_test.ts` holds it against the tree. */
const COVERED = join("tests", "covered.json");
/** Tests of these take minutes, or need more than a copy of the tree. */
const LEFT_OUT = ["tests/long/", "tests/notebooks/"];

/** Reads which test covers which files that have none of their own name. */
export async function readCovered(): Promise<Record<string, string[]>> {
  return JSON.parse(await Deno.readTextFile(COVERED));
}

/**
 * Finds the test files of every file.
 *
 * @param sources Text of each file of the tree, by its path from the tree's root.
 * @param covered What {@linkcode readCovered} gives.
 * @returns The test files by file, nearest first: the one of its own name or the one that covers it, tests that import
 *   it, those of its own folder before others, then tests that import it through other files. A test of another room is
 *   as far as one of its room that has one more file between.
 * @example
 * ```ts
 * const sources = new Map([["tests/lib/a_test.ts", 'import { a } from "../../lib/a.ts";'], ["lib/a.ts", ""]]);
 * findTestsOf(sources).get("lib/a.ts"); // ["tests/lib/a_test.ts"]
 * ```
 */
export function findTestsOf(
  sources: ReadonlyMap<string, string>,
  covered: Readonly<Record<string, readonly string[]>> = {},
): Map<string, string[]> {
  const imports = new Map([...sources].map(([file, text]) => [file, importsOf(file, text)]));
  const found = new Map<string, { test: string; rank: number }[]>();
  for (const test of imports.keys()) {
    if (!test.endsWith("_test.ts") || LEFT_OUT.some((folder) => test.startsWith(folder))) continue;
    for (const [file, steps] of stepsFrom(test, imports)) {
      const isOfFolder = test.startsWith(`tests/${dirname(file)}/`);
      const isOfRoom = test.startsWith(`tests/${file.split("/", 2).join("/")}/`);
      const tests = found.get(file) ?? [];
      const isOwn = test === mirrorOf(file) || covered[test]?.includes(file);
      tests.push({ test, rank: isOwn ? 0 : 3 * steps + (isOfFolder ? 0 : isOfRoom ? 1 : 3) });
      found.set(file, tests);
    }
  }
  return new Map([...found].map(([file, tests]) => {
    tests.sort((a, b) => a.rank - b.rank || (a.test < b.test ? -1 : 1));
    return [file, tests.map(({ test }) => test)];
  }));
}

/** How many imports lead from a file to each that is near it; a test's own helper files are part of it. */
function stepsFrom(start: string, imports: ReadonlyMap<string, string[]>): Map<string, number> {
  const steps = new Map<string, number>();
  let front = withHelpers(start, imports);
  for (let step = 1; step <= STEPS; step++) {
    front = front.flatMap((file) => imports.get(file) ?? []).filter((file) => !steps.has(file));
    for (const file of front) steps.set(file, step);
  }
  return steps;
}

/** A test and the files of the tests' folder that it imports, themselves or through each other. */
function withHelpers(test: string, imports: ReadonlyMap<string, string[]>): string[] {
  const found = new Set([test]);
  for (const file of found) { // grows while it is walked
    for (const next of imports.get(file) ?? []) if (next.startsWith("tests/")) found.add(next);
  }
  return [...found];
}

/** The files that a file imports, or starts as a worker, by their paths from the tree's root. */
export function importsOf(file: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport|\bimport\(|new URL\()\s*"(\.[^"]+\.ts)"/g);
  return [...specifiers].map(([, path]) => normalize(join(dirname(file), path)).replaceAll("\\", "/"));
}

/** The test of a file's own name: `lib/a/_b.ts` has `tests/lib/a/b_test.ts`. */
export function mirrorOf(file: string): string {
  return `tests/${file.replace(/_?([^/]+)\.ts$/, "$1_test.ts")}`;
}
