/** Lines of source by room, today and before the frame. @module */
import { type BenchContext, type BenchRow, type BenchTable, chooseParts } from "./_bench.ts";
import { commitBefore, git } from "./_before.ts";

export const name = "source";
export const summary = "Lines of source by room, today and before the frame (parts: rooms, kept, experiment)";

const FOLDERS = ["lib", "tasks", "functions"];

/** Runs the chosen parts, all where none is chosen. */
export async function run({ parts }: BenchContext): Promise<BenchTable[]> {
  const known: Record<string, () => Promise<BenchTable>> = { rooms, kept, experiment };
  return await Promise.all(chooseParts(parts, Object.keys(known)).map((part) => known[part]()));
}

/** Lines of each TypeScript file of a commit. */
async function linesOf(commit: string): Promise<Map<string, number>> {
  const listed = await git("grep", "-c", "", commit, "--", ...FOLDERS.map((folder) => `${folder}/*.ts`));
  return new Map(
    listed.split("\n").map((line) => {
      const [, file, count] = /^[^:]+:(.+):(\d+)$/.exec(line)!;
      return [file, Number(count)];
    }),
  );
}

/** `lib/io` of a file in it, or its top folder. */
function roomOf(file: string): string {
  const [top, room, ...rest] = file.split("/");
  return top === "lib" && rest.length > 0 ? `${top}/${room}` : top;
}

function sumBy(lines: ReadonlyMap<string, number>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [file, count] of lines) sums.set(roomOf(file), (sums.get(roomOf(file)) ?? 0) + count);
  return sums;
}

/** Files of today that were there before, by that name or another, with the name that they had. */
async function descendants(before: string): Promise<Map<string, string>> {
  const listed = await git("diff", "--name-status", "--find-renames=40%", before, "HEAD", "--", ...FOLDERS);
  const changes = listed.split("\n").map((line) => line.split("\t"));
  const isNew = new Set(changes.filter(([kind]) => kind.startsWith("A")).map(([, file]) => file));
  const names = new Map(changes.filter(([kind]) => kind.startsWith("R")).map(([, from, to]) => [to, from]));
  const files = [...(await linesOf("HEAD")).keys()].filter((file) => !isNew.has(file));
  return new Map(files.map((file) => [file, names.get(file) ?? file]));
}

function row(what: string, now: number, then: number): BenchRow {
  const before = then > 0 && { peer: "before the frame", theirs: [then] };
  return { what, unit: "lines", ours: [now], ...before };
}

const sum = (lines: ReadonlyMap<string, number>) => [...lines.values()].reduce((a, b) => a + b, 0);

/** All of it. */
async function rooms(): Promise<BenchTable> {
  const commit = await commitBefore();
  const [was, is] = await Promise.all([linesOf(commit), linesOf("HEAD")]);
  const before = sumBy(was), today = sumBy(is);
  const names = [...new Set([...today.keys(), ...before.keys()])].sort();
  return {
    title: `Lines of TypeScript, tests not counted; before the frame: ${commit.slice(0, 9)}`,
    rows: [
      ...names.map((room) => row(room, today.get(room) ?? 0, before.get(room) ?? 0)),
      row("all", sum(today), sum(before)),
    ],
    notes: [`${is.size} files, ${was.size} before.`],
  };
}

/** What was there before, in the rooms where it is today. */
async function kept(): Promise<BenchTable> {
  const commit = await commitBefore();
  const [was, is, old] = await Promise.all([linesOf(commit), linesOf("HEAD"), descendants(commit)]);
  const today = sumBy(new Map([...old.keys()].map((file) => [file, is.get(file)!])));
  const before = sumBy(new Map([...old].map(([file, name]) => [file, was.get(name) ?? 0])));
  const gone = sum(was) - sum(before);
  return {
    title: `Lines of the files that were there before, by that name or another; ${commit.slice(0, 9)}`,
    rows: [
      ...[...today.keys()].sort().map((room) => row(room, today.get(room)!, before.get(room)!)),
      row("files that are gone", 0, gone),
      row("all of these", sum(today), sum(was)),
    ],
    notes: [
      `${old.size} of today's ${is.size} files were there before; what was cut out of one of them into a new file is not ` +
      `counted here. New files have ${sum(is) - sum(today)} lines.`,
    ],
  };
}

/** A newcomer's experiment, which a test runs. */
const NEWCOMER = "tests/lib/run/_three_classes.ts";
/** Lines that the same took before the frame. */
const NEWCOMER_BEFORE = 109;

async function experiment(): Promise<BenchTable> {
  const lines = (await git("show", `HEAD:${NEWCOMER}`)).split("\n").length;
  return {
    title:
      "A newcomer's experiment: three classes, augmentation, early stopping, class weights, a plot of its own",
    rows: [{
      what: NEWCOMER,
      unit: "lines",
      peer: "before the frame",
      ours: [lines],
      theirs: [NEWCOMER_BEFORE],
      bar: 1,
    }],
  };
}
