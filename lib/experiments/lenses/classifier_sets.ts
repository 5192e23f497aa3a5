/** The two classes of a {@linkcode Classifier} and what is made of them: copies, folds, training arrays. @module */
import { augmentPybia, type PybiaOptions } from "../../augment/mod.ts";
import { createRng, shuffle } from "../../base/rng.ts";
import { type Cutouts, cutoutsOf, groupsOf, type ReadCutoutsOptions } from "../../data/lenses.ts";
import { joinRowsOf, type NdArray, takeRowsOf } from "../../data/source.ts";
import type { PreprocessingStep } from "../../image/preprocessing/mod.ts";
import { splitGroups } from "./folds.ts";
import { applyToAll, cutoutSteps } from "./limits.ts";
import { smote } from "./smote.ts";

/** Images of a class: [images, height, width, bands], as a .npy file has them. */
export type Images = { data: ArrayLike<number>; shape: readonly number[] };

/** A class and, for each of its images, the images that it was made of. */
export interface Side {
  images: Cutouts;
  origins: readonly (readonly number[])[];
}

/** Both classes. */
export interface Sides {
  positive: Side;
  negative: Side;
}

/** Images and their labels, 1 positive and 0 negative. */
export interface LabelledImages {
  images: NdArray<Float32Array>;
  labels: Float32Array;
}

/** How values are normalised. */
export interface Normalisation {
  normalize: boolean;
  minPixel?: readonly number[];
  maxPixel?: readonly number[];
  /** Percentiles of each band that stand for the limits that are not given. */
  percentiles?: readonly [low: number, high: number];
  /** @default {"none"} */
  stretch?: "none" | "asinh";
}

/** A class whose images are of themselves. @throws {RangeError} If pixels are no numbers and that is refused. */
export function sideOf(
  images: Images,
  name: string,
  options: Pick<ReadCutoutsOptions, "nonFinite"> = {},
): Side {
  const cutouts = cutoutsOf(images, name, options);
  return { images: cutouts, origins: Array.from({ length: cutouts.shape[0] }, (_, i) => [i]) };
}

/** A class replaced by copies. */
export function augmentSide({ images, origins }: Side, options: PybiaOptions, rng: () => number): Side {
  const made = augmentPybia(images, options, rng);
  return {
    images: { data: made.data, shape: made.shape, masked: images.masked },
    origins: made.origins.map((of) => [...new Set(of.flatMap((image) => origins[image]))]),
  };
}

/** Some images of a class. */
export function takeOf({ images, origins }: Side, rows: Uint32Array): Side {
  return {
    images: { ...takeRowsOf(images, rows), masked: images.masked },
    origins: Array.from(rows, (row) => origins[row]),
  };
}

/** Both classes in one array, positive ones first. */
export function together({ positive, negative }: { positive?: Cutouts; negative?: Cutouts }): LabelledImages {
  const parts = [positive, negative].filter((part) => part !== undefined);
  const images = joinRowsOf(parts), first = positive?.shape[0] ?? 0;
  return { images, labels: Float32Array.from({ length: images.shape[0] }, (_, i) => i < first ? 1 : 0) };
}

/** Images of both classes and their labels, positive ones first. */
export function labelled({ positive, negative }: Sides): LabelledImages {
  return together({ positive: positive.images, negative: negative.images });
}

/** Refuses classes whose images differ, as where only one of them was cropped. @throws {RangeError} Naming both. */
export function checkSides({ positive, negative }: Sides): void {
  const [first, second] = [positive, negative].map(({ images }) => images.shape.slice(1).join(" × "));
  if (first !== second) {
    throw new RangeError(
      `Cannot train as both classes must have the same sides and bands: got ${first} and ${second}; crop both`,
    );
  }
  const [, height, width] = positive.images.shape;
  if (height !== width) throw new RangeError(`Cannot train as images must be square: got ${first}`);
}

/**
 * Folds, one after the other: what is trained on, and what it is tested on. Images that are copies of one, or were made of it,
 * are on one side.
 */
export function* foldsOf(
  { positive, negative }: Sides,
  folds: number,
  seed: number,
): Generator<{ train: Sides; test: Sides }, void> {
  const groups = [positive, negative].map(({ images, origins }) => groupsOf(images, origins));
  const count = groups[0].length;
  const labels = Float32Array.from({ length: count + groups[1].length }, (_, i) => i < count ? 1 : 0);
  const all = Uint32Array.from([...groups[0], ...Array.from(groups[1], (group) => group + count)]);
  const part = (rows: Uint32Array): Sides => ({
    positive: takeOf(positive, rows.filter((row) => row < count)),
    negative: takeOf(negative, rows.filter((row) => row >= count).map((row) => row - count)),
  });
  for (let fold = 0; fold < folds; fold++) {
    const split = splitGroups(all, labels, { rng: createRng(seed, 39), folds, fold, validation: 0 });
    yield { train: part(split.train), test: part(split.test) };
  }
}

/** Refuses numbers of folds that leave a model nothing to learn from. @throws {RangeError} */
export function checkFoldCount(folds: number): void {
  if (folds === 0 || Number.isInteger(folds) && folds > 1) return;
  throw new RangeError(`Cannot train by optCv as it must be 0, for one model, or folds from 2: got ${folds}`);
}

/** What each model learns from and is watched by: a fold each, or, without folds, everything and the validation set. */
export function* lessonsOf(
  sides: Sides,
  folds: number,
  seed: number,
  validation?: LabelledImages,
): Generator<{ sides: Sides; judge?: LabelledImages }, void> {
  if (folds === 0) return yield { sides, judge: validation };
  for (const { train, test } of foldsOf(sides, folds, seed)) yield { sides: train, judge: labelled(test) };
}

/** As many negative images as positive ones, drawn at random, where there are more. */
export function balanced({ positive, negative }: Sides, rng: () => number): Sides {
  const wanted = positive.images.shape[0], count = negative.images.shape[0];
  if (count <= wanted) return { positive, negative };
  const rows = shuffle(Uint32Array.from({ length: count }, (_, i) => i), rng).slice(0, wanted);
  return { positive, negative: takeOf(negative, rows) };
}

/** Steps of these images, which are square. */
export function stepsFor(
  images: NdArray<Float32Array>,
  { normalize, minPixel, maxPixel, percentiles, stretch = "none" }: Normalisation,
): PreprocessingStep[] {
  const [, crop, , bands] = images.shape, each = (value: number) => new Array<number>(bands).fill(value);
  return cutoutSteps(images, {
    crop,
    normalize,
    stretch,
    percentiles,
    minPixel: minPixel ?? (percentiles ? undefined : each(0)),
    maxPixel: maxPixel ?? (percentiles ? undefined : each(100)),
  });
}

/** Images through the steps, the positive ones, which come first, oversampled to a share of the negative ones. */
export function trainingArrays(
  { images: raw, labels }: LabelledImages,
  steps: readonly PreprocessingStep[],
  smoteSampling: number,
  rng: () => number,
): LabelledImages {
  const images = applyToAll(raw, steps), positives = labels.reduce((sum, label) => sum + label, 0);
  const count = Math.round(smoteSampling * (labels.length - positives)) - positives;
  if (smoteSampling === 0 || count <= 0) return { images, labels };
  const rare = takeRowsOf(images, Uint32Array.from({ length: positives }, (_, i) => i));
  const { made } = smote(rare, { count, rng });
  const all = Float32Array.from({ length: labels.length + count }, (_, i) => labels[i] ?? 1);
  return { images: joinRowsOf([images, made]), labels: all };
}
