/** pyBIA's `Classifier` in TypeScript: one object from arrays to a trained, saved and asked model. @module */
import { join } from "@std/path";
import { augmentPybia, type PybiaOptions } from "../../augment/mod.ts";
import { writeDurably } from "../../base/durable_file.ts";
import { createRng } from "../../base/rng.ts";
import { type Cutouts, cutoutsOf, groupsOf, pairClasses } from "../../data/lenses.ts";
import { fromArrays, type NdArray, takeRowsOf } from "../../data/source.ts";
import type { tf } from "../../engine/mod.ts";
import { decodeKeras } from "../../export/keras_read.ts";
import { encodeKeras } from "../../export/keras_write.ts";
import { parsePreprocessing, preprocess, type PreprocessingStep } from "../../image/preprocessing/mod.ts";
import { encodeNpy } from "../../io/npy.ts";
import { type Picture, plotImageGrid, type Spec } from "../../plot/mod.ts";
import { plotHistory } from "../../run/learning_curve.ts";
import * as train from "../../train/mod.ts";
import { lossOf } from "./experiment.ts";
import { splitGroups } from "./folds.ts";
import { cutoutSteps } from "./limits.ts";
import { LENS, NETWORKS } from "./networks.ts";
import type { LensesOptions } from "./options.ts";
import { pictureOf, SHADES } from "./report.ts";
import { smote } from "./smote.ts";

/** Images of a class: [images, height, width, bands], as a .npy file has them. */
export type Images = { data: ArrayLike<number>; shape: readonly number[] };

/** A number of the history that a {@linkcode Classifier} can watch. */
export type WatchedMetric = "loss" | "accuracy" | "validationLoss" | "validationAccuracy";

/** Settings of a {@linkcode Classifier}; see its table. */
export interface ClassifierSettings {
  /** Architecture. @default {"alexnet"} */
  clf?: keyof typeof NETWORKS;
  /** @default {false} */
  normalize?: boolean;
  /** What becomes 0, one a band. @default {0 in every band} */
  minPixel?: readonly number[];
  /** What becomes 1, one a band. @default {100 in every band} */
  maxPixel?: readonly number[];
  /** @default {25} */
  epochs?: number;
  /** @default {32} */
  batch?: number;
  /** Epochs without progress of `metric` after which to stop; 0 never does. @default {5} */
  patience?: number;
  /** @default {"loss"} */
  metric?: WatchedMetric;
  /** Training ends once all of these are reached: losses from above, accuracies from below. @default {none} */
  monitors?: readonly { metric: WatchedMetric; threshold: number }[];
  /** Share of the negative class that SMOTE brings the positive class to; 0 does nothing. @default {0} */
  smoteSampling?: number;
  /** Weights of the negative and the positive class. @default {[1, 1]} */
  classWeights?: readonly [negative: number, positive: number];
  /** @default {"binaryCrossEntropy"} */
  loss?: LensesOptions["loss"];
  /** Of positives in the weighted loss. @default {1} */
  weight?: number;
  /** @default {sgd with momentum 0.9} */
  optimizer?: train.OptimizerRule;
  /** @default {1e-4} */
  rate?: number;
  /** Models of a cross-validated ensemble; 0 trains one model on everything. @default {0} */
  optCv?: number;
  /** @default {0} */
  seed?: number;
  /** Takes the numbers of every epoch. */
  onEpoch?: (numbers: train.EpochNumbers, model: number) => void;
}

/** Arrays that a {@linkcode Classifier} may be given beside its two classes. */
export interface ClassifierImages {
  positiveClass: Images;
  negativeClass: Images;
  valPositive?: Images;
  valNegative?: Images;
}

/** What an ensemble, or one of its models, says of an image. */
export interface ClassifierAnswer {
  label: "positive" | "negative";
  /** Mean probability of the positive class over the models asked. */
  probability: number;
  /** Models that say positive. */
  votes: number;
}

/** How a class is drawn. */
export interface PlotClassOptions {
  /** First image. @default {0} */
  index?: number;
  /** One band, or a colour picture of three. @default {"all"} */
  channel?: number | "all";
  /** Value drawn as nothing. @default {median − 3 MAD} */
  vmin?: number;
  /** Value drawn in full. @default {median + 10 MAD} */
  vmax?: number;
  /** Images drawn. @default {1} */
  count?: number;
}

