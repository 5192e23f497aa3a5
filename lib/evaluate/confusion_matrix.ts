/** Which class is taken for which. @module */
import { checkLengths, type ConfidenceOptions, type Estimate } from "./estimate.ts";
import { proportion } from "./proportion.ts";

/** Counts of true against predicted class, and what follows from them for each class. */
export interface ConfusionMatrix {
  /** How many classes there are. */
  classes: number;
  /** [classes, classes] row-major: row is the true class, column the predicted one. */
  counts: Uint32Array;
  /** For each class: of those called so, the share that are. */
  precision: Estimate[];
  /** For each class: of those that are, the share called so. */
  recall: Estimate[];
}

/**
 * Counts how often each true class is called what.
 *
 * Shapes: [n] class numbers, twice.
 *
 * @param predicted Class numbers from 0 to `classes - 1`.
 * @param labels True class numbers, the same.
 * @throws {RangeError} If lengths differ or a class number is out of range.
 * @example One 1 taken for a 0
 * ```ts
 * confusionMatrix([0, 0, 1], [0, 1, 1], 2).counts; // 1, 0, 1, 1
 * ```
 */
export function confusionMatrix(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  options: ConfidenceOptions = {},
): ConfusionMatrix {
  const n = checkLengths("count a confusion matrix", { predicted, labels });
  const counts = new Uint32Array(classes * classes);
  const check = (name: string, i: number, value: number) => {
    if (!Number.isInteger(value) || value < 0 || value >= classes) {
      throw new RangeError(
        `Cannot count a confusion matrix as ${name} ${i} must be a class from 0 to ${
          classes - 1
        }: got ${value}`,
      );
    }
  };
  const called = new Uint32Array(classes), present = new Uint32Array(classes);
  for (let i = 0; i < n; i++) {
    check("prediction", i, predicted[i]);
    check("label", i, labels[i]);
    counts[labels[i] * classes + predicted[i]]++;
    called[predicted[i]]++;
    present[labels[i]]++;
  }
  const shareOf = (totals: Uint32Array) =>
    Array.from(totals, (total, c) => proportion(counts[c * classes + c], total, options));
  return { classes, counts, precision: shareOf(called), recall: shareOf(present) };
}
