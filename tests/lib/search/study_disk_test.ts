/** Studies on file systems that are full, may only be read or have no links, and in a folder that others have damaged. */
import { join } from "@std/path";
import { openJournal } from "../../../lib/search/journal.ts";
import { runTrials } from "../../../lib/search/run_trials.ts";
import { createSampler } from "../../../lib/search/samplers/registry.ts";
import { openStudy } from "../../../lib/search/study.ts";
import { countStates } from "../../../lib/search/study_state.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { makeReadOnly, testOnDisk } from "../../disk.ts";
import { withFolder } from "../../folder.ts";
import { checkAll, endOf, makeStudy, startWorker } from "./_storm.ts";

/** Two processes' worth of workers in this one, until no trial is left. */
async function runAll(folder: string): Promise<void> {
  const options = { sampler: createSampler({ name: "random" }), idleMs: 20 };
  await Promise.all([1, 2].map(() => runTrials(openStudy(folder), ({ x }) => Number(x), options)));
}

testOnDisk(
  "a study on a full disk keeps what it has, and goes on when there is room",
  "size=256k",
  async (disk) => {
    const folder = join(disk, "study"), filler = join(disk, "filler");
    const study = await makeStudy(folder, 400);
    await using worker = await study.join();
    const suggest = (_: unknown, number: number) => ({ params: { x: number / 400 } });
    const done: number[] = [];
    const error = await assertRejects(async () => {
      Deno.writeFileSync(filler, new Uint8Array(180_000));
      for (let claim; (claim = await worker.next(suggest));) {
        await worker.report(claim, 1, { x: 1, padding: 0.123456789 });
        await worker.end(claim, { state: "complete", values: [Number(claim.trial.params.x)] });
        done.push(claim.trial.number);
      }
    });
    assert(error.message.includes("No space left on device"), error.message);
    assert(done.length > 3 && done.length < 400, `${done.length} trials fitted`);
    const opened = openStudy(folder);
    assertEquals(opened.damage, []);
    const complete = opened.state.trials.filter(({ state }) => state === "complete").map(({ number }) =>
      number
    );
    assertEquals(complete, done);
    worker.leave();
    Deno.removeSync(filler);
    const more = openStudy(folder);
    await more.setBudget(done.length + 6);
    await runAll(folder);
    more.refresh();
    assertEquals(countStates(more.state), {
      waiting: 0,
      running: 0,
      complete: done.length + 6,
      pruned: 0,
      failed: 0,
    });
    assertEquals(more.damage, []);
  },
);

testOnDisk(
  "a study that may only be read is read, and says so to who would write",
  "size=1m",
  async (disk) => {
    const folder = join(disk, "study");
    const study = await makeStudy(folder, 3);
    await runAll(folder);
    await makeReadOnly(disk);
    const opened = openStudy(folder);
    assertEquals(countStates(opened.state).complete, 3);
    assert(opened.isFinished());
    study.refresh();
    assertEquals(study.state.trials.length, 3);
    for (const write of [() => opened.addTrials(1), () => opened.join(), () => opened.stop()]) {
      const error = await assertRejects(write);
      assert(/Cannot .*Read-only file system/.test(error.message), error.message);
    }
  },
);

Deno.test("a study on a file system without links has every trial once", () =>
  withFolder(async (folder) => {
    const { linkSync } = Deno;
    let asked = 0;
    Deno.linkSync = () => {
      asked++;
      throw new Deno.errors.NotSupported("Operation not supported (os error 95)");
    };
    try {
      await makeStudy(folder, 40);
      await runAll(folder);
      checkAll(folder, 40);
    } finally {
      Deno.linkSync = linkSync;
    }
    assert(asked >= 80, `links were wanted only ${asked} times`);
  }));

Deno.test("a study with garbage in the middle and the lock of a dead host goes on, and says what it met", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 30);
    const { journal } = study.paths;
    await endOf(startWorker(folder));
    const before = openStudy(folder).state.trials.map(({ params, values }) => ({ params, values }));
    Deno.writeTextFileSync(journal, "\x00\x01 not a line at all\n", { append: true });
    const owner = { host: "burnt", pid: 41, token: "t", job: "7_1", since: "2026-01-01T00:00:00.000Z" };
    Deno.writeTextFileSync(`${journal}.lock`, JSON.stringify(owner) + "\n");
    await Deno.utime(`${journal}.lock`, new Date(), new Date(Date.now() - 60_000));
    await study.setBudget(36);
    await endOf(startWorker(folder));
    const opened = openStudy(folder);
    assertEquals(countStates(opened.state), { waiting: 0, running: 0, complete: 36, pruned: 0, failed: 0 });
    assertEquals(
      opened.state.trials.slice(0, 30).map(({ params, values }) => ({ params, values })),
      before,
    );
    assertEquals(opened.damage.map(({ reason }) => reason), ["it does not fit its checksum"]);
    assert(
      opened.state.notes.some((note) => note.includes("process 41 on burnt, job 7_1")),
      "no note of the lock",
    );
    assertEquals(openJournal(journal).read().filter(({ op }) => op === "study").length, 1);
  }));
