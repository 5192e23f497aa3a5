/**
 * The search against Optuna and KerasTuner: what samplers find in a hundred trials, what a study of 10,000 trials costs, the
 * scan of source 001, whether halving finds what random search does, and what many processes on one folder lose.
 *
 * The peers are installed where they are missing; `CLOUDCHAMBER_OPTUNA` names another Python with optuna, cmaes, scipy and
 * torch. @module
 */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { meanOf } from "../../lib/evaluate/mean.ts";
import { pedAnova } from "../../lib/search/analysis/importance.ts";
import { encodeOptunaJournal } from "../../lib/search/analysis/optuna.ts";
import { lossesOf } from "../../lib/search/analysis/table.ts";
import { createSampler } from "../../lib/search/samplers/registry.ts";
import { defineSpace } from "../../lib/search/space.ts";
import { createStudy, openStudy, type Study } from "../../lib/search/study.ts";
import type { StudyEntry } from "../../lib/search/study_state.ts";
import type { Trial } from "../../lib/search/trial.ts";
import { type BenchContext, type BenchRow, type BenchTable, chooseParts, Peer, provide } from "./_bench.ts";
import { measureAsha } from "./_search_asha.ts";
import { type Problem, PROBLEMS } from "./_search_problems.ts";
import { measureScan, measureWorkers } from "./_search_scan.ts";
import { measureStorm } from "./_search_storm.ts";

export const name = "search";
export const summary =
  "Samplers and studies against Optuna 5 and KerasTuner (parts: tpe, cmaes, gp, default, journal, scan, scan-short, workers, asha-mnist, asha-cygno, storm, storm-short)";

const TRIALS = 100;
const SAMPLED = ["tpe", "cmaes", "gp"];

/** Means over seeds of the best of a hundred trials. */
interface Estimate {
  mean: number;
  /** Standard error. */
  error: number;
}

/** The least value of each problem, so that what is left to it can be compared as a ratio. */
const LEAST: Readonly<Record<string, number>> = {
  branin: 0.397887,
  hartmann6: -3.32237,
  rosenbrock8: 0,
  conditional: 0.1,
  mixed: 0,
};

/** What is measured without Optuna, by its part; the short ones only where they are asked for. */
const OTHERS: Readonly<Record<string, (context: BenchContext) => Promise<BenchTable>>> = {
  scan: (context) => measureScan(context, 20),
  "scan-short": (context) => measureScan(context, 2),
  workers: measureWorkers,
  "asha-mnist": (context) => measureAsha(context, "mnist"),
  "asha-cygno": (context) => measureAsha(context, "cygno"),
  storm: (context) => measureStorm(context, "whole"),
  "storm-short": (context) => measureStorm(context, "short"),
};

/** Measures the parts that are asked for. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const withOptuna = [...SAMPLED, "default", "journal"], known = [...withOptuna, ...Object.keys(OTHERS)];
  const usual = known.filter((part) => !part.endsWith("-short"));
  const chosen = chooseParts(context.parts, known, usual);
  const tables: BenchTable[] = [];
  if (chosen.some((part) => withOptuna.includes(part))) {
    const python = await provide("optuna", context);
    const script = new URL("./peers/search_optuna.py", import.meta.url).pathname;
    await using peer = new Peer(python, [script], { OMP_NUM_THREADS: "1" });
    for (const part of chosen) {
      if (SAMPLED.includes(part)) tables.push(await compareSamplers(part, peer, context));
      else if (part === "default") tables.push(await bestAgainstDefault(peer, context));
      else if (part === "journal") tables.push(await measureJournal(peer, context));
    }
  }
  for (const part of chosen) if (part in OTHERS) tables.push(await OTHERS[part](context));
  return tables;
}

/** How near to a problem's least value nobody is asked any more whether he comes nearer. */
const AT_LEAST_VALUE = 1e-3;

