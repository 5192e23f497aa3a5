/** CapsNet on MNIST: digits by capsules, whose directions draw them again. @module */
import { readMnist } from "../../data/mnist.ts";
import { type NdArray, subset, takeRowsOf } from "../../data/source.ts";
import type { tf } from "../../engine/mod.ts";
import {
  accuracy,
  argMaxRows,
  bootstrap,
  confusionMatrix,
  meanOf,
  mostFrequentClass,
} from "../../evaluate/mod.ts";
import { createRng } from "../../base/rng.ts";
import { buildCapsNet } from "../../models/capsnet.ts";
import { picturesOf, plotConfusion, plotImageGrid, plotWorstMistakes } from "../../plot/mod.ts";
import { defineExperiment, type Figure } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import * as train from "../../train/mod.ts";
import { greyPreprocessing, type ImageClassesData, loadGreyImages, SET_OPTIONS } from "../image_classes.ts";
import { capsuleLoss } from "./loss.ts";
import { perturb, VARIED } from "./perturb.ts";
import { stripOf } from "./strip.ts";

const SIDE = 28, CLASSES = 10, NAMES = Array.from({ length: CLASSES }, (_, digit) => String(digit));

const OPTIONS = {
  ...SET_OPTIONS,
  images: {
    type: "integer",
    default: 60_000,
    min: 100,
    max: 60_000,
    help: "Training images, before some are held out.",
  },
  filters: { type: "integer", default: 256, min: 8, max: 512, help: "Channels of the first convolution." },
  capsules: { type: "integer", default: 32, min: 1, max: 64, help: "Capsules at each place." },
  routings: {
    type: "integer",
    default: 3,
    min: 1,
    max: 10,
    range: [1, 5],
    help: "How often the agreement is looked at.",
  },
  reconstruction: {
    type: "number",
    default: 5e-4,
    min: 0,
    max: 1,
    help: "Weight of the squared error of the image drawn again, a pixel.",
  },
  rate: {
    type: "number",
    default: 2e-3,
    min: 1e-6,
    max: 0.1,
    range: [2e-4, 1e-2],
    log: true,
    help: "Peak learning rate.",
  },
} as const;

/** The experiment. */
export const capsnet = defineExperiment<typeof OPTIONS, ImageClassesData>({
  name: "capsnet",
  summary: "Handwritten digits by capsules, which also draw them again",
  options: OPTIONS,
  defaults: { epochs: 5, batch: 128 },

  async load(options, context) {
    const set = { output: "lengths", read: readMnist };
    const data = await loadGreyImages(set, options, context), { size } = data.train;
    const rows = Uint32Array.from({
      length: Math.min(size, Math.max(1, options.images - options.validation)),
    }, (_, i) => i);
    return rows.length < size ? { ...data, train: subset(data.train, rows) } : data;
  },

  build: ({ filters, capsules, routings, seed }) =>
    buildCapsNet({ inputShape: [SIDE, SIDE, 1], classes: CLASSES, filters, capsules, routings, seed }),

  recipe: ({ rate, reconstruction }, _data, models) => ({
    loss: capsuleLoss(() => train.mainModel(models), reconstruction),
    metrics: { lengths: [train.accuracy()] },
    preprocessing: greyPreprocessing(SIDE),
    augmentation: [{ op: "shift", most: 2 }],
    optimizer: train.adam(),
    schedule: train.oneCycle(rate, { warmUp: 0.2 }),
  }),

  card: () => ({
    description: "Tells handwritten digits apart by capsules, and draws them again. Trained on MNIST.",
    inputs: [{ name: "image", shape: [SIDE, SIDE, 1], dtype: "float32", units: "fraction of full scale" }],
    preprocessing: greyPreprocessing(SIDE),
    outputs: [
      { name: "digit", kind: "classes", labels: NAMES },
      { name: "capsules", kind: "vector" },
      { name: "reconstruction", kind: "image", units: "fraction of full scale", range: [0, 1] },
    ],
  }),

  evaluate({ digit, reconstruction }, { set }, { seed }) {
    const split = "test", predicted = argMaxRows(digit.data, CLASSES);
    const errors = errorsOf(reconstruction.data, set.test.images), rng = createRng(seed, 33);
    const baseline = mostFrequentClass(set.test.labels, set.train.labels);
    const byMean = {
      name: "the mean test image",
      value: meanOf(errorsOf(meanImage(set.test.images), set.test.images)),
    };
    return {
      metrics: {
        accuracy: { ...accuracy(predicted, set.test.labels), split, baseline },
        reconstructionError: {
          ...bootstrap(errors, meanOf, { rng, resamples: 200 }),
          split,
          baseline: byMean,
        },
      },
    };
  },

  figures({ predictions: { digit, reconstruction }, history, models }, { set }) {
    const { images, labels } = set.test, pictures = picturesOf(images, [labels.length, SIDE, SIDE]);
    const matrix = confusionMatrix(argMaxRows(digit.data, CLASSES), labels, CLASSES);
    const worst = plotWorstMistakes(pictures, digit.data, labels, NAMES, { rows: 3 });
    return [
      learningCurveFigure(history),
      { name: "confusion", section: "Test images", spec: plotConfusion(matrix, NAMES) },
      againFigure(images, reconstruction),
      perturbedFigure(train.mainModel(models), images),
      ...(worst ? [{ name: "worst_mistakes", section: "Test images", spec: worst }] : []),
    ];
  },
});

