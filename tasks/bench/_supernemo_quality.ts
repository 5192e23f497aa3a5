/** What SuperNEMO's networks reach, beside the published numbers: trainings, run where they are named. @module */
import { join } from "@std/path";
import { writeDurably } from "../../lib/base/durable_file.ts";
import { createRng } from "../../lib/base/rng.ts";
import type { CardMetric } from "../../lib/card/mod.ts";
import { subset } from "../../lib/data/source.ts";
import { readSuperNemo } from "../../lib/data/supernemo.ts";
import type { tf } from "../../lib/engine/mod.ts";
import { accuracy, argMaxRows, labelSets } from "../../lib/evaluate/mod.ts";
import { placesByFits, reachedPlaces } from "../../lib/experiments/supernemo/calorimeter_places.ts";
import { superNemoCombined } from "../../lib/experiments/supernemo/combined.ts";
import {
  type Association,
  plotAssociations,
  PUBLISHED_ASSOCIATIONS,
} from "../../lib/experiments/supernemo/compare_associations.ts";
import {
  superNemo3d,
  superNemoCalorimeter,
  superNemoFront,
  superNemoHint,
  superNemoPoints,
  superNemoSide,
  superNemoTop,
} from "../../lib/experiments/supernemo/experiment.ts";
import { hintOf } from "../../lib/experiments/supernemo/fit/hints.ts";
import { type FitMeasurements, measureFits } from "../../lib/experiments/supernemo/fit/measure_fits.ts";
import { networkSays } from "../../lib/experiments/supernemo/network_says.ts";
import { measureRobustness } from "../../lib/experiments/supernemo/robustness.ts";
import { encodeKeras } from "../../lib/export/mod.ts";
import { formatEstimate } from "../../lib/plot/mod.ts";
import type { Data, Experiment, OptionTable } from "../../lib/run/experiment.ts";
import { fineTune } from "../../lib/run/fine_tune.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import type { TrainedModel } from "../../lib/run/train_and_measure.ts";
import { superNemoFileName, writeSuperNemo } from "../../lib/simulate/supernemo/set.ts";
import { type FitOptions, type Models, predict } from "../../lib/train/mod.ts";
import { type BenchContext, type BenchRow, type BenchTable, withShort } from "./_bench.ts";
import { keptFolder, keptSet } from "./_kept_figures.ts";
import { recipeCurve, rowsOfCurve } from "./_recipe_curve.ts";
import { meanOverSeeds, measured, runFile, trained, type Training } from "./_trained.ts";

/** Events and epochs of each training. */
interface Scale {
  events: number;
  testEvents: number;
  /** Share of the epochs that each experiment gets. */
  epochs: number;
  /** Of the published recipe's curve. */
  minutes: number;
}

const FULL: Scale = { events: 192_000, testEvents: 24_000, epochs: 1, minutes: 60 };
const SHORT: Scale = { events: 2_000, testEvents: 1_000, epochs: 0, minutes: 1 };

/** Seeds of the trainings; the first alone where no more are asked for. */
const seedsOf = ({ seeds = 1 }: BenchContext) => Array.from({ length: seeds }, (_, i) => i + 1);
const FIRST_SEED = 1;

/** How an experiment learns. */
interface Learning {
  /** Passes over all events. */
  epochs: number;
  /** How many times the events of the others. @default {1} */
  times?: number;
  precision?: Training<OptionTable, Data>["precision"];
}

const LEARNING: Readonly<Record<string, Learning>> = {
  "supernemo-top": { epochs: 10 },
  "supernemo-side": { epochs: 10, times: 2, precision: "mixed" },
  "supernemo-front": { epochs: 16 },
  "supernemo-3d": { epochs: 6 },
  "supernemo-points": { epochs: 8 },
  "supernemo-hint": { epochs: 8 },
  "supernemo-calorimeter": { epochs: 6 },
  "supernemo-combined": { epochs: 6 },
};

/** The view from above with how near to the wire each track passed, where the published network saw a hit alone. */
const TOP_BY_RADII = "supernemo-top --pixels radius";

/** Shares to be reached, %. */
const BARS: Readonly<Record<string, number>> = {
  "supernemo-top": 99.35,
  [TOP_BY_RADII]: 99.35,
  "supernemo-side": 98.6,
  "supernemo-front": 96,
  "supernemo-combined": 99.4,
  "supernemo-hint": 72,
};

/** Seed of the events that are measured on: none that a recipe was chosen by. */
const TEST_SEED = 93;

