/** What SuperNEMO's networks reach, beside the published numbers: trainings, run where they are named. @module */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { readSuperNemo } from "../../lib/data/supernemo.ts";
import {
  compareAssociations,
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
import { trainAndMeasure } from "../../lib/run/train_and_measure.ts";
import { measureRobustness } from "../../lib/experiments/supernemo/robustness.ts";
import { formatEstimate } from "../../lib/plot/mod.ts";
import type { Data, Experiment, Options, OptionTable } from "../../lib/run/experiment.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { superNemoFileName, writeSuperNemo } from "../../lib/simulate/supernemo/set.ts";
import { type BenchContext, type BenchRow, type BenchTable, withShort } from "./_bench.ts";

/** Events and epochs of each training. */
interface Scale {
  events: number;
  testEvents: number;
  epochs: number;
  seeds: readonly number[];
}

const FULL: Scale = { events: 192_000, testEvents: 24_000, epochs: 8, seeds: [1, 2, 3] };
const SHORT: Scale = { events: 2_000, testEvents: 1_000, epochs: 1, seeds: [1] };

/** Shares to be reached, %. */
const BARS: Readonly<Record<string, number>> = {
  "supernemo-top": 99.35,
  "supernemo-side": 98.6,
  "supernemo-front": 96,
  "supernemo-hint": 72,
};

function optionsOf<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  { events, testEvents, epochs }: Scale,
  seed: number,
): Options<T> {
  return optionsFor(experiment, { events, testEvents, epochs, seed });
}

const loadContext = ({ folder, say }: BenchContext) => ({ dataFolder: folder, log: say });

/** Test accuracies of all counting networks and of the hint. */
async function counting(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const rows: BenchRow[] = [], notes: string[] = [], load = loadContext(context);
  const all = [superNemoTop, superNemoSide, superNemoFront, superNemo3d, superNemoPoints, superNemoHint];
  for (const experiment of all as unknown as Experiment[]) {
    const ours: number[] = [];
    for (const seed of scale.seeds) {
      const { model, metrics } = await trainAndMeasure(experiment, optionsOf(experiment, scale, seed), load);
      ours.push(100 * metrics.accuracy.value);
      notes.push(`${experiment.name}, seed ${seed}: ${formatEstimate(metrics.accuracy)}`);
      context.say(notes.at(-1)!);
      model.dispose();
    }
    const limit = BARS[experiment.name];
    rows.push({ what: experiment.name, unit: "%", better: "higher", ours, ...(limit && { limit }) });
  }
  return {
    title: `Test accuracy after ${scale.epochs} epochs of ${scale.events.toLocaleString("en")} events`,
    rows,
    notes: [
      ...notes,
      "supernemo-combined takes three runs over: deno task train supernemo-combined --help, README.",
      "The published networks: deno task train supernemo-top --model document --events 192000.",
    ],
  };
}

/** Associated columns, both ways of learning them, beside the published shares. */
async function association(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const options = optionsOf(superNemoCalorimeter, scale, scale.seeds[0]);
  const all = await compareAssociations(options, loadContext(context));
  const bars = [98.8, 91.5, 87.5];
  return {
    title: "Exact sets of columns that tracks reach",
    rows: all.map(({ form, tracks, metrics }): BenchRow => ({
      what: `${form}, ${tracks} track${tracks > 1 ? "s" : ""}`,
      unit: "%",
      better: "higher",
      ours: [100 * metrics.exactMatch.value],
      ...(form === "softmax" && { limit: bars[tracks - 1] }),
    })),
    notes: [
      `Published, of which measure is not said: ${JSON.stringify(PUBLISHED_ASSOCIATIONS)}.`,
      ...all.map(({ form, tracks, metrics: { exactMatch, bestIsReached, f1 } }) =>
        `${form}, ${tracks}: exact ${formatEstimate(exactMatch)}, best one reached ${
          formatEstimate(bestIsReached)
        }, F1 ${f1.value.toFixed(4)}`
      ),
    ],
  };
}

/** Networks of clean events on others, before and after what helps. */
async function robustness(context: BenchContext, scale: Scale): Promise<BenchTable> {
  const { folder } = context, rows: BenchRow[] = [], notes: string[] = [], tracks = [1, 2, 3, 4];
  const sets = await Promise.all((["document", "detector"] as const).map(async (law) => {
    const into = join(folder, `robust_${law}`), events = Math.ceil(scale.testEvents / tracks.length);
    await Deno.mkdir(into, { recursive: true });
    await writeSuperNemo(into, { law, tracks, events }, { seed: 88, workers: 1 });
    return await readSuperNemo(tracks.map((number) => join(into, superNemoFileName(law, number, 0))));
  }));
  for (
    const [view, experiment] of [["top", superNemoTop], ["side", superNemoSide], [
      "front",
      superNemoFront,
    ]] as const
  ) {
    const own = experiment as unknown as Experiment;
    const { model } = await trainAndMeasure(own, optionsOf(own, scale, scale.seeds[0]), loadContext(context));
    const [clean, hard] = sets, rng = createRng(88, 1);
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
  const { folder } = context, load = loadContext(context), notes: string[] = [], rows: BenchRow[] = [];
  const counting = await trainAndMeasure(superNemoTop, optionsOf(superNemoTop, scale, scale.seeds[0]), load);
  const hinting = await trainAndMeasure(superNemoHint, optionsOf(superNemoHint, scale, scale.seeds[0]), load);
  const add = (what: string, { allFound, fakes }: FitMeasurements) => {
    rows.push({ what, unit: "%", better: "higher", ours: [100 * allFound.value] });
    notes.push(`${what}: ${formatEstimate(allFound)}, fits that are no track ${formatEstimate(fakes)}`);
    context.say(notes.at(-1)!);
  };
  for (const law of ["document", "detector"] as const) {
    for (const tracks of [1, 2, 3]) {
      const into = join(folder, `driven_${law}_${tracks}`), events = Math.min(2000, scale.testEvents);
      await Deno.mkdir(into, { recursive: true });
      await writeSuperNemo(into, { law, tracks: [tracks], events }, { seed: 89, workers: 1 });
      const set = await readSuperNemo([join(into, superNemoFileName(law, tracks, 0))]);
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

/** Parts that take long, and with few events to see that they run. */
export const LONG = withShort({ counting, association, robustness, driven }, FULL, SHORT);
