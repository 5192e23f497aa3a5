/** Nuclear against electron recoils in CYGNO's images, and their energy: the course's project. @module */
import { tf } from "../../engine/mod.ts";
import { parsePreprocessing } from "../../image/preprocessing/mod.ts";
import { buildCourseCnn } from "../../models/course_cnn.ts";
import {
  buildRecoilCnn,
  calibrateRecoilCnn,
  type RecoilCalibration,
  SIGMA_KNOTS,
  standardizeRecoilCnn,
} from "../../models/recoil_cnn.ts";
import { DETECTOR } from "../../simulate/cygno.ts";
import * as train from "../../train/mod.ts";
import type { Source } from "../../data/source.ts";
import { fitLogistic, scalesOf } from "./calibration.ts";
import {
  CLEAN_STEPS,
  CROP_STEPS,
  CYGNO_OPTIONS,
  type CygnoData,
  ENERGY_EDGES,
  ENERGY_UNIT,
  type Events,
  loadCygno,
  SIDE,
  simulateOnce,
  type Target,
} from "./data.ts";
import * as report from "./report.ts";
import { defineExperiment, type Experiment } from "../../run/experiment.ts";
import { unlessGiven } from "../../run/unless_given.ts";

/** The course's window, counts. */
const WINDOW = { low: 60, high: 130 } as const;
/** Light in units of a few times the noise, so that faint events are not lost among the weights: (counts - 99) / 16. */
const UNIT_COUNTS = 16;

/** From a camera frame to the recoil CNN's input. */
const BEST_STEPS = parsePreprocessing([
  ...CLEAN_STEPS,
  { op: "scale", factor: 1 / UNIT_COUNTS, offset: -DETECTOR.pedestal / UNIT_COUNTS },
]);
/** From a camera frame to the course's input. */
const COURSE_STEPS = parsePreprocessing([
  ...CROP_STEPS,
  { op: "window", ...WINDOW },
]);

/** What one such experiment is. */
interface CygnoSpec {
  name: string;
  summary: string;
  description: string;
  /** Outputs of the best recipe, and the one of the course's. */
  best: readonly Target[];
  course: Target;
}

/**
 * How much and how sharply the order of nuclear and electron recoils of like energy counts beside the cross-entropy, and which
 * energies are alike: σ of the logarithm.
 *
 * At a given energy a nuclear recoil gives less light, so that light tells the kinds apart there; over all energies it does not. So the
 * order in an energy bin and the order over all energies are bought from each other. AUC below 5 keV, to 15 keV and over all, by a small
 * network on the fixed shapes alone: 0.713, 0.709, 0.863 at a weight of 0; 0.730, 0.724, 0.862 at 0.25; 0.737, 0.755, 0.851 where all
 * pairs of a bin count five times.
 */
const ORDER = { weight: 0.15, steepness: 2, width: 0.7, offset: 0.6 / ENERGY_UNIT };

/**
 * Loss of several heads. For the kind, binary cross-entropy, which keeps the probabilities honest, and their pairwise ranking
 * among recoils of like energy. For the energy, the likelihood of a Gaussian whose mean and σ the network gives: its best mean
 * is the mean of the true energies that look alike, without a pull to either side.
 */
function jointLoss(targets: readonly Target[]): train.JointLoss {
  const binary = train.binaryCrossEntropy();
  const gaussian = train.gaussianLikelihood({ leastSigma: LEAST_SIGMA });
  const energyLoss = (truth: tf.Tensor, output: tf.Tensor) =>
    gaussian.perExample(truth, output, { logits: false });
  const kindLoss = (truths: train.NamedTensors, output: tf.Tensor) => {
    const cross = binary.perExample(truths.nuclear, output, { logits: true });
    if (!targets.includes("energy")) return cross;
    const alike = tf.log(tf.add(truths.energy, ORDER.offset));
    const ranking = train.pairwiseRanking(truths.nuclear, tf.reshape(output, [-1]), { ...ORDER, alike });
    return tf.add(cross, tf.mul(ranking, ORDER.weight));
  };
  return {
    config: { name: "recoil", targets: targets.join(" ") },
    logits: targets.filter((target) => target === "nuclear"),
    whole: true, // a recoil is compared with all others of its batch
    together(truths, outputs) {
      const losses = targets.map((target) =>
        target === "energy" ? energyLoss(truths.energy, outputs.energy) : kindLoss(truths, outputs.nuclear)
      );
      return losses.reduce((sum, loss) => tf.add(sum, loss));
    },
  };
}

/** Added to σ in the loss, in units of 30 keV, so that no single event is ever infinitely sure. */
const LEAST_SIGMA = 0.003;