/** One trained model with what is done to an image before it. */
interface Trained {
  model: tf.LayersModel;
  steps: readonly PreprocessingStep[];
}

/** A class and the images that each of its images was made of. */
interface Side {
  images: Cutouts;
  origins: readonly (readonly number[])[];
}

const sideOf = (images: Images, name: string): Side => {
  const cutouts = cutoutsOf(images, name);
  return { images: cutouts, origins: Array.from({ length: cutouts.shape[0] }, (_, i) => [i]) };
};

/**
 * The document's object.
 *
 * Where each of pyBIA's 58 parameters is (· in this object, search: `deno task search lenses`, — not there yet):
 *
 * | pyBIA | Here |
 * |---|---|
 * | positive_class, negative_class, val_positive, val_negative | · `positiveClass`, `negativeClass`, `valPositive`, `valNegative` |
 * | img_num_channels | the arrays' own, any number |
 * | clf | · `clf` |
 * | normalize, min_pixel, max_pixel | · `normalize`, `minPixel`, `maxPixel`, one a band |
 * | epochs, train_epochs | · `epochs` |
 * | patience, metric | · `patience`, `metric`; f1_score — |
 * | monitor1, monitor2, monitor1_thresh, monitor2_thresh | · `monitors`, any number |
 * | smote_sampling | · `smoteSampling` |
 * | opt_cv | · `optCv`; copies of an image stay in one fold |
 * | verbose | · `onEpoch` |
 * | path, save_models | · `save(folder)` |
 * | use_gpu | `startEngine` |
 * | optimize, n_iter, opt_model, opt_aug, limit_search | search: which options have a range |
 * | batch_size_min, batch_size_max, batch_min, batch_max, image_size_min, image_size_max, shift | search: `batch`, `copies`, `crop`, `shift` |
 * | mask_size, num_masks, zoom_range, skew_angle, blend_max, blending_func, num_images_to_blend | · arguments of `augmentPositive`; search: `maskSize`, `numMasks`, `zoom`, `skew` |
 * | batch_other, blend_other | · arguments of `augmentNegative` |
 * | rotation, horizontal, vertical | · arguments of `augmentPositive` |
 * | save_studies | search keeps every study |
 * | test_positive, test_negative | the experiment's folds; in this object — |
 * | metric2, metric3, average, post_metric, test_acc_threshold, balance, opt_max_min_pix, opt_max_max_pix | — |
 *
 * Methods: `create`, `predict`, `augmentPositive`, `augmentNegative`, `plotPositive`, `plotNegative`, `plotPerformance`,
 * `save`, `load`; plots of the search and importances are `deno task search report`'s; t-SNE is not there yet.
 *
 * @example The document's first steps, on noise
 * ```ts
 * const noise = (n: number) => ({ data: new Float32Array(n * 64).fill(n), shape: [n, 8, 8, 1] });
 * const model = new Classifier({ positiveClass: noise(2), negativeClass: noise(5) }, { clf: "lens_net" });
 * model.augmentPositive({ batch: 3, rotation: true });
 * model.positiveClass.shape; // [6, 8, 8, 1]
 * ```
 */
export class Classifier {
  /** Changed by assigning; what is assigned is taken as unaugmented. */
  settings: ClassifierSettings;
  #positive: Side;
  #negative: Side;
  readonly #validation: { positive?: Cutouts; negative?: Cutouts };
  #models: Trained[] = [];
  #histories: train.History[] = [];
  #draws = 0;

  constructor(images: ClassifierImages, settings: ClassifierSettings = {}) {
    const { positiveClass, negativeClass, valPositive, valNegative } = images;
    this.#positive = sideOf(positiveClass, "positive class");
    this.#negative = sideOf(negativeClass, "negative class");
    this.#validation = {
      positive: valPositive && cutoutsOf(valPositive, "positive validation set"),
      negative: valNegative && cutoutsOf(valNegative, "negative validation set"),
    };
    this.settings = settings;
    pairClasses(this.#positive.images, this.#negative.images);
  }

  get positiveClass(): Cutouts {
    return this.#positive.images;
  }

  set positiveClass(images: Images) {
    this.#positive = sideOf(images, "positive class");
  }

