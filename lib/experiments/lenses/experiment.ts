/** Gravitational lenses among all else that a search meets: few examples, any number of bands. @module */
import * as train from "../../train/mod.ts";
import { defineExperiment } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { unlessGiven } from "../../run/unless_given.ts";
import { type LensesData, loadLenses, onlineSteps, parseSteps, simulateLensesOnce } from "./data.ts";
import { FOLLOWING, layerSettings, LENS, NETWORKS, OPEN_NETWORKS } from "./networks.ts";
import { LENSES_OPTIONS, type LensesOptions } from "./options.ts";
import * as report from "./report.ts";

/** The loss by its name. */
export function lossOf({ loss, weight }: Pick<LensesOptions, "loss" | "weight">): train.LossSpec {
  switch (loss) {
    case "binaryCrossEntropy":
      return train.binaryCrossEntropy();
    case "weightedBinaryCrossEntropy":
      return train.weightedBinaryCrossEntropy(weight);
    case "focal":
      return train.focal();
    case "hinge":
      return train.hinge();
    case "squaredHinge":
      return train.squaredHinge();
    case "klDivergence":
      return train.klDivergence();
    case "logCosh":
      return train.logCosh();
    case "dice":
    case "jaccard":
      return train.overlapOfBatch(loss, LENS);
  }
}

/** Numbers of an optimiser; each has some of them. */
export interface OptimizerNumbers {
  /** Of sgd. @default {0.9} */
  momentum?: number;
  /** Decays of adam, adamax and nadam. @default {their own} */
  beta1?: number;
  /** Of the squares. @default {their own} */
  beta2?: number;
  /** Decay of rmsprop and adadelta. @default {their own} */
  rho?: number;
}

/** The optimiser by its name. */
export function optimizerOf(
  name: LensesOptions["optimizer"],
  { momentum = 0.9, ...decays }: OptimizerNumbers = {},
): train.OptimizerRule {
  return name === "sgd" ? train.sgd({ momentum }) : train[name](decays);
}

/** What suits the small network and not the document's. */
const SMALL = { crop: 64, shrink: 2, residual: true, numMasks: 0 } as const;

/** What suits the document's networks, whose activations nothing normalises. */
const DOCUMENT = { rate: 1e-4 } as const;

/** The experiment. */
export const lenses = defineExperiment<typeof LENSES_OPTIONS, LensesData>({
  name: "lenses",
  summary: "Gravitational lenses, 100 × 100 cutouts in any bands: lens or not",
  options: LENSES_OPTIONS,
  defaults: { epochs: 24, batch: 32 },

  resolveOptions(options, given) {
    layerSettings(options.model, options); // refused before anything is simulated
    if (options.moreSteps !== undefined) parseSteps(options.moreSteps);
    if (options.model === "lens_net") return unlessGiven(options, given, SMALL);
    return OPEN_NETWORKS.includes(options.model) ? unlessGiven(options, given, DOCUMENT) : options;
  },

  obtain: simulateLensesOnce,

  load: loadLenses,

  build: (options, { inputShape }) =>
    NETWORKS[options.model]({
      inputShape,
      seed: options.seed,
      ...layerSettings(options.model, options),
    }),

  recipe(options, { steps }) {
    const { optimizer, weightDecay, rate, schedule, augmentation, lensWeight, patience, moreSteps } = options;
    return {
      loss: lossOf(options),
      metrics: [train.binaryAccuracy()],
      optimizer: optimizerOf(optimizer),
      weightDecay,
      schedule: schedule === "cycle" ? train.oneCycle(rate, { warmUp: 0.2 }) : train.constant(rate),
      preprocessing: steps,
      augmentation: augmentation === "online" ? onlineSteps(options) : undefined,
      ...(moreSteps !== undefined && { augmented: FOLLOWING }),
      ...(lensWeight !== 1 && { classWeights: [1, lensWeight] }),
      callbacks: patience > 0 ? [train.earlyStopping({ patience })] : [],
    };
  },

  card: ({ crop }, { steps, inputShape, bands }) => ({
    description: "Tells gravitational lenses from other objects in background-subtracted cutouts.",
    inputs: [{
      name: "image",
      kind: "bands",
      shape: [...inputShape],
      raw: [crop, crop, bands],
      dtype: "float32",
      units: "background-subtracted counts, brought to 0 to 1",
    }],
    preprocessing: [...steps],
    outputs: [{ name: LENS, kind: "probability", labels: ["other", "lens"], threshold: 0.5 }],
  }),

  evaluate: (predictions, data, { seed }) => ({
    metrics: report.measure(predictions[LENS].data, data, seed),
  }),

  figures: async ({ predictions, history, occlusion }, data) => [
    ...report.dataFigures(data),
    learningCurveFigure(history),
    ...await report.testFigures(predictions[LENS].data, data, occlusion),
  ],
});
