/** How loss and accuracy of a run went, as the chart that every classifier's report shows. @module */
import { plotEpochCurves, plotLearningCurve, type Spec } from "../plot/mod.ts";
import type { EpochNumbers, History } from "../train/mod.ts";
import type { Figure } from "./experiment.ts";

/**
 * Loss and accuracy by epoch, or the loss alone where no accuracy was counted; with the validation examples' own where
 * there were some.
 *
 * @throws {RangeError} If there is no epoch to draw.
 * @example
 * ```ts
 * import { plotHistory } from "./learning_curve.ts";
 * plotHistory([{ epoch: 1, loss: 0.5, accuracy: 0.8 }, { epoch: 2, loss: 0.3, accuracy: 0.9 }]).title;
 * ```
 */
export function plotHistory(epochs: readonly EpochNumbers[]): Spec {
  const has = (name: string) => epochs.some((numbers) => name in numbers);
  const column = (name: string) => epochs.map((numbers) => numbers[name]);
  const validated = has("validationLoss");
  if (!has("accuracy")) {
    const curves = { training: column("loss"), ...(validated && { validation: column("validationLoss") }) };
    return plotEpochCurves(curves, { quantity: "Loss" });
  }
  return plotLearningCurve({
    loss: column("loss"),
    accuracy: column("accuracy"),
    ...(validated &&
      { validationLoss: column("validationLoss"), validationAccuracy: column("validationAccuracy") }),
  });
}

/** {@linkcode plotHistory} as a figure of the report. */
export function learningCurveFigure({ epochs }: Pick<History, "epochs">): Figure {
  return { name: "learning_curve", section: "Training", spec: plotHistory(epochs) };
}
