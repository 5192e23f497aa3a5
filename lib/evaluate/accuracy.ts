/** Share of examples whose class is right, and the baseline that it has to beat. @module */
import { checkLengths, type ConfidenceOptions, type Estimate } from "./estimate.ts";
import { proportion } from "./proportion.ts";

/**
 * Column of the largest entry of each row; the first of equals.
 *
 * Shapes: [rows, columns] in, row-major; [rows] out.
 *
 * @throws {RangeError} If `scores` is not a whole number of rows.
 * @example Two rows of three
 * ```ts
 * argMaxRows([0.1, 0.7, 0.2, 0.5, 0.3, 0.2], 3); // 1, 0
 * ```
 */
export function argMaxRows(scores: ArrayLike<number>, columns: number): Int32Array {
  const rows = scores.length / columns;
  if (!Number.isInteger(rows)) {
    throw new RangeError(`Cannot split scores into rows of ${columns}: got ${scores.length} numbers`);
  }
  const best = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let at = 0;
    for (let column = 1; column < columns; column++) {
      if (scores[row * columns + column] > scores[row * columns + at]) at = column;
    }
    best[row] = at;
  }
  return best;
}

/**
 * Share of examples whose predicted class is the true one, with its exact interval.
 *
 * Shapes: [n] class numbers, twice; {@linkcode argMaxRows} makes them from probabilities.
 *
 * @throws {RangeError} If the arrays are empty or differ in length.
 * @example Three of four
 * ```ts
 * accuracy([0, 1, 1, 0], [0, 1, 0, 0]).value; // 0.75
 * ```
 */
export function accuracy(
  predicted: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: ConfidenceOptions = {},
): Estimate {
  const n = checkLengths("measure accuracy", { predicted, labels });
  let right = 0;
  for (let i = 0; i < n; i++) if (predicted[i] === labels[i]) right++;
  return proportion(right, n, options);
}

/** What guessing without looking gets right. */
export interface Baseline {
  /** What it does, such as "always 7". */
  name: string;
  /** Share of right answers. */
  value: number;
}

/**
 * Accuracy of always answering the most frequent class.
 *
 * @param labels Classes of the examples measured on.
 * @param training Classes of the training examples, which decide the answer. @default {labels}
 * @throws {RangeError} If `labels` is empty.
 * @example Six of ten are zeros
 * ```ts
 * mostFrequentClass([0, 0, 0, 0, 0, 0, 1, 1, 2, 3]).value; // 0.6
 * ```
 */
export function mostFrequentClass(labels: ArrayLike<number>, training: ArrayLike<number> = labels): Baseline {
  checkLengths("find the most frequent class", { labels });
  const counts = new Map<number, number>();
  for (let i = 0; i < training.length; i++) counts.set(training[i], (counts.get(training[i]) ?? 0) + 1);
  let [answer, most] = [NaN, 0];
  for (const [label, count] of counts) if (count > most) [answer, most] = [label, count];
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === answer) right++;
  return { name: "most frequent class", value: right / labels.length };
}