function cygnoExperiment(spec: CygnoSpec): Experiment<typeof CYGNO_OPTIONS, CygnoData> {
  const targetsOf = (recipe: "best" | "course"): readonly Target[] =>
    recipe === "best" ? spec.best : [spec.course];
  return defineExperiment<typeof CYGNO_OPTIONS, CygnoData>({
    name: spec.name,
    summary: spec.summary,
    options: CYGNO_OPTIONS,
    defaults: { epochs: 10, batch: 128 },

    resolveOptions(options, given) {
      if (options.recipe !== "course") return options;
      return unlessGiven(options, given, { epochs: 50, batch: 10, validation: 50 });
    },

    obtain: simulateOnce,
    load: (options, context) => loadCygno(options, targetsOf(options.recipe), context),

    build({ recipe, seed }, { sample }) {
      if (recipe === "course") return buildCourseCnn({ head: spec.course, seed });
      const model = buildRecoilCnn({ heads: spec.best, seed });
      tf.tidy(() => {
        const counts = Float32Array.from(sample, (count) => (count - DETECTOR.pedestal) / UNIT_COUNTS);
        standardizeRecoilCnn(model, tf.tensor(counts, [sample.length / SIDE ** 2, SIDE, SIDE, 1]));
      });
      return model;
    },

    recipe({ recipe, rate }) {
      if (recipe === "course") {
        return {
          loss: spec.course === "nuclear" ? train.binaryCrossEntropy() : train.meanSquaredError(),
          metrics: spec.course === "nuclear" ? [train.binaryAccuracy()] : [train.absoluteError()],
          optimizer: train.adam(),
          schedule: train.constant(1e-3),
          preprocessing: COURSE_STEPS,
          callbacks: [train.batchLosses()],
        };
      }
      return {
        loss: jointLoss(spec.best),
        optimizer: train.adam(),
        schedule: train.oneCycle(rate, { warmUp: 0.2 }),
        emaMomentum: 0.998,
        globalClipNorm: 1, // a bright track that the mean is far off from would undo many steps
        preprocessing: BEST_STEPS,
        // A recoil has no direction that it prefers.
        augmentation: [{ op: "flip", horizontal: true, vertical: true, transpose: true }],
      };
    },

    async calibrate(models, { validation, splits }, { recipe }) {
      if (recipe === "best" && validation) {
        await calibrateOn(train.mainModel(models), validation, splits.validation);
      }
    },

    evaluate(predictions, data, { recipe, seed }) {
      const targets = targetsOf(recipe), metrics = {}, outputs: Record<string, Record<string, unknown>> = {};
      if (targets.includes("nuclear")) {
        Object.assign(metrics, report.measureClassifier(predictions.nuclear.data, data, seed));
      }
      if (targets.includes("energy")) {
        const { means, sigmas } = report.inKeV(predictions.energy);
        Object.assign(metrics, report.measureRegressor(means, data, seed));
        if (sigmas) {
          Object.assign(metrics, report.measureCoverage(means, sigmas, data));
        } else outputs.energy = { uncertainty: report.uncertaintyOf(means, data, seed) };
      }
      return { metrics, outputs };
    },

    card: ({ recipe }) => ({
      description: spec.description,
      inputs: [{
        name: "image",
        shape: [SIDE, SIDE, 1],
        dtype: "float32",
        units: recipe === "course"
          ? "counts, windowed to [0, 1]"
          : `${UNIT_COUNTS} counts above the pedestal`,
      }],
      preprocessing: recipe === "course" ? COURSE_STEPS : BEST_STEPS,
      outputs: targetsOf(recipe).map((target) =>
        target === "nuclear"
          ? { name: "nuclear", kind: "probability", labels: ["ER", "NR"], threshold: 0.5 }
          : { name: "energy", kind: "value", units: "keV", factor: ENERGY_UNIT, ...OWN_SIGMA[recipe] }
      ),
    }),

    async figures({ predictions, history, occlusion }, data, { recipe, seed }) {
      const figures = [...await report.dataFigures(data), ...report.trainingFigures(history)];
      const targets = targetsOf(recipe);
      if (targets.includes("nuclear")) {
        const energies = targets.includes("energy") ? report.inKeV(predictions.energy).means : undefined;
        const scores = predictions.nuclear.data;
        figures.push(...await report.classifierFigures(scores, data, occlusion, energies));
      }
      if (targets.includes("energy")) {
        const { means, sigmas } = report.inKeV(predictions.energy);
        figures.push(
          ...report.regressorFigures(means, data, seed),
          ...report.pullFigures(means, sigmas, data),
        );
      }
      return figures;
    },
  });
}

/** Where the energy's σ comes from: the best recipe's network says its own. */
const OWN_SIGMA = { best: { uncertainty: { column: 1 } }, course: {} } as const;

/** Sets the last step of each head by what the network says of some events that training did not see. */
async function calibrateOn(
  model: tf.LayersModel,
  source: Source,
  { labels, energies }: Events,
): Promise<void> {
  calibrateRecoilCnn(model);
  const predictions = await train.predict(model, source, { preprocessing: BEST_STEPS });
  const calibration: RecoilCalibration = {};
  if (predictions.nuclear) calibration.kind = fitLogistic(predictions.nuclear.data.map(logit), labels);
  if (predictions.energy) {
    const { means, sigmas } = report.inKeV(predictions.energy);
    const knots = SIGMA_KNOTS.map((knot) => knot * ENERGY_UNIT);
    const scales = scalesOf({ means, sigmas: sigmas!, truth: energies }, ENERGY_EDGES, knots);
    calibration.sigma = [scales[0], scales[1], scales[2]];
  }
  calibrateRecoilCnn(model, calibration);
}

/** The score behind a probability, as far as floats tell it from 0 and 1. */
function logit(probability: number): number {
  const inside = Math.min(Math.max(probability, 1e-7), 1 - 1e-7);
  return Math.log(inside / (1 - inside));
}

/** Which kind of recoil, and of what energy. */
export const cygno = cygnoExperiment({
  name: "cygno",
  summary: "CYGNO recoils, 576 × 576: nuclear or electron, and what energy",
  description: "Tells nuclear from electron recoils in images of CYGNO's gas detector, and their energy.",
  best: ["nuclear", "energy"],
  course: "nuclear",
});

/** The energy alone: the course's regression, which can start from a classifier by `--from`. */
export const cygnoEnergy = cygnoExperiment({
  name: "cygno-energy",
  summary: "Energy of CYGNO recoils, 576 × 576",
  description: "Estimates the energy of recoils in images of CYGNO's gas detector.",
  best: ["energy"],
  course: "energy",
});
