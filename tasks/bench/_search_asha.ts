/**
 * Whether asynchronous halving finds on real data what random search finds, and in which share of its epochs.
 *
 * Random search trains every network to its end, and each epoch's validation loss is kept. Halving then has the same space
 * and other seeds, and goes on until one of its networks, trained to its end, is as good; networks are chosen by our default,
 * TPE, or drawn as random search draws them. By the kept curves halving also goes through the very trials of random search,
 * in thirty orders: that tells how often it gives up the best one.
 * @module
 */
import { join } from "@std/path";
import { createRng, shuffle } from "../../lib/base/rng.ts";
import { subset } from "../../lib/data/source.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { meanOf } from "../../lib/evaluate/mean.ts";
import { findExperiment } from "../../lib/experiments/registry.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { experimentObjective } from "../../lib/run/search_trial.ts";
import type { Objective } from "../../lib/search/objective.ts";
import { createPruner } from "../../lib/search/pruners/registry.ts";
import { search } from "../../lib/search/search.ts";
import type { SpaceSpec } from "../../lib/search/space.ts";
import type { Report, Trial } from "../../lib/search/trial.ts";
import type { BenchContext, BenchTable } from "./_bench.ts";

const TRIALS = 27, EPOCHS = 27, ORDERS = 30;
/** How halving chooses networks. */
const SAMPLERS = ["tpe", "random"];
/** Seeds of halving; random search has another one. */
const STARTS = [2, 3, 4];
/** Halving gives up at this share of random search's epochs. */
const MOST = 0.4;
const METRIC = "validationLoss";
/** A way of halving. */
type Halving = { name: string; least?: number; factor?: number; brackets?: number };

const PRUNER: Halving = { name: "asha" };
/** What the kept curves are gone through by: our default, the first epoch as Optuna has it, its factor, Hyperband. */
const HALVINGS: readonly Halving[] = [
  PRUNER,
  { ...PRUNER, least: 1 },
  { ...PRUNER, factor: 4 },
  { ...PRUNER, brackets: 3 },
];

/** What is searched, small enough for a bench: options of an experiment, how many images it trains on, a space. */
interface Case {
  name: string;
  options: Record<string, unknown>;
  images: number;
  space: SpaceSpec;
}

const CASES = {
  mnist: {
    name: "mnist",
    options: { model: "tutorial_cnn", validation: 1000 },
    images: 1000,
    space: {
      rate: { low: 0.01, high: 1, log: true },
      decay: { low: 1e-4, high: 5e-2, log: true },
      batch: { low: 32, high: 256, log: true },
    },
  },
  cygno: {
    name: "cygno",
    options: { events: 600, validation: 0.35, test: 0.05 },
    images: 360,
    space: { rate: { low: 5e-4, high: 5e-2, log: true }, batch: { low: 16, high: 128, log: true } },
  },
} as const satisfies Record<string, Case>;

/** Measures one experiment. */
export async function measureAsha(
  { say, folder }: BenchContext,
  name: keyof typeof CASES,
): Promise<BenchTable> {
  const one: Case = CASES[name];
  await startEngine({ backend: "auto" });
  say(`random search on ${name}: ${TRIALS} trials of ${EPOCHS} epochs, ${one.images} images`);
  using trained = experimentObjective(smaller(one), {
    options: optionsFor(findExperiment(name), { ...one.options, epochs: EPOCHS, batch: 64 }),
    metrics: [METRIC],
    dataFolder: join(folder, "data"),
  });
  const random = await search(one.space, trained.objective, {
    sampler: "random",
    objectives: [METRIC],
    trials: TRIALS,
    seed: 1,
  });
  const curves = random.trials.map(({ reports }) => reports), target = bestOf(curves);
  const total = curves.reduce((sum, { length }) => sum + length, 0);
  const rows: BenchTable["rows"] = [], notes = [`random search's best is ${target.toPrecision(4)}`];
  for (const sampler of SAMPLERS) {
    const shares: number[] = [], tried: number[] = [];
    for (const seed of STARTS) {
      const found = await halve(one.space, trained.objective, { sampler, seed, target, most: MOST * total });
      shares.push(found.isReached ? found.spent / total : Infinity);
      tried.push(found.tried);
      say(`halving by ${sampler}: ${(100 * found.spent / total).toFixed(0)} %, ${found.tried} networks`);
    }
    rows.push({
      what: `by ${sampler}: share of random search's ${total} epochs until one is as good`,
      unit: "",
      ours: shares,
      limit: 1 / 3,
    });
    notes.push(
      `by ${sampler}: ${tried.join(", ")} networks tried, given up at ${100 * MOST} % of the epochs`,
    );
  }
  notes.push(...HALVINGS.map((pruner) => replayNote(pruner, curves, target)));
  return {
    title:
      `Halving against random search on ${name}: ${TRIALS} trials of ${EPOCHS} epochs, ${one.images} images`,
    rows,
    notes,
  };
}

