/**
 * The search against Optuna: what samplers find in a hundred trials, and what a study of 10,000 trials costs.
 *
 * `CLOUDCHAMBER_OPTUNA` names a Python with optuna, cmaes, scipy and torch where setup did not install it. @module
 */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { pedAnova } from "../../lib/search/analysis/importance.ts";
import { encodeOptunaJournal } from "../../lib/search/analysis/optuna.ts";
import { lossesOf } from "../../lib/search/analysis/table.ts";
import { createSampler } from "../../lib/search/samplers/registry.ts";
import { defineSpace } from "../../lib/search/space.ts";
import { createStudy, openStudy, type Study } from "../../lib/search/study.ts";
import type { StudyEntry } from "../../lib/search/study_state.ts";
import type { Trial } from "../../lib/search/trial.ts";
import { type BenchContext, type BenchRow, type BenchTable, Peer, timeProgram } from "./_bench.ts";
import { type Problem, PROBLEMS } from "./_search_problems.ts";

export const name = "search";
export const summary =
  "Samplers and studies against Optuna 5 and KerasTuner (parts: tpe, gp, cmaes, journal, scan)";

const TRIALS = 100;
/** The least value of each problem, so that what is left to it can be compared as a ratio. */
const LEAST: Readonly<Record<string, number>> = {
  branin: 0.397887,
  hartmann6: -3.32237,
  rosenbrock8: 0,
  conditional: 0.1,
  mixed: 0,
};

/** Measures the parts that are asked for. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const wanted = (part: string) => context.parts.length === 0 || context.parts.includes(part);
  const python = context.need("optuna");
  const script = new URL("./peers/search_optuna.py", import.meta.url).pathname;
  await using peer = new Peer(python, [script], { OMP_NUM_THREADS: "1" });
  const tables: BenchTable[] = [];
  for (const sampler of ["tpe", "cmaes", "gp"]) {
    if (wanted(sampler)) tables.push(await compareSamplers(sampler, peer, context));
  }
  if (wanted("journal")) tables.push(await measureJournal(peer, context));
  if (wanted("scan")) tables.push(await measureScan(context));
  return tables;
}

/** Six seeds a round: 30 by default. Optuna's Gaussian process takes half a minute a study. */
async function compareSamplers(
  sampler: string,
  peer: Peer,
  { rounds, say }: BenchContext,
): Promise<BenchTable> {
  const seeds = 6 * rounds;
  const rows: BenchRow[] = [], notes: string[] = [];
  for (const problem of PROBLEMS) {
    say(`${sampler} on ${problem.name}, ${seeds} seeds`);
    const ours: number[] = [], theirs: number[] = [];
    let seconds = 0, theirSeconds = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const start = performance.now();
      ours.push(bestAfter(sampler, problem, seed));
      seconds += (performance.now() - start) / 1000;
      const answer = await peer.ask({ sampler, problem: problem.name, seed, trials: TRIALS });
      theirs.push(answer.best);
      theirSeconds += answer.seconds;
    }
    const [a, b] = [describe(ours), describe(theirs)];
    const left = (value: number) => Math.max(1e-6, value - LEAST[problem.name]);
    rows.push({
      what: `${problem.name}: mean best, above the least value`,
      unit: "",
      ours: [left(a.mean)],
      peer: "Optuna",
      theirs: [left(b.mean)],
    });
    const gap = a.mean - b.mean, error = Math.hypot(a.error, b.error);
    const verdict = gap < -1.96 * error ? "better" : gap > 1.96 * error ? "WORSE" : "alike within 95 %";
    const show = ({ mean, error }: { mean: number; error: number }) =>
      `${mean.toFixed(4)} ± ${error.toFixed(4)}`;
    notes.push(
      `${problem.name}: ${show(a)}, Optuna ${show(b)}: ${verdict}; ` +
        `a study takes ${(seconds / seeds).toFixed(2)} s, Optuna ${(theirSeconds / seeds).toFixed(2)} s`,
    );
  }
  return { title: `${sampler}: the best of ${TRIALS} trials, ${seeds} seeds`, rows, notes };
}

