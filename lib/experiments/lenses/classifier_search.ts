/** What a {@linkcode Classifier} may try, and how a trial is judged: network and augmentation in one space. @module */
import type { PybiaOptions } from "../../augment/mod.ts";
import { createRng } from "../../base/rng.ts";
import type { tf } from "../../engine/mod.ts";
import { meanOf } from "../../evaluate/mod.ts";
import type { Objective, Params, SearchOptions, SpaceSpec } from "../../search/mod.ts";
import {
  fitOne,
  type FitSettings,
  isLoss,
  type LossName,
  scoreOf,
  type TestScores,
  type WatchedMetric,
} from "./classifier_fit.ts";
import {
  augmentSide,
  balanced,
  checkSides,
  labelled,
  type LabelledImages,
  lessonsOf,
  type Normalisation,
  type Sides,
  stepsFor,
  trainingArrays,
} from "./classifier_sets.ts";
import { type OptimizerNumbers, optimizerOf } from "./experiment.ts";
import { applyToAll } from "./limits.ts";
import { type Architecture, type NetworkName, OPEN_NETWORKS, STACKS } from "./networks.ts";
import type { LensesOptions } from "./options.ts";

/** A number, or the least and the largest that a search may try. */
export type NumberOrRange = number | readonly [low: number, high: number];

/** What a search may try. */
export interface SearchSettings {
  /** Trials. @default {25} */
  nIter?: number;
  /** Whether network and training are tried: batch, rate, optimiser, loss, and settings of the document's architectures. @default {true} */
  optModel?: boolean;
  /** Whether filters, kernels, strides, poolings' windows and dense layers are left as they are; else they are tried too. @default {true} */
  limitSearch?: boolean;
  /** @default {16} */
  batchSizeMin?: number;
  /** @default {64} */
  batchSizeMax?: number;
  /** Whether the augmentation that is enabled below is tried. @default {false} */
  optAug?: boolean;
  /** Least copies of a positive image. @default {2} */
  batchMin?: number;
  /** Most copies of a positive image. @default {25} */
  batchMax?: number;
  /** Copies of a negative image, moved as the positive ones are; 0 crops it and does nothing else. @default {1} */
  batchOther?: number;
  /** Whether a trial cuts the negatives to as many as there are positives. @default {true} */
  balance?: boolean;
  /** @default {50} */
  imageSizeMin?: number;
  /** @default {100, or the images' side where it is smaller} */
  imageSizeMax?: number;
  /** Largest shift that is tried. @default {10} */
  shift?: number;
  /** Whether turning is tried. @default {false} */
  rotation?: boolean;
  /** Whether mirroring left and right is tried. @default {false} */
  horizontal?: boolean;
  /** Whether mirroring top and bottom is tried. @default {false} */
  vertical?: boolean;
  /** @default {[0.9, 1.1]} */
  zoomRange?: readonly [low: number, high: number];
  /** Largest skew that is tried, in degrees. @default {0} */
  skewAngle?: number;
  /** Radius of circles that are cut out; needs `numMasks`. @default {none} */
  maskSize?: NumberOrRange;
  numMasks?: NumberOrRange;
  /** Most blends, by the number of copies; from 1.1 on they are tried. @default {0} */
  blendMax?: number;
  /** @default {"mean"} */
  blendingFunc?: PybiaOptions["blendingFunc"];
  /** Most images in a blend that are tried. @default {2} */
  numImagesToBlend?: number;
  /** Blends of the negatives, by their number; 0 makes none. @default {1} */
  blendOther?: number;
  /** Least value that becomes 1, with `optMaxMaxPix`, tried for each band; they normalise. @default {maxPixel as it is} */
  optMaxMinPix?: number;
  optMaxMaxPix?: number;
  /** Epochs of a trial. @default {epochs} */
  trainEpochs?: number;
  /** Further numbers whose `patience` ends a trial; `metric` alone judges it. */
  metric2?: WatchedMetric;
  metric3?: WatchedMetric;
  /** Judge by the mean over the epochs rather than by the best one. @default {true} */
  average?: boolean;
  /** Whether the same number of the test set is averaged in, where there is one. @default {true} */
  postMetric?: boolean;
  /** A trial fails whose accuracy on the test set is less. @default {none} */
  testAccThreshold?: number;
  /** Stops trials that do worse than others: a pruner of `lib/search`, which watches `value`. @default {"none"} */
  pruner?: SearchOptions["pruner"];
}