/** Halves until a network is as good as the target, or until so many epochs are spent. */
async function halve(
  space: SpaceSpec,
  objective: Objective,
  { sampler, seed, target, most }: { sampler: string; seed: number; target: number; most: number },
): Promise<{ isReached: boolean; spent: number; tried: number }> {
  const controller = new AbortController();
  let spent = 0;
  const counted: Objective = (params, trial) =>
    objective(params, {
      ...trial,
      report: async (step, values, isLast) => {
        if (++spent >= most) controller.abort();
        await trial.report(step, values, isLast);
      },
    });
  const { ending, trials } = await search(space, counted, {
    sampler,
    objectives: [METRIC],
    trials: 100 * TRIALS,
    seed,
    pruner: PRUNER,
    target,
    signal: controller.signal,
  });
  return { isReached: ending === "target", spent, tried: trials.length };
}

/** The experiment, training on its first images only. */
function smaller({ name, images }: Case): Experiment {
  const experiment = findExperiment(name);
  return {
    ...experiment,
    async load(options, context) {
      const data = await experiment.load(options, context);
      const rows = Uint32Array.from({ length: Math.min(images, data.train.size) }, (_, i) => i);
      return { ...data, train: subset(data.train, rows) };
    },
  };
}

const lossAt = ({ values }: Report) => values[METRIC];
const lastLoss = (curve: readonly Report[]) => lossAt(curve.at(-1)!);
const isWhole = (curve: readonly Report[]) => curve.length === EPOCHS;

/** The least loss that a trial ended with; networks that ended early as they came to no number do not count. */
function bestOf(curves: readonly (readonly Report[])[]): number {
  return Math.min(...curves.filter(isWhole).map(lastLoss));
}

/** How often a way of halving keeps the best of the kept curves, and in which share of their epochs. */
function replayNote(pruner: Halving, curves: readonly (readonly Report[])[], target: number): string {
  const orders = Array.from({ length: ORDERS }, (_, seed) => replay(pruner, curves, seed));
  const total = curves.reduce((sum, { length }) => sum + length, 0);
  const kept = orders.filter(({ best }) => best <= target).length;
  const share = meanOf(orders.map(({ spent }) => spent)) / total;
  const { name: _, ...changed } = pruner;
  const how = Object.entries(changed).map(([option, value]) => `${option} ${value}`).join(", ") ||
    "as by default";
  return `the same trials in ${ORDERS} orders, halved ${how}: the best one is kept in ${kept}; the best kept is ` +
    `${meanOf(orders.map(({ best }) => best)).toPrecision(4)} in the mean, after ${
      (100 * share).toFixed(0)
    } % of the epochs`;
}

/** Halving over the kept curves in another order: the best that it keeps, and the epochs that it takes. */
function replay(
  halving: Halving,
  curves: readonly (readonly Report[])[],
  seed: number,
): { best: number; spent: number } {
  const order = shuffle(curves.map((_, i) => i), createRng(seed, 15));
  const pruner = createPruner(halving), trials: Trial[] = [];
  for (const i of order) {
    const trial: Trial = {
      number: trials.length,
      params: {},
      seed: 0,
      state: "running",
      attempts: [],
      reports: [],
      origin: "sampler",
    };
    trials.push(trial);
    for (const report of curves[i]) {
      trial.reports.push(report);
      if (pruner.shouldPrune({ trials, direction: "minimize", metric: METRIC }, trial)) break;
    }
    trial.state = isWhole(trial.reports) ? "complete" : "pruned";
  }
  const reports = trials.map(({ reports }) => reports);
  return { best: bestOf(reports), spent: reports.reduce((sum, { length }) => sum + length, 0) };
}
