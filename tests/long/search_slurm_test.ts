import { slurmScript, submit, watch } from "../../lib/search/executors/slurm.ts";
import { openJournal } from "../../lib/search/journal.ts";
import { bestTrials } from "../../lib/search/run_trials.ts";
import { randomSampler } from "../../lib/search/samplers/random.ts";
import { openStudy } from "../../lib/search/study.ts";
import { countStates } from "../../lib/search/study_state.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { makeStudy } from "../lib/search/_storm.ts";
import { testWith } from "../needs.ts";
import { type Slurm, startSlurm } from "../servers/slurm.ts";

const TRIALS = 50;
const root = new URL("../../", import.meta.url).pathname;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs the search on Slurm until its study is finished; a search whose tasks are all gone is gone on with. */
async function searchUntilDone(slurm: Slurm, folder: string): Promise<string[]> {
  const said: string[] = [];
  const trial = `${root}tests/long/_search_trial.ts`;
  const command = `${Deno.execPath()} run -A ${trial} {x} {folder}`;
  for (let start = 0; start < 8; start++) {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", `${root}tasks/search.ts`, "--command", command, "--space", `${folder}/space.json`],
        ...["--out", `${folder}/study`, "--metric", "loss", "--sampler", "random", "--retries", "20"],
        ...["--executor", "slurm", "--workers", "4", "--time", "00:10:00"],
        ...start === 0 ? ["--trials", String(TRIALS)] : ["--resume"],
      ],
      env: slurm.env,
    }).output();
    said.push(
      ...new TextDecoder().decode(stdout).split("\n"),
      ...new TextDecoder().decode(stderr).split("\n"),
    );
    if (openStudy(`${folder}/study`).isFinished()) return said;
  }
  throw new Error(`the study is not finished: ${said.slice(-20).join("\n")}`);
}

/** One task of the array that runs. */
async function anyTask(slurm: Slurm): Promise<string | undefined> {
  const lines = (await slurm.ask("squeue", "-h", "-r", "-t", "R", "-o", "%i")).trim().split("\n");
  return lines[Math.floor(Math.random() * lines.length)] || undefined;
}

/** The worker of a task, as the study knows it. */
function workerOf(folder: string, task: string): number | undefined {
  const workers = [...openStudy(`${folder}/study`).state.workers.values()];
  return workers.filter(({ job }) => job === task).at(-1)?.pid;
}

/** Everything that happens to jobs, one after the other, while the search runs. */
async function disturb(slurm: Slurm, folder: string, done: () => boolean): Promise<string[]> {
  const happened: string[] = [];
  const happen = async (what: string, act: (task: string) => Promise<unknown>) => {
    const task = await anyTask(slurm).catch(() => undefined);
    if (done() || task === undefined) return;
    await act(task);
    happened.push(what);
    await wait(2_500);
  };
  await wait(6_000);
  await happen("warned", (task) => slurm.ask("scancel", "--signal=USR1", "--batch", task));
  await happen("killed", (task) => {
    const pid = workerOf(folder, task);
    if (pid !== undefined) Deno.kill(pid, "SIGKILL");
    return Promise.resolve();
  });
  await happen("requeued", (task) => slurm.ask("scontrol", "requeue", task));
  await happen("controller lost", async () => {
    await slurm.killController();
    await wait(4_000);
    await slurm.startController();
  });
  await happen("cancelled", (task) => slurm.ask("scancel", task));
  await happen("node lost", async () => {
    await slurm.loseNode(2);
    await wait(3_000);
    await slurm.startNode(2);
  });
  return happened;
}

testWith(
  "slurm",
  "a search on Slurm loses nothing whatever happens to its jobs",
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/space.json`, '{"x": {"low": 0, "high": 1, "float": true}}');
      await Deno.mkdir(`${folder}/slurm`);
      await using slurm = await startSlurm(`${folder}/slurm`, 4);
      let over = false;
      const searching = searchUntilDone(slurm, folder).finally(() => over = true);
      const happened = await disturb(slurm, folder, () => over);
      await searching;
      const study = openStudy(`${folder}/study`);
      console.log(happened.join(", "), countStates(study.state), `${study.state.workers.size} workers`);
      assert(happened.length >= 4, `only ${happened.join(", ")}`);
      assertEquals(countStates(study.state), {
        waiting: 0,
        running: 0,
        complete: TRIALS,
        pruned: 0,
        failed: 0,
      });
      const ends = openJournal(study.paths.journal).read().filter(({ op, state }) =>
        op === "end" && state === "complete"
      );
      assertEquals(new Set(ends.map(({ trial }) => trial)).size, TRIALS);
      assertEquals(ends.length, TRIALS);
      assertEquals(study.damage, []);
      for (const { reports } of study.state.trials) {
        // A trial may die between its checkpoint and the report of it; none is reported twice.
        const steps = reports.map(({ step }) => step);
        assertEquals(steps, [10, 20, 30, 40].filter((step) => steps.includes(step)));
      }

      const history = { space: study.space, directions: study.spec.directions, trials: [], seed: 0 };
      const expected = Array.from({ length: TRIALS }, (_, number) => {
        const x = Number(randomSampler().suggest(history, number)!.params.x);
        return (x - 0.3) ** 2;
      });
      assertClose(
        study.state.trials.map(({ values }) => values![0]),
        expected,
        1e-9,
      );
      assertClose(bestTrials(study)[0].values!, [Math.min(...expected)], 1e-9);
    }),
);

testWith("slurm", "watch() says why a job's workers did not start", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/slurm`);
    await using slurm = await startSlurm(`${folder}/slurm`, 1);
    Deno.env.set("SLURM_CONF", slurm.env.SLURM_CONF);
    try {
      const study = await makeStudy(`${folder}/study`, 3);
      const job = await submit(study.folder, slurmScript(study.folder, ["no-such-program"]));
      const error = await assertRejects(() => watch(study, job, { pollMs: 1_000 }));
      assert(
        error.message.includes(`all tasks of job ${job} ended at once`) &&
          error.message.includes("no-such-program"),
        error.message,
      );
      await assertRejects(
        () => submit(study.folder, slurmScript(study.folder, ["true"], { partition: "none" })),
        Error,
        "invalid partition",
      );
    } finally {
      Deno.env.delete("SLURM_CONF");
    }
  }));
