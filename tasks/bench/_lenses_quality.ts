/** What ways to learn from twenty lenses reach, side by side: trainings, run where they are named. @module */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { startEngine } from "../../lib/engine/mod.ts";
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
import { trainFold } from "../../lib/experiments/lenses/cross_validate.ts";
import { lenses } from "../../lib/experiments/lenses/experiment.ts";
import type { LensesOptions } from "../../lib/experiments/lenses/options.ts";
import { formatEstimate } from "../../lib/plot/mod.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { writeLenses } from "../../lib/simulate/lenses/set.ts";
import { type BenchContext, type BenchRow, type BenchTable, withShort } from "./_bench.ts";
import { keptFolder, measureOnce } from "./_kept_figures.ts";

/** How much is trained. */
interface Scale {
  /** Seeds, each of a set of its own. */
  seeds: number;
  epochs: number;
  lenses: number;
  others: number;
}

const FULL: Scale = { seeds: 5, epochs: 24, lenses: 20, others: 500 };
const SHORT: Scale = { seeds: 1, epochs: 1, lenses: 10, others: 30 };

/** Seeds of the simulated sets: none that a recipe was chosen on. */
const FIRST_SET = 201;

/** A set of its own for each seed, simulated once. */
async function simulatedSet(context: BenchContext, { lenses, others }: Scale, seed: number): Promise<string> {
  const folder = join(keptFolder(context), `lenses_${lenses}_${others}_seed${FIRST_SET + seed}`);
  if (await Deno.stat(folder).then(() => true, () => false)) return folder;
  const unfinished = `${folder}.unfinished`;
  await Deno.remove(unfinished, { recursive: true }).catch(() => {}); // left by a run that was stopped
  await Deno.mkdir(unfinished, { recursive: true });
  await writeLenses(unfinished, { lenses, others }, { seed: FIRST_SET + seed });
  await Deno.rename(unfinished, folder);
  return folder;
}

/** Probabilities of all examples of a seed's set, each by the model that did not see it. */
async function crossValidated(
  context: BenchContext,
  name: string,
  changes: Partial<LensesOptions>,
  scale: Scale,
  seed: number,
): Promise<Float32Array> {
  const data = await simulatedSet(context, scale, seed);
  const options = optionsFor(lenses, { ...changes, data, seed });
  const scores = new Float32Array(scale.lenses + scale.others);
  for (let fold = 0; fold < options.folds; fold++) {
    const { data: _place, ...settings } = { ...options, fold, ...scale };
    const found = await measureOnce(context, `lenses/${name}_seed${seed}_fold${fold}`, settings, async () => {
      context.say(`${name}, seed ${seed}, fold ${fold}`);
      const load = { dataFolder: context.folder, log: () => {} };
      const { model, data, scores } = await trainFold({ ...options, fold }, load);
      model.dispose();
      return { rows: [...data.split.test], scores: [...scores] };
    });
    found.rows.forEach((row, i) => scores[row] = found.scores[i]);
  }
  return scores;
}

/** Recipes side by side, by one network, on the same folds of the same sets. */
async function compare(
  context: BenchContext,
  title: string,
  names: readonly (keyof typeof RECIPES)[],
  network: Partial<LensesOptions>,
  scale: Scale,
): Promise<BenchTable> {
  await startEngine();
  const scores: Partial<Record<keyof typeof RECIPES, Float32Array[]>> = {};
  for (let seed = 0; seed < scale.seeds; seed++) {
    for (const name of names) {
      const { options }: Recipe = RECIPES[name], changes = { ...options, ...network };
      const epochs = equalEpochs(scale.epochs, optionsFor(lenses, changes), scale.lenses, scale.others);
      const called = network.model ? `${network.model}_${name}` : name;
      const own = await crossValidated(context, called, { ...changes, epochs }, scale, seed);
      (scores[name] ??= []).push(own);
    }
  }
  const labels = Float32Array.from(
    { length: scale.lenses + scale.others },
    (_, i) => i < scale.lenses ? 1 : 0,
  );
  const of = `${scale.lenses} simulated lenses against ${scale.others} others`;
  return qualityTable(`${title}: ${of}, five folds, ${scale.seeds} sets and seeds`, scores, labels);
}

const quality = (context: BenchContext, scale: Scale) =>
  compare(context, "The small network", Object.keys(RECIPES) as (keyof typeof RECIPES)[], {}, scale);

/** The document's network, one seed. */
const alexnet = (context: BenchContext, scale: Scale) =>
  compare(context, "AlexNet", ["none", "document", "online"], { model: "alexnet", rate: 1e-3 }, {
    ...scale,
    seeds: 1,
  });

/** What is measured of every recipe. */
const MEASURES = [
  { unit: "AUC", statistic: areaOf },
  { unit: "recall at no false positive", statistic: recallAt(1) },
  { unit: "recall at 1 % of them", statistic: recallAt(0.99) },
] as const;

/** AUC and recall of every recipe, and their differences from the document's augmentation. */
export function qualityTable(
  title: string,
  scores: Readonly<Partial<Record<keyof typeof RECIPES, SeedScores>>>,
  labels: Float32Array,
): BenchTable {
  const rows: BenchRow[] = [], notes: string[] = [], { document } = scores;
  for (const [name, seeds] of Object.entries(scores)) {
    const { what } = RECIPES[name as keyof typeof RECIPES];
    for (const { unit, statistic } of MEASURES) {
      const resampled = () => ({ rng: createRng(7), statistic });
      const theirs = document && seeds !== document ? document : undefined;
      const each = (all: SeedScores) => all.map((one) => statistic(one, labels));
      rows.push({
        what,
        unit,
        better: "higher",
        ours: each(seeds),
        ...(theirs && { peer: "the document's augmentation", theirs: each(theirs) }),
      });
      const apart = theirs && pairedDifference(seeds, theirs, labels, resampled());
      notes.push(
        `${what}: ${unit} ${formatEstimate(measureSeeds(seeds, labels, resampled()))}` +
          (apart ? `, above the document's ${formatEstimate(apart)}` : ""),
      );
    }
  }
  return { title, rows, notes };
}

/** Parts that take long, and with few examples to see that they run. */
export const LONG = withShort({ quality, alexnet }, FULL, SHORT);
