/** What ways to learn from twenty lenses reach, side by side: trainings, run where they are named. @module */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { fromArrays } from "../../lib/data/source.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { auc, type Estimate } from "../../lib/evaluate/mod.ts";
import {
  areaOf,
  equalEpochs,
  measureSeeds,
  pairedDifference,
  recallAt,
  type Recipe,
  RECIPES,
  type SeedScores,
} from "../../lib/experiments/lenses/comparison.ts";
import { lenses } from "../../lib/experiments/lenses/experiment.ts";
import { LENS } from "../../lib/experiments/lenses/networks.ts";
import type { LensesOptions } from "../../lib/experiments/lenses/options.ts";
import { trainFold } from "../../lib/experiments/lenses/train_fold.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { type Objective, type Params, search, type SpaceSpec } from "../../lib/search/mod.ts";
import { writeLenses } from "../../lib/simulate/lenses/set.ts";
import { predict } from "../../lib/train/mod.ts";
import { type BenchContext, type BenchRow, type BenchTable, withShort } from "./_bench.ts";
import { keptFolder, keptSet, measureOnce } from "./_kept_figures.ts";

/** How much is trained. */
interface Scale {
  epochs: number;
  lenses: number;
  others: number;
  /** Of the search for the optimised recipe. */
  trials: number;
  /** Lenses, and as many others, of the large set. */
  many: number;
}

const FULL: Scale = { epochs: 24, lenses: 20, others: 500, trials: 24, many: 10_000 };
const SHORT: Scale = { epochs: 1, lenses: 10, others: 30, trials: 2, many: 60 };

/** Seeds of the simulated sets: none that a recipe was chosen on. */
const FIRST_SET = 201;

/** Seeds of the trainings, each of a set of its own. */
const seedsOf = ({ seeds = 1 }: BenchContext) => seeds;

/** The set of a seed, simulated once. */
function simulatedSet(context: BenchContext, { lenses, others }: Scale, seed: number): Promise<string> {
  const name = `lenses_${lenses}_${others}_seed${seed}`;
  return keptSet(context, name, (folder) => writeLenses(folder, { lenses, others }, { seed }));
}

/** What trainings load by; each says itself what it is. */
const loadBy = ({ folder, signal }: BenchContext) => ({ dataFolder: folder, log: () => {}, signal });

/**
 * Scores of a fold's examples by a model that did not see them, kept.
 *
 * @param set What says of the set what it is, wherever it lies.
 */
async function scoresOfFold(
  context: BenchContext,
  name: string,
  options: LensesOptions,
  set: Readonly<Record<string, unknown>>,
): Promise<{ rows: number[]; scores: number[]; labels: number[] }> {
  const { data: _place, ...settings } = { ...options, ...set };
  return await measureOnce(context, `lenses/${name}`, settings, async () => {
    context.say(name);
    const { model, data, scores } = await trainFold(options, loadBy(context));
    model.dispose();
    const rows = [...data.split.test];
    return { rows, scores: [...scores], labels: rows.map((row) => data.labels[row]) };
  });
}

/** Probabilities of all examples of a seed's set, each by the model that did not see it. */
async function crossValidated(
  context: BenchContext,
  name: string,
  changes: Partial<LensesOptions>,
  scale: Scale,
  seed: number,
): Promise<Float32Array> {
  const data = await simulatedSet(context, scale, FIRST_SET + seed);
  const options = optionsFor(lenses, { ...changes, data, seed }), set = [scale.lenses, scale.others];
  const scores = new Float32Array(scale.lenses + scale.others);
  for (let fold = 0; fold < options.folds; fold++) {
    const called = `${name}_seed${seed}_fold${fold}`;
    const found = await scoresOfFold(context, called, { ...options, fold }, { set });
    found.rows.forEach((row, i) => scores[row] = found.scores[i]);
  }
  return scores;
}

/** Recipes by the names of their figures. */
type Recipes = Readonly<Record<string, Recipe>>;

