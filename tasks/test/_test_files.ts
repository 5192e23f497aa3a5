/** Which files of tests there are, in what order they run, and how. @module */
import { join, normalize } from "@std/path";

/** Ends the name of a file that measures what belongs to the whole process, such as its memory. */
const ALONE = "_alone_test.ts";
/** Most files of one `deno test`. */
const MOST = 120;
/** Whose tests run lib in their own process; the others start programs. */
const COUNTED = join("tests", "lib");
/** Opens the line by which a file of tests says why its coverage is not taken. */
const NOT_COUNTED = /^\/\/ Not counted: /m;

/** Files by how they run. */
export interface TestGroups {
  /** Each in a process to itself. */
  alone: string[];
  /** Side by side. */
  plain: string[];
  /** Side by side, with Deno's coverage. */
  counted: string[];
}

/** The files of tests in a folder, or the file itself, in their order. */
export async function findTests(path: string): Promise<string[]> {
  if ((await Deno.stat(path)).isFile) return [normalize(path)];
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory || name.endsWith("_test.ts")) found.push(...await findTests(join(path, name)));
  }
  return found.sort();
}

/**
 * Parts files into lists of as many as one `deno test` takes.
 *
 * Deno 2.9 overflows its stack where it is told some 200 files, and passes over the wrong ones where it is told several
 * folders and what to ignore in them. Within a part it begins with the files that lie deepest, so that the notebooks, which
 * take minutes, run beside the tests of tasks and are not waited for at the end.
 */
export function inParts(files: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let at = 0; at < files.length; at += MOST) parts.push(files.slice(at, at + MOST));
  return parts;
}

/**
 * Parts files by how they run.
 *
 * Coverage counts each block that runs, at ten times the price of a short loop, and Deno starts each thread a second
 * later: a file with long loops or many threads says so in a line that starts with `// Not counted: `.
 *
 * @param files As {@linkcode findTests} gives them.
 * @param coverage Whether coverage is wanted.
 */
export async function groupTests(files: readonly string[], coverage: boolean): Promise<TestGroups> {
  const groups: TestGroups = { alone: [], plain: [], counted: [] };
  for (const file of files) {
    if (file.endsWith(ALONE)) groups.alone.push(file);
    else if (coverage && await isCounted(file)) groups.counted.push(file);
    else groups.plain.push(file);
  }
  return groups;
}

async function isCounted(file: string): Promise<boolean> {
  return file.startsWith(COUNTED) && !NOT_COUNTED.test(await Deno.readTextFile(file));
}