const isPair = (value: NumberOrRange): value is readonly [number, number] => typeof value !== "number";

/** A dimension of whole numbers, or the one number there is. */
function whole(value: NumberOrRange) {
  const [low, high] = isPair(value) ? value : [value, value];
  return low === high ? [low] : { low, high };
}

const NO_OR_YES = [false, true];
const ACTIVATIONS = ["relu", "tanh", "elu", "selu", "sigmoid"];
const INITIALIZERS = ["uniformScaling", "truncatedNormal", "heNormal", "leCunUniform", "glorotUniform"];

/** Numbers of the optimisers, each tried with those that have it. */
const OPTIMIZER_NUMBERS: SpaceSpec = {
  momentum: { low: 0, high: 0.99, float: true, when: { optimizer: "sgd" } },
  beta1: { low: 0.5, high: 0.99, float: true, when: { optimizer: ["adam", "adamax", "nadam"] } },
  beta2: { low: 0.9, high: 0.9999, float: true, when: { optimizer: ["adam", "adamax", "nadam"] } },
  rho: { low: 0.5, high: 0.999, float: true, when: { optimizer: ["adadelta", "rmsprop"] } },
};

const FILTERS = { low: 12, high: 516, step: 12 }, STRIDES = { low: 1, high: 3 };

/** What of a network's layers may be tried: pyBIA's ranges; poolings keep their steps, as without them no memory is enough. */
function layersOf(clf: NetworkName): SpaceSpec {
  const space: Record<string, SpaceSpec[string]> = {};
  const kernel = (high: number) => ({ low: 1, high, step: 2 });
  if (clf === "pybia_resnet18") {
    Object.assign(space, { filters1: FILTERS, kernel1: kernel(7), strides1: STRIDES, poolSize1: kernel(7) });
    for (let stage = 1; stage <= 4; stage++) space[`blockFilters${stage}`] = FILTERS;
    space.blockKernel = kernel(7);
  }
  const { stages = [], dense = [] } = searchedStack(clf) ?? {};
  stages.forEach(({ pooling }, i) => {
    space[`filters${i + 1}`] = FILTERS;
    space[`kernel${i + 1}`] = kernel(clf === "alexnet" && i === 0 ? 11 : 7);
    space[`strides${i + 1}`] = STRIDES;
    if (pooling) space[`poolSize${i + 1}`] = clf === "custom_cnn" ? [2, 3] : { low: 1, high: 7 };
  });
  dense.forEach((_, i) => {
    space[`units${i + 1}`] = { low: 128, high: 6400, log: true };
    space[`dropout${i + 1}`] = { low: 0, high: 0.5, float: true };
  });
  return space;
}

/** Layers whose sizes are tried; a custom network has one convolution then, as pyBIA's. */
function searchedStack(clf: NetworkName): typeof STACKS[NetworkName] {
  if (clf !== "custom_cnn") return STACKS[clf];
  return { stages: [{ filters: 256, kernel: 7, pooling: "max" }], dense: [{ units: 4096, dropout: 0.5 }] };
}

/** Name of the parameter that is the largest value of a band. */
const maxPixelOf = (band: number) => `maxPixel${band + 1}`;

