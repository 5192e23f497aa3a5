import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { FINISHED, THREE, writeRun } from "../lib/run/_runs.ts";
import { runTask } from "../task_command.ts";

async function withRuns(test: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await writeRun(join(folder, "runs", "digits", "a"), 1, THREE, FINISHED);
    await writeRun(join(folder, "runs", "digits", "b"), 2, THREE.slice(0, 2));
    await writeRun(join(folder, "runs", "tracks", "c"), 3, THREE, { ...FINISHED, experiment: "tracks" });
    await test(folder);
  });
}

const runs = (cwd: string, ...args: string[]) => runTask("runs", args, { cwd });

Deno.test("runs lists what there is, of all experiments or of one", () =>
  withRuns(async (folder) => {
    const { code, out } = await runs(folder);
    assertEquals(code, 0);
    assertEquals(out.split("\n").slice(2).map((line) => line.split(/ +/)[1]), [
      "tracks/c",
      "digits/b",
      "digits/a",
    ]);
    const one = await runs(folder, "--experiment", "tracks", "--json");
    const [line] = one.out.split("\n").map((line) => JSON.parse(line));
    assertEquals([line.type, line.name, line.metric], ["run", "tracks/c", "accuracy 0.875"]);
  }));

Deno.test("runs compares some or all in one page, and exports event files and CSV", () =>
  withRuns(async (folder) => {
    const compared = await runs(folder, "compare", "digits");
    assert(compared.out.endsWith(`2 runs side by side: ${join("runs", "compare.html")}`), compared.out);
    const page = await Deno.readTextFile(join(folder, "runs", "compare.html"));
    assert(page.includes("digits/a") && page.includes("digits/b") && !page.includes("tracks/c"));
    const exported = await runs(folder, "export", "runs/tracks/c", "--out", "events");
    assertEquals(exported.code, 0, exported.err);
    const [entry] = await Array.fromAsync(Deno.readDir(join(folder, "events", "tracks", "c")));
    assert(entry.name.startsWith("events.out.tfevents."));
    await runs(folder, "export", "--to", "csv");
    const csv = await Deno.readTextFile(join(folder, "runs", "export", "runs.csv"));
    assertEquals(csv.trim().split("\n").length, 1 + 3 + 2 + 3);
  }));

Deno.test("runs says in one line what is wrong", () =>
  withRuns(async (folder) => {
    const cases: [string[], string][] = [
      [["compare", "digits/aa"], 'There is no run "digits/aa" (nearest: digits/a)'],
      [["compair"], 'There is no command "compair" (nearest: compare)'],
      [["compare", "--folder", "nowhere"], "There are no runs in nowhere"],
      [["export", "--to", "excel"], "one of tensorboard, csv"],
    ];
    for (const [args, words] of cases) {
      const { code, err } = await runs(folder, ...args);
      assertEquals([code, err.split("\n").length], [2, 1], err);
      assert(err.includes(words), err);
    }
    assertEquals((await runs(folder, "--folder", "nowhere")).out, "There are no runs in nowhere");
  }));
