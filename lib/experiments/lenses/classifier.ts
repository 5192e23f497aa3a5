/** pyBIA's `Classifier` in TypeScript: one object from arrays to a trained, saved and asked model. @module */
import { join } from "@std/path";
import type { PybiaOptions } from "../../augment/mod.ts";
import { writeDurably } from "../../base/durable_file.ts";
import { createRng } from "../../base/rng.ts";
import { type Cutouts, cutoutsOf, pairClasses } from "../../data/lenses.ts";
import { fromArrays, type NdArray, takeRowsOf } from "../../data/source.ts";
import type { tf } from "../../engine/mod.ts";
import { readKeras } from "../../export/keras_read.ts";
import { encodeKeras } from "../../export/keras_write.ts";
import { parsePreprocessing } from "../../image/preprocessing/mod.ts";
import { decodeNpy, encodeNpy } from "../../io/npy.ts";
import { type Picture, plotImageGrid, type Spec } from "../../plot/mod.ts";
import { pictureOf, scalesOf } from "../../run/contact_sheet.ts";
import { plotHistory } from "../../run/learning_curve.ts";
import { pedAnova } from "../../search/analysis/importance.ts";
import { lossesOf, usable } from "../../search/analysis/table.ts";
import { defineSpace, type Params, search, type StudySpec, type Trial } from "../../search/mod.ts";
import { secondsOf } from "../../search/trial.ts";
import * as train from "../../train/mod.ts";
import { checkSearch, checkWatched } from "./classifier_checks.ts";
import { checkSettings, type ClassifierSettings } from "./classifier_settings.ts";
import { isPybiaFolder, readPybiaFolder } from "./classifier_pybia.ts";
import { fitOne, type Scores, scoresOf, type Trained } from "./classifier_fit.ts";
import { plotImportances, plotMetric, plotTrials, plotTsne, type ShownMetric } from "./classifier_plots.ts";
import { objectiveOf, type Plan, planOf, prepare, spaceOf } from "./classifier_search.ts";
import {
  augmentSide,
  checkFoldCount,
  type Images,
  type LabelledImages,
  lessonsOf,
  type Normalisation,
  type Side,
  sideOf,
  type Sides,
  together,
} from "./classifier_sets.ts";
import { applyToAll, unscaledWarning } from "./limits.ts";

export type { ClassifierSettings };

/** How a model's training went; of one that pyBIA trained its epochs alone. */
export type ClassifierHistory = Pick<train.History, "epochs"> & Partial<train.History>;

/** Arrays that a {@linkcode Classifier} may be given beside its two classes. */
export interface ClassifierImages {
  positiveClass: Images;
  negativeClass: Images;
  valPositive?: Images;
  valNegative?: Images;
  testPositive?: Images;
  testNegative?: Images;
}

