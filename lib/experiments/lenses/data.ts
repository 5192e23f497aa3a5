/** The set of a search for lenses: read or simulated, split without parting copies, augmented. @module */
import { join } from "@std/path";
import {
  type AugmentationStep,
  type AugmentedSet,
  augmentPybia,
  parseAugmentation,
  type PybiaOptions,
} from "../../augment/mod.ts";
import { createRng } from "../../base/rng.ts";
import { type Cutouts, groupsOf, LENS_FILES, type LensSet, readLensSet } from "../../data/lenses.ts";
import { makeOnce } from "../../data/made_once.ts";
import { fromArrays, joinRowsOf, type NdArray, subset, takeRowsOf } from "../../data/source.ts";
import { meanOf } from "../../evaluate/mod.ts";
import { cropCenter } from "../../image/mod.ts";
import { type PreprocessingStep, shapeAfter } from "../../image/preprocessing/mod.ts";
import type { Data, LoadContext } from "../../run/experiment.ts";
import { writeLenses } from "../../simulate/lenses/set.ts";
import { dealGroups, type GroupedSplit, splitGroups } from "./folds.ts";
import { applyToAll, cutoutSteps, shapingSteps, unscaledWarning } from "./limits.ts";
import type { LensesOptions } from "./options.ts";
import { smote } from "./smote.ts";

/** The loaded set. */
export interface LensesData extends Data {
  /** From a cutout to the network's input. */
  readonly steps: readonly PreprocessingStep[];
  /** What the network sees of an image. */
  readonly inputShape: readonly number[];
  /** All cutouts cropped, counts, [images, crop, crop, bands]; lenses first. */
  readonly crops: NdArray<Float32Array>;
  /** 1 lens, 0 other; [images]. */
  readonly labels: Float32Array;
  readonly split: GroupedSplit;
  /** What each image shows, as {@linkcode LensSet} has it. */
  readonly kinds: readonly string[];
  readonly bands: number;
  /** Share of lenses among what was trained on. */
  readonly trainedPrior: number;
}

/** Number of the seed of simulated sets: the set is the same whatever the run's seed. */
const SET_SEED = 0;

/** Simulates the set that {@linkcode loadLenses} would, unless one is given. */
export async function simulateLensesOnce(options: LensesOptions, context: LoadContext): Promise<void> {
  if (options.data === undefined) await simulatedFolder(options, context);
}

async function simulatedFolder(options: LensesOptions, context: LoadContext): Promise<string> {
  const { lenses, negatives } = options, { dataFolder, log, signal, onProgress } = context;
  const folder = join(dataFolder, "lenses", `simulated_${lenses}_${negatives}`);
  const files = [...Object.values(LENS_FILES), "truth.csv"].map((name) => join(folder, name));
  const areThere = async () => {
    const there = await Promise.all(files.map((file) => Deno.stat(file).then(() => true, () => false)));
    return there.every(Boolean);
  };
  await makeOnce(folder, areThere, async () => {
    log(`Simulating ${lenses} lenses and ${negatives} others into ${folder}`);
    for (const file of files) await Deno.remove(file).catch(() => {}); // left by a run that was killed
    await writeLenses(folder, { lenses, others: negatives }, {
      seed: SET_SEED,
      signal,
      onProgress: (done, total) => onProgress?.({ label: "simulating", done, total, unit: "pictures" }),
    });
  }, context);
  return folder;
}

/** The middle square of every cutout. */
function cropAll({ data, shape }: NdArray<Float32Array>, side: number): NdArray<Float32Array> {
  const [count, height, width, channels] = shape;
  if (height === side && width === side) return { data, shape };
  const size = side * side * channels, from = height * width * channels;
  const out = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const image = { data: data.subarray(i * from, (i + 1) * from), height, width, channels };
    out.set(cropCenter(image, side).data, i * size);
  }
  return { data: out, shape: [count, side, side, channels] };
}