/** What some settings let a search try. @param side Of the images as they are. @param bands Of them. */
export function spaceOf(
  settings: SearchSettings & Pick<FitSettings, "clf">,
  side: number,
  bands: number,
): SpaceSpec {
  const { optModel = true, optAug = false, limitSearch = true, clf = "alexnet" } = settings;
  const { batchSizeMin = 16, batchSizeMax = 64 } = settings, isOpen = OPEN_NETWORKS.includes(clf);
  const space: Record<string, SpaceSpec[string]> = {};
  if (optModel) {
    space.batch = { low: batchSizeMin, high: batchSizeMax };
    space.rate = { low: 1e-6, high: 1e-2, log: true, float: true };
    space.optimizer = ["sgd", "adam", "adamax", "nadam", "adadelta", "rmsprop"];
    Object.assign(space, OPTIMIZER_NUMBERS);
    space.loss = ["binaryCrossEntropy", "hinge", "squaredHinge", "klDivergence", "logCosh"];
  }
  if (optModel && isOpen) {
    space.activation = space.denseActivation = ACTIVATIONS;
    space.initializer = space.denseInitializer = INITIALIZERS;
    space.regularizer = ["none", "localResponse", "batchNorm"];
    space.pooling = ["max", "min", "average"];
  }
  if (optModel && !limitSearch) Object.assign(space, layersOf(clf));
  if (!optAug) return space;
  const { batchMin = 2, batchMax = 25, shift = 10, skewAngle = 0, blendMax = 0 } = settings;
  const { imageSizeMin = Math.min(50, side), imageSizeMax = Math.min(100, side), numImagesToBlend = 2 } =
    settings;
  space.copies = whole([batchMin, batchMax]);
  space.imageSize = whole([imageSizeMin, imageSizeMax]);
  if (shift > 0) space.shift = { low: 0, high: shift };
  if (settings.rotation) space.rotation = NO_OR_YES;
  if (settings.horizontal) space.horizontal = NO_OR_YES;
  if (settings.vertical) space.vertical = NO_OR_YES;
  if (skewAngle > 0) space.skewAngle = { low: 0, high: skewAngle, float: true };
  if (settings.maskSize !== undefined) space.maskSize = whole(settings.maskSize);
  if (settings.numMasks !== undefined) space.numMasks = whole(settings.numMasks);
  if (blendMax >= 1.1) {
    space.blend = { low: 1, high: blendMax, float: true };
    space.blendImages = whole([2, numImagesToBlend]);
  }
  const { optMaxMinPix, optMaxMaxPix } = settings;
  if (optMaxMinPix !== undefined && optMaxMaxPix !== undefined) {
    const range = { low: optMaxMinPix, high: optMaxMaxPix, float: true };
    for (let band = 0; band < bands; band++) space[maxPixelOf(band)] = range;
  }
  return space;
}

/** How a trial, or the best of them, is trained. */
export interface Plan {
  fit: FitSettings;
  normalisation: Normalisation;
  /** Augmentation of both classes; none where that is not searched. */
  positive?: PybiaOptions;
  negative?: PybiaOptions;
}

/** Those of some values that there are. */
function chosen<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A trial's parameter, where it is searched. */
function pick<T>(params: Params, name: string): T | undefined {
  return params[name] as T | undefined;
}

/** Sizes of layers as a trial's parameters have them; none where they are not tried. */
function sizesOf(params: Params, clf: NetworkName): Partial<Architecture> {
  const number = (name: string) => pick<number>(params, name)!;
  if (params.filters1 === undefined) return {};
  if (clf === "pybia_resnet18") {
    const stem = { filters: number("filters1"), kernel: number("kernel1"), strides: number("strides1") };
    return {
      stem: { ...stem, poolSize: number("poolSize1") },
      blockFilters: [1, 2, 3, 4].map((stage) => number(`blockFilters${stage}`)) as [
        number,
        number,
        number,
        number,
      ],
      blockKernel: number("blockKernel"),
    };
  }
  const { stages = [], dense = [] } = searchedStack(clf) ?? {};
  return {
    stages: stages.map((stage, i) => ({
      ...stage,
      filters: number(`filters${i + 1}`),
      kernel: number(`kernel${i + 1}`),
      strides: number(`strides${i + 1}`),
      ...(stage.pooling && { poolSize: number(`poolSize${i + 1}`) }),
    })),
    dense: dense.map((_, i) => ({ units: number(`units${i + 1}`), dropout: number(`dropout${i + 1}`) })),
  };
}

/** What a trial's parameters say of the network. */
function architectureOf(params: Params, clf: NetworkName): Partial<Architecture> {
  return chosen({
    activation: pick<"relu">(params, "activation"),
    denseActivation: pick<"relu">(params, "denseActivation"),
    initializer: pick<"heNormal">(params, "initializer"),
    denseInitializer: pick<"heNormal">(params, "denseInitializer"),
    regularizer: pick<"none">(params, "regularizer"),
    pooling: pick<"max">(params, "pooling"),
    ...sizesOf(params, clf),
  });
}