const PIXELS = SIDE * SIDE;

/** Mean squared difference of each image drawn again, as fractions of full scale. `drawn` may be one image for all. */
function errorsOf(drawn: ArrayLike<number>, images: Uint8Array): Float64Array {
  const errors = new Float64Array(images.length / PIXELS);
  for (let i = 0; i < images.length; i++) {
    errors[Math.floor(i / PIXELS)] += (drawn[i % drawn.length] - images[i] / 255) ** 2 / PIXELS;
  }
  return errors;
}

/** The mean image, in fractions of full scale. */
function meanImage(images: Uint8Array): Float32Array {
  const count = images.length / PIXELS, mean = new Float32Array(PIXELS);
  for (let i = 0; i < images.length; i++) mean[i % PIXELS] += images[i] / 255 / count;
  return mean;
}

/** Test images shown, and of these the ones that are varied. */
const SHOWN = 12, PERTURBED = 4;

/** Images, and below them what their capsules draw. */
function againFigure(images: Uint8Array, reconstruction: NdArray): Figure {
  const drawn = Uint8Array.from(reconstruction.data.subarray(0, SHOWN * PIXELS), (value) => 255 * value);
  const both = new Uint8Array([...images.subarray(0, SHOWN * PIXELS), ...drawn]);
  return {
    name: "drawn_again",
    section: "Capsules",
    caption: "The first test images, and below what their longest capsules draw.",
    spec: plotImageGrid(picturesOf(both, [2 * SHOWN, SIDE, SIDE]), {
      columns: SHOWN,
      size: 56,
      low: 0,
      high: 255,
    }),
  };
}

/** What one number of a capsule is for: images drawn with it moved. */
function perturbedFigure(model: tf.LayersModel, images: Uint8Array): Figure {
  const some = takeRowsOf(
    { data: images, shape: [images.length / PIXELS, SIDE, SIDE, 1] },
    Uint32Array.from({ length: PERTURBED }, (_, i) => i),
  );
  const drawn = perturb(model, some as NdArray<Uint8Array>);
  const beside = VARIED.length * PERTURBED, lines = drawn.shape[0] / beside;
  const strips = Array.from({ length: lines }, (_, line) => stripOf(drawn, line * beside, beside));
  return {
    name: "perturbed",
    section: "Capsules",
    caption: `A line a number of the longest capsule, moved from ${VARIED[0]} to ${
      VARIED.at(-1)
    }; the first ${PERTURBED} test images.`,
    spec: plotImageGrid(strips, { columns: 1, size: 20 * beside, low: 0, high: 255 }),
  };
}
