/** How well a classifier tells classes apart, as the chart that every classifier's report shows. @module */
import { rocBand, rocPerClass } from "../evaluate/mod.ts";
import { plotRoc } from "../plot/mod.ts";
import type { Figure } from "./experiment.ts";

/** Most curves that are drawn with their bands: more would cover each other. */
const WITH_BANDS = 3;

/**
 * Each class against all others, background on a logarithmic axis; with the bands of the curves where there are few.
 *
 * @param probabilities [examples, classes].
 * @param labels [examples], the true class of each.
 * @param names One name a class.
 * @param section Part of the report. @default {"Test images"}
 * @returns One figure, or none where no class has both examples and others.
 * @example Two classes
 * ```ts
 * import { rocFigures } from "./roc.ts";
 * rocFigures([0.1, 0.9, 0.6, 0.4], [1, 0], ["cat", "dog"])[0].name; // "roc"
 * ```
 */
export function rocFigures(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  names: readonly string[],
  section = "Test images",
): Figure[] {
  const curves = rocPerClass(probabilities, labels, names.length);
  if (curves.length === 0) return [];
  const drawn = curves.map(({ label, curve, auc }) => {
    const own = Array.from(labels).filter((one) => one === label).length;
    return {
      name: names[label],
      curve,
      auc,
      ...(curves.length <= WITH_BANDS && { band: rocBand(curve, own) }),
    };
  });
  const caption = "Each class against all others.";
  return [{ name: "roc", section, caption, spec: plotRoc(drawn, { axes: "logRates" }) }];
}
