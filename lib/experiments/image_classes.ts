/** Experiments that tell small grey images apart; what differs between two of them is given, the rest is here. @module */
import type { IdxData, LabeledImages } from "../data/labeled_images.ts";
import { fromArrays, type NdArray, type Source, subset } from "../data/source.ts";
import type { AugmentationStep } from "../augment/mod.ts";
import type { PreprocessingStep, PreprocessingStepInput } from "../image/preprocessing/mod.ts";
import { parsePreprocessing } from "../image/preprocessing/mod.ts";
import type { Image } from "../io/image.ts";
import { accuracy, argMaxRows, confusionMatrix, mostFrequentClass } from "../evaluate/mod.ts";
import { buildCompactResnet, type CompactResnetConfig } from "../models/compact_resnet.ts";
import { buildModel, MODELS } from "../models/registry.ts";
import {
  picturesOf,
  plotClassMeans,
  plotConfusion,
  plotImageGrid,
  plotPredictionGrid,
  plotWorstMistakes,
  worstMistakes,
} from "../plot/mod.ts";
import * as train from "../train/mod.ts";
import {
  type Data,
  defineExperiment,
  type Experiment,
  type Figure,
  type LoadContext,
  type ShownResults,
} from "../run/experiment.ts";
import { learningCurveFigure } from "../run/learning_curve.ts";
import { reliabilityFigures } from "../run/reliability.ts";
import { rocFigures } from "../run/roc.ts";

/** What one such experiment is. */
export interface ImageClassesSpec {
  name: string;
  summary: string;
  /** Said in the model's card. */
  description: string;
  /** Name of the model's output. */
  output: string;
  classNames: readonly string[];
  /** Pixels along each side. */
  side: number;
  /** Reads the whole set, from a folder where one is given. */
  read(options: { folder?: string; log?: (line: string) => void }): IdxData | Promise<IdxData>;
  /** Random variations of the images in training, [side, side, 1] in [0, 1]. */
  augmentation: readonly AugmentationStep[];
  /** Channels of the default model, where the set deserves others than its own. */
  widths?: CompactResnetConfig["widths"];
  /** Learning rates of the best recipe, from their peak. @default {one cycle} */
  schedule?(rate: number): train.Schedule;
  defaults: { epochs: number; batch: number };
}

/** One cycle that rises for a fifth of its steps. */
export const cycle = (rate: number): train.Schedule => train.oneCycle(rate, { warmUp: 0.2 });

/** The loaded set. */
export interface ImageClassesData extends Data {
  set: IdxData;
}

/** Options of reading a set. */
export const SET_OPTIONS = {
  data: {
    type: "string",
    hint: "FOLDER",
    help: "Folder with the four idx files, instead of the installed ones.",
  },
  validation: {
    type: "integer",
    default: 2000,
    min: 0,
    max: 50_000,
    help: "Training images held out to watch the training by.",
  },
} as const;

const OPTIONS = {
  model: {
    type: "choice",
    choices: Object.keys(MODELS).filter((name) => MODELS[name].images === "grey"),
    default: "compact_resnet",
    help: "Architecture.",
  },
  recipe: {
    type: "choice",
    choices: ["best", "tutorial"],
    default: "best",
    help: "How to train: our best, or as the tutorial does (Adam at 0.01, nothing else).",
  },
  rate: {
    type: "number",
    default: 0.1,
    min: 1e-6,
    max: 10,
    range: [0.01, 1],
    log: true,
    help: "Peak learning rate of the best recipe.",
  },
  decay: {
    type: "number",
    default: 5e-3,
    min: 0,
    max: 1,
    range: [1e-4, 5e-2],
    log: true,
    help: "Weight decay of the best recipe.",
  },
  augment: {
    type: "boolean",
    default: true,
    range: [true, false],
    help: "Vary the images at random (best recipe).",
  },
  ...SET_OPTIONS,
} as const;

/** Grey images of the right size on a dark background, as the published ones are, in fractions of full scale. */
export function greyPreprocessing(side: number): PreprocessingStep[] {
  const steps: PreprocessingStepInput[] = [
    { op: "grey" },
    { op: "resize", height: side, width: side },
    { op: "invertIfBright" },
    { op: "scale", factor: 1 / 255 },
  ];
  return parsePreprocessing(steps);
}

/** Steps of it that the published images have behind them. */
const APPLIED = 3;

function sourceOf({ images, labels, shape }: LabeledImages, output: string): Source {
  const x: NdArray = { data: images, shape },
    y: NdArray = { data: Int32Array.from(labels), shape: [labels.length] };
  return fromArrays({ image: x }, { [output]: y }, { applied: { image: APPLIED } });
}

function imageOf({ images, shape: [, height, width] }: LabeledImages, index: number): Image {
  const size = height * width;
  return { data: images.subarray(index * size, (index + 1) * size), height, width, channels: 1, depth: 8 };
}

/** What loading a set takes of its experiment. */
export type GreySet = Pick<ImageClassesSpec, "output" | "read">;

/**
 * Reads a set, holds out validation images, and gives the others for training.
 *
 * @param options Folder of the set, number of validation images, and the seed by which they are drawn.
 */
