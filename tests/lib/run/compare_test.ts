import { join } from "@std/path";
import {
  compareHtml,
  compareTable,
  describeRun,
  findRuns,
  overlaidCurves,
  readRun,
  runEvents,
  runsCsv,
} from "../../../lib/run/compare.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { FINISHED, THREE, writeRun } from "./_runs.ts";

/** A finished run, and one that was stopped after an epoch and has another rate. */
async function withTwo(test: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await writeRun(join(folder, "digits", "a"), 1, THREE, FINISHED);
    await writeRun(join(folder, "digits", "b"), 2, THREE.slice(0, 1), {
      state: "interrupted",
      options: { epochs: 3, rate: 0.2, seed: 1 },
    });
    await test(folder);
  });
}

Deno.test("findRuns() finds runs at any depth, the newest first, and says which are not read", () =>
  withTwo(async (folder) => {
    await Deno.mkdir(join(folder, "old"));
    await Deno.writeTextFile(join(folder, "old", "run.json"), '{"format":"cloudchamber-run/1","options":{}}');
    await Deno.mkdir(join(folder, "empty"));
    const { runs, unread } = await findRuns(folder);
    assertEquals(runs.map(({ name }) => name), ["digits/b", "digits/a"]);
    assert(unread.length === 1 && unread[0].reason.includes('it has format "cloudchamber-run/1"'));
    await assertRejects(() => readRun(join(folder, "empty")), Deno.errors.NotFound, "holds no run.json");
  }));

Deno.test("describeRun() says how far a run is and what it reached", () =>
  withTwo(async (folder) => {
    const { runs: [stopped, finished] } = await findRuns(folder);
    assertEquals({ ...describeRun(finished) }, {
      experiment: "digits",
      name: "digits/a",
      state: "finished",
      epochs: "3",
      metric: "accuracy 0.875",
      seconds: 20,
      started: "2026-11-01 12:00",
    });
    const { epochs, metric, seconds } = describeRun(stopped);
    assertEquals([epochs, metric, seconds], ["1 of 3", "", undefined]);
  }));

Deno.test("compareTable() shows the options that differ, and a dash for what a run lacks", () =>
  withTwo(async (folder) => {
    const { runs } = await findRuns(folder);
    assertEquals(compareTable(runs), {
      columns: ["run", "rate", "state", "epochs", "weights of epoch", "parameters", "seconds", "accuracy"],
      rows: [
        ["digits/b", 0.2, "interrupted", 1, "–", "–", "–", "–"],
        ["digits/a", 0.1, "finished", 3, 2, 1234, 20, 0.875],
      ],
    });
  }));

Deno.test("compareHtml() overlays the curves of all runs on one page that escapes their names", () =>
  withTwo(async (folder) => {
    await writeRun(join(folder, "<b>"), 3, [{ epoch: 1, loss: 3, accuracy: 0.5, seconds: 1 }]);
    const { runs } = await findRuns(folder);
    assertEquals(overlaidCurves(runs).loss, { "<b>": [3], "digits/b": [2], "digits/a": [2, 1, 0.5] });
    assertEquals(Object.keys(overlaidCurves(runs)), ["loss", "accuracy", "validationLoss", "learningRate"]);
    const page = await compareHtml(runs);
    assertEquals(page.match(/<figure>/g)!.length, 4);
    assert(!page.includes("<b>"), "the name of a run is markup");
    await assertRejects(() => compareHtml([]), RangeError, "as there is none");
  }));

Deno.test("runEvents() puts training and validation under one tag's chart, and metrics at the end", () =>
  withTwo(async (folder) => {
    const run = await readRun(join(folder, "digits", "a"));
    const noon = Date.parse("2026-11-01T12:00:00Z") / 1000;
    const values = (loss: number, validation: number, rate: number) => ({
      "loss/training": loss,
      "loss/validation": validation,
      "training/learningRate": rate,
    });
    assertEquals(runEvents(run), [
      { time: noon + 10, step: 1, values: values(2, 1.5, 0.1) },
      { time: noon + 15, step: 2, values: values(1, 1.25, 0.05) },
      { time: noon + 20, step: 3, values: values(0.5, 1.75, 0.025) },
      { time: noon + 20, step: 3, values: { "accuracy/test": 0.875 } },
    ]);
  }));

Deno.test("runsCsv() writes a line an epoch, and leaves open what a run lacks", () =>
  withFolder(async (folder) => {
    await writeRun(join(folder, "a, b"), 1, [{ epoch: 1, loss: 2 }]);
    await writeRun(join(folder, "c"), 2, [{ epoch: 1, loss: 3, accuracy: 0.5 }]);
    const { runs } = await findRuns(folder);
    assertEquals(
      runsCsv(runs),
      'run,experiment,epoch,loss,accuracy\nc,digits,1,3,0.5\n"a, b",digits,1,2,\n',
    );
  }));
