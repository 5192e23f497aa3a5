/** Nuclear against electron recoils in CYGNO's images, and their energy: the course's project. @module */
import { random, tf } from "../../engine/mod.ts";
import { buildCourseCnn } from "../../models/course_cnn.ts";
import { buildRecoilCnn, standardizeRecoilCnn } from "../../models/recoil_cnn.ts";
import { DETECTOR } from "../../simulate/cygno.ts";
import * as train from "../../train/mod.ts";
import { CYGNO_OPTIONS, type CygnoData, ENERGY_UNIT, loadCygno, SIDE, type Target } from "./data.ts";
import * as report from "./report.ts";
import { defineExperiment, type Experiment } from "../../run/experiment.ts";

/** The course's window, counts. */
const WINDOW = { low: 60, high: 130 } as const;
/** Light in units of a few times the noise, so that faint events are not lost among the weights: (counts - 99) / 16. */
const UNIT_COUNTS = 16;

/** Counts as the recoil CNN takes them. */
function scaled(counts: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(counts, DETECTOR.pedestal), 1 / UNIT_COUNTS);
}

/** What one such experiment is. */
interface CygnoSpec {
  name: string;
  summary: string;
  description: string;
  /** Outputs of the best recipe, and the one of the course's. */
  best: readonly Target[];
  course: Target;
}

/** Labels of one target: column of [batch, targets], or all of [batch]. */
function column(labels: tf.Tensor, t: number): tf.Tensor {
  return labels.rank === 1 ? labels : tf.reshape(tf.slice(labels, [0, t], [-1, 1]), [-1]);
}

/**
 * How sharply the order of nuclear and electron recoils of like energy counts, and which energies are alike: σ of the logarithm.
 *
 * At a given energy a nuclear recoil gives less light, so that light tells the kinds apart there; over all energies it does not. So the
 * order in an energy bin and the order over all energies are bought from each other, and `--order` is the price. AUC below 5 keV,
 * to 15 keV and over all, of 12,000 events: 0.72, 0.67, 0.852 at 0; 0.75, 0.71, 0.841 at 0.5 and a width of 0.5; at 2.5, a width of
 * 0.25 and twice as sharp, of 6,000 events, 0.76, 0.78, 0.69. Of 40,000 as set here, on events that this was
 * not chosen by: 0.742, 0.708, 0.843, where boosted trees have 0.712, 0.689, 0.858.
 */
const ORDER = { steepness: 2, width: 0.7, offset: 0.6 / ENERGY_UNIT };

/**
 * Loss of several heads. For the kind, binary cross-entropy, which keeps the probabilities honest, and the misordering
 * among recoils of like energy. For the energy, the squared miss over a variance that rises with the energy as that of
 * counted electrons does, so that faint events count as well.
 */
function jointLoss(targets: readonly Target[], order: number): train.Loss {
  const binary = train.binaryCrossEntropy(), energyAt = targets.indexOf("energy");
  return {
    config: { name: "recoil", targets: targets.join(" "), order },
    logits: true,
    perExample(labels, ...outputs) {
      const losses = targets.map((target, t) => {
        const truth = column(labels, t), output = tf.reshape(outputs[t], [-1]);
        if (target === "energy") {
          return tf.div(tf.square(tf.sub(output, truth)), tf.add(tf.mul(truth, 0.06), 0.01));
        }
        const cross = binary.perExample(truth, outputs[t]);
        if (energyAt < 0 || order === 0) return cross;
        const alike = tf.log(tf.add(column(labels, energyAt), ORDER.offset));
        return tf.add(cross, tf.mul(train.misordering(truth, output, { ...ORDER, alike }), order));
      });
      return losses.reduce((sum, loss) => tf.add(sum, loss));
    },
  };
}

/** Mirrors and transposes each image at random: a recoil has no direction that it prefers. */
function turnAtRandom(images: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const some = () => tf.less(random.uniform([images.shape[0], 1, 1, 1]), 0.5);
    let x = images as tf.Tensor4D;
    x = tf.where(some(), tf.reverse(x, 1), x);
    x = tf.where(some(), tf.reverse(x, 2), x);
    return tf.where(some(), tf.transpose(x, [0, 2, 1, 3]), x);
  });
}

