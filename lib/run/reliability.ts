/** Whether a classifier's probabilities mean what they say, as the chart that every classifier's report shows. @module */
import { argMaxRows, calibration } from "../evaluate/mod.ts";
import { plotCalibration } from "../plot/mod.ts";
import type { Figure } from "./experiment.ts";

/**
 * How often the likeliest class was right, by its probability.
 *
 * @param probabilities [examples, classes]; examples that have no number are left out.
 * @param labels [examples], the true class of each.
 * @param section Part of the report. @default {"Test images"}
 * @returns One figure, or none where no example has a number.
 * @example One that is right, one that is not
 * ```ts
 * import { reliabilityFigures } from "./reliability.ts";
 * reliabilityFigures([0.1, 0.9, 0.6, 0.4], [1, 1], 2)[0].name; // "reliability"
 * ```
 */
export function reliabilityFigures(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  section = "Test images",
): Figure[] {
  const answers = argMaxRows(probabilities, classes);
  const likeliest = Float64Array.from(answers, (answer, row) => probabilities[row * classes + answer]);
  const rows = Array.from(answers.keys()).filter((row) => Number.isFinite(likeliest[row]));
  if (rows.length === 0) return [];
  const isRight = rows.map((row) => answers[row] === labels[row]);
  return [{
    name: "reliability",
    section,
    caption: "How often the likeliest class was right, by the probability that the network gave it.",
    spec: plotCalibration(calibration(rows.map((row) => likeliest[row]), isRight)),
  }];
}