/** What a search tried; plain data. */
export interface Optimization {
  trials: readonly Trial[];
  /** The best of them. */
  best: Trial;
  /** Space and direction of the search. */
  spec: StudySpec;
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

/** Names of the files that {@linkcode Classifier.save} writes. */
const FILES = { positive: "class_1.npy", negative: "class_2.npy", all: "classifier.json" } as const;

/** What `classifier.json` holds. */
interface Saved {
  steps: unknown[];
  histories: ClassifierHistory[];
  settings: Record<string, unknown>;
  origins: Record<"positive" | "negative", number[][]>;
  bestParams?: Params;
  search?: Optimization;
}

/** What of the settings is data; optimisers and functions are not. */
const NOT_SAVED = ["optimizer", "onEpoch", "onWarning"];

/**
 * The document's object.
 *
 * Where each of pyBIA's 58 parameters is; all are settings of this object, unless it is said otherwise:
 *
 * | pyBIA | Here |
 * |---|---|
 * | positive_class, negative_class, val_positive, val_negative, test_positive, test_negative | the same in camel case, given to the constructor |
 * | img_num_channels | the arrays' own, any number |
 * | clf | `clf`; its arguments are `architecture` |
 * | normalize, min_pixel, max_pixel | `normalize`, `minPixel`, `maxPixel`, one a band; or fitted, by `percentiles`; `stretch` |
 * | optimize, n_iter, opt_model, opt_aug, opt_cv, limit_search | `optimize`, `nIter`, `optModel`, `optAug`, `optCv`, `limitSearch`; copies of an image stay in one fold |
 * | batch_size_min, batch_size_max | `batchSizeMin`, `batchSizeMax`; without a search `batch` |
 * | epochs, train_epochs, patience | `epochs`, of the models (0 after a search trains none); `trainEpochs`, of a trial; `patience` |
 * | metric, metric2, metric3, average | the same in camel case: `accuracy`, `loss`, `f1Score`, and `validation…` of each; the second and the third only end a trial |
 * | post_metric, test_acc_threshold | `postMetric`, `testAccThreshold` |
 * | monitor1, monitor1_thresh, monitor2, monitor2_thresh | `monitors`, any number of pairs, of which one ends the training, or with `stopAt` all |
 * | batch_min, batch_max, batch_other, balance | `batchMin`, `batchMax`, `batchOther`, `balance` |
 * | image_size_min, image_size_max, opt_max_min_pix, opt_max_max_pix | `imageSizeMin`, `imageSizeMax`, `optMaxMinPix`, `optMaxMaxPix` |
 * | shift, rotation, horizontal, vertical, zoom_range, skew_angle | the same in camel case; outside a search arguments of `augmentPositive` |
 * | mask_size, num_masks, blend_max, blending_func, num_images_to_blend, blend_other | the same in camel case; outside a search arguments of `augmentPositive` and `augmentNegative` |
 * | smote_sampling | `smoteSampling` |
 * | verbose | `onEpoch`, which prints or draws what it likes |
 * | path, save_models, save_studies | `path` keeps the search and goes on with it; `save(folder)` the models |
 * | use_gpu | `startEngine` |
 *
 * Its methods: `create`, `save`, `load`, `predict`, `augment_positive`, `augment_negative`, `_plot_positive`, `_plot_negative`,
 * `plot_tsne`, `plot_performance`, `plot_hyper_opt`, `plot_hyper_param_importance`, `save_hyper_importance` have the same names in
 * camel case here, without the first underscore. What pyBIA does wrong is not repeated: a trial that stops early keeps its value
 * (there −999), and no copy of an image judges another one.
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
  /** Changed by assigning. */
  settings: ClassifierSettings;
  #sides: Sides;
  readonly #validation?: LabelledImages;
  readonly #test?: LabelledImages;
  #models: Trained[] = [];
  #histories: ClassifierHistory[] = [];
  #scores?: Scores;
  #search?: Optimization;
  #bestParams?: Params;
  #draws = 0;