function cygnoExperiment(spec: CygnoSpec): Experiment<typeof CYGNO_OPTIONS, CygnoData> {
  const targetsOf = (recipe: "best" | "course"): readonly Target[] =>
    recipe === "best" ? spec.best : [spec.course];
  return defineExperiment<typeof CYGNO_OPTIONS, CygnoData>({
    name: spec.name,
    summary: spec.summary,
    options: CYGNO_OPTIONS,
    defaults: { epochs: 32, batch: 64 },

    settle(options, given) {
      if (options.recipe !== "course") return options;
      const course = { epochs: 50, batch: 10, validation: 50 };
      return {
        ...options,
        ...Object.fromEntries(Object.entries(course).filter(([name]) => !given.has(name))),
      };
    },

    load: (options, context) => loadCygno(options, targetsOf(options.recipe), context),

    build({ recipe, seed }, { donors, sample }) {
      const model = recipe === "course"
        ? buildCourseCnn({ head: spec.course, seed })
        : buildRecoilCnn({ heads: spec.best, seed });
      if (recipe === "best") {
        tf.tidy(() => {
          const counts = tf.tensor(Float32Array.from(sample), [sample.length / SIDE ** 2, SIDE, SIDE, 1]);
          standardizeRecoilCnn(model, scaled(counts));
        });
      }
      if (donors) takeOver(model, donors);
      return model;
    },

    recipe({ recipe, rate, order }) {
      if (recipe === "course") {
        return {
          loss: spec.course === "nuclear" ? train.binaryCrossEntropy() : train.meanSquaredError(),
          metrics: spec.course === "nuclear" ? [train.binaryAccuracy()] : [train.absoluteError()],
          optimizer: train.adam(),
          schedule: train.constant(1e-3),
          prepare: (x) => tf.clipByValue(tf.mul(tf.sub(x, WINDOW.low), 1 / (WINDOW.high - WINDOW.low)), 0, 1),
        };
      }
      return {
        loss: jointLoss(spec.best, order),
        optimizer: train.adam(),
        schedule: train.oneCycle(rate, { warmUp: 0.2 }),
        averageDecay: 0.998,
        shards: 2, // a recoil is compared with the others of its shard: with more shards there are too few of them
        prepare: scaled,
        augment: turnAtRandom,
      };
    },

    evaluate(predictions, data, { recipe, seed }) {
      return Object.assign(
        {},
        ...targetsOf(recipe).map((target, t) =>
          target === "nuclear"
            ? report.measureClassifier(predictions[t], data, seed)
            : report.measureRegressor(report.inKeV(predictions[t]), data, seed)
        ),
      );
    },

    card: ({ recipe }, { uncertainty }) => ({
      description: spec.description,
      inputs: [{
        name: "image",
        shape: [SIDE, SIDE, 1],
        dtype: "float32",
        units: recipe === "course"
          ? "counts, windowed to [0, 1]"
          : `${UNIT_COUNTS} counts above the pedestal`,
      }],
      preprocessing: [
        { op: "grey" },
        { op: "cropCenter", size: SIDE },
        recipe === "course"
          ? { op: "window", ...WINDOW }
          : { op: "scale", factor: 1 / UNIT_COUNTS, offset: -DETECTOR.pedestal / UNIT_COUNTS },
      ],
      outputs: targetsOf(recipe).map((target) =>
        target === "nuclear"
          ? { name: "nuclear", kind: "probability", labels: ["ER", "NR"], threshold: 0.5 }
          : { name: "energy", kind: "value", units: "keV", factor: ENERGY_UNIT, uncertainty }
      ),
    }),

    async plots({ predictions, history }, data, { recipe, seed }) {
      const figures = [...await report.dataFigures(data), ...report.trainingFigures(history)];
      for (const [t, target] of targetsOf(recipe).entries()) {
        if (target === "nuclear") figures.push(...await report.classifierFigures(predictions[t], data));
        else figures.push(...report.regressorFigures(report.inKeV(predictions[t]), data, seed));
      }
      return figures;
    },
  });
}

/** Gives layers the weights that a donor's layers of the same name and shapes have. */
function takeOver(model: tf.LayersModel, donors: NonNullable<CygnoData["donors"]>): void {
  let taken = 0;
  for (const layer of model.layers) {
    const donor = donors.get(layer.name), own = layer.getWeights();
    const fits = donor?.length === own.length &&
      donor.every(({ shape }, i) => String(shape) === String(own[i].shape));
    if (!donor || !fits || own.length === 0) continue;
    tf.tidy(() => layer.setWeights(donor.map(({ values, shape }) => tf.tensor(values, [...shape]))));
    taken++;
  }
  if (taken === 0) {
    throw new Error(
      `Cannot start from that run as no layer of its model fits: it has ${[...donors.keys()].join(", ")}`,
    );
  }
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