  get negativeClass(): Cutouts {
    return this.#negative.images;
  }

  set negativeClass(images: Images) {
    this.#negative = sideOf(images, "negative class");
  }

  /** Trained models of the ensemble; one where it was not cross-validated. */
  get models(): readonly tf.LayersModel[] {
    return this.#models.map(({ model }) => model);
  }

  /** History of each model's training. */
  get histories(): readonly train.History[] {
    return this.#histories;
  }

  /** Replaces the positive class by copies of its images. */
  augmentPositive(options: PybiaOptions = {}): void {
    this.#positive = this.#augmented(this.#positive, options);
  }

  /** Replaces the negative class by copies of its images. */
  augmentNegative(options: PybiaOptions = {}): void {
    this.#negative = this.#augmented(this.#negative, options);
  }

  #augmented({ images, origins }: Side, options: PybiaOptions): Side {
    const rng = createRng(this.settings.seed ?? 0, 40 + this.#draws++);
    const made = augmentPybia(images, options, rng);
    const from = made.origins.map((of) => [...new Set(of.flatMap((image) => origins[image]))]);
    return { images: { data: made.data, shape: made.shape, masked: images.masked }, origins: from };
  }

  /**
   * Trains the model, or one a fold.
   *
   * @param options `overwriteTraining`: the classes become what was trained on, normalised and oversampled.
   * @throws {RangeError} If the classes' sides differ, as where only one of them was cropped.
   */
  async create(options: { overwriteTraining?: boolean } = {}): Promise<void> {
    const { optCv = 0, seed = 0 } = this.settings;
    const positive = this.#positive.images, negative = this.#negative.images;
    const [first, second] = [positive, negative].map(({ shape }) => shape.slice(1).join(" × "));
    if (first !== second) {
      throw new RangeError(
        `Cannot train as both classes must have the same sides and bands: got ${first} and ${second}; crop both`,
      );
    }
    if (positive.shape[1] !== positive.shape[2]) {
      throw new RangeError(`Cannot train as images must be square: got ${first}`);
    }
    const lenses = positive.shape[0], all = stacked([positive, negative]);
    const labels = Float32Array.from({ length: all.shape[0] }, (_, i) => i < lenses ? 1 : 0);
    const models: Trained[] = [], histories: train.History[] = [];
    let trained: { images: NdArray<Float32Array>; labels: Float32Array } | undefined;
    for (let k = 0; k < Math.max(1, optCv); k++) {
      const rows = optCv > 0
        ? splitGroups(this.#groups(), labels, {
          rng: createRng(seed, 39),
          folds: optCv,
          fold: k,
          validation: 0,
        })
        : undefined;
      const own = rows?.train ?? Uint32Array.from(labels, (_, i) => i);
      const images = takeRowsOf(all, own), marks = Float32Array.from(own, (row) => labels[row]);
      const steps = this.#stepsFor(images);
      trained = this.#trainingSet(images, marks, steps, k);
      const watched = rows
        ? { images: takeRowsOf(all, rows.test), labels: Float32Array.from(rows.test, (row) => labels[row]) }
        : this.#validationSet();
      const { model, history } = await this.#fitOne(trained, watched, steps, k);
      models.push({ model, steps });
      histories.push(history);
    }
    this.dispose();
    this.#models = models;
    this.#histories = histories;
    if (options.overwriteTraining && trained) {
      const { images, labels: marks } = trained;
      const part = (label: number) =>
        takeRowsOf(images, Array.from(marks, (_, i) => i).filter((i) => marks[i] === label));
      this.positiveClass = part(1);
      this.negativeClass = part(0);
    }
  }

  /** Groups over both classes: copies of an image share one. */
  #groups(): Uint32Array {
    const of = ({ images, origins }: Side) => groupsOf(images, origins);
    const positive = of(this.#positive), negative = of(this.#negative);
    return Uint32Array.from([...positive, ...Array.from(negative, (group) => group + positive.length)]);
  }

  #stepsFor(images: NdArray<Float32Array>): readonly PreprocessingStep[] {
    const { normalize = false, minPixel, maxPixel } = this.settings, [, crop, , bands] = images.shape;
    const limits = (values: readonly number[] | undefined, otherwise: number) =>
      (values ?? new Array<number>(bands).fill(otherwise)).join(",");
    return cutoutSteps(images, {
      crop,
      normalize,
      stretch: "none",
      minPixel: limits(minPixel, 0),
      maxPixel: limits(maxPixel, 100),
    });
  }

  #trainingSet(
    raw: NdArray<Float32Array>,
    labels: Float32Array,
    steps: readonly PreprocessingStep[],
    k: number,
  ) {
    const { smoteSampling = 0, seed = 0 } = this.settings, images = prepared(raw, steps);
    const positives = labels.reduce((sum, label) => sum + label, 0);
    const count = Math.round(smoteSampling * (labels.length - positives)) - positives;
    if (smoteSampling === 0 || count <= 0) return { images, labels };
    const rare = takeRowsOf(images, Array.from(labels, (_, i) => i).filter((i) => labels[i] === 1));
    const { made } = smote(rare, { count, rng: createRng(seed, 60 + k) });
    const all = Float32Array.from({ length: labels.length + count }, (_, i) => labels[i] ?? 1);
    return { images: stacked([images, made]), labels: all };
  }

  #validationSet() {
    const { positive, negative } = this.#validation;
    const parts = [positive, negative].filter((part) => part !== undefined);
    if (parts.length === 0) return undefined;
    const images = stacked(parts), lenses = positive?.shape[0] ?? 0;
    return { images, labels: Float32Array.from({ length: images.shape[0] }, (_, i) => i < lenses ? 1 : 0) };
  }

  async #fitOne(
    trained: { images: NdArray<Float32Array>; labels: Float32Array },
    watched: { images: NdArray<Float32Array>; labels: Float32Array } | undefined,
    steps: readonly PreprocessingStep[],
    k: number,
  ) {
    const { clf = "alexnet", epochs = 25, batch = 32, patience = 5, metric = "loss", seed = 0 } =
      this.settings;
    const { loss = "binaryCrossEntropy", weight = 1, rate = 1e-4, classWeights, monitors = [] } =
      this.settings;
    const { optimizer = train.sgd({ momentum: 0.9 }), onEpoch } = this.settings;
    const model = NETWORKS[clf]({ inputShape: trained.images.shape.slice(1), seed: seed + k });
    const source = (images: NdArray<Float32Array>, labels: Float32Array) =>
      fromArrays({ image: images }, { [LENS]: { data: labels, shape: [labels.length] } });
    const callbacks: train.Callback[] = [];
    if (patience > 0) callbacks.push(train.earlyStopping({ monitor: metric, patience }));
    if (monitors.length > 0) callbacks.push(stopWhenReached(monitors));
    const history = await train.fit(model, source(trained.images, trained.labels), {
      loss: lossOf({ loss, weight }),
      metrics: [train.binaryAccuracy()],
      ...(classWeights && { classWeights }),
      optimizer,
      schedule: train.constant(rate),
      epochs,
      batch,
      seed: seed + k,
      validation: watched && source(prepared(watched.images, steps), watched.labels),
      callbacks,
      onEpoch: (numbers) => onEpoch?.(numbers, k),
    });
    return { model, history };
  }

  /**
   * Asks the model, one of the ensemble, or all: a vote, in which a draw is positive, and the mean probability.
   *
   * @param cvModel Number of the model, or "all". @default {"all"}
   * @throws {Error} If nothing was trained or loaded.
   */
  async predict(images: Images, cvModel: number | "all" = "all"): Promise<ClassifierAnswer[]> {
    const asked = cvModel === "all" ? this.#models : this.#models.slice(cvModel, cvModel + 1);
    if (asked.length === 0) {
      throw new Error(
        `Cannot predict as there is no model ${cvModel}: ${this.#models.length} are trained or loaded`,
      );
    }
    const cutouts = cutoutsOf(images, "images"), count = cutouts.shape[0];
    const sums = new Float64Array(count), votes = new Uint32Array(count);
    for (const { model, steps } of asked) {
      const source = fromArrays({ image: prepared(cutouts, steps) });
      const { data } = (await train.predict(model, source))[model.outputNames[0]];
      data.forEach((probability, i) => {
        sums[i] += probability;
        if (probability >= 0.5) votes[i]++;
      });
    }
    return Array.from(sums, (sum, i) => ({
      label: 2 * votes[i] >= asked.length ? "positive" as const : "negative" as const,
      probability: sum / asked.length,
      votes: votes[i],
    }));
  }

  /** Draws images of the positive class. */
  plotPositive(options: PlotClassOptions = {}): Spec {
    return plotClass(this.#positive.images, options);
  }

  /** Draws images of the negative class. */
  plotNegative(options: PlotClassOptions = {}): Spec {
    return plotClass(this.#negative.images, options);
  }

  /** Draws loss and accuracy of a model's training by epoch. */
  plotPerformance(model = 0): Spec {
    const history = this.#histories[model];
    if (!history) throw new RangeError(`Cannot plot as there is no history of model ${model}`);
    return plotHistory(history.epochs);
  }

  /** Saves models (`model_k.keras`), their steps and both classes into a folder; `classifier.json` last. */
  async save(folder: string): Promise<void> {
    await Deno.mkdir(folder, { recursive: true });
    for (const [k, { model }] of this.#models.entries()) {
      await writeDurably(join(folder, `model_${k}.keras`), await encodeKeras(model));
    }
    await writeDurably(join(folder, "class_1.npy"), encodeNpy(this.positiveClass));
    await writeDurably(join(folder, "class_2.npy"), encodeNpy(this.negativeClass));
    const steps = this.#models.map((trained) => trained.steps);
    await writeDurably(join(folder, "classifier.json"), JSON.stringify({ steps }, null, 2));
  }

  /** Loads what {@linkcode save} wrote; the models replace those of this object. */
  async load(folder: string): Promise<void> {
    const { steps } = JSON.parse(await Deno.readTextFile(join(folder, "classifier.json"))) as {
      steps: unknown[];
    };
    const models: Trained[] = [];
    for (const [k, list] of steps.entries()) {
      const { model } = await decodeKeras(await Deno.readFile(join(folder, `model_${k}.keras`)));
      models.push({ model, steps: parsePreprocessing(list) });
    }
    this.dispose();
    this.#models = models;
    this.#histories = [];
  }

  /** Frees the models. */
  dispose(): void {
    for (const { model } of this.#models.splice(0)) model.dispose();
  }
}

/** Images one after the other. */
function stacked(parts: readonly NdArray<Float32Array>[]): NdArray<Float32Array> {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0, count = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
    count += part.shape[0];
  }
  return { data, shape: [count, ...parts[0].shape.slice(1)] };
}

/** Every image through the steps of a model. */
function prepared(
  { data, shape }: NdArray<Float32Array>,
  steps: readonly PreprocessingStep[],
): NdArray<Float32Array> {
  const size = data.length / shape[0];
  const images = Array.from({ length: shape[0] }, (_, i) => {
    const pixels = { data: data.subarray(i * size, (i + 1) * size), shape: shape.slice(1) };
    const done = preprocess(steps, pixels, { white: 255 });
    return { data: done.data, shape: [1, ...done.shape] };
  });
  return stacked(images);
}

/** Ends the training once every number has reached its threshold. */
function stopWhenReached(monitors: NonNullable<ClassifierSettings["monitors"]>): train.Callback {
  return {
    name: "stopWhenReached",
    onEpoch(numbers, control) {
      const reached = monitors.every(({ metric, threshold }) =>
        /loss/i.test(metric) ? numbers[metric] <= threshold : numbers[metric] >= threshold
      );
      if (reached) control.stop();
    },
  };
}

function plotClass(images: Cutouts, options: PlotClassOptions): Spec {
  const { index = 0, channel = "all", vmin, vmax, count = 1 } = options, [total, , , bands] = images.shape;
  if (index < 0 || index + count > total) {
    throw new RangeError(`Cannot plot images ${index} to ${index + count - 1} as there are ${total}`);
  }
  if (channel !== "all" && !(Number.isInteger(channel) && channel >= 0 && channel < bands)) {
    throw new RangeError(`Cannot plot channel ${channel} as there are ${bands}, from 0`);
  }
  const limits = { low: vmin, high: vmax, ...(channel !== "all" && { band: channel }) };
  const pictures: Picture[] = Array.from({ length: count }, (_, i) => pictureOf(images, index + i, limits));
  return plotImageGrid(pictures, { ...SHADES, size: count === 1 ? 300 : 96 });
}
