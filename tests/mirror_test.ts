/**
 * Every file of these rooms has a test of its own name, or stands in `covered.json` behind the test that covers it: a file
 * that nobody tests cannot come in unseen. `deno task test:mutants` tries a fault on that test first.
 * @module
 */
import { join } from "@std/path";
import { importsOf, mirrorOf, readCovered } from "../tasks/mutants/_tests_of.ts";
import { assertEquals } from "./assert.ts";
import { readSource, ROOT, sourcesIn } from "./sources.ts";

const ROOMS = ["engine", "run", "store", "train"];
/** What a room offers, and no more. */
const DOORS = /^lib\/[^/]+\/mod\.ts$/;

/** Files without a mirror, by the test that covers them. */
const COVERED: Readonly<Record<string, readonly string[]>> = await readCovered();

const exists = (path: string) => {
  try {
    return Deno.statSync(join(ROOT, path)).isFile;
  } catch {
    return false;
  }
};

/** All files that a file imports, and those that they import. */
function reachedFrom(start: string): Set<string> {
  const reached = new Set<string>(), waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file) || !exists(file)) continue;
    reached.add(file);
    waiting.push(...importsOf(file, readSource(file)));
  }
  return reached;
}

Deno.test("every file of engine, run, store and train has a test of its name, or one that is named for it", () => {
  const listed = new Set(Object.values(COVERED).flat());
  const files = ROOMS.flatMap((room) => sourcesIn(`lib/${room}`)).filter((file) => !DOORS.test(file));
  const untested = files.filter((file) => !exists(mirrorOf(file)) && !listed.has(file));
  assertEquals(untested, [], "write a test, or name the one that covers it");
  const stale = [...listed].filter((file) => !files.includes(file) || exists(mirrorOf(file)));
  assertEquals(stale, [], "these are gone, or have a test of their own");
});

Deno.test("every test that is named for a file reaches it", () => {
  const missed = Object.entries(COVERED).flatMap(([test, files]) => {
    const reached = reachedFrom(test);
    return files.filter((file) => !reached.has(file)).map((file) => `${test} does not import ${file}`);
  });
  assertEquals(missed, []);
});