/** Files of fresh events as the published generator has them, simulated once. */
async function freshFiles(
  context: BenchContext,
  tracks: readonly number[],
  events: number,
  law: "document" | "detector" = "document",
): Promise<string[]> {
  const each = Math.ceil(events / tracks.length);
  const name = `${law}_${tracks.join("")}_${each}_seed${TEST_SEED}`;
  const folder = await keptSet(
    context,
    name,
    (folder) => writeSuperNemo(folder, { law, tracks, events: each }, { seed: TEST_SEED }),
  );
  return tracks.map((number) => join(folder, superNemoFileName(law, number, 0)));
}

/** A training of an experiment, measured on fresh events. */
async function trainingOf<T extends OptionTable, D extends Data>(
  context: BenchContext,
  experiment: Experiment<T, D>,
  scale: Scale,
  seed: number,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Training<T, D>> {
  const { testEvents } = scale, { tracks } = changes;
  const { epochs: passes, times = 1, precision } = LEARNING[experiment.name], events = times * scale.events;
  const counts = typeof tracks === "number"
    ? [tracks]
    : experiment.name === "supernemo-hint"
    ? [1]
    : [1, 2, 3, 4];
  const testData = await freshFiles(context, counts, testEvents);
  const epochs = Math.max(1, Math.round(scale.epochs * passes));
  const said = Object.entries(changes).flatMap(([name, value]) =>
    ["string", "number"].includes(typeof value) ? [`_${name}_${value}`] : []
  );
  return {
    name: `supernemo/${experiment.name}${said.join("")}_seed${seed}`,
    experiment,
    options: optionsFor(experiment, { events, testData, epochs, seed, ...changes }),
    ...(precision && { precision }),
  };
}

/** Test accuracies of all counting networks and of the hint. */
async function counting(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const found = new Map<string, CardMetric[]>();
  const add = (name: string, metric: CardMetric) => {
    found.set(name, [...found.get(name) ?? [], metric]);
    context.say(`${name}: ${formatEstimate(metric)}`);
  };
  const withBars = [superNemoTop, superNemoSide, superNemoFront, superNemoHint] as unknown as Experiment[];
  const others = [superNemo3d, superNemoPoints] as unknown as Experiment[]; // once
  for (const [i, seed] of seedsOf(context).entries()) {
    for (const experiment of i === 0 ? [...withBars, ...others] : withBars) {
      const { accuracy } = await measured(context, await trainingOf(context, experiment, scale, seed));
      add(experiment.name, accuracy);
    }
    const radii = await trainingOf(context, superNemoTop, scale, seed, { pixels: "radius" });
    add(TOP_BY_RADII, (await measured(context, radii)).accuracy);
    add("supernemo-combined", (await measured(context, await combinedOf(context, scale, seed))).accuracy);
  }
  return {
    title: `Test accuracy on ${scale.testEvents.toLocaleString("en")} fresh events, learned from ${
      scale.events.toLocaleString("en")
    }`,
    rows: [...found].map(([what, metrics]): BenchRow => ({
      what,
      unit: "%",
      better: "higher",
      ours: metrics.map(({ value }) => 100 * value),
      ...(BARS[what] && { limit: BARS[what] }),
    })),
    notes: [
      ...[...found].map(([name, metrics]) =>
        `${name}, mean of ${metrics.length}: ${formatEstimate(meanOverSeeds(metrics))}; each ${
          metrics.map(formatEstimate).join(", ")
        }`
      ),
      `Each: ${JSON.stringify(LEARNING)}; the three views together first with theirs frozen, then all.`,
    ],
  };
}

/** Events that the three views together learn from: they know theirs. */
const COMBINED_EVENTS = 60_000;

/** The published transfer: three views' convolutions, frozen for some epochs, then all of it goes on learning. */
async function combinedOf(context: BenchContext, scale: Scale, seed: number) {
  const views = { top: superNemoTop, side: superNemoSide, front: superNemoFront };
  // Of its checkpoint, which gives at once what is trained and refuses what was trained otherwise.
  const keras = async (name: string, make: () => Promise<TrainedModel>) => {
    const file = await runFile(context, `${name}.keras`);
    const { model } = await make();
    await writeDurably(file, await encodeKeras(model));
    model.dispose();
    return file;
  };
  const parts: string[] = [];
  for (const [view, experiment] of Object.entries(views)) {
    const training = await trainingOf(context, experiment, scale, seed);
    parts.push(`${view}_=${await keras(training.name, () => trained(context, training))}`);
  }
  const events = Math.min(scale.events, COMBINED_EVENTS);
  const whole = await trainingOf(context, superNemoCombined, { ...scale, events }, seed);
  const from = parts.join(",");
  const frozen = {
    ...whole,
    name: `${whole.name}_frozen`,
    prepareModels: (models: Models) => fineTune(models, { from, freeze: ["top_*", "side_*", "front_*"] }),
  };
  const begun = () => keras(frozen.name, () => trained(context, frozen));
  const prepareModels = async (models: Models) => fineTune(models, { from: await begun() });
  return { ...whole, options: { ...whole.options, rate: 1e-3 }, prepareModels };
}

/** Events that fits are measured on: some 10 ms a track. */
const FITTED_EVENTS = 2_000;

/** Columns that fitted lines reach, told how many tracks there are: nothing is learned. */
async function columnsByFits(context: BenchContext, tracks: number, { testEvents }: Scale) {
  const count = Math.min(FITTED_EVENTS, testEvents), rows = Uint32Array.from({ length: count }, (_, i) => i);
  const events = await readSuperNemo(await freshFiles(context, [tracks], testEvents));
  const given = placesByFits(events, rows, "columns", () => tracks), parts = given.shape[1];
  const { data: reached } = reachedPlaces({ events, rows }, "columns"), rng = createRng(88, 4);
  return labelSets(given.data, reached, new Array(parts).fill(1), { rng });
}

/** Associated columns, the ways of learning them, beside the published shares. */
async function association(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const rows: BenchRow[] = [], notes: string[] = [], bars = [98.8, 91.5, 87.5], drawn: Association[] = [];
  for (const tracks of [1, 2, 3]) {
    const { exactMatch: byFits } = await columnsByFits(context, tracks, scale);
    rows.push({
      what: `fits told how many, ${tracks}`,
      unit: "%",
      better: "higher",
      ours: [100 * byFits.value],
      limit: bars[tracks - 1],
    });
    notes.push(`fits told how many, ${tracks}: exact ${formatEstimate(byFits)}`);
    context.say(notes.at(-1)!);
    for (const loss of ["single", "softmax", "sigmoid"] as const) {
      if (loss === "single" && tracks > 1) continue; // it names one part an event
      const all: Record<string, CardMetric>[] = [], what = `${loss}, ${tracks} track${tracks > 1 ? "s" : ""}`;
      for (const seed of seedsOf(context)) {
        const changes = { tracks, loss, pixels: "radius" }; // says more of where a track leaves than hits
        const training = await trainingOf(context, superNemoCalorimeter, scale, seed, changes);
        all.push(await measured(context, training));
        context.say(`${what}, seed ${seed}: ${formatEstimate(all.at(-1)!.exactMatch)}`);
      }
      if (loss !== "single") drawn.push({ form: loss, tracks, metrics: all[0] });
      const mean = (name: string) => formatEstimate(meanOverSeeds(all.map((metrics) => metrics[name])));
      const ours = all.map(({ exactMatch }) => 100 * exactMatch.value);
      rows.push({ what, unit: "%", better: "higher", ours, limit: bars[tracks - 1] });
      notes.push(
        `${what}: exact ${mean("exactMatch")}, best one reached ${mean("bestIsReached")}, F1 ${
          mean("f1")
        }, ` +
          `columns behind hits of the last layer ${(100 * all[0].exactMatch.baseline!.value).toFixed(2)} %`,
      );
    }
  }
  return {
    title: `Exact sets of columns that tracks reach, by drift radii, ${
      scale.testEvents.toLocaleString("en")
    } fresh events`,
    rows,
    notes: [
      `Published, of which measure is not said: ${JSON.stringify(PUBLISHED_ASSOCIATIONS)}.`,
      ...notes,
    ],
    charts: [{ name: "association", spec: plotAssociations(drawn) }],
  };
}

/** Networks of clean events on others, before and after what helps. */
async function robustness(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const rows: BenchRow[] = [], notes: string[] = [], tracks = [1, 2, 3, 4], { testEvents } = scale;
  const clean = await readSuperNemo(await freshFiles(context, tracks, testEvents));
  const hard = await readSuperNemo(await freshFiles(context, tracks, testEvents, "detector"));
  for (
    const [view, experiment] of [["top", superNemoTop], ["side", superNemoSide], [
      "front",
      superNemoFront,
    ]] as const
  ) {
    const own = experiment as unknown as Experiment, rng = createRng(88, 1);
    const { model } = await trained(context, await trainingOf(context, own, scale, FIRST_SEED));
    for (
      const { events, isolated, missingHeight, accuracy } of await measureRobustness(
        model,
        view,
        clean,
        hard,
        { rng },
      )
    ) {
      const what = `${view}, ${events}: isolated ${isolated}, missing heights ${missingHeight}`;
      rows.push({ what, unit: "%", better: "higher", ours: [100 * accuracy.value] });
      notes.push(`${what}: ${formatEstimate(accuracy)}`);
    }
    model.dispose();
  }
  return { title: "Networks that learned clean events, on others", rows, notes };
}

/** Fits that are told by networks how many tracks there are, and where one goes, beside fits that know it and fits that do not. */
async function driven(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const notes: string[] = [], rows: BenchRow[] = [], seed = FIRST_SEED;
  const counting = await trained(context, await trainingOf(context, superNemoTop, scale, seed));
  const hinting = await trained(context, await trainingOf(context, superNemoHint, scale, seed));
  const add = (what: string, { allFound, fakes }: FitMeasurements) => {
    rows.push({ what, unit: "%", better: "higher", ours: [100 * allFound.value] });
    notes.push(`${what}: ${formatEstimate(allFound)}, fits that are no track ${formatEstimate(fakes)}`);
    context.say(notes.at(-1)!);
  };
  for (const law of ["document", "detector"] as const) {
    for (const tracks of [1, 2, 3]) {
      const events = Math.min(2000, scale.testEvents);
      const set = await readSuperNemo(await freshFiles(context, [tracks], events, law));
      const all = Array.from({ length: events }, (_, i) => i), of = `${law}, ${tracks} tracks`;
      const counts = await networkSays(counting.model, "top", set);
      add(`${of}: number known`, measureFits(set, all));
      add(`${of}: number by the network`, measureFits(set, all, { countOf: (event) => counts[event] + 1 }));
      if (tracks > 1) continue;
      const angles = await networkSays(hinting.model, "top", set);
      add(`${of}: true fifth of the angle told`, measureFits(set, all, { hints: "angle" }));
      const hintsOf = (event: number) => [hintOf({ angle: angles[event] })];
      add(`${of}: the network's fifth told`, measureFits(set, all, { hintsOf }));
    }
  }
  for (const { model } of [counting, hinting]) model.dispose();
  return { title: "Events with all tracks found by fits that networks drive", rows, notes };
}

/** The published network from above by its own recipe, for some time: accuracy on fresh events against events seen. */
async function curve(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const training = await trainingOf(context, superNemoTop, scale, FIRST_SEED, { model: "document" });
  const options = { ...training.options, epochs: 8, batch: Math.min(1024, scale.events / 4) };
  const data = await superNemoTop.load(options, { dataFolder: keptFolder(context), log: context.say });
  const model = superNemoTop.build(options, data) as tf.LayersModel, { seed, epochs, batch } = options;
  const rows = Uint32Array.from({ length: WATCHED }, (_, i) => Math.floor(i * data.test.size / WATCHED));
  const watched = subset(data.test, rows), labels = rows.map((row) => data.counted.test.labels[row]);
  const measure = async () => {
    const [{ data: said }] = Object.values(await predict(model, watched));
    const right = accuracy(argMaxRows(said, 4), labels).value;
    context.say(`accuracy ${right}`);
    return { accuracy: right };
  };
  const recipe = { ...superNemoTop.recipe(options, data, { model }), seed, epochs, batch } as FitOptions;
  const { points, rate } = await recipeCurve(model, data.train, recipe, scale.minutes, measure);
  model.dispose();
  data.dispose();
  const hours = data.train.size * epochs / rate / 3600;
  return {
    title: `The published network from above for ${scale.minutes} minutes: Adam 1e-3, batch ${batch}`,
    rows: rowsOfCurve(points, "events"),
    notes: [
      `${rate.toFixed(0)} events/s: its ${epochs} epochs take ${hours.toFixed(1)} hours here, by ` +
      `\`deno task train supernemo-top --model document --events ${scale.events}\`; published are 99.29 %.`,
      `Measured on ${WATCHED} fresh events.`,
    ],
  };
}

/** Fresh events that a curve is measured on. */
const WATCHED = 1000;

/** Parts that take long, and with few events to see that they run. */
export const LONG = withShort({ counting, association, robustness, driven, curve }, FULL, SHORT);
