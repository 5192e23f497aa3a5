/** Settings of the document's object, and which there are. @module */
import { nearest } from "../../base/nearest.ts";
import type * as train from "../../train/mod.ts";
import type { FitSettings } from "./classifier_fit.ts";
import type { SearchSettings } from "./classifier_search.ts";
import { NETWORKS } from "./networks.ts";
import { LENSES_OPTIONS } from "./options.ts";

/** Settings of a `Classifier`; see the table of `Classifier`. */
export interface ClassifierSettings extends FitSettings, SearchSettings {
  /** @default {false} */
  normalize?: boolean;
  /** What becomes 0, one a band. @default {0 in every band} */
  minPixel?: readonly number[];
  /** What becomes 1, one a band. @default {100 in every band} */
  maxPixel?: readonly number[];
  /** Percentiles of each band that become 0 and 1 where `minPixel` and `maxPixel` do not say so, fitted to training images alone. @default {none} */
  percentiles?: readonly [low: number, high: number];
  /** Shows faint and bright parts alike before the limits apply. @default {"none"} */
  stretch?: "none" | "asinh";
  /** Share of the negative class that SMOTE brings the positive class to; at most 1; 0 does nothing. @default {0} */
  smoteSampling?: number;
  /** Models of a cross-validated ensemble, and folds by which a search judges, from 2; 0 trains one model on everything. @default {0} */
  optCv?: number;
  /** Whether `create` searches first. @default {false} */
  optimize?: boolean;
  /** Folder in which a search is kept, so that it goes on after a stop. @default {none} */
  path?: string;
  /** What becomes of NaN and infinite pixels: 0, which is counted and said, or an error. @default {"mask"} */
  nonFinite?: "mask" | "refuse";
  /** @default {0} */
  seed?: number;
  /** Takes the numbers of every epoch of the models, not of the trials. */
  onEpoch?: (numbers: train.EpochNumbers, model: number) => void;
  /** Takes what is odd about the data. */
  onWarning?: (line: string) => void;
}

/** Every one of them, by its name. */
const NAMES: Readonly<Record<keyof ClassifierSettings, true>> = {
  clf: true,
  architecture: true,
  epochs: true,
  batch: true,
  patience: true,
  metric: true,
  monitors: true,
  stopAt: true,
  augmentation: true,
  classWeights: true,
  loss: true,
  weight: true,
  optimizer: true,
  rate: true,
  nIter: true,
  optModel: true,
  limitSearch: true,
  batchSizeMin: true,
  batchSizeMax: true,
  optAug: true,
  batchMin: true,
  batchMax: true,
  batchOther: true,
  balance: true,
  imageSizeMin: true,
  imageSizeMax: true,
  shift: true,
  rotation: true,
  horizontal: true,
  vertical: true,
  zoomRange: true,
  skewAngle: true,
  maskSize: true,
  numMasks: true,
  blendMax: true,
  blendingFunc: true,
  numImagesToBlend: true,
  blendOther: true,
  optMaxMinPix: true,
  optMaxMaxPix: true,
  trainEpochs: true,
  metric2: true,
  metric3: true,
  average: true,
  postMetric: true,
  testAccThreshold: true,
  pruner: true,
  normalize: true,
  minPixel: true,
  maxPixel: true,
  percentiles: true,
  stretch: true,
  smoteSampling: true,
  optCv: true,
  optimize: true,
  path: true,
  nonFinite: true,
  seed: true,
  onEpoch: true,
  onWarning: true,
};

/** Refuses a name that is not in a list. */
function checkName(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const near = nearest(name, names);
  throw new RangeError(
    `Cannot set ${what} "${name}"${near ? ` (nearest: "${near}")` : ""}: there are ${names.join(", ")}`,
  );
}

/**
 * Refuses settings that there are not, names that name nothing, and shares that are none.
 *
 * @throws {RangeError} Naming the setting, and the nearest where a name is wrong.
 */
export function checkSettings(settings: ClassifierSettings): void {
  for (const name of Object.keys(settings)) checkName("setting", name, Object.keys(NAMES));
  const { clf = "alexnet", loss = "binaryCrossEntropy", smoteSampling = 0 } = settings;
  checkName("clf", clf, Object.keys(NETWORKS));
  checkName("loss", loss, LENSES_OPTIONS.loss.choices);
  if (!(smoteSampling >= 0 && smoteSampling <= 1)) {
    throw new RangeError(`Cannot oversample as smoteSampling must be from 0 to 1: got ${smoteSampling}`);
  }
}
