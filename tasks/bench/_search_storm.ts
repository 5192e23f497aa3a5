/** Many processes on one study, some of them killed at random, and what it has lost or done twice afterwards. @module */
import { join } from "@std/path";
import { openJournal } from "../../lib/search/journal.ts";
import { randomSampler } from "../../lib/search/samplers/random.ts";
import { createStudy, openStudy, type Study } from "../../lib/search/study.ts";
import type { BenchContext, BenchTable } from "./_bench.ts";

const program = new URL("./_search_storm_worker.ts", import.meta.url).pathname;

/** A study of trials of nothing. */
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

/** Starts a process on a study; see `_search_storm_worker.ts`. */
export function startWorker(folder: string, chance = 0, ms = 0): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program, folder, String(chance), String(ms)],
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Waits for a process. @throws {Error} If it ended by itself with an error: what it said. */
export async function endOf(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  const [status, said] = await Promise.all([child.status, new Response(child.stderr).text()]);
  if (status.signal === null && status.code !== 0) throw new Error(`a worker failed: ${said}`);
  return status;
}

/** What a study of trials of nothing should not have. */
export interface Faults {
  /** Trials that are not complete, or that nobody completed. */
  lost: number;
  /** Trials that were completed more than once. */
  twice: number;
  /** Trials with other parameters than a search that nobody disturbed gives them. */
  changed: number;
  /** Lines of the journal that cannot be read. */
  damaged: number;
}

/** Looks through a study that is over. */
export function faultsIn(folder: string, trials: number): Faults {
  const study = openStudy(folder), { spec, space, state } = study;
  const ends = new Map<unknown, number>();
  for (const { op, trial, state } of openJournal(study.paths.journal).read()) {
    if (op === "end" && state === "complete") ends.set(trial, (ends.get(trial) ?? 0) + 1);
  }
  const history = { space, directions: spec.directions, trials: [], seed: spec.seed };
  const isComplete = (number: number) => state.trials[number]?.state === "complete" && ends.has(number);
  const isChanged = (number: number) =>
    state.trials[number]?.params.x !== randomSampler().suggest(history, number)!.params.x;
  const numbers = Array.from({ length: Math.max(trials, state.trials.length) }, (_, number) => number);
  return {
    lost: numbers.filter((number) => !isComplete(number)).length,
    twice: [...ends.values()].filter((count) => count > 1).length,
    changed: numbers.filter(isChanged).length,
    damaged: study.damage.length,
  };
}

/** Processes share a study until it is finished. */
export async function shareTrials(folder: string, processes: number, trials: number): Promise<Faults> {
  await makeStudy(folder, trials);
  await Promise.all(Array.from({ length: processes }, () => endOf(startWorker(folder))));
  return faultsIn(folder, trials);
}

/**
 * Four processes at a time share a study and are killed: half of them inside a call of the file system, in writes, links
 * and locks too, half whenever it happens. After so many deaths the last ones end what is left in peace.
 */
export async function killAtRandom(
  folder: string,
  most: number,
  trials: number,
): Promise<Faults & { deaths: number }> {
  await makeStudy(folder, trials);
  let deaths = 0;
  const keepGoing = async (byItself: boolean) => {
    while (deaths < most) {
      const child = startWorker(folder, byItself ? 0.002 : 0, 1);
      const killer = byItself ? undefined : setTimeout(() => kill(child), 150 + 250 * Math.random());
      const { signal } = await endOf(child);
      clearTimeout(killer);
      if (signal === null) return;
      deaths++;
    }
    await endOf(startWorker(folder));
  };
  await Promise.all([keepGoing(true), keepGoing(false), keepGoing(true), keepGoing(false)]);
  return { ...faultsIn(folder, trials), deaths };
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** How many trials and deaths: the issue's, and few, to see that it works. */
const STORMS = {
  whole: { shared: 20_000, killed: 16_000, deaths: 500 },
  short: { shared: 400, killed: 300, deaths: 10 },
};

/** Counts what is lost or done twice by eight processes, and by processes that are killed. */
export async function measureStorm(
  { folder, say }: BenchContext,
  size: keyof typeof STORMS,
): Promise<BenchTable> {
  const { shared, killed, deaths: most } = STORMS[size];
  say(`8 processes on ${shared} trials of nothing`);
  const start = performance.now();
  const together = await shareTrials(join(folder, "shared"), 8, shared);
  const seconds = (performance.now() - start) / 1000;
  say(`processes on ${killed} trials, ${most} of them killed`);
  const { deaths, ...after } = await killAtRandom(join(folder, "killed"), most, killed);
  const rowsOf = (who: string, faults: Faults) =>
    Object.entries(faults).map(([fault, count]) => ({
      what: `${who}: ${fault}`,
      unit: fault === "damaged" ? "lines" : "trials",
      ours: [count],
      limit: 0,
    }));
  return {
    title: "Trials of nothing in one folder, shared and killed",
    rows: [
      ...rowsOf(`8 processes, ${shared} trials`, together),
      { what: "processes killed at random", unit: "", better: "higher", ours: [deaths], limit: most },
      ...rowsOf(`killed, ${killed} trials`, after),
    ],
    notes: [`The eight took ${(seconds * 1000 / shared).toFixed(1)} ms a trial, every line on the disk.`],
  };
}
