import { createStudy, openStudy, type Suggest } from "../../../lib/search/study.ts";
import { runTrials } from "../../../lib/search/run_trials.ts";
import { createSampler } from "../../../lib/search/samplers/registry.ts";
import { countStates } from "../../../lib/search/study_state.ts";
import { failureOf } from "../../../lib/search/trial.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";
import { until } from "../../until.ts";
import { endOf, makeStudy, startWorker } from "./_storm.ts";

const suggest: Suggest = (_, number) => ({ params: { x: number / 100 } });

Deno.test("Study gives a trial of a dead process to another one, a bounded number of times", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 1, 2);
    for (let attempt = 1; attempt <= 3; attempt++) {
      const child = startWorker(folder, 0, 60_000);
      while (study.state.running.size === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        study.refresh();
      }
      assertEquals(await study.reap(), 0, "a living process was taken for dead");
      child.kill("SIGKILL");
      await endOf(child);
      assertEquals(await study.reap(), 1);
      assertEquals(study.state.trials[0].attempts.length, attempt);
    }
    assertEquals(countStates(study.state), { waiting: 0, running: 0, complete: 0, pruned: 0, failed: 1 });
    assertEquals(failureOf(study.state.trials[0])?.kind, "lost");
    assert(study.isFinished());
  }));

Deno.test("Study does not listen to an attempt that was given up", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 1);
    const [slow, quick] = [await study.join(), await openStudy(folder).join()];
    const lost = (await slow.next(suggest))!;
    slow.leave(); // as if its machine were gone
    await quick.study.reap(quick);
    const claim = (await quick.next(suggest))!;
    assertEquals([claim.trial.number, claim.attempt], [0, 2]);
    await assertRejects(() => slow.report(lost, 1, { x: 9 }), Error, "taken for dead");
    await assertRejects(() => slow.end(lost, { state: "complete", values: [9] }), Error, "taken for dead");
    await quick.end(claim, { state: "complete", values: [1] });
    study.refresh();
    assertEquals([study.state.trials[0].values, study.state.trials[0].reports], [[1], []]);
    quick.leave();
  }));

Deno.test("Study believes a busy process of another machine, and its first trials too", () =>
  withFolder(async (folder) => {
    await makeStudy(folder, 2);
    const far = await openStudy(folder, { host: "far", heartbeatMs: 50 }).join();
    await far.next(suggest);
    const near = openStudy(folder, { staleMs: 60_000 });
    const touched = () => Deno.statSync(far.lock.path).mtime!.getTime();
    const joined = touched();
    await until("its thread to be up", () => touched() > joined); // once it has touched the file
    for (let times = 0, last = touched(); times < 5;) { // nothing of this process's own runs meanwhile
      const at = touched();
      if (at > last) times++;
      last = at;
    }
    assertEquals(await near.reap(), 0);
    far.leave();
    assertEquals(await near.reap(), 1);
  }));

Deno.test("Study hands out no trial while it is told to stop, new or waiting", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 2);
    await using worker = await study.join();
    const first = (await worker.next(suggest))!;
    await worker.end(first, { state: "waiting", failure: { kind: "interrupted", message: "make room" } });
    await openStudy(folder).stop();
    assertEquals([await worker.next(suggest), study.isFinished()], [undefined, false]);
    await openStudy(folder).stop(false);
    const claims = [await worker.next(suggest), await worker.next(suggest), await worker.next(suggest)];
    assertEquals(claims.map((claim) => claim && [claim.trial.number, claim.attempt]), [
      [0, 2],
      [1, 1],
      undefined,
    ]);
  }));

Deno.test("runTrials() says that a trial's end could not be kept, and does not go on as if it were", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 3);
    let tried = 0;
    await withFileSystem(async () => {
      const running = runTrials(study, () => ++tried, { sampler: createSampler({ name: "random" }) });
      await assertRejects(() => running, Error, "it failed (ENOSPC)");
    }, (call) => tried > 0 && call.startsWith("write journal") ? diskError("ENOSPC") : undefined);
    assertEquals([tried, openStudy(folder).state.trials[0].state], [1, "running"]);
  }));

Deno.test("Study runs what was queued first, and keeps what was added meanwhile", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 1);
    await study.enqueue([{ x: 0.25 }, { x: 0.75 }]);
    await study.addTrials(1);
    await using worker = await study.join();
    const xs: unknown[] = [];
    for (let claim; (claim = await worker.next(suggest));) {
      xs.push(claim.trial.params.x);
      await worker.end(claim, { state: "complete", values: [0] });
    }
    assertEquals(xs, [0.25, 0.75, 0.02]);
    await assertRejects(() => study.enqueue([{ x: 2 }]), RangeError, 'Cannot try parameter "x"');
    await assertRejects(() => study.enqueue([{ y: 2 }]), RangeError, 'nearest: "x"');
  }));

Deno.test("createStudy() refuses a folder with a study of another space", () =>
  withFolder(async (folder) => {
    const study = await makeStudy(folder, 1);
    await createStudy(folder, { ...study.spec });
    const other = { ...study.spec, space: { y: [1, 2] } };
    await assertRejects(() => createStudy(folder, other), Error, "another space");
    assertThrows(() => openStudy(`${folder}/trials`), Error, "it holds none");
  }));