/** Six seeds a round: 30 by default. Optuna's Gaussian process takes half a minute a study, with mixed kinds far longer. */
async function compareSamplers(
  sampler: string,
  peer: Peer,
  { rounds, say }: BenchContext,
): Promise<BenchTable> {
  const seeds = Array.from({ length: 6 * rounds }, (_, seed) => seed);
  const rows: BenchRow[] = [], notes: string[] = [];
  for (const problem of PROBLEMS) {
    say(`${sampler} on ${problem.name}, ${seeds.length} seeds`);
    const start = performance.now();
    const ours = describe(seeds.map((seed) => bestAfter(sampler, problem, seed)));
    const seconds = (performance.now() - start) / 1000 / seeds.length;
    const row = {
      what: `${problem.name}: mean best, above the least value`,
      unit: "",
      ours: [left(ours, problem.name)],
    };
    const said = `${problem.name}: ${show(ours)}, ${seconds.toFixed(2)} s a study`;
    if (left(ours, problem.name) < AT_LEAST_VALUE) {
      rows.push({ ...row, limit: AT_LEAST_VALUE });
      notes.push(`${said}: at the least value, where Optuna cannot be better`);
      continue;
    }
    const best: number[] = [];
    let spent = 0;
    for (const seed of seeds) {
      const answer = await peer.ask({ sampler, problem: problem.name, seed, trials: TRIALS });
      best.push(answer.best);
      spent += answer.seconds / seeds.length;
    }
    const theirs = describe(best);
    rows.push({ ...row, peer: "Optuna", theirs: [left(theirs, problem.name)] });
    notes.push(`${said}; Optuna ${show(theirs)}, ${spent.toFixed(2)} s: ${compare(ours, theirs)}`);
  }
  return { title: `${sampler}: the best of ${TRIALS} trials, ${seeds.length} seeds`, rows, notes };
}

/** The best of our samplers against Optuna's default, which is TPE: better on three of the five problems is the bar. */
async function bestAgainstDefault(peer: Peer, { rounds, say }: BenchContext): Promise<BenchTable> {
  const seeds = Array.from({ length: 6 * rounds }, (_, seed) => seed);
  const rows: BenchRow[] = [], notes: string[] = [];
  let better = 0;
  for (const problem of PROBLEMS) {
    say(`ours against Optuna's default on ${problem.name}, ${seeds.length} seeds`);
    const theirs: number[] = [];
    for (const seed of seeds) {
      theirs.push((await peer.ask({ sampler: "tpe", problem: problem.name, seed, trials: TRIALS })).best);
    }
    const optuna = describe(theirs);
    const ours = SAMPLED.map((sampler) => ({
      sampler,
      found: describe(seeds.map((seed) => bestAfter(sampler, problem, seed))),
    })).sort((a, b) => a.found.mean - b.found.mean);
    const [best] = ours, verdict = compare(best.found, optuna);
    if (verdict === "better") better++;
    rows.push({
      what: `${problem.name}: mean best, above the least value`,
      unit: "",
      ours: [left(best.found, problem.name)],
      peer: "Optuna's default",
      theirs: [left(optuna, problem.name)],
    });
    notes.push(
      `${problem.name}: our ${best.sampler} ${show(best.found)}, Optuna's default ${
        show(optuna)
      }: ${verdict}`,
    );
  }
  rows.push({
    what: "problems on which ours is better",
    unit: "of 5",
    better: "higher",
    ours: [better],
    limit: 3,
  });
  return { title: `The best of our samplers against Optuna's default, ${seeds.length} seeds`, rows, notes };
}

const left = ({ mean }: Estimate, problem: string) => Math.max(1e-6, mean - LEAST[problem]);
const show = ({ mean, error }: Estimate) => `${mean.toFixed(4)} ± ${error.toFixed(4)}`;

function compare(a: Estimate, b: Estimate): "better" | "WORSE" | "alike within 95 %" {
  const gap = a.mean - b.mean, error = Math.hypot(a.error, b.error);
  return gap < -1.96 * error ? "better" : gap > 1.96 * error ? "WORSE" : "alike within 95 %";
}

function describe(values: readonly number[]): Estimate {
  const mean = meanOf(values);
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
