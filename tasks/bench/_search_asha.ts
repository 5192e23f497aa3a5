/**
 * Whether asynchronous halving finds on real data what random search finds, and in which share of its epochs.
 *
 * Random search trains every network to its end, and each epoch's validation loss is kept. Halving then goes through the
 * same trials: once for real, and in thirty other orders by the kept curves, as the order decides who is compared with whom.
 * @module
 */
import { join } from "@std/path";
import { createRng, shuffle } from "../../lib/base/rng.ts";
import { subset } from "../../lib/data/source.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { Experiment, Options } from "../../lib/run/experiment.ts";
import { experimentObjective } from "../../lib/run/search_trial.ts";
import { createPruner } from "../../lib/search/pruners/registry.ts";
import { search } from "../../lib/search/search.ts";
import type { SpaceSpec } from "../../lib/search/space.ts";
import type { Report, Trial } from "../../lib/search/trial.ts";
import type { BenchContext, BenchTable } from "./_bench.ts";

const TRIALS = 27, EPOCHS = 27, ORDERS = 30;
const METRIC = "validationLoss";
const PRUNER = { name: "asha", least: 1, factor: 3 };

/** What is searched, small enough for a bench: options of an experiment, how many images it trains on, a space. */
interface Case {
  name: string;
  options: Record<string, unknown>;
  images: number;
  space: SpaceSpec;
}

const CASES: readonly Case[] = [
  {
    name: "mnist",
    options: { model: "tutorial_cnn", validation: 1000 },
    images: 1000,
    space: {
      rate: { low: 0.01, high: 1, log: true },
      decay: { low: 1e-4, high: 5e-2, log: true },
      batch: { low: 32, high: 256, log: true },
    },
  },
  {
    name: "cygno",
    options: { events: 1000, validation: 0.3, test: 0.05 },
    images: 600,
    space: { rate: { low: 5e-4, high: 5e-2, log: true }, batch: { low: 16, high: 128, log: true } },
  },
];

/** Measures both experiments. */
export async function measureAsha({ say, folder }: BenchContext): Promise<BenchTable> {
  await startEngine({ backend: "auto" });
  const rows: BenchTable["rows"] = [], notes: string[] = [];
  for (const one of CASES) {
    say(`asha on ${one.name}: ${TRIALS} trials of ${EPOCHS} epochs, ${one.images} images`);
    using trials = experimentObjective(smaller(one), {
      options: optionsOf(one),
      metrics: [METRIC],
      dataFolder: join(folder, "data"),
    });
    const run = (pruner?: typeof PRUNER) =>
      search(one.space, trials.objective, {
        trials: TRIALS,
        sampler: "random",
        seed: 1,
        objectives: [METRIC],
        pruner,
      });
    const random = await run(), halved = await run(PRUNER);
    const curves = random.trials.map(({ reports }) => reports);
    const total = curves.reduce((sum, { length }) => sum + length, 0);
    const real = walk(halved.trials.map(({ reports }) => reports), bestOf(curves));
    const orders = Array.from({ length: ORDERS }, (_, seed) => replay(curves, seed));
    rows.push({
      what: `${one.name}: share of random search's ${total} epochs until its best, ${ORDERS} orders`,
      unit: "",
      ours: orders.map(({ until }) => until / total),
      limit: 1 / 3,
    });
    const reached = orders.filter(({ until }) => until < Infinity).length;
    const percent = (part: number) => `${(100 * part / total).toFixed(0)} %`;
    const loss = (value: number) => value.toPrecision(4);
    notes.push(
      `${one.name}, trained for real: random's best ${loss(bestOf(curves))}, halving's ${
        loss(halved.best?.values?.[0] ?? NaN)
      }, ` +
        `${
          real.until < Infinity ? `after ${percent(real.until)} of the epochs` : "not the same"
        }, all its trials ${percent(real.spent)}`,
      `${one.name}, ${ORDERS} orders: random's best found in ${reached}; the best found is ${
        loss(mean(orders.map(({ best }) => best)))
      } in the mean; all trials take ${percent(mean(orders.map(({ spent }) => spent)))} of the epochs`,
    );
  }
  return { title: `ASHA against random search on images: ${TRIALS} trials of ${EPOCHS} epochs`, rows, notes };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The experiment, training on its first images only. */
function smaller({ name, images }: Case): Experiment {
  const experiment = EXPERIMENTS.find((experiment) => experiment.name === name) as Experiment;
  return {
    ...experiment,
    async load(options, context) {
      const data = await experiment.load(options, context);
      const rows = Uint32Array.from({ length: Math.min(images, data.train.size) }, (_, i) => i);
      return { ...data, train: subset(data.train, rows) };
    },
  };
}

function optionsOf({ name, options }: Case): Options {
  const { options: table } = EXPERIMENTS.find((experiment) => experiment.name === name)!;
  const defaults = Object.fromEntries(
    Object.entries(table).map(([key, spec]) => [key, "default" in spec ? spec.default : undefined]),
  );
  return { ...defaults, ...options, epochs: EPOCHS, batch: 64, seed: 0 } as unknown as Options;
}

const lossAt = ({ values }: Report) => values[METRIC];
const lastLoss = (curve: readonly Report[]) => lossAt(curve.at(-1)!);
const isWhole = (curve: readonly Report[]) => curve.length === EPOCHS;

/** The least loss that a trial ended with; networks that ended early as they came to no number do not count. */
function bestOf(curves: readonly (readonly Report[])[]): number {
  return Math.min(...curves.filter(isWhole).map(lastLoss));
}

/** Epochs spent until a loss was reached by a trial that ended, and in all. */
function walk(
  curves: readonly (readonly Report[])[],
  target: number,
): { until: number; spent: number; best: number } {
  let spent = 0, until = Infinity;
  for (const curve of curves) {
    spent += curve.length;
    if (isWhole(curve) && lastLoss(curve) <= target && until === Infinity) until = spent;
  }
  return { until, spent, best: bestOf(curves) };
}

/** Halving over the kept curves in another order. */
function replay(curves: readonly (readonly Report[])[], seed: number) {
  const order = shuffle(curves.map((_, i) => i), createRng(seed, 15));
  const pruner = createPruner(PRUNER), trials: Trial[] = [];
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
  return walk(trials.map(({ reports }) => reports), bestOf(curves));
}
