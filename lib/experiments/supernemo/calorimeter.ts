/** Which parts of the calorimeter the tracks of an event reach: columns, rows, or modules. @module */
import { createRng } from "../../base/rng.ts";
import type { NdArray } from "../../data/source.ts";
import { accuracy, argMaxRows, labelSets, proportion } from "../../evaluate/mod.ts";
import { buildSuperNemoCalorimeterDocument } from "../../models/supernemo_calorimeter_document.ts";
import { buildSuperNemoCombined, buildSuperNemoSmall } from "../../models/supernemo_small.ts";
import { plotLabelSets } from "../../plot/mod.ts";
import { type Data, defineExperiment, type Options } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { unlessGiven } from "../../run/unless_given.ts";
import * as train from "../../train/mod.ts";
import { classesOf, COUNT_LABELS, TRACKS } from "./counts.ts";
import { PLACES, placesBehind, reachedPlaces } from "./calorimeter_places.ts";
import {
  loadSplits,
  RATE_OPTION,
  smallRecipe,
  SUPERNEMO_OPTIONS,
  viewInputs,
  viewShapes,
  viewSource,
} from "./data.ts";

const OPTIONS = {
  ...SUPERNEMO_OPTIONS,
  tracks: {
    type: "integer",
    default: 2,
    min: 1,
    max: 4,
    help: "Tracks of every event; the published network learns of 1 to 4.",
  },
  learn: {
    changesLoss: true,
    type: "choice",
    choices: ["columns", "rows", "modules"],
    default: "columns",
    help: "Columns seen from above, rows seen from the front, or the 712 modules (--generator hard).",
  },
  loss: {
    changesLoss: true,
    type: "choice",
    choices: ["sigmoid", "softmax", "single"],
    default: "softmax",
    help:
      "A probability for each part by itself, shares of the tracks that add up to 1, or one part of one track.",
  },
  model: {
    type: "choice",
    choices: ["ours", "document"],
    default: "ours",
    help: "A small network, or the published one, which counts tracks as well, with its own way of training.",
  },
  rate: RATE_OPTION,
} as const;

/** Batch, epochs and loss of the published network. */
const PUBLISHED = { batch: 512, epochs: 15, loss: "sigmoid" } as const;

type CalorimeterOptions = Options<typeof OPTIONS>;
type Form = CalorimeterOptions["loss"];

/** The loaded events. */
interface CalorimeterData extends Data {
  /** 1 for each part that was reached, [events, parts]. */
  readonly reached: NdArray<Uint8Array>;
  /** 1 for each part behind a hit of the last layer, the same. */
  readonly behind: NdArray<Uint8Array>;
  /** Number of tracks less 1 of the test events, where it is learned too. */
  readonly counts?: Int32Array;
}

/** @throws {RangeError} If the published network is to learn what it has no head for. */
function checkPublished({ model, learn, loss, sides }: CalorimeterOptions): void {
  if (model === "ours") return;
  if (learn === "columns" && loss === "sigmoid" && sides === "folded") return;
  throw new RangeError(
    "Cannot train the published network but on --learn columns by --loss sigmoid with --sides folded: got " +
      `${learn}, ${loss}, ${sides}`,
  );
}

/**
 * What the network is to say: 1 for each part that was reached, equal shares that add up to 1, or the part's number.
 *
 * @throws {RangeError} If the one part of an event is asked for, and it has not exactly one.
 */
export function associationTarget(
  { data, shape }: NdArray<Uint8Array>,
  form: Form,
): NdArray<Float32Array | Int32Array> {
  const [count, parts] = shape, rowOf = (row: number) => data.subarray(row * parts, (row + 1) * parts);
  const reached = (row: number) => rowOf(row).reduce((sum, value) => sum + value, 0);
  if (form === "single") {
    const numbers = Int32Array.from({ length: count }, (_, row) => {
      if (reached(row) === 1) return rowOf(row).indexOf(1);
      throw new RangeError(
        `Cannot learn one part an event as event ${row} reaches ${reached(row)}: choose --tracks 1`,
      );
    });
    return { data: numbers, shape: [count] };
  }
  const out = Float32Array.from(data);
  if (form === "sigmoid") return { data: out, shape };
  for (let row = 0; row < count; row++) {
    const total = reached(row);
    for (let i = row * parts; i < (row + 1) * parts; i++) if (total > 0) out[i] /= total;
  }
  return { data: out, shape };
}

/** From which output on a part counts as reached: half of what it is to be. */
function thresholdsOf({ learn, loss, tracks }: Pick<CalorimeterOptions, "learn" | "loss" | "tracks">) {
  return PLACES[learn].labels.map(() => loss === "sigmoid" ? 0.5 : 0.5 / tracks);
}

/** The parts that a network's outputs name, 1 each. */
function givenSets(outputs: ArrayLike<number>, options: CalorimeterOptions): Uint8Array {
  const parts = PLACES[options.learn].labels.length;
  if (options.loss !== "single") {
    const [threshold] = thresholdsOf(options);
    return Uint8Array.from(outputs, (value) => value >= threshold ? 1 : 0);
  }
  const given = new Uint8Array(outputs.length);
  argMaxRows(outputs, parts).forEach((part, row) => given[row * parts + part] = 1);
  return given;
}