function describe(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

function trialOf(number: number, params: Trial["params"], value: number): Trial {
  return {
    number,
    params,
    seed: 0,
    state: "complete",
    attempts: [],
    values: [value],
    reports: [],
    origin: "sampler",
  };
}

/** The best value of a hundred trials, one after the other. */
function bestAfter(name: string, { space, objective }: Problem, seed: number): number {
  const sampler = createSampler({ name }), trials: Trial[] = [];
  let best = Infinity;
  for (let number = 0; number < TRIALS; number++) {
    const suggestion = sampler.suggest(
      { space, directions: ["minimize"], trials, seed: seed + 1000 },
      number,
    )!;
    const value = objective(suggestion.params);
    best = Math.min(best, value);
    trials.push({ ...trialOf(number, suggestion.params, value), notes: suggestion.notes });
  }
  return best;
}

const MANY = 10_000, MORE = 100;

/** A study of ten thousand trials: opening it, a hundred more trials, importances. */
async function measureJournal(peer: Peer, { rounds, folder, say }: BenchContext): Promise<BenchTable> {
  say(`a study of ${MANY} trials in 8 dimensions`);
  const study = await makeStudy(join(folder, "study"));
  const journal = join(folder, "optuna.log");
  await Deno.writeTextFile(journal, encodeOptunaJournal(study.state, study.space));
  const opening: number[] = [], trial: number[] = [], importance: number[] = [];
  const theirs = { opening: [] as number[], trial: [] as number[], importance: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    let start = performance.now();
    const opened = openStudy(study.folder);
    opening.push(performance.now() - start);
    start = performance.now();
    const { trials, spec } = opened.state;
    pedAnova(opened.space, trials.slice(0, MANY), lossesOf(trials.slice(0, MANY), spec!.directions));
    importance.push((performance.now() - start) / 1000);
    trial.push(await runMore(opened));
    const answer = await peer.ask({ journal, trials: MORE });
    theirs.opening.push(answer.opening * 1000);
    theirs.trial.push(answer.trial * 1000);
    theirs.importance.push(answer.importance);
  }
  const peerName = "Optuna's JournalStorage";
  return {
    title: `A study of ${MANY.toLocaleString("en-US")} trials in 8 dimensions`,
    rows: [
      { what: "opening it", unit: "ms", ours: opening, limit: 300, peer: peerName, theirs: theirs.opening },
      {
        what: "a further trial of nothing, random",
        unit: "ms",
        ours: trial,
        limit: 10,
        peer: peerName,
        theirs: theirs.trial,
      },
      {
        what: "importances, PED-ANOVA",
        unit: "s",
        ours: importance,
        limit: 0.2,
        peer: "Optuna",
        theirs: theirs.importance,
      },
    ],
    notes: ["Each line is on the disk before the next step (fsync), in ours as in Optuna's."],
  };
}

async function makeStudy(folder: string): Promise<Study> {
  const names = Array.from({ length: 8 }, (_, i) => `x${i}`);
  const space = defineSpace(
    Object.fromEntries(names.map((name) => [name, { low: 0, high: 1, float: true }])),
  );
  const study = await createStudy(folder, {
    name: "many",
    space: space.spec,
    directions: ["minimize"],
    objectives: ["loss"],
    sampler: { name: "random" },
    pruner: { name: "none" },
    seed: 0,
    retries: 0,
  });
  const rng = createRng(1), at = new Date(0).toISOString();
  const lines = Array.from({ length: MANY }, (_, trial): StudyEntry[] => {
    const params = Object.fromEntries(names.map((name) => [name, rng()]));
    const values = [params.x0 + 0.2 * params.x1];
    return [
      { op: "start", trial, attempt: 1, worker: "w", params, seed: trial, at },
      { op: "report", trial, attempt: 1, step: 1, values: { loss: values[0] } },
      { op: "end", trial, attempt: 1, state: "complete", values, seconds: 0.1, at },
    ];
  });
  await study.write(() => lines.flat());
  return study;
}

/** Milliseconds a trial of nothing, from asking for it to its end being on the disk. */
async function runMore(study: Study): Promise<number> {
  const sampler = createSampler({ name: "random" });
  await study.setBudget(study.state.trials.length + MORE);
  await using worker = await study.join();
  const suggest = Object.assign(
    (state: Study["state"], number: number) =>
      sampler.suggest(
        { space: study.space, directions: ["minimize"], trials: state.trials, seed: 0 },
        number,
      ),
    { independent: true },
  );
  const start = performance.now();
  for (let i = 0; i < MORE; i++) {
    const claim = await worker.next(suggest);
    await worker.end(claim!, { state: "complete", values: [0] });
  }
  return (performance.now() - start) / MORE;
}

const SCAN_EPOCHS = 20;

/** The scan of source 001: 14 of 1,458 three-dimensional networks, start to exit. */
async function measureScan({ rounds, folder, say, need }: BenchContext): Promise<BenchTable> {
  const python = need("keras");
  need("optuna"); // KerasTuner comes with it
  const script = (name: string) => new URL(name, import.meta.url).pathname;
  const [own, peer] = [script("./_scan.ts"), script("./peers/search_scan.py")];
  const ours = ["run", "-A", own, String(SCAN_EPOCHS)];
  const one: number[] = [], two: number[] = [], theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`scan, round ${round + 1} of ${rounds}`);
    one.push(await timeProgram(Deno.execPath(), ours));
    theirs.push(await timeProgram(python, [peer, String(SCAN_EPOCHS), join(folder, `keras${round}`)]));
    const start = performance.now(), shared = join(folder, `shared${round}`);
    await Deno.mkdir(shared);
    await Promise.all([0, 1].map(() => timeProgram(Deno.execPath(), [...ours, shared])));
    two.push((performance.now() - start) / 1000);
  }
  return {
    title: `The document's scan: 14 of 1,458 networks, ${SCAN_EPOCHS} epochs of 140 images, start to exit`,
    rows: [
      { what: "one process", unit: "s", ours: one, peer: "KerasTuner", theirs, bar: 0.5 },
      {
        what: "two workers on one folder",
        unit: "s",
        ours: two,
        peer: "ours, one process",
        theirs: one,
        bar: 0.6,
      },
    ],
    notes: ["Each draws its 14 networks at random from the same 1,458; neither is told which the other has."],
  };
}