export async function loadGreyImages(
  { read, output }: GreySet,
  options: { data?: string; validation: number; seed: number },
  { log }: Pick<LoadContext, "log">,
): Promise<ImageClassesData> {
  const set = await read({ folder: options.data, log });
  log(`${set.name} from ${set.source}${set.note ? `. ${set.note}` : ""}`);
  const all = sourceOf(set.train, output), size = all.size;
  const held = Math.min(options.validation, size - 1);
  const order = train.epochOrder(size, { seed: options.seed, epoch: 0xffffffff }); // no epoch's own order
  return {
    set,
    origin: `${set.name}, ${set.source}`,
    train: held === 0 ? all : subset(all, order.subarray(held)),
    validation: held === 0 ? undefined : subset(all, order.subarray(0, held)),
    test: sourceOf(set.test, output),
    fingerprint: set.fingerprint,
    raw: (indices) => Promise.resolve(indices.map((index) => ({ image: imageOf(set.test, index) }))),
    dispose() {},
  };
}

/** Training images in the report, and mistakes. */
const SHOWN = 36, MISTAKES = 9;
/** How grey values are drawn. */
const GREY = { low: 0, high: 255, colorBar: "grey value" };

/**
 * Makes an experiment of a set of labelled grey images.
 *
 * @example See `mnist.ts` and `fashion.ts`: each is one call.
 * ```ts
 * import { mnist } from "./mnist/experiment.ts";
 * mnist.options.model.default; // "compact_resnet"
 * ```
 */
export function imageClasses(spec: ImageClassesSpec): Experiment<typeof OPTIONS, ImageClassesData> {
  const { name, summary, classNames, side, defaults } = spec;
  const classes = classNames.length;
  return defineExperiment<typeof OPTIONS, ImageClassesData>({
    name,
    summary,
    options: OPTIONS,
    defaults,

    load: (options, context) => loadGreyImages(spec, options, context),

    build({ model, seed }) {
      const config = { inputShape: [side, side, 1], classes, seed } as const;
      return model === "compact_resnet"
        ? buildCompactResnet({ ...config, widths: spec.widths })
        : buildModel(model, config);
    },

    recipe({ recipe, rate, decay, augment }) {
      const common = { metrics: [train.accuracy()], preprocessing: greyPreprocessing(side) };
      if (recipe === "tutorial") {
        return {
          ...common,
          loss: train.crossEntropy(),
          optimizer: train.adam(),
          schedule: train.constant(0.01),
        };
      }
      return {
        ...common,
        loss: train.crossEntropy({ labelSmoothing: 0.1 }),
        optimizer: train.sgd({ momentum: 0.9, nesterov: true }),
        schedule: (spec.schedule ?? cycle)(rate),
        weightDecay: decay,
        globalClipNorm: 1, // at the peak rate a rare batch would otherwise undo hundreds of steps
        augmentation: augment ? spec.augmentation : undefined,
      };
    },

    evaluate(predictions, { set }) {
      const { data: probabilities } = predictions[spec.output];
      const predicted = argMaxRows(probabilities, classes);
      const baseline = mostFrequentClass(set.test.labels, set.train.labels);
      return { metrics: { accuracy: { ...accuracy(predicted, set.test.labels), split: "test", baseline } } };
    },

    card: () => ({
      description: spec.description,
      inputs: [{ name: "image", shape: [side, side, 1], dtype: "float32", units: "fraction of full scale" }],
      preprocessing: greyPreprocessing(side),
      outputs: [{ name: spec.output, kind: "classes", labels: [...classNames] }],
    }),

    async figures({ predictions, history, occlusion }, { set }) {
      const { data: probabilities } = predictions[spec.output];
      const tested = await testFigures(probabilities, set.test, spec, occlusion);
      return [...dataFigures(set.train, spec), learningCurveFigure(history), ...tested];
    },
  });
}

/** Some training images, and the mean of each class. */
function dataFigures(
  { images, labels }: LabeledImages,
  { side, classNames }: ImageClassesSpec,
): Figure[] {
  const pictures = picturesOf(images, [labels.length, side, side]);
  const captions = Array.from(labels.subarray(0, SHOWN), (label) => classNames[label]);
  return [
    {
      name: "images",
      section: "Data",
      caption: `The first ${captions.length} training images.`,
      spec: plotImageGrid(pictures.slice(0, captions.length), { captions, ...GREY, scaleBar: {} }),
    },
    {
      name: "class_means",
      section: "Data",
      caption: "Mean of the training images of each class, with their number.",
      spec: plotClassMeans(pictures, labels, classNames, { ...GREY, columns: 5 }),
    },
  ];
}

/** How well test images are told apart, and the most confident mistakes with what in them mattered. */
async function testFigures(
  probabilities: Float32Array,
  { images, labels }: LabeledImages,
  { side, classNames }: ImageClassesSpec,
  occlusion: ShownResults["occlusion"],
): Promise<Figure[]> {
  const section = "Test images", classes = classNames.length;
  const pictures = picturesOf(images, [labels.length, side, side]);
  const matrix = confusionMatrix(argMaxRows(probabilities, classes), labels, classes);
  const mistakes = Array.from(worstMistakes(probabilities, labels, classes).subarray(0, MISTAKES));
  const maps = await occlusion(mistakes);
  const worst = plotWorstMistakes(pictures, probabilities, labels, classNames, {
    rows: MISTAKES / 3,
    saliency: new Map(maps.map((map, i) => [mistakes[i], map])),
  });
  const shown: Figure[] = worst
    ? [{
      name: "worst_mistakes",
      section,
      caption: "Beside each image what in it mattered for the wrong answer: places are covered one by one.",
      spec: worst,
    }]
    : [];
  return [
    { name: "confusion", section, spec: plotConfusion(matrix, classNames) },
    ...rocFigures(probabilities, labels, classNames),
    ...reliabilityFigures(probabilities, labels, classes),
    {
      name: "predictions",
      section,
      caption: "The first test images: predicted class and its probability, true class in brackets.",
      spec: plotPredictionGrid(pictures, probabilities, labels, classNames),
    },
    ...shown,
  ];
}
