/** Where the one track of an event goes, in segments or as a number with its σ: a hint for its fit. @module */
import { createRng } from "../../base/rng.ts";
import type { NamedArrays } from "../../data/source.ts";
import {
  accuracy,
  argMaxRows,
  confusionMatrix,
  meanOf,
  mostFrequentClass,
  proportion,
  regression,
} from "../../evaluate/mod.ts";
import { buildSuperNemoSmall } from "../../models/supernemo_small.ts";
import { plotConfusion, plotResiduals } from "../../plot/mod.ts";
import { type Data, defineExperiment, type Measurements } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import * as train from "../../train/mod.ts";
import {
  loadSplits,
  RATE_OPTION,
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
    changesLoss: true,
    type: "choice",
    choices: ["angle", "foil"],
    default: "angle",
    help: "The angle to the foil's normal, or the place on the foil.",
  },
  as: {
    changesLoss: true,
    type: "choice",
    choices: ["segments", "value"],
    default: "segments",
    help: "One of 5 segments of the angle or 10 of the foil, or a number with its standard deviation.",
  },
  rate: RATE_OPTION,
} as const;

type Quantity = "angle" | "foil";

const SEGMENTS: Readonly<Record<Quantity, number>> = { angle: ANGLE_SEGMENTS, foil: FOIL_SEGMENTS };

/** Units of the values, and what a network's output of 1 is of them. */
const UNITS = { angle: { units: "degrees", factor: 90 }, foil: { units: "mm", factor: 2486 } } as const;

/** Added to σ in the loss, in those factors. */
const LEAST_SIGMA = 1e-3;

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
  /** Angles in degrees or places in mm. */
  readonly values: { train: Float32Array; test: Float32Array };
}

/**
 * Angle in degrees, or place on the foil in mm, of each event's one track.
 *
 * @throws {TypeError} If the events have no truth.
 * @throws {RangeError} If an event has not exactly one track.
 */
export function valuesOf({ events: { truth }, rows }: SplitEvents, learn: Quantity): Float32Array {
  if (!truth) throw new TypeError("Cannot learn where tracks go as the files have no truth");
  return Float32Array.from(rows, (row) => {
    const track = truth.offsets[row], tracks = truth.offsets[row + 1] - track;
    if (tracks !== 1) {
      throw new RangeError(`Cannot learn from event ${row} as it must have one track: got ${tracks}`);
    }
    return learn === "foil" ? truth.vertexYMm[track] : Math.atan(truth.slopeY[track]) * 180 / Math.PI;
  });
}

/** Segments of each event's one track. @throws As {@linkcode valuesOf}. */
export function segmentsOf(split: SplitEvents, learn: Quantity): Int32Array {
  return Int32Array.from(valuesOf(split, learn), learn === "foil" ? foilSegment : angleSegment);
}

/** A network's outputs in the units of the quantity. */
function inUnits(outputs: ArrayLike<number>, learn: Quantity) {
  const { factor } = UNITS[learn],
    column = (c: number) =>
      Float32Array.from({ length: outputs.length / 2 }, (_, i) => factor * outputs[2 * i + c]);
  return { means: column(0), sigmas: column(1) };
}

/** Root mean square, bias, and the share within one stated σ, beside what the mean of the training events says. */
function measureValues(
  { means, sigmas }: ReturnType<typeof inUnits>,
  { train: learned, test }: HintData["values"],
  units: string,
  seed: number,
): Measurements {
  const { rms, bias, n } = regression(means, test, { rng: createRng(seed, 3) }), split = "test";
  const usual = meanOf(learned);
  const always = Math.sqrt(test.reduce((sum, value) => sum + (value - usual) ** 2, 0) / n);
  const within = means.filter((mean, i) => Math.abs(mean - test[i]) < sigmas[i]).length;
  return {
    metrics: {
      rms: { ...rms, split, units, baseline: { name: "the mean of all", value: always } },
      bias: { ...bias, split, units },
      withinSigma: { ...proportion(within, n), split, baseline: { name: "a Gaussian's", value: 0.683 } },
    },
  };
}

/** The experiment. */
export const superNemoHint = defineExperiment<typeof OPTIONS, HintData>({
  name: "supernemo-hint",
  summary: "Angle or foil position of one SuperNEMO track in segments, as a hint for its fit",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 256 },

  async load(options, context) {
    const { learn } = options;
    const { common, ...parts } = await loadSplits(options, [1], context, (hits, split) => {
      const values = valuesOf(split, learn), labels = segmentsOf(split, learn);
      const scaled = values.map((value) => value / UNITS[learn].factor);
      const targets: NamedArrays = options.as === "value"
        ? { [learn]: { data: scaled, shape: [values.length, 1] } }
        : { segment: { data: labels, shape: [labels.length] } };
      return { labels, values, targets, source: viewSource(hits, { image: "top" }, options, targets) };
    });
    return {
      ...common,
      labels: { train: parts.train.labels, test: parts.test.labels },
      values: { train: parts.train.values, test: parts.test.values },
    };
  },

  build: ({ learn, as, sides, seed }) =>
    buildSuperNemoSmall({
      inputShape: viewShape("top", { sides }),
      classes: SEGMENTS[learn],
      output: as === "value" ? "value" : "softmax",
      places: true,
      seed,
    }),

  recipe: ({ as, rate }) => ({
    ...(as === "value"
      ? { loss: train.gaussianLikelihood({ leastSigma: LEAST_SIGMA }) }
      : { loss: train.crossEntropy(), metrics: [train.accuracy()] }),
    ...smallRecipe(rate),
  }),

  card: (options) => ({
    description: `Says what the ${options.learn} of SuperNEMO's one track is, seen from above.`,
    inputs: [viewInput("image", "top", options)],
    outputs: [
      options.as === "value"
        ? { name: options.learn, kind: "value", ...UNITS[options.learn], uncertainty: { column: 1 } }
        : { name: "segment", kind: "classes", labels: namesOf(options.learn) },
    ],
  }),

  evaluate(predictions, { labels, values }, { learn, as, seed }) {
    if (as === "value") {
      return measureValues(inUnits(predictions[learn].data, learn), values, UNITS[learn].units, seed);
    }
    const { segment } = predictions;
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

  figures({ predictions, history }, { labels, values }, { learn, as }) {
    if (as === "value") {
      const { means, sigmas } = inUnits(predictions[learn].data, learn), { units } = UNITS[learn];
      const pulls = means.map((mean, i) => (mean - values.test[i]) / sigmas[i]);
      return [
        learningCurveFigure(history),
        { name: "residuals", section: "Test events", spec: plotResiduals(means, values.test, { units }) },
        {
          name: "pulls",
          section: "Test events",
          caption: "Predicted less true, in units of the stated standard deviation.",
          spec: plotResiduals(pulls, new Float32Array(pulls.length), { title: "Pulls" }),
        },
      ];
    }
    const { segment } = predictions;
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