  /** A classifier that has not learned yet. */
  constructor(images: ClassifierImages, settings: ClassifierSettings = {}) {
    const { positiveClass, negativeClass, valPositive, valNegative, testPositive, testNegative } = images;
    checkSettings(settings);
    this.settings = settings;
    this.#sides = {
      positive: this.#sideOf(positiveClass, "positive class"),
      negative: this.#sideOf(negativeClass, "negative class"),
    };
    checkFoldCount(settings.optCv ?? 0);
    this.#validation = this.#pair(valPositive, valNegative, "validation set");
    this.#test = this.#pair(testPositive, testNegative, "test set");
    const { positive, negative } = this.#sides;
    pairClasses(positive.images, negative.images);
    if (positive.images.shape[0] > negative.images.shape[0]) {
      settings.onWarning?.("There are more positive than negative images: are the classes swapped?");
    }
  }

  /** A class as it comes; says how many of its pixels were masked. */
  #sideOf(images: Images, name: string): Side {
    const { nonFinite, onWarning } = this.settings;
    if (!images) throw new TypeError(`Cannot take the ${name} as there is none`);
    const side = sideOf(images, name, { nonFinite });
    const { masked } = side.images;
    if (masked > 0) onWarning?.(`${masked} pixels of the ${name} are no finite numbers and count as 0`);
    return side;
  }

  #pair(
    positive: Images | undefined,
    negative: Images | undefined,
    name: string,
  ): LabelledImages | undefined {
    if (!positive && !negative) return undefined;
    const bands = this.#sides.positive.images.shape[3];
    const cutouts = (images: Images | undefined, side: string) => {
      const { nonFinite } = this.settings;
      const made = images && cutoutsOf(images, `${side} ${name}`, { nonFinite });
      if (made && made.shape[3] !== bands) {
        throw new RangeError(
          `Cannot use the ${side} ${name} as it must have ${bands} bands: got ${made.shape[3]}`,
        );
      }
      return made;
    };
    return together({ positive: cutouts(positive, "positive"), negative: cutouts(negative, "negative") });
  }

  /** Assigning replaces the class; its images count as unaugmented. */
  get positiveClass(): Cutouts {
    return this.#sides.positive.images;
  }

  set positiveClass(images: Images) {
    this.#sides = { ...this.#sides, positive: this.#sideOf(images, "positive class") };
  }

  /** Assigning replaces the class; its images count as unaugmented. */
  get negativeClass(): Cutouts {
    return this.#sides.negative.images;
  }

  set negativeClass(images: Images) {
    this.#sides = { ...this.#sides, negative: this.#sideOf(images, "negative class") };
  }

  /** Trained models of the ensemble; one where it was not cross-validated. */
  get models(): readonly tf.LayersModel[] {
    return this.#models.map(({ model }) => model);
  }

  /** History of each model's training. */
  get histories(): readonly ClassifierHistory[] {
    return this.#histories;
  }

  /** What the models together say of the test set; undefined without one. */
  get testScores(): Scores | undefined {
    return this.#scores;
  }

  /** What the last search found best; undefined without one. */
  get bestParams(): Params | undefined {
    return this.#bestParams;
  }

  /** All trials of the last search, of this object or of the one that was saved. */
  get optimization(): Optimization | undefined {
    return this.#search;
  }

  /** Replaces the positive class by copies of its images. */
  augmentPositive(options: PybiaOptions = {}): void {
    this.#sides = { ...this.#sides, positive: this.#augmented(this.#sides.positive, options) };
  }

  /** Replaces the negative class by copies of its images. */
  augmentNegative(options: PybiaOptions = {}): void {
    this.#sides = { ...this.#sides, negative: this.#augmented(this.#sides.negative, options) };
  }

  #augmented(side: Side, options: PybiaOptions): Side {
    return augmentSide(side, options, createRng(this.settings.seed ?? 0, 40 + this.#draws++));
  }

  /**
   * Trains the model, or one a fold; with `optimize` after a search for how.
   *
   * @param options `overwriteTraining`: the classes become what was trained on, augmented, normalised and oversampled.
   * @throws {RangeError} If the classes' sides differ, as where only one of them was cropped.
   */
  async create(options: { overwriteTraining?: boolean; signal?: AbortSignal } = {}): Promise<void> {
    const { optCv = 0, seed = 0, optimize = false, epochs, onEpoch } = this.settings;
    checkSettings(this.settings);
    checkFoldCount(optCv);
    checkWatched(this.settings, this.#validation);
    if (optimize) await this.#optimize(options.signal);
    if (optimize && epochs === 0) return;
    const plan = this.#plan(), models: Trained[] = [], histories: train.History[] = [];
    let made: ReturnType<typeof prepare> | undefined;
    try {
      for (const { sides, judge } of lessonsOf(this.#sides, optCv, seed, this.#validation)) {
        const k = models.length;
        made = prepare(sides, plan, this.settings, seed + k);
        this.#warn(made.arrays.images);
        const { model, history } = await fitOne(made.arrays, plan.fit, {
          seed: seed + k,
          validation: judge && made.through(judge),
          signal: options.signal,
          onEpoch: (numbers) => onEpoch?.(numbers, k),
        });
        models.push({ model, steps: made.steps });
        histories.push(history);
      }
    } catch (error) {
      for (const { model } of models) model.dispose();
      throw error;
    }
    this.dispose();
    this.#models = models;
    this.#histories = histories;
    this.#scores = await this.#scoreTest();
    if (options.overwriteTraining && made) {
      const { images, labels } = made.arrays;
      const rows = (label: number) => Uint32Array.from(labels.keys()).filter((i) => labels[i] === label);
      this.positiveClass = takeRowsOf(images, rows(1));
      this.negativeClass = takeRowsOf(images, rows(0));
    }
  }

  /** Says the document's warning, once. */
  #warn(images: NdArray<Float32Array>): void {
    const line = unscaledWarning(images);
    if (line) this.settings.onWarning?.(line);
  }

  async #scoreTest(): Promise<Scores | undefined> {
    if (!this.#test) return undefined;
    const { images, labels } = this.#test;
    const answers = await this.predict(images);
    return scoresOf(answers.map(({ label }) => label === "positive"), labels);
  }

  /** How to train: as the settings say, and as the last search found best. */
  #plan(): Plan {
    const { optimize = false } = this.settings, bands = this.positiveClass.shape[3];
    const params = optimize ? this.#bestParams ?? {} : {};
    const settings = optimize ? this.settings : { ...this.settings, optAug: false };
    return planOf(params, settings, this.#normalisation(), bands);
  }

  #normalisation(): Normalisation {
    const { normalize = false, minPixel, maxPixel, percentiles, stretch } = this.settings;
    return { normalize, minPixel, maxPixel, percentiles, stretch };
  }

  /** Searches; an earlier search in the same `path` is gone on with. */
  async #optimize(signal?: AbortSignal): Promise<void> {
    const { nIter = 25, pruner = "none", seed = 0, path } = this.settings;
    const side = Math.min(
      ...[this.positiveClass, this.negativeClass].map(({ shape }) => Math.min(shape[1], shape[2])),
    );
    checkSearch(this.settings, side, this.#test);
    const space = spaceOf(this.settings, side, this.positiveClass.shape[3]);
    if (Object.keys(space).length === 0) {
      throw new RangeError("Cannot optimise as there is nothing to try: set optModel or optAug");
    }
    const data = { sides: this.#sides, validation: this.#validation, test: this.#test };
    const objective = objectiveOf(data, this.settings, this.#normalisation());
    const found = await search(space, objective, {
      trials: nIter,
      direction: "maximize",
      folder: path,
      sampler: "tpe",
      pruner,
      seed,
      signal,
    });
    if (!found.best) {
      const reason = found.trials.find(({ attempts }) => attempts.at(-1)?.failure)?.attempts.at(-1)?.failure;
      throw new Error(
        `Cannot optimise as none of ${found.trials.length} trials was completed${
          reason ? `: ${reason.message}` : ""
        }`,
      );
    }
    this.#search = { trials: found.trials, best: found.best, spec: found.study.spec };
    this.#bestParams = found.best.params;
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
    const cutouts = this.#sideOf(images, "images to predict").images, count = cutouts.shape[0];
    const [, height, width, bands] = asked[0].model.inputs[0].shape as number[];
    const [, rows, columns, own] = cutouts.shape;
    if (own !== bands || rows < height || columns < width) {
      throw new RangeError(
        `Cannot predict as the model takes images of ${height} × ${width} or more and ${bands} bands: ` +
          `got ${rows} × ${columns} and ${own}`,
      );
    }
    const sums = new Float64Array(count), votes = new Uint32Array(count);
    for (const { model, steps } of asked) {
      const source = fromArrays({ image: applyToAll(cutouts, steps) });
      const { data } = (await train.predict(model, source))[model.outputNames[0]];
      const isPair = data.length === 2 * count; // pyBIA's two sigmoids, of which the larger one counts
      for (let i = 0; i < count; i++) {
        const probability = isPair ? data[2 * i + 1] : data[i];
        sums[i] += probability;
        if (isPair ? probability > data[2 * i] : probability >= 0.5) votes[i]++;
      }
    }
    return Array.from(sums, (sum, i) => ({
      label: 2 * votes[i] >= asked.length ? "positive" as const : "negative" as const,
      probability: sum / asked.length,
      votes: votes[i],
    }));
  }

  /** Draws images of the positive class. */
  plotPositive(options: PlotClassOptions = {}): Spec {
    return plotClass(this.positiveClass, options);
  }

  /** Draws images of the negative class. */
  plotNegative(options: PlotClassOptions = {}): Spec {
    return plotClass(this.negativeClass, options);
  }

  /** Draws both classes on a plane, pixels that are alike beside each other: t-SNE of the normalised values. */
  plotTsne(options: { perplexity?: number; steps?: number } = {}): Spec {
    const plan = this.#plan();
    const { arrays } = prepare(
      this.#sides,
      plan,
      { ...this.settings, smoteSampling: 0 },
      this.settings.seed ?? 0,
    );
    return plotTsne(arrays, { ...options, seed: this.settings.seed ?? 0 });
  }

  /**
   * Draws a model's training by epoch, or all models' of an ensemble.
   *
   * @param model Number of the model, or "all".
   * @param metric What is drawn, with the validation set's own. @default {loss and accuracy of one model, accuracy of all}
   */
  plotPerformance(model: number | "all" = 0, metric?: ShownMetric): Spec {
    const shown = model === "all" ? this.#histories : this.#histories.slice(model, model + 1);
    if (shown.length === 0 || shown.some(({ epochs }) => epochs.length === 0)) {
      throw new RangeError(`Cannot plot as there is no history of model ${model}`);
    }
    if (model === "all") return plotMetric(shown, metric ?? "accuracy");
    return metric ? plotMetric(shown, metric) : plotHistory(shown[0].epochs);
  }

  /** Draws the value of every trial, and the best so far. */
  plotHyperOpt(): Spec {
    return plotTrials(this.#searched().trials);
  }

  /**
   * How much each parameter of the search mattered for the best trials, or for the shortest: PED-ANOVA, of sum 1.
   *
   * @param of What the trials are told apart by.
   */
  hyperParamImportance(of: "value" | "duration" = "value"): Record<string, number> {
    const { spec, trials } = this.#searched(), complete = usable(trials);
    const losses = of === "duration" ? complete.map(secondsOf) : lossesOf(complete, spec.directions);
    return pedAnova(defineSpace(spec.space), complete, losses);
  }

  /** Draws {@linkcode hyperParamImportance}. */
  plotHyperParamImportance(of: "value" | "duration" = "value"): Spec {
    return plotImportances(this.hyperParamImportance(of), of);
  }

  /** Writes {@linkcode hyperParamImportance} of both, `value` and `duration`, as JSON. */
  async saveHyperImportance(path: string): Promise<void> {
    const [value, duration] = (["value", "duration"] as const).map((of) => this.hyperParamImportance(of));
    await writeDurably(path, JSON.stringify({ value, duration }, null, 2));
  }

  #searched(): Optimization {
    if (this.#search) return this.#search;
    throw new Error("Cannot say anything of a search as there was none: set optimize and create()");
  }

  /** Saves models (`model_k.keras`), their steps and histories, settings, both classes and the search's trials into a folder; `classifier.json` last. */
  async save(folder: string): Promise<void> {
    await Deno.mkdir(folder, { recursive: true });
    for (const [k, { model }] of this.#models.entries()) {
      await writeDurably(join(folder, `model_${k}.keras`), await encodeKeras(model));
    }
    await writeDurably(join(folder, FILES.positive), encodeNpy(this.positiveClass));
    await writeDurably(join(folder, FILES.negative), encodeNpy(this.negativeClass));
    const { positive, negative } = this.#sides, lists = ({ origins }: Side) => origins.map((of) => [...of]);
    const saved: Saved = {
      steps: this.#models.map(({ steps }) => steps),
      histories: this.#histories,
      settings: Object.fromEntries(
        Object.entries(this.settings).filter(([name]) => !NOT_SAVED.includes(name)),
      ),
      origins: { positive: lists(positive), negative: lists(negative) },
      bestParams: this.#bestParams,
      search: this.#search,
    };
    await writeDurably(join(folder, FILES.all), JSON.stringify(saved, null, 2));
  }

  /**
   * Loads what {@linkcode save} wrote: models, classes and settings replace those of this object; its optimiser and callbacks
   * stay.
   *
   * A folder that pyBIA's `Classifier.save` wrote is loaded too, once each `Keras_Model….h5` was saved again beside itself as
   * `.keras` (keras.models.load_model(…, compile=False).save(…)): models, histories, and the classes where they were kept.
   * Its settings are pickled, which is not opened: `clf`, `architecture`, `normalize`, `minPixel`, `maxPixel` of this object
   * must say the same.
   *
   * @throws {Deno.errors.NotFound} If a file is missing; the object stays as it is.
   */
  async load(folder: string): Promise<void> {
    const isOwn = await Deno.stat(join(folder, FILES.all)).then(() => true, () => false);
    if (!isOwn && await isPybiaFolder(folder)) return await this.#loadPybia(folder);
    const saved = JSON.parse(await Deno.readTextFile(join(folder, FILES.all))) as Saved;
    const read = async (name: string, origins: number[][]): Promise<Side> => {
      const path = join(folder, name), bytes = await Deno.readFile(path);
      return { images: cutoutsOf(decodeNpy(bytes, { name: path }), path), origins };
    };
    const sides = {
      positive: await read(FILES.positive, saved.origins.positive),
      negative: await read(FILES.negative, saved.origins.negative),
    };
    const models: Trained[] = [];
    for (const [k, list] of saved.steps.entries()) {
      const { model } = await readKeras(join(folder, `model_${k}.keras`));
      models.push({ model, steps: parsePreprocessing(list) });
    }
    this.dispose();
    this.#models = models;
    this.#sides = sides;
    this.#histories = saved.histories;
    this.#bestParams = saved.bestParams;
    this.#search = saved.search;
    this.settings = { ...this.settings, ...saved.settings };
  }

  async #loadPybia(folder: string): Promise<void> {
    const { models, histories, positive, negative } = await readPybiaFolder(folder, this.settings);
    this.dispose();
    this.#models = models;
    this.#histories = histories;
    this.#bestParams = this.#search = undefined;
    if (positive) this.positiveClass = positive;
    if (negative) this.negativeClass = negative;
  }

  /** Frees the models. */
  dispose(): void {
    for (const { model } of this.#models.splice(0)) model.dispose();
  }
}

function plotClass(images: Cutouts, options: PlotClassOptions): Spec {
  const { index = 0, channel = "all", vmin, vmax, count = 1 } = options, [total, , , bands] = images.shape;
  if (index < 0 || index + count > total) {
    throw new RangeError(`Cannot plot images ${index} to ${index + count - 1} as there are ${total}`);
  }
  if (channel !== "all" && !(Number.isInteger(channel) && channel >= 0 && channel < bands)) {
    throw new RangeError(`Cannot plot channel ${channel} as there are ${bands}, from 0`);
  }
  if (vmin !== undefined && vmax !== undefined && !(vmin < vmax)) {
    throw new RangeError(`Cannot plot as vmin must be below vmax: got ${vmin} and ${vmax}`);
  }
  const limits = { low: vmin, high: vmax, ...(channel !== "all" && { band: channel }) };
  const pictures: Picture[] = Array.from({ length: count }, (_, i) => pictureOf(images, index + i, limits));
  return plotImageGrid(pictures, { ...scalesOf(limits), size: count === 1 ? 300 : 96 });
}
