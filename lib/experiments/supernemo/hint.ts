/** Where the one track of an event goes, in segments: a hint for its fit. @module */
import { accuracy, argMaxRows, confusionMatrix, mostFrequentClass, proportion } from "../../evaluate/mod.ts";
import { buildSuperNemoSmall } from "../../models/supernemo_small.ts";
import { plotConfusion } from "../../plot/mod.ts";
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
import { ANGLE_SEGMENTS, angleSegment, FOIL_SEGMENTS, foilSegment } from "./fit/hints.ts";

const OPTIONS = {
  ...SUPERNEMO_OPTIONS,
  learn: {
    type: "choice",
    choices: ["angle", "foil"],
    default: "angle",
    help: "The angle to the foil's normal in 5 segments, or the place on the foil in 10.",
  },
  rate: RATE_OPTION,
} as const;

type Quantity = "angle" | "foil";

const SEGMENTS: Readonly<Record<Quantity, number>> = { angle: ANGLE_SEGMENTS, foil: FOIL_SEGMENTS };

/** Names of the segments: their limits. */
function namesOf(learn: Quantity): string[] {
  return Array.from(
    { length: SEGMENTS[learn] },
    (_, i) => learn === "angle" ? `${-90 + 36 * i}° to ${-54 + 36 * i}°` : `tenth ${i + 1} of the foil`,
  );
}

/** The loaded events. */
interface HintData extends Data {
  readonly labels: { train: Int32Array; test: Int32Array };
}

/**
 * Segments of each event's one track.
 *
 * @throws {TypeError} If the events have no truth.
 * @throws {RangeError} If an event has not exactly one track.
 */
export function segmentsOf({ events: { truth }, rows }: SplitEvents, learn: Quantity): Int32Array {
  if (!truth) throw new TypeError("Cannot learn where tracks go as the files have no truth");
  return Int32Array.from(rows, (row) => {
    const track = truth.offsets[row], tracks = truth.offsets[row + 1] - track;
    if (tracks !== 1) {
      throw new RangeError(`Cannot learn from event ${row} as it must have one track: got ${tracks}`);
    }
    if (learn === "foil") return foilSegment(truth.vertexYMm[track]);
    return angleSegment(Math.atan(truth.slopeY[track]) * 180 / Math.PI);
  });
}

/** The experiment. */
export const superNemoHint = defineExperiment<typeof OPTIONS, HintData>({
  name: "supernemo-hint",
  summary: "Angle or foil position of one SuperNEMO track in segments, as a hint for its fit",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 256 },

  async load(options, context) {
    const splits = await loadEvents(options, [1], context);
    const part = (split: keyof typeof splits) => {
      const hits = seenHits(splits[split], options), labels = segmentsOf(splits[split], options.learn);
      const targets = { segment: { data: labels, shape: [labels.length] } };
      return { hits, labels, targets, source: viewSource(hits, { image: "top" }, options, targets) };
    };
    const learn = part("train"), measure = part("test");
    return {
      ...await dataOf({ train: learn, validation: part("validation"), test: measure }),
      labels: { train: learn.labels, test: measure.labels },
    };
  },

  build: ({ learn, sides, seed }) =>
    buildSuperNemoSmall({
      inputShape: viewShape("top", { sides }),
      classes: SEGMENTS[learn],
      places: true,
      seed,
    }),

  recipe: ({ rate }) => ({
    loss: train.crossEntropy(),
    metrics: [train.accuracy()],
    ...smallRecipe(rate),
  }),

  card: (options) => ({
    description: `Says in which segment the ${options.learn} of SuperNEMO's one track is, seen from above.`,
    inputs: [viewInput("image", "top", options)],
    outputs: [{ name: "segment", kind: "classes", labels: namesOf(options.learn) }],
  }),

  evaluate({ segment }, { labels }, { learn }) {
    const predicted = argMaxRows(segment.data, SEGMENTS[learn]), split = "test";
    const near = predicted.filter((one, i) => Math.abs(one - labels.test[i]) <= 1).length;
    return {
      metrics: {
        accuracy: {
          ...accuracy(predicted, labels.test),
          split,
          baseline: mostFrequentClass(labels.test, labels.train),
        },
        withinOneSegment: { ...proportion(near, predicted.length), split },
      },
    };
  },

  figures({ predictions: { segment }, history }, { labels }, { learn }) {
    const names = namesOf(learn), predicted = argMaxRows(segment.data, names.length);
    return [
      learningCurveFigure(history),
      {
        name: "confusion",
        section: "Test events",
        spec: plotConfusion(confusionMatrix(predicted, labels.test, names.length), names, { size: 64 }),
      },
    ];
  },
});
