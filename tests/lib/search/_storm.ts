/** Many processes on one study, and what must hold afterwards. */
import { openJournal } from "../../../lib/search/journal.ts";
import { createStudy, openStudy, type Study } from "../../../lib/search/study.ts";
import { countStates } from "../../../lib/search/study_state.ts";
import { assertEquals } from "../../assert.ts";

const program = new URL("./_worker_program.ts", import.meta.url).pathname;

export async function makeStudy(folder: string, trials: number, retries = 1_000): Promise<Study> {
  const study = await createStudy(folder, {
    name: "storm",
    space: { x: { low: 0, high: 1, float: true } },
    directions: ["minimize"],
    objectives: ["x"],
    sampler: { name: "random" },
    pruner: { name: "none" },
    seed: 5,
    retries,
  });
  await study.setBudget(trials);
  return study;
}

export function startWorker(folder: string, chance = 0, ms = 0): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, folder, String(chance), String(ms)],
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Waits for a worker; fails if it ended by itself with an error. */
export async function endOf(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  const [status, said] = await Promise.all([child.status, new Response(child.stderr).text()]);
  if (status.signal === null) assertEquals(status.code, 0, said);
  return status;
}

/** Every trial complete, and exactly once; the parameters are those of a search that nobody disturbed. */
export async function checkAll(folder: string, trials: number): Promise<void> {
  const study = openStudy(folder);
  assertEquals(countStates(study.state), { waiting: 0, running: 0, complete: trials, pruned: 0, failed: 0 });
  const ends = new Map<number, number>();
  for (const { op, trial, state } of openJournal(study.paths.journal).read()) {
    if (op === "end" && state === "complete") ends.set(trial as number, (ends.get(trial as number) ?? 0) + 1);
  }
  const twice = [...ends].filter(([, count]) => count !== 1);
  assertEquals([ends.size, twice], [trials, []]);
  assertEquals(study.damage, []);
  const { randomSampler } = await import("../../../lib/search/samplers/random.ts");
  const history = {
    space: study.space,
    directions: study.spec.directions,
    trials: [],
    seed: study.spec.seed,
  };
  for (const { number, params } of study.state.trials) {
    assertEquals(params, randomSampler().suggest(history, number)!.params);
  }
}
