/** How well a classifier tells classes apart, as the chart that every classifier's report shows. @module */
import { auc, rocBand, rocCurve, rocPerClass } from "../evaluate/mod.ts";
import { type NamedRoc, plotRoc } from "../plot/mod.ts";
import type { Figure } from "./experiment.ts";

/** How {@linkcode namedRoc} is drawn. */
export interface NamedRocOptions {
  /** With the interval of its efficiency. @default {true} */
  band?: boolean;
}

/**
 * The curve of a binary classifier, as `plotRoc()` draws it.
 *
 * @param name In the legend.
 * @param scores [examples], larger for signal.
 * @param labels [examples], 1 for signal and 0 for background; both must be there.
 * @example All signal above all background
 * ```ts
 * import { namedRoc } from "./roc.ts";
 * namedRoc("network", [0.9, 0.2], [1, 0]).auc.value; // 1
 * ```
 */
export function namedRoc(
  name: string,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: NamedRocOptions = {},
): NamedRoc {
  const { band = true } = options;
  const curve = rocCurve(scores, labels), drawn = { name, curve, auc: auc(scores, labels) };
  return band ? { ...drawn, band: rocBand(curve, countOf(1, labels)) } : drawn;
}

function countOf(label: number, labels: ArrayLike<number>): number {
  return Array.from(labels).filter((one) => one === label).length;
}

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
  const drawn = curves.map(({ label, curve, auc }) => ({
    name: names[label],
    curve,
    auc,
    ...(curves.length <= WITH_BANDS && { band: rocBand(curve, countOf(label, labels)) }),
  }));
  const caption = "Each class against all others.";
  return [{ name: "roc", section, caption, spec: plotRoc(drawn, { axes: "logRates" }) }];
}
