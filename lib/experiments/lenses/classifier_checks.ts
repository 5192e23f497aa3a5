/** Settings of a {@linkcode Classifier} that would do nothing, or fail only after hours, refused before a step. @module */
import type { FitSettings, WatchedMetric } from "./classifier_fit.ts";
import type { SearchSettings } from "./classifier_search.ts";
import type { LabelledImages } from "./classifier_sets.ts";

/** Settings that name numbers to watch. */
type Watching =
  & Pick<FitSettings, "metric" | "monitors">
  & Pick<SearchSettings, "metric2" | "metric3">
  & { optCv?: number };

/** Numbers that a history can have. */
const WATCHED: readonly string[] = [
  ...["loss", "accuracy", "f1Score", "validationLoss", "validationAccuracy", "validationF1Score"],
];

/**
 * Refuses to watch numbers that no history will have.
 *
 * @throws {RangeError} If one is unknown, or of a validation set where there is none.
 */
export function checkWatched(
  { metric, metric2, metric3, monitors = [], optCv = 0 }: Watching,
  validation?: LabelledImages,
): void {
  const watched = [metric, metric2, metric3, ...monitors.map(({ metric }) => metric)];
  for (const name of watched.filter((name): name is WatchedMetric => name !== undefined)) {
    if (!WATCHED.includes(name)) {
      throw new RangeError(`Cannot watch "${name}" as it must be one of ${WATCHED.join(", ")}`);
    }
    if (!name.startsWith("validation") || validation || optCv > 0) continue;
    throw new RangeError(
      `Cannot watch "${name}" as there is no validation set: give valPositive, valNegative, or optCv`,
    );
  }
}

/** Refuses one of two settings that have no meaning apart. */
function checkPair(settings: SearchSettings, names: readonly (keyof SearchSettings)[]): void {
  const [given, missing] = [true, false].map((wanted) =>
    names.filter((name) => (settings[name] !== undefined) === wanted)
  );
  if (given.length === 0 || missing.length === 0) return;
  throw new RangeError(`Cannot search as ${names.join(" and ")} must come together: got ${given[0]} alone`);
}

/**
 * Refuses a search whose settings do not fit the images or each other.
 *
 * @param side Smallest side of the images.
 * @throws {RangeError} One line that names the setting.
 */
export function checkSearch(settings: SearchSettings, side: number, test?: LabelledImages): void {
  const { optAug = false, blendMax = 0, imageSizeMin = 1, imageSizeMax = side, testAccThreshold } = settings;
  if (testAccThreshold !== undefined && !test) {
    throw new RangeError(
      "Cannot search by testAccThreshold as there is no test set: give testPositive, testNegative",
    );
  }
  if (!optAug) return;
  checkPair(settings, ["optMaxMinPix", "optMaxMaxPix"]);
  checkPair(settings, ["maskSize", "numMasks"]);
  if (blendMax !== 0 && blendMax < 1.1) {
    throw new RangeError(`Cannot search as blendMax must be 0 or at least 1.1: got ${blendMax}`);
  }
  if (Math.max(imageSizeMin, imageSizeMax) > side) {
    throw new RangeError(
      `Cannot search as imageSizeMin and imageSizeMax must fit images of ${side} × ${side}: ` +
        `got ${imageSizeMin} and ${imageSizeMax}`,
    );
  }
}