/** Both classes in one array, of the smaller sides. */
function joined({ lenses, others, height, width }: LensSet): NdArray<Float32Array> {
  const same = [lenses, others].every(({ shape }) => shape[1] === height && shape[2] === width);
  const side = Math.min(height, width);
  return joinRowsOf([lenses, others].map((part) => same ? part : cropAll(part, side)));
}

const blends = ({ blendBy, blendImages }: LensesOptions, blendMultiplier: number): PybiaOptions => ({
  blendMultiplier,
  blendingFunc: blendBy,
  numImagesToBlend: blendImages,
});

/** The document's augmentation of one class; what it leaves out of the others is their turning and shifting. */
function documentOptions(options: LensesOptions, isLens: boolean): PybiaOptions {
  const { crop, copies, shift, flip, rotation, zoom, skew, numMasks, maskSize } = options;
  const masks = numMasks > 0 ? { numMasks, maskSize } : {};
  if (!isLens) return { imageSize: crop, ...blends(options, options.blendOthers), ...masks };
  return {
    batch: copies,
    widthShift: shift,
    heightShift: shift,
    horizontal: flip,
    vertical: flip,
    rotation,
    ...(zoom > 0 && { zoomRange: [1 - zoom, 1 + zoom] }),
    imageSize: crop,
    skewAngle: skew,
    ...blends(options, options.blend),
    ...masks,
  };
}

/**
 * Steps as they are written.
 *
 * @throws {SyntaxError} If it is no JSON.
 * @throws {TypeError} If it is no list of steps; the step and its parameter are named.
 */
