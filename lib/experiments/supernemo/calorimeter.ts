/** Which columns of the calorimeter the tracks of an event reach, seen from above. @module */
import type { NdArray } from "../../data/source.ts";
import { eventCount, type TrackerHits } from "../../data/tracker_events.ts";
import { labelSets } from "../../evaluate/mod.ts";
import { buildSuperNemoSmall } from "../../models/supernemo_small.ts";
import { type Data, defineExperiment } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import * as train from "../../train/mod.ts";
import {
  dataOf,
  loadEvents,
  RATE_OPTION,
  seenHits,
  smallRecipe,
  type SplitEvents,
  SUPERNEMO_OPTIONS,
  viewInput,
  viewShape,
  viewSource,
} from "./data.ts";

/** Columns of the published generator: an x-wall at each end, 20 of the main wall between. */
const COLUMNS = 22;
const LABELS = [
  "x-wall 0",
  ...Array.from({ length: COLUMNS - 2 }, (_, i) => `column ${i + 1}`),
  "x-wall 1",
];

const OPTIONS = {
  ...SUPERNEMO_OPTIONS,
  tracks: {
    type: "integer",
    default: 2,
    min: 1,
    max: 4,
    help: "Tracks of every event.",
  },
  loss: {
    type: "choice",
    choices: ["sigmoid", "softmax"],
    default: "softmax",
    help: "A probability for each column by itself, or shares of the tracks that add up to 1.",
  },
  rate: RATE_OPTION,
} as const;

/** The loaded events. */
interface CalorimeterData extends Data {
  /** 1 for each column that was reached, [events, 22]. */
  readonly reached: NdArray<Uint8Array>;
  /** 1 for each column behind a hit of the last layer, the same. */
  readonly behind: NdArray<Uint8Array>;
}

/**
 * Columns that were reached, [events, 22].
 *
 * @throws {TypeError} If the files have no calorimeter as the published generator's have.
 */
export function reachedColumns({ events: { calorimeter }, rows }: SplitEvents): NdArray<Uint8Array> {
  if (!calorimeter || calorimeter.module) {
    throw new TypeError(
      "Cannot learn the calorimeter's columns as files must have them as the published generator's: calo_column 0 to 21",
    );
  }
  const data = new Uint8Array(rows.length * COLUMNS), { offsets, column } = calorimeter;
  for (let i = 0; i < rows.length; i++) {
    for (let hit = offsets[rows[i]]; hit < offsets[rows[i] + 1]; hit++) data[i * COLUMNS + column[hit]] = 1;
  }
  return { data, shape: [rows.length, COLUMNS] };
}

/** Columns right behind the hits of the last layer: the baseline. */
export function columnsBehind(hits: TrackerHits): NdArray<Uint8Array> {
  const count = eventCount(hits), data = new Uint8Array(count * COLUMNS);
  for (let event = 0; event < count; event++) {
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      if (hits.layer[i] !== 8) continue;
      data[event * COLUMNS + Math.trunc((hits.column[i] + 0.5) / 113 * 20 + 1)] = 1;
    }
  }
  return { data, shape: [count, COLUMNS] };
}

/** What the network is to say: 1 for each column that was reached, or equal shares that add up to 1. */
function targetOf({ data, shape }: NdArray<Uint8Array>, loss: "sigmoid" | "softmax"): NdArray<Float32Array> {
  const out = Float32Array.from(data);
  if (loss === "sigmoid") return { data: out, shape };
  for (let row = 0; row < shape[0]; row++) {
    const values = out.subarray(row * COLUMNS, (row + 1) * COLUMNS);
    const total = values.reduce((sum, value) => sum + value, 0);
    if (total > 0) values.forEach((value, i) => values[i] = value / total);
  }
  return { data: out, shape };
}

/** From which output on a column counts as reached: half of what it is to be. */
function thresholdsOf({ loss, tracks }: { loss: "sigmoid" | "softmax"; tracks: number }): number[] {
  return LABELS.map(() => loss === "sigmoid" ? 0.5 : 0.5 / tracks);
}

/** The experiment. */
export const superNemoCalorimeter = defineExperiment<typeof OPTIONS, CalorimeterData>({
  name: "supernemo-calorimeter",
  summary: "Columns of SuperNEMO's calorimeter that the tracks of an event reach",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 256 },

  async load(options, context) {
    const splits = await loadEvents(options, [options.tracks], context);
    const part = (split: keyof typeof splits) => {
      const hits = seenHits(splits[split], options), reached = reachedColumns(splits[split]);
      const targets = { columns: targetOf(reached, options.loss) };
      return { hits, reached, targets, source: viewSource(hits, { image: "top" }, options, targets) };
    };
    const measure = part("test");
    return {
      ...await dataOf({ train: part("train"), validation: part("validation"), test: measure }),
      reached: measure.reached,
      behind: columnsBehind(measure.hits),
    };
  },

  build: ({ sides, loss, seed }) =>
    buildSuperNemoSmall({
      inputShape: viewShape("top", { sides }),
      classes: COLUMNS,
      output: loss,
      places: true,
      seed,
    }),

  recipe: ({ loss, rate }) => ({
    loss: loss === "sigmoid" ? train.binaryCrossEntropy() : train.klDivergence(),
    ...smallRecipe(rate),
  }),

  card: (options) => ({
    description: `Says which columns of SuperNEMO's calorimeter ${options.tracks} straight track(s) reach.`,
    inputs: [viewInput("image", "top", options)],
    outputs: [{ name: "columns", kind: "labels", labels: LABELS, thresholds: thresholdsOf(options) }],
  }),

  evaluate({ columns }, { reached, behind }, options) {
    const thresholds = thresholdsOf(options);
    const ours = labelSets(columns.data, reached.data, thresholds);
    const theirs = labelSets(behind.data, reached.data, LABELS.map(() => 1));
    const name = "columns behind hits of the last layer", split = "test";
    const n = reached.shape[0];
    return {
      metrics: {
        exactMatch: { ...ours.exactMatch, split, baseline: { name, value: theirs.exactMatch.value } },
        precision: { ...ours.precision, split, baseline: { name, value: theirs.precision.value } },
        recall: { ...ours.recall, split, baseline: { name, value: theirs.recall.value } },
        f1: { value: ours.f1, low: ours.f1, high: ours.f1, n, split, baseline: { name, value: theirs.f1 } },
        coverage: {
          ...{ value: ours.coverage, low: ours.coverage, high: ours.coverage, n, split, units: "columns" },
          baseline: { name: "as many as were reached", value: reached.data.reduce((a, b) => a + b, 0) / n },
        },
      },
    };
  },

  figures({ history }) {
    return [learningCurveFigure(history)];
  },
});
