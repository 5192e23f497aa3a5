/** A search on a real Slurm whose jobs are disturbed while it runs, and what must hold afterwards. */
import { createRng } from "../../../lib/base/rng.ts";
import { openJournal } from "../../../lib/search/journal.ts";
import { bestTrials } from "../../../lib/search/run_trials.ts";
import { randomSampler } from "../../../lib/search/samplers/random.ts";
import { openStudy } from "../../../lib/search/study.ts";
import { countStates } from "../../../lib/search/study_state.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { type Slurm, startSlurm } from "../../servers/slurm.ts";

const root = new URL("../../../", import.meta.url).pathname;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the study is. @throws {Error} If the search made none, with what it said. */
function isFinished(folder: string, said: readonly string[]): boolean {
  try {
    return openStudy(`${folder}/study`).isFinished();
  } catch (cause) {
    throw new Error(`${(cause as Error).message}; the search said ${said.join("\n")}`, { cause });
  }
}

/** Runs the search on Slurm until its study is finished; a search whose tasks are all gone is gone on with. */
async function searchUntilDone(slurm: Slurm, folder: string, trials: number): Promise<void> {
  const said: string[] = [];
  const trial = `${root}tests/lib/search/_slurm_trial.ts`;
  const command = `${Deno.execPath()} run -A ${trial} {x} {folder}`;
  for (let start = 0; start < 8; start++) {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", `${root}tasks/search.ts`, "--command", command, "--space", `${folder}/space.json`],
        ...["--out", `${folder}/study`, "--metric", "loss", "--sampler", "random", "--retries", "20"],
        ...["--executor", "slurm", "--workers", "4", "--time", "00:10:00"],
        ...start === 0 ? ["--trials", String(trials)] : ["--resume"],
      ],
      env: slurm.env,
    }).output();
    said.push(
      ...new TextDecoder().decode(stdout).split("\n"),
      ...new TextDecoder().decode(stderr).split("\n"),
    );
    if (isFinished(folder, said)) return;
  }
  throw new Error(`the study is not finished: ${said.slice(-20).join("\n")}`);
}

/** One task of the array that runs. */
async function anyTask(slurm: Slurm, rng: () => number): Promise<string | undefined> {
  const lines = (await slurm.ask("squeue", "-h", "-r", "-t", "R", "-o", "%i")).trim().split("\n");
  return lines[Math.floor(rng() * lines.length)] || undefined;
}

/** The worker of a task, as the study knows it. */
function workerOf(folder: string, task: string): number | undefined {
  const workers = [...openStudy(`${folder}/study`).state.workers.values()];
  return workers.filter(({ job }) => job === task).at(-1)?.pid;
}

/** What can happen to a job, in the order in which it does. */
const DISTURBANCES = {
  "warned": ({ slurm }: Place, task: string) => slurm.ask("scancel", "--signal=USR1", "--batch", task),
  // deno-lint-ignore require-await -- a throw is to be a rejection
  "killed": async ({ folder }: Place, task: string) => {
    const pid = workerOf(folder, task);
    if (pid !== undefined) Deno.kill(pid, "SIGKILL");
  },
  "requeued": ({ slurm }: Place, task: string) => slurm.ask("scontrol", "requeue", task),
  "controller lost": async ({ slurm }: Place) => {
    await slurm.killController();
    await wait(4_000);
    await slurm.startController();
  },
  "cancelled": ({ slurm }: Place, task: string) => slurm.ask("scancel", task),
  "node lost": async ({ slurm }: Place) => {
    await slurm.loseNode(2);
    await wait(3_000);
    await slurm.startNode(2);
  },
} as const;

interface Place {
  slurm: Slurm;
  folder: string;
}

/** Whether some trial is complete: the jobs are at work. */
function hasResult(folder: string): boolean {
  try {
    return countStates(openStudy(`${folder}/study`).state).complete > 0;
  } catch { // the study is not made yet
    return false;
  }
}

/** Does some of {@linkcode DISTURBANCES}, one after the other, while the search runs. */
async function disturb(
  place: Place,
  kinds: readonly Disturbance[],
  isOver: () => boolean,
): Promise<Disturbance[]> {
  const happened: Disturbance[] = [], rng = createRng(24);
  while (!isOver() && !hasResult(place.folder)) await wait(200);
  for (const kind of kinds) {
    for (let isDone = false; !isOver() && !isDone; await wait(2_000)) {
      const task = await anyTask(place.slurm, rng).catch(() => undefined);
      // A task may be over before its turn comes: then it is another's.
      isDone = task !== undefined && await DISTURBANCES[kind](place, task).then(() => true, () => false);
      if (isDone) happened.push(kind);
    }
  }
  return happened;
}

/** Something that happens to a job. */
export type Disturbance = keyof typeof DISTURBANCES;
/** All that {@linkcode searchThroughStorm} knows. */
export const ALL_DISTURBANCES = Object.keys(DISTURBANCES) as Disturbance[];

/**
 * Searches over four nodes of a Slurm of its own while jobs are disturbed: every trial is complete exactly once, with the
 * values and the best of a search that nobody disturbed.
 */
export const searchThroughStorm = (trials: number, kinds: readonly Disturbance[]): Promise<void> =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/space.json`, '{"x": {"low": 0, "high": 1, "float": true}}');
    await Deno.mkdir(`${folder}/slurm`);
    await using slurm = await startSlurm(`${folder}/slurm`, 4);
    let over = false;
    const searching = searchUntilDone(slurm, folder, trials).finally(() => over = true);
    const [happened] = await Promise.all([disturb({ slurm, folder }, kinds, () => over), searching]);
    const study = openStudy(`${folder}/study`);
    console.log(happened.join(", "), countStates(study.state), `${study.state.workers.size} workers`);
    assert(happened.length >= kinds.length - 2, `only ${happened.join(", ")}`);
    assertEquals(countStates(study.state), {
      waiting: 0,
      running: 0,
      complete: trials,
      pruned: 0,
      failed: 0,
    });
    const ends = openJournal(study.paths.journal).read().filter(({ op, state }) =>
      op === "end" && state === "complete"
    );
    assertEquals(new Set(ends.map(({ trial }) => trial)).size, trials);
    assertEquals(ends.length, trials);
    assertEquals(study.damage, []);
    for (const { reports } of study.state.trials) {
      // A trial may die between its checkpoint and the report of it; none is reported twice.
      const steps = reports.map(({ step }) => step);
      assertEquals(steps, [10, 20, 30, 40].filter((step) => steps.includes(step)));
    }

    const history = { space: study.space, directions: study.spec.directions, trials: [], seed: 0 };
    const expected = Array.from({ length: trials }, (_, number) => {
      const x = Number(randomSampler().suggest(history, number)!.params.x);
      return (x - 0.3) ** 2;
    });
    assertClose(
      study.state.trials.map(({ values }) => values![0]),
      expected,
      1e-9,
    );
    assertClose(bestTrials(study)[0].values!, [Math.min(...expected)], 1e-9);
  });