export function parseSteps(text: string): AugmentationStep[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read --more-steps as it must be JSON: ${(error as Error).message}`);
  }
  return parseAugmentation(value);
}

/** The same as steps that are drawn anew for every batch, on images that are shrunk already. */
export function onlineSteps(options: LensesOptions): AugmentationStep[] {
  const { crop, shrink, shift, flip, rotation, zoom, skew, numMasks, maskSize, moreSteps } = options;
  const fill = "nearest" as const, steps: AugmentationStep[] = [], most = Math.round(shift / shrink);
  if (most > 0) steps.push({ op: "shift", most, fill });
  if (flip) steps.push({ op: "flip", horizontal: true, vertical: true });
  if (rotation) steps.push({ op: "rotate", degrees: 180, fill });
  if (zoom > 0) steps.push({ op: "zoom", range: [1 - zoom, 1 + zoom], fill });
  if (skew > 0) steps.push({ op: "skew", degrees: skew, fill });
  steps.push({ op: "centerCrop", size: crop / shrink });
  const radius = Math.max(1, Math.round(maskSize / shrink));
  if (numMasks > 0) steps.push({ op: "cutout", shape: "circle", radius, number: numMasks });
  return moreSteps === undefined ? steps : [...steps, ...parseSteps(moreSteps)];
}

/** What is trained on, and how many of its leading steps are done. */
interface TrainingSet {
  images: NdArray<Float32Array>;
  labels: Float32Array;
  rows?: Uint32Array;
  /** For each image those of the set that it is of. */
  origins: readonly (readonly number[])[];
  applied: number;
}

function refuse(options: LensesOptions, { height, width }: LensSet): void {
  const { crop, augmentation, smote: share, blend, blendOthers, folds, fold, validation, patience } = options;
  if (crop > height || crop > width) {
    throw new RangeError(
      `Cannot crop cutouts to ${crop} × ${crop} pixels as the smallest has ${height} × ${width}: lower --crop`,
    );
  }
  if (fold >= folds) throw new RangeError(`Cannot test on fold ${fold} as there are ${folds}, from 0`);
  if (share > 0 && augmentation === "online") {
    throw new RangeError("Cannot oversample by SMOTE what is drawn anew for every batch: choose one of them");
  }
  if (Math.max(blend, blendOthers) > 0 && augmentation !== "document") {
    throw new RangeError(
      `Cannot blend images with --augmentation ${augmentation}: it is of "document" alone`,
    );
  }
  if (options.moreSteps !== undefined && augmentation !== "online") {
    throw new RangeError(
      `Cannot take --more-steps with --augmentation ${augmentation}: it is of "online" alone`,
    );
  }
  if (patience > 0 && validation === 0) {
    throw new RangeError("Cannot watch the validation loss as nothing is held out: give --validation");
  }
}

/** Makes the training set from the rows of its side alone. */
function trainingSet(
  full: NdArray<Float32Array>,
  crops: NdArray<Float32Array>,
  labels: Float32Array,
  rows: Uint32Array,
  steps: readonly PreprocessingStep[],
  options: LensesOptions,
): TrainingSet {
  const lenses = rows.filter((row) => labels[row] === 1), others = rows.filter((row) => labels[row] === 0);
  if (options.augmentation === "online") {
    const repeated = Array.from({ length: options.copies }, () => [...lenses]).flat();
    const drawn = Uint32Array.from([...repeated, ...others]), { shrink } = options;
    const origins = Array.from(drawn, (row) => [row]);
    if (shrink === 1) return { images: full, labels, rows: drawn, origins, applied: 1 };
    return { images: shrunk(full, shrink), labels, rows: drawn, origins, applied: 2 };
  }
  let parts: NdArray<Float32Array>[], origins: (readonly number[])[];
  if (options.augmentation === "document") {
    const rng = createRng(options.seed, 32);
    const augment = (of: Uint32Array, isLens: boolean): AugmentedSet =>
      augmentPybia(takeRowsOf(full, of), documentOptions(options, isLens), rng);
    const made = [augment(lenses, true), augment(others, false)];
    origins = made.flatMap((set, i) => set.origins.map((of) => of.map((k) => [lenses, others][i][k])));
    parts = made;
  } else {
    parts = [takeRowsOf(crops, lenses), takeRowsOf(crops, others)];
    origins = [...lenses, ...others].map((row) => [row]);
  }
  let applied = 1;
  const wanted = Math.round(options.smote * parts[1].shape[0]) - parts[0].shape[0];
  if (options.smote > 0 && wanted > 0) {
    parts = parts.map((part) => applyToAll(part, steps.slice(1)));
    applied = steps.length;
    const before = parts[0].shape[0];
    const { made } = smote(parts[0], { count: wanted, rng: createRng(options.seed, 33) });
    parts[0] = joinRowsOf([parts[0], made]);
    const any = [...lenses]; // each lies between two of them
    origins.splice(before, 0, ...Array.from({ length: wanted }, () => any));
  }
  const images = joinRowsOf(parts), first = parts[0].shape[0];
  return {
    images,
    labels: Float32Array.from({ length: images.shape[0] }, (_, i) => i < first ? 1 : 0),
    origins,
    applied,
  };
}

/** Whole images shrunk as the network's crops are; a spare row or column is left out. */
function shrunk(images: NdArray<Float32Array>, shrink: number): NdArray<Float32Array> {
  const side = images.shape[1] - images.shape[1] % shrink;
  return applyToAll(images, shapingSteps(images.shape[3], { ...SHAPE_ONLY, crop: side, shrink }));
}

const SHAPE_ONLY = { normalize: false, stretch: "none" } as const;

/** Groups of the training examples: those that have an image in common, or images that are the same, are one. */
function trainedGroups(groups: Uint32Array, { origins }: TrainingSet): Uint32Array {
  const root = new Map<number, number>();
  const find = (group: number): number => {
    const next = root.get(group) ?? group;
    return next === group ? group : find(next);
  };
  for (const of of origins) {
    const first = find(groups[of[0]]);
    for (const row of of) root.set(find(groups[row]), first);
  }
  return Uint32Array.from(origins, (of) => find(groups[of[0]]));
}

/** Says what is odd about a set. */
function reportSet({ lenses, others }: LensSet, log: (line: string) => void): void {
  const say = (name: string, { shape: [n, height, width, bands], masked }: Cutouts) =>
    log(
      `${n} ${name} of ${height} × ${width} pixels and ${bands} bands` +
        (masked ? `, ${masked} pixels masked` : ""),
    );
  say("lenses", lenses);
  say("others", others);
  if (lenses.shape[0] > others.shape[0]) {
    log("There are more lenses than others: are the two files swapped?");
  }
}

/**
 * Loads a set.
 *
 * Copies are made of the training side alone, after the split; images that are the same value for value stay together.
 * Limits are fitted to the training side's crops alone.
 *
 * @throws {RangeError} If options do not fit the set or each other; one line says which.
 */
export async function loadLenses(options: LensesOptions, context: LoadContext): Promise<LensesData> {
  const { log } = context, { seed, folds, fold, validation, crop, nonFinite } = options;
  const place = options.data ?? await simulatedFolder(options, context);
  const { others, positive, images, labels: named, column, axes } = options;
  const places = { lenses: place, others, positive, images, labels: named, column };
  const set = await readLensSet(places, { nonFinite, axes });
  reportSet(set, log);
  refuse(options, set);
  const full = joined(set), crops = cropAll(full, crop), count = full.shape[0];
  const labels = Float32Array.from({ length: count }, (_, i) => i < set.lenses.shape[0] ? 1 : 0);
  const groups = groupsOf(full);
  const split = splitGroups(groups, labels, { rng: createRng(seed, 31), folds, fold, validation });
  const own = takeRowsOf(crops, split.train);
  const settings = { ...options, residual: options.residual && set.bands > 1 };
  if (options.residual !== settings.residual) log("There is one band only: no residual of colour is added");
  const steps = cutoutSteps(own, settings);
  const warning = options.normalize ? undefined : unscaledWarning(own);
  if (warning) log(warning);
  const training = trainingSet(full, crops, labels, split.train, steps, options);
  const trained = training.rows ?? Uint32Array.from(training.labels, (_, i) => i);
  const side = (rows: Uint32Array) =>
    fromArrays({ image: crops }, { lens: { data: labels, shape: [count] } }, { applied: { image: 1 }, rows });
  const size = full.data.length / count;
  const train = fromArrays(
    { image: training.images },
    { lens: { data: training.labels, shape: [training.labels.length] } },
    { applied: { image: training.applied }, rows: training.rows },
  );
  const marks = Float32Array.from(trained, (row) => training.labels[row]);
  return {
    folds(count, rng) {
      const dealt = dealGroups(trainedGroups(groups, training), marks, count, rng);
      const of = (fold: number, isHeld: boolean) =>
        Uint32Array.from(dealt.keys()).filter((example) => (dealt[example] === fold) === isHeld);
      const imagesOf = (examples: Uint32Array) =>
        new Set(Array.from(examples, (i) => training.origins[i]).flat());
      return Array.from({ length: count }, (_, fold) => ({
        train: subset(train, of(fold, false)),
        validation: side(Uint32Array.from(imagesOf(of(fold, true)))), // each once, cropped and not augmented
      }));
    },
    train,
    validation: split.validation.length > 0 ? side(split.validation) : undefined,
    test: side(split.test),
    fingerprint: set.fingerprint,
    origin: options.data ?? `simulated, ${options.lenses} lenses and ${options.negatives} others`,
    raw: (indices) =>
      Promise.resolve(indices.map((index) => {
        const at = split.test[index] * size;
        return { image: { data: full.data.subarray(at, at + size), shape: full.shape.slice(1) } };
      })),
    dispose() {},
    steps,
    inputShape: shapeAfter(steps, crops.shape.slice(1)),
    crops,
    labels,
    split,
    kinds: set.kinds,
    bands: set.bands,
    trainedPrior: meanOf(marks),
  };
}
