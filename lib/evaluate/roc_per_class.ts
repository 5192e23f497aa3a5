/** One-vs-rest ROC curves of a classifier of many classes. @module */
import { auc, type AucEstimate, type AucOptions } from "./auc.ts";
import { type RocCurve, rocCurve } from "./roc_curve.ts";

/** One class against all others. */
export interface ClassRoc {
  /** Class number. */
  label: number;
  /** Efficiency against background. */
  curve: RocCurve;
  /** Area under it. */
  auc: AucEstimate;
}

/**
 * One ROC curve a class: examples of the class against all others, by the probability given to the class.
 *
 * Shapes: probabilities [n, classes] row-major, labels [n]. Classes that are absent, or are all there is, have no curve
 * and are left out.
 *
 * @throws {RangeError} If the lengths do not match.
 * @example Two classes
 * ```ts
 * rocPerClass([0.9, 0.1, 0.2, 0.8], [0, 1], 2).map((one) => one.auc.value); // 1, 1
 * ```
 */
export function rocPerClass(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  options: AucOptions = {},
): ClassRoc[] {
  const n = labels.length;
  if (probabilities.length !== n * classes) {
    throw new RangeError(
      `Cannot draw ROC curves as probabilities must be [${n}, ${classes}]: got ${probabilities.length} numbers`,
    );
  }
  const curves: ClassRoc[] = [];
  for (let label = 0; label < classes; label++) {
    const scores = Float64Array.from({ length: n }, (_, i) => probabilities[i * classes + label]);
    const isClass = Uint8Array.from({ length: n }, (_, i) => Number(labels[i] === label));
    const members = isClass.reduce((sum, one) => sum + one, 0);
    if (members === 0 || members === n) continue;
    curves.push({ label, curve: rocCurve(scores, isClass), auc: auc(scores, isClass, options) });
  }
  return curves;
}
