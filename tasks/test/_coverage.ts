/**
 * Which share of each room the tests ran: lines, branches, and the statements that throw.
 *
 * Deno's own coverage of the process of the tests; what they start as processes or workers of its own is not in it.
 * @module
 */
import { join, relative } from "@std/path";

/** What makes `deno test` write the profiles of its own process into a folder. */
export function coverageArguments(profiles: string): string[] {
  const preload = join(import.meta.dirname!, "_count_one_process.ts");
  return [`--coverage=${profiles}`, "--coverage-raw-data-only", `--preload=${preload}`];
}

/** What ran of a room. */
export interface RoomCoverage {
  room: string;
  files: number;
  /** Shares from 0 to 1; NaN where there is nothing to run. */
  lines: number;
  branches: number;
  /** Of the lines that begin with `throw`: failure paths. */
  throws: number;
}

interface Tally {
  files: number;
  found: { lines: number; branches: number; throws: number };
  ran: { lines: number; branches: number; throws: number };
}

/**
 * Sums a report in lcov's format by room of lib.
 *
 * @param lcov The report, of files by their absolute paths.
 * @param root The tree's root.
 * @param read Gives the text of a file by its path from the root.
 * @example One line of two ran, and nothing was thrown
 * ```ts
 * const report = "SF:/tree/lib/io/a.ts\nDA:1,3\nDA:2,0\nend_of_record\n";
 * coverageByRoom(report, "/tree", () => "if (a) b();\n  throw c;\n");
 * // [{ room: "io", files: 1, lines: 0.5, branches: NaN, throws: 0 }]
 * ```
 */
export function coverageByRoom(lcov: string, root: string, read: (file: string) => string): RoomCoverage[] {
  const rooms = new Map<string, Tally>();
  for (const record of lcov.split("end_of_record")) {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    const file = path === undefined ? "" : relative(root, path).replaceAll("\\", "/");
    const room = /^lib\/([^/]+)\//.exec(file)?.[1];
    if (room === undefined) continue;
    const tally = rooms.get(room) ?? emptyTally();
    rooms.set(room, tally);
    tally.files++;
    addFile(tally, record, read(file).split("\n"));
  }
  return [...rooms].sort(([a], [b]) => a < b ? -1 : 1).map(([room, { files, found, ran }]) => ({
    room,
    files,
    lines: ran.lines / found.lines,
    branches: ran.branches / found.branches,
    throws: ran.throws / found.throws,
  }));
}

function emptyTally(): Tally {
  const none = { lines: 0, branches: 0, throws: 0 };
  return { files: 0, found: { ...none }, ran: { ...none } };
}

function addFile({ found, ran }: Tally, record: string, source: readonly string[]): void {
  for (const [, line, count] of record.matchAll(/^DA:(\d+),(\d+)/gm)) {
    const hasRun = count !== "0";
    found.lines++;
    if (hasRun) ran.lines++;
    if (!/^\s*throw\b/.test(source[Number(line) - 1] ?? "")) continue;
    found.throws++;
    if (hasRun) ran.throws++;
  }
  for (const [, count] of record.matchAll(/^BRDA:\d+,\d+,\d+,(\d+|-)/gm)) {
    found.branches++;
    if (count !== "0" && count !== "-") ran.branches++;
  }
}

/**
 * Removes profiles that were not written to their end, as Deno refuses a whole folder for one of them; a worker that
 * a test ends while it writes leaves such a one behind.
 *
 * @param folder Where the profiles lie, one JSON file each.
 * @returns How many were removed.
 */
export async function removeTornProfiles(folder: string): Promise<number> {
  let removed = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    const path = join(folder, name);
    try {
      JSON.parse(await Deno.readTextFile(path));
    } catch {
      await Deno.remove(path);
      removed++;
    }
  }
  return removed;
}