/** Recipes side by side, on the same folds of the same sets. */
async function compare(
  context: BenchContext,
  network: string,
  recipes: Recipes,
  scale: Scale,
  seeds: number,
): Promise<BenchTable> {
  await startEngine();
  const scores: Record<string, Float32Array[]> = {};
  for (let seed = 0; seed < seeds; seed++) {
    for (const [name, { options }] of Object.entries(recipes)) {
      const epochs = equalEpochs(scale.epochs, optionsFor(lenses, options), scale.lenses, scale.others);
      const own = await crossValidated(context, name, { epochs, ...options }, scale, seed);
      (scores[name] ??= []).push(own);
    }
  }
  const of = `${scale.lenses} simulated lenses against ${scale.others} others`;
  const title = `${network}: ${of}, five folds, ${seeds} sets and seeds`;
  return qualityTable(title, recipes, scores, labelsOf(scale));
}

/** Lenses first. */
const labelsOf = ({ lenses, others }: Scale) =>
  Float32Array.from({ length: lenses + others }, (_, i) => i < lenses ? 1 : 0);

const quality = (context: BenchContext, scale: Scale) =>
  compare(context, "The small network", RECIPES, scale, seedsOf(context));

/** The document's network, one seed. */
function alexnet(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const { none, document, online }: Record<string, Recipe> = RECIPES;
  const own = Object.entries({ none, document, online }).map(([name, { what, options }]) =>
    [`alexnet_${name}`, { what, options: { ...options, model: "alexnet" } }] as const
  );
  return compare(context, "AlexNet", Object.fromEntries(own), scale, 1);
}

/** What the search of network training and augmentation may try, in one space. */
const SPACE: SpaceSpec = {
  augmentation: ["document", "online"],
  copies: { low: 5, high: 25 },
  shift: { low: 0, high: 10 },
  zoom: { low: 0, high: 0.3, float: true },
  skew: { low: 0, high: 20, float: true },
  numMasks: { low: 0, high: 3 },
  stretch: ["asinh", "none"],
  rate: { low: 1e-3, high: 3e-2, log: true, float: true },
  weightDecay: { low: 0, high: 0.1, float: true },
};

/** Seeds of the sets that it is chosen on, which are none that is measured: one to learn from, one to judge by. */
const CHOSEN_BY = { learn: 301, judge: 302 };

/** The options with which the small network tells most of 300 lenses from 1,500 others, after learning from three subsets. */
async function chooseOptions(context: BenchContext, scale: Scale): Promise<Partial<LensesOptions>> {
  const judging = { ...scale, lenses: 15 * scale.lenses, others: 3 * scale.others };
  const [learn, judge] = [
    await simulatedSet(context, scale, CHOSEN_BY.learn),
    await simulatedSet(context, judging, CHOSEN_BY.judge),
  ];
  const load = loadBy(context);
  const { crops, labels } = await lenses.load(
    optionsFor(lenses, { data: judge, augmentation: "none" }),
    load,
  );
  const unseen = fromArrays({ image: crops }, {}, { applied: { image: 1 } });
  const objective: Objective = async (params, { signal }) => {
    let sum = 0;
    for (let fold = 0; fold < 3; fold++) {
      const options = optionsFor(lenses, { ...params, data: learn, fold, seed: fold, epochs: scale.epochs });
      const { model, data } = await trainFold(options, { ...load, signal });
      const { [LENS]: said } = await predict(model, unseen, { preprocessing: data.steps });
      sum += areaOf(said.data as Float32Array, labels) / 3;
      model.dispose();
    }
    context.say(`${sum.toFixed(4)} with ${JSON.stringify(params)}`);
    return sum;
  };
  const { best } = await search(SPACE, objective, {
    folder: join(keptFolder(context), `lenses_search_${scale.lenses}`),
    trials: scale.trials,
    direction: "maximize",
    seed: 1,
    first: [OF_ONLINE],
    signal: context.signal,
  });
  context.signal?.throwIfAborted();
  return best!.params as Partial<LensesOptions>;
}