/** The experiment. */
export const superNemoCalorimeter = defineExperiment<typeof OPTIONS, CalorimeterData>({
  name: "supernemo-calorimeter",
  summary: "Parts of SuperNEMO's calorimeter that the tracks of an event reach",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 256 },

  resolveOptions(options, given) {
    return unlessGiven(options, given, {
      ...(options.model === "document" && PUBLISHED),
      ...(options.learn === "modules" && { generator: "hard", sides: "apart" }),
    });
  },

  async load(options, context) {
    checkPublished(options);
    const { learn, loss, model } = options, counts = model === "document";
    const tracks = counts ? TRACKS : [options.tracks];
    const { common, test } = await loadSplits(options, tracks, context, (hits, split) => {
      const reached = reachedPlaces(split, learn);
      const numbers = counts ? classesOf(split) : undefined;
      const targets = {
        [learn]: associationTarget(reached, loss),
        ...(numbers && { tracks: { data: numbers, shape: [numbers.length] } }),
      };
      return { reached, numbers, targets, source: viewSource(hits, PLACES[learn].views, options, targets) };
    });
    return { ...common, reached: test.reached, behind: placesBehind(test.hits, learn), counts: test.numbers };
  },

  build(options) {
    checkPublished(options);
    const { learn, sides, loss, model, seed } = options;
    if (model === "document") return buildSuperNemoCalorimeterDocument({ seed });
    const { labels, views } = PLACES[learn];
    const output = loss === "sigmoid" ? "sigmoid" : "softmax";
    const common = { classes: labels.length, output, places: true, seed } as const;
    const inputShapes = viewShapes(views, { sides }), [inputShape, ...others] = Object.values(inputShapes);
    if (others.length === 0) return buildSuperNemoSmall({ ...common, inputShape });
    return buildSuperNemoCombined({ ...common, inputShapes });
  },

  recipe({ loss, model, rate }) {
    if (model === "document") {
      return {
        loss: { tracks: train.crossEntropy(), columns: train.binaryCrossEntropy() },
        optimizer: train.adam(),
        schedule: train.constant(1e-3),
      };
    }
    return {
      loss: loss === "sigmoid"
        ? train.binaryCrossEntropy()
        : loss === "softmax"
        ? train.klDivergence()
        : train.crossEntropy(),
      ...smallRecipe(rate),
    };
  },

  card(options) {
    const { learn, loss, tracks, model } = options, labels = [...PLACES[learn].labels];
    const counts = model === "document";
    return {
      description: `Says which ${learn} of SuperNEMO's calorimeter ${
        counts ? "1 to 4 straight tracks reach, and how many they are" : `${tracks} straight track(s) reach`
      }.`,
      inputs: viewInputs(PLACES[learn].views, options),
      outputs: [
        ...(counts ? [{ name: "tracks", kind: "classes" as const, labels: [...COUNT_LABELS.tracks] }] : []),
        loss === "single"
          ? { name: learn, kind: "classes", labels }
          : { name: learn, kind: "labels", labels, thresholds: thresholdsOf(options) },
      ],
    };
  },

  evaluate(predictions, { reached, behind, counts }, options) {
    const rng = () => createRng(options.seed, 3);
    const { data: scores } = predictions[options.learn], parts = PLACES[options.learn].labels.length;
    const ones = new Array<number>(parts).fill(1), n = reached.shape[0], split = "test";
    const ours = labelSets(givenSets(scores, options), reached.data, ones, { rng: rng() });
    const theirs = labelSets(behind.data, reached.data, ones, { rng: rng(), resamples: 1 });
    const { coverage } = labelSets(scores, reached.data, ones, { rng: rng() });
    const best = argMaxRows(scores, parts);
    const hits = best.filter((part, row) => reached.data[row * parts + part] === 1).length;
    const name = `${options.learn} behind hits of the last layer`;
    return {
      metrics: {
        exactMatch: { ...ours.exactMatch, split, baseline: { name, value: theirs.exactMatch.value } },
        bestIsReached: { ...proportion(hits, n), split },
        precision: { ...ours.precision, split, baseline: { name, value: theirs.precision.value } },
        recall: { ...ours.recall, split, baseline: { name, value: theirs.recall.value } },
        f1: { ...ours.f1, split, baseline: { name, value: theirs.f1.value } },
        coverage: {
          ...{ ...coverage, split, units: options.learn },
          baseline: { name: "as many as were reached", value: reached.data.reduce((a, b) => a + b, 0) / n },
        },
        ...(counts && {
          countAccuracy: { ...accuracy(argMaxRows(predictions.tracks.data, TRACKS.length), counts), split },
        }),
      },
    };
  },

  figures({ predictions, history }, { reached }, options) {
    const given = givenSets(predictions[options.learn].data, options);
    return [
      learningCurveFigure(history),
      {
        name: "sets",
        section: "Test events",
        caption:
          "The most frequent sets of parts that were reached, and how many of each were found exactly.",
        spec: plotLabelSets(given, reached.data, PLACES[options.learn].labels, { title: "Parts reached" }),
      },
    ];
  },
});
