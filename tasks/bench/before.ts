/**
 * Today's tree against the one before the frame, in turns: each runs its own benches, and rows of the same name are laid
 * side by side. @module
 */
import { join } from "@std/path";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  chooseParts,
  timeProgram,
} from "./_bench.ts";
import { checkOut, commitBefore, ROOT } from "./_before.ts";

export const name = "before";
export const summary =
  "Today's tree against the one before the frame: bar 1.03, steps 1.02 (parts: step, cold, decode, course, serve, start)";

/** The bench of each part, of both trees. */
const PARTS: Readonly<Record<string, string>> = {
  step: "main_path:step",
  cold: "main_path:cold",
  decode: "cygno:decode",
  course: "cygno:step",
  serve: "serving:load",
  start: "serving:cold",
};

/** How much worse anything may be than it was, and a training step, which every fix of a value has gone through. */
const BAR = 1.03, STEP_BAR = 1.02;
/** The parts that measure training steps. */
const STEPS = ["step", "course"];

/** Runs the chosen parts, all where none is chosen. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const { folder, parts, say } = context, tree = join(folder, "before");
  const chosen = chooseParts(parts, Object.keys(PARTS));
  const commit = await commitBefore();
  await using _tree = await checkOut(commit, tree);
  const tables: BenchTable[] = [];
  for (const part of chosen) {
    say(`before:${part}`);
    tables.push(tableOf(part, commit, await inTurns(context, PARTS[part], tree)));
  }
  return tables;
}

/** Rows of both trees, one list a round. */
function inTurns({ rounds, folder, say }: BenchContext, bench: string, tree: string) {
  const run = (which: string, root: string) => () => {
    say(`${which}: ${bench}`);
    return rowsOf(root, bench, join(folder, "rows"));
  };
  return alternate(rounds, { today: run("today", ROOT), before: run("before", tree) });
}

/** Rows of one run of a tree's own bench. */
async function rowsOf(root: string, bench: string, out: string): Promise<BenchRow[]> {
  const args = ["run", "--no-prompt", "--allow-all", "--node-modules-dir=manual", "tasks/bench.ts"];
  await timeProgram(Deno.execPath(), [...args, bench, "--rounds", "1", "--out", out], { cwd: root });
  const [record] = await Array.fromAsync(Deno.readDir(out));
  const { tables } = JSON.parse(await Deno.readTextFile(join(out, record.name))) as {
    tables: BenchTable[];
  };
  await Deno.remove(out, { recursive: true });
  return tables.flatMap(({ rows }) => rows);
}

/** Rows that both trees have, with today's values as ours; peers are left out, who are in both alike. */
function tableOf(
  part: string,
  commit: string,
  { today, before }: Record<"today" | "before", BenchRow[][]>,
): BenchTable {
  const key = ({ what, unit }: BenchRow) => `${what} ${unit}`;
  const valuesOf = (runs: readonly BenchRow[][], row: BenchRow) =>
    runs.flatMap((rows) => rows.find((other) => key(other) === key(row))?.ours ?? []);
  const unique = [...new Map(today[0].map((row) => [key(row), row])).values()];
  const rows = unique.map((row): BenchRow => {
    const { what, unit, better } = row;
    const values = { ours: valuesOf(today, row), theirs: valuesOf(before, row) };
    const most = STEPS.includes(part) ? STEP_BAR : BAR, bar = better === "higher" ? 1 / most : most;
    return { what, unit, better, peer: "before the frame", bar, ...values };
  });
  const measured = rows.filter(({ theirs }) => theirs!.length > 0);
  const alone = rows.length - measured.length;
  return {
    title: `${part}: today against ${commit.slice(0, 9)}`,
    rows: measured,
    notes: alone > 0 ? [`${alone} rows of today have none of their name before.`] : [],
  };
}
