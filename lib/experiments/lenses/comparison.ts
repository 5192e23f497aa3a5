/** Ways to learn from few lenses, side by side: one set, the same folds, differences between the same examples. @module */
import { auc, bootstrapIndices, efficiencyAtRejection, type Estimate } from "../../evaluate/mod.ts";
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

/** Probabilities of every example by models that have not seen it; one array a seed. */
export type SeedScores = readonly Float32Array[];

const pick = (values: Float32Array, at: Uint32Array) => Float32Array.from(at, (i) => values[i]);

function meanAuc(scores: SeedScores, labels: Float32Array, at: Uint32Array): number {
  const own = pick(labels, at), lenses = own.reduce((sum, label) => sum + label, 0);
  if (lenses === 0 || lenses === own.length) return NaN;
  return scores.reduce((sum, seed) => sum + auc(pick(seed, at), own).value, 0) / scores.length;
}

/** AUC as the mean over seeds, its interval from resampled examples. */
export function measureSeeds(
  scores: SeedScores,
  labels: Float32Array,
  rng: () => number,
  resamples = 1000,
): Estimate {
  return bootstrapIndices(labels.length, (at) => meanAuc(scores, labels, at), { rng, resamples });
}

/** How much larger the AUC of `a` is than that of `b`: both resampled together. */
export function pairedDifference(
  a: SeedScores,
  b: SeedScores,
  labels: Float32Array,
  rng: () => number,
  resamples = 1000,
): Estimate {
  const difference = (at: Uint32Array) => meanAuc(a, labels, at) - meanAuc(b, labels, at);
  return bootstrapIndices(labels.length, difference, { rng, resamples });
}

/** Mean probability over the seeds: what a committee of one model a seed says. */
export function committee(scores: SeedScores): Float32Array {
  return scores[0].map((_, i) => scores.reduce((sum, seed) => sum + seed[i], 0) / scores.length);
}

/** AUC of a committee, and the share of lenses found without a false positive and with 1 % of them. */
export function measureCommittee(scores: SeedScores, labels: Float32Array, rng: () => number) {
  const mean = committee(scores);
  return {
    auc: auc(mean, labels),
    atNone: efficiencyAtRejection(mean, labels, 1, { rng }),
    atOnePercent: efficiencyAtRejection(mean, labels, 0.99, { rng }),
  };
}