/** What a trial's parameters say of how the network is trained. */
function fitOf(params: Params, settings: SearchSettings & FitSettings): FitSettings {
  const optimizer = pick<LensesOptions["optimizer"]>(params, "optimizer");
  const architecture = architectureOf(params, settings.clf ?? "alexnet");
  const numbers: OptimizerNumbers = chosen({
    momentum: pick<number>(params, "momentum"),
    beta1: pick<number>(params, "beta1"),
    beta2: pick<number>(params, "beta2"),
    rho: pick<number>(params, "rho"),
  });
  return {
    ...settings,
    ...chosen({
      batch: pick<number>(params, "batch"),
      rate: pick<number>(params, "rate"),
      loss: pick<LossName>(params, "loss"),
    }),
    ...(optimizer && { optimizer: optimizerOf(optimizer, numbers) }),
    ...(Object.keys(architecture).length > 0 &&
      { architecture: { ...settings.architecture, ...architecture } }),
  };
}

/** What a trial's parameters say of how both classes are augmented. */
function augmentationOf(
  params: Params,
  { zoomRange = [0.9, 1.1], blendingFunc = "mean", batchOther = 1, blendOther = 1 }: SearchSettings,
): Pick<Plan, "positive" | "negative"> {
  const shift = pick<number>(params, "shift"), blend = pick<number>(params, "blend");
  const numMasks = pick<number>(params, "numMasks");
  const shared = chosen({
    imageSize: pick<number>(params, "imageSize"),
    ...(numMasks !== 0 && { maskSize: pick<number>(params, "maskSize"), numMasks }),
    ...(blend !== undefined && { blendingFunc, numImagesToBlend: pick<number>(params, "blendImages") }),
  });
  const moved = chosen({
    widthShift: shift,
    heightShift: shift,
    rotation: pick<boolean>(params, "rotation"),
    horizontal: pick<boolean>(params, "horizontal"),
    vertical: pick<boolean>(params, "vertical"),
    skewAngle: pick<number>(params, "skewAngle"),
    zoomRange,
  });
  return {
    positive: {
      ...shared,
      ...moved,
      batch: pick<number>(params, "copies"),
      ...(blend !== undefined && { blendMultiplier: blend }),
    },
    // As the positive ones are, or the network learns what moving does to pixels.
    negative: batchOther === 0 ? chosen({ imageSize: shared.imageSize }) : {
      ...shared,
      ...moved,
      batch: batchOther,
      ...(blend !== undefined && blendOther >= 1 && { blendMultiplier: blendOther }),
    },
  };
}

/** What a trial's parameters mean. */
export function planOf(
  params: Params,
  settings: SearchSettings & FitSettings,
  normalisation: Normalisation,
  bands: number,
): Plan {
  const maxPixel = Array.from({ length: bands }, (_, band) => pick<number>(params, maxPixelOf(band)));
  const isTried = maxPixel.every((value) => value !== undefined);
  return {
    fit: fitOf(params, settings),
    normalisation: isTried ? { ...normalisation, normalize: true, maxPixel } : normalisation,
    ...(settings.optAug && augmentationOf(params, settings)),
  };
}

/** Both classes as a plan has them. */
export function sidesOf(sides: Sides, { positive, negative }: Plan, seed: number): Sides {
  return {
    positive: positive ? augmentSide(sides.positive, positive, createRng(seed, 51)) : sides.positive,
    negative: negative ? augmentSide(sides.negative, negative, createRng(seed, 52)) : sides.negative,
  };
}

/** What a trial is trained and judged on. */
export interface TrialData {
  /** As they are before a search changes them. */
  sides: Sides;
  validation?: LabelledImages;
  test?: LabelledImages;
}

type Settings = SearchSettings & FitSettings & { optCv?: number; smoteSampling?: number };

