/** Ways to learn from few lenses, side by side: one set, the same folds, differences between the same examples. @module */
import {
  auc,
  bootstrapIndices,
  efficiencyAlone,
  type Estimate,
  type ResamplingOptions,
} from "../../evaluate/mod.ts";
import type { LensesOptions } from "./options.ts";

/** A way to learn. */
export interface Recipe {
  /** In a few words, for a table. */
  what: string;
  options: Partial<LensesOptions>;
}

const DOCUMENT = { augmentation: "document", numMasks: 5 } as const;

/** The document's ways, and drawing anew for every batch. */
export const RECIPES = {
  none: { what: "no augmentation", options: { augmentation: "none" } },
  smote: { what: "SMOTE", options: { augmentation: "none", smote: 1 } },
  document: { what: "the document's augmentation, 25 a lens", options: DOCUMENT },
  blend: {
    what: "blends of three alone, 25 a lens",
    options: {
      ...DOCUMENT,
      ...{ copies: 1, shift: 0, flip: false, rotation: false, zoom: 0, numMasks: 0 },
      ...{ blend: 25, blendImages: 3, blendOthers: 1 },
    },
  },
  online: { what: "drawn anew for every batch", options: { augmentation: "online" } },
} as const satisfies Record<string, Recipe>;

/** Epochs with which a recipe sees as many examples as one that copies each lens. */
export function equalEpochs(
  epochs: number,
  { augmentation, smote }: LensesOptions,
  lenses: number,
  others: number,
) {
  const isPlain = augmentation === "none" && smote === 0;
  return isPlain ? Math.round(epochs * (25 * lenses + others) / (lenses + others)) : epochs;
}

/**
 * Probabilities of every example by models that have not seen it; one array a seed. Seeds may have sets of their own, whose labels are
 * alike: lenses first.
 */
export type SeedScores = readonly Float32Array[];

/** A number of scores and labels, such as the area under the curve. */
export type ScoreStatistic = (scores: Float32Array, labels: Float32Array) => number;

/** Area under the curve. */
export const areaOf: ScoreStatistic = (scores, labels) => auc(scores, labels).value;

/** Share of lenses that are found where so large a share of the others is rejected. */
export function recallAt(rejection: number): ScoreStatistic {
  return (scores, labels) => efficiencyAlone(scores, labels, rejection);
}

const pick = (values: Float32Array, at: Uint32Array) => Float32Array.from(at, (i) => values[i]);

/** Options for {@linkcode measureSeeds} and {@linkcode pairedDifference}. */
export interface SeedsOptions extends ResamplingOptions {
  /** What is measured of each seed. @default {areaOf} */
  statistic?: ScoreStatistic;
}

function meanOver(
  scores: SeedScores,
  labels: Float32Array,
  at: Uint32Array,
  statistic: ScoreStatistic,
): number {
  const own = pick(labels, at), lenses = own.reduce((sum, label) => sum + label, 0);
  if (lenses === 0 || lenses === own.length) return NaN;
  return scores.reduce((sum, seed) => sum + statistic(pick(seed, at), own), 0) / scores.length;
}

/** A number as the mean over seeds, its interval from resampled examples. */
export function measureSeeds(
  scores: SeedScores,
  labels: Float32Array,
  { statistic = areaOf, ...resampling }: SeedsOptions,
): Estimate {
  return bootstrapIndices(labels.length, (at) => meanOver(scores, labels, at, statistic), resampling);
}

/** How much larger that is of `a` than of `b`: both resampled together. */
export function pairedDifference(
  a: SeedScores,
  b: SeedScores,
  labels: Float32Array,
  { statistic = areaOf, ...resampling }: SeedsOptions,
): Estimate {
  const of = (scores: SeedScores, at: Uint32Array) => meanOver(scores, labels, at, statistic);
  return bootstrapIndices(labels.length, (at) => of(a, at) - of(b, at), resampling);
}