/** What `online` is by default, to begin with. */
const OF_ONLINE: Params = {
  ...{ augmentation: "online", copies: 25, shift: 10, zoom: 0.1, skew: 0, numMasks: 0 },
  ...{ stretch: "asinh", rate: 1e-2, weightDecay: 0 },
};

/** The optimised recipe beside the document's and the default. */
async function optimised(context: BenchContext, scale: Scale): Promise<BenchTable> {
  await startEngine();
  const options = await chooseOptions(context, scale), { document, online } = RECIPES;
  const what = `optimised by ${scale.trials} trials on another set`;
  const table = await compare(
    context,
    "The small network",
    { document, online, optimised: { what, options: { ...options, epochs: scale.epochs } } },
    scale,
    seedsOf(context),
  );
  return { ...table, notes: [...table.notes ?? [], `Optimised: ${JSON.stringify(options)}.`] };
}

/** Many lenses: what the small network and a wider one reach where there is enough to learn from. */
async function many(context: BenchContext, { epochs, many }: Scale): Promise<BenchTable> {
  await startEngine();
  const scale = { epochs, lenses: many, others: many, many, trials: 1 };
  const data = await simulatedSet(context, scale, FIRST_SET), areas: number[] = [], notes: string[] = [];
  for (let seed = 0; seed < seedsOf(context); seed++) {
    const options = optionsFor(lenses, { data, seed, epochs, copies: 1, batch: 64, residual: true });
    const found = await scoresOfFold(context, `many_${many}_seed${seed}`, options, { many });
    const area = auc(found.scores, found.labels);
    areas.push(area.value);
    const none = recallAt(1)(Float32Array.from(found.scores), Float32Array.from(found.labels));
    notes.push(
      `seed ${seed}: AUC ${inWords(area)}, ${(100 * none).toFixed(1)} % found without a false positive`,
    );
  }
  return {
    title: `${many} simulated lenses and as many others, a fifth of them measured on`,
    rows: [{ what: "the small network, online", unit: "AUC", better: "higher", ours: areas, limit: 0.99 }],
    notes: [
      ...notes,
      "For context, on other simulations: the lens-finding challenge's best on ground-based pictures has 0.977.",
    ],
  };
}

/** A number with its interval. */
const inWords = ({ value, low, high }: Pick<Estimate, "value" | "low" | "high">) =>
  `${value.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;

/** What is measured of every recipe. */
const MEASURES = [
  { unit: "AUC", statistic: areaOf },
  { unit: "recall at no false positive", statistic: recallAt(1) },
  { unit: "recall at 1 % of them", statistic: recallAt(0.99) },
] as const;

/** AUC and recall of every recipe, and their differences from the document's augmentation. */
function qualityTable(
  title: string,
  recipes: Recipes,
  scores: Readonly<Record<string, SeedScores>>,
  labels: Float32Array,
): BenchTable {
  const rows: BenchRow[] = [], notes: string[] = [];
  const document = Object.entries(scores).find(([name]) => name.endsWith("document"))?.[1];
  for (const [name, seeds] of Object.entries(scores)) {
    const { what } = recipes[name];
    for (const { unit, statistic } of MEASURES) {
      const resampled = () => ({ rng: createRng(7), statistic });
      const theirs = document && seeds !== document ? document : undefined;
      const each = (all: SeedScores) => all.map((one) => statistic(one, labels));
      rows.push({
        what,
        unit,
        better: "higher",
        ours: each(seeds),
        // Where one of twenty or none is found, a ratio says nothing.
        ...(theirs && statistic === areaOf && { peer: "the document's augmentation", theirs: each(theirs) }),
      });
      const apart = theirs && pairedDifference(seeds, theirs, labels, resampled());
      notes.push(
        `${what}: ${unit} ${inWords(measureSeeds(seeds, labels, resampled()))}` +
          (apart ? `, above the document's ${inWords(apart)}` : ""),
      );
    }
  }
  return { title, rows, notes };
}

/** Parts that take long, and with few examples to see that they run. */
export const LONG = withShort({ quality, alexnet, optimised, many }, FULL, SHORT);