/** The value of a number where larger is better: 1 − loss for a loss. */
const worth = (name: WatchedMetric, value: number) => isLoss(name) ? 1 - value : value;

/** A number of the test set, where larger is better: that by which trials are judged, of training or validation alike. */
function testWorth(metric: WatchedMetric, scores: TestScores): number {
  if (isLoss(metric)) return 1 - scores.loss;
  return /f1/i.test(metric) ? scores.f1Score : scores.accuracy;
}

/**
 * The objective of a search, to be maximised: the mean over epochs (or the best) of what is watched; a loss counts as 1 − loss.
 *
 * With `optCv` the images are dealt into folds before any copy is made, so that no copy is judged by its twin, and the value is
 * the mean over the folds. A trial that stopped early keeps the value of the epochs that it had: pyBIA gives it −999.
 */
export function objectiveOf(data: TrialData, settings: Settings, normalisation: Normalisation): Objective {
  const { optCv = 0, metric = "loss", metric2, metric3, epochs = 25, trainEpochs = epochs } = settings;
  const bands = data.sides.positive.images.shape[3], held = (name: WatchedMetric) => judgedBy(name, optCv);
  const also = [metric2, metric3].filter((name) => name !== undefined).map(held);
  return async (params, trial) => {
    const plan = planOf(params, settings, normalisation, bands), values: number[] = [];
    const fit = { ...plan.fit, epochs: trainEpochs, metric: held(metric) };
    const lessons = lessonsOf(data.sides, optCv, trial.seed, data.validation);
    for (const { sides, judge } of lessons) {
      const prepared = prepare(sides, plan, settings, trial.seed), isFirst = values.length === 0;
      const seen: number[] = [];
      const { model } = await fitOne(prepared.arrays, fit, {
        seed: trial.seed,
        validation: judge && prepared.through(judge),
        signal: trial.signal,
        also,
        async onEpoch({ epoch, ...numbers }) {
          seen.push(worth(fit.metric, numbers[fit.metric]));
          if (isFirst) await trial.report(epoch, { ...numbers, value: seen.at(-1)! }, epoch === trainEpochs);
        },
      });
      try {
        values.push(await valueOf(seen, model, data.test && prepared.through(data.test), settings));
      } finally {
        model.dispose();
      }
    }
    return { values: meanOf(values) };
  };
}

/** The value of a trained model: of its epochs, and of the test set where there is one. */
async function valueOf(
  seen: readonly number[],
  model: tf.LayersModel,
  test: LabelledImages | undefined,
  settings: Settings,
): Promise<number> {
  const { average = true, postMetric = true, testAccThreshold, metric = "loss" } = settings;
  const value = average ? meanOf(seen) : Math.max(...seen);
  if (!test) return value;
  const scores = await scoreOf(model, test, settings);
  if (testAccThreshold !== undefined && scores.accuracy < testAccThreshold) {
    throw new RangeError(
      `Cannot accept the trial as its accuracy on the test set must reach ${testAccThreshold}: got ${scores.accuracy}`,
    );
  }
  return postMetric ? (value + testWorth(metric, scores)) / 2 : value;
}

/** The number that stands for one: with folds that of the fold held out. */
const judgedBy = (name: WatchedMetric, optCv: number) => optCv > 0 ? validationOf(name) : name;

const validationOf = (name: WatchedMetric): WatchedMetric =>
  /^validation/.test(name) ? name : `validation${name[0].toUpperCase()}${name.slice(1)}` as WatchedMetric;

/** Augmented, balanced, normalised examples, and the same normalisation for others. */
export function prepare(
  sides: Sides,
  plan: Plan,
  { optAug, balance = true, smoteSampling = 0 }: Settings,
  seed: number,
) {
  let made = sidesOf(sides, plan, seed);
  if (optAug && balance) made = balanced(made, createRng(seed, 53));
  checkSides(made);
  const raw = labelled(made), steps = stepsFor(raw.images, plan.normalisation);
  return {
    steps,
    arrays: trainingArrays(raw, steps, smoteSampling, createRng(seed, 60)),
    through: ({ images, labels }: LabelledImages): LabelledImages => ({
      images: applyToAll(images, steps),
      labels,
    }),
  };
}
