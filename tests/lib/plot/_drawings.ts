/**
 * Every chart, drawn from numbers that a reader can follow, with each of its options once.
 *
 * `drawings.jsonl` keeps what they were when somebody last looked at them. Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/plot/_drawings.ts
 * ```
 * @module
 */
import {
  auc,
  calibration,
  confusionMatrix,
  regressionByBin,
  rocBand,
  rocCurve,
} from "../../../lib/evaluate/mod.ts";
import {
  picturesOf,
  plotBatchLoss,
  plotBiasAndResolution,
  plotCalibration,
  plotClassCounts,
  plotClassMeans,
  plotConfusion,
  plotEfficiency,
  plotEpochCurves,
  plotHistogram,
  plotImageGrid,
  plotLearningCurve,
  plotModelGraph,
  plotPredictedAgainstTrue,
  plotPredictionGrid,
  plotResiduals,
  plotResponse,
  plotResponseByBin,
  plotRoc,
  plotTrainValidation,
  plotWorstEvents,
  plotWorstMistakes,
  type Spec,
} from "../../../lib/plot/mod.ts";
import { writeKept } from "../../kept.ts";
import { generator } from "../evaluate/_sequence.ts";

const scores = [0.1, 0.35, 0.4, 0.6, 0.55, 0.7, 0.8, 0.95], labels = [0, 0, 1, 0, 1, 1, 0, 1];
const energies = [1, 2, 4, 6, 9, 14, 20, 30];
const names = ["track", "shower", "noise"];
const probabilities = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.05, 0.05, 0.9]].flat();
const truth = [0, 1, 1, 0];
const pictures = picturesOf(Float32Array.from({ length: 24 }, (_, i) => i), [4, 2, 3, 1]);
const map = { rows: 1, columns: 2, values: Float32Array.of(0, 1) };
const curve = rocCurve(scores, labels);
const named = [{ name: "all", curve, auc: auc(scores, labels), band: rocBand(curve, 4) }];
const reversed = {
  name: "none",
  curve: rocCurve(scores.toReversed(), labels),
  auc: auc(scores.toReversed(), labels),
};
const rising = Array.from({ length: 40 }, (_, i) => i),
  doubled = rising.map((value) => 2 * value + value % 3);
const shades = {
  low: 0,
  high: 20,
  palette: "heat",
  scaleBar: { perPixel: 0.5, units: "mm" },
  colorBar: "ADC",
} as const;

/** The charts by name. */
export const DRAWINGS: Record<string, () => Spec> = {
  imageGrid: () => plotImageGrid(pictures),
  imageGridWithAll: () =>
    plotImageGrid(pictures, {
      captions: ["a\nb", "c", "d", "e"],
      colors: ["#111", undefined],
      columns: 2,
      limit: 3,
      size: 50,
      title: "T",
      ...shades,
    }),
  classMeans: () => plotClassMeans(pictures, [0, 1, 1, 0], ["ER", "NR", "none"]),
  predictionGrid: () => plotPredictionGrid(pictures, probabilities, truth, names),
  predictionGridWithAll: () =>
    plotPredictionGrid(pictures, probabilities, truth, names, {
      indices: [3, 0, 1],
      rows: 1,
      columns: 2,
      size: 80,
      title: "T",
      saliency: new Map([[3, map]]),
    }),
  worstMistakes: () => plotWorstMistakes(pictures, probabilities, truth, names)!,
  worstEvents: () =>
    plotWorstEvents(pictures, scores.slice(0, 4), labels.slice(0, 4), {
      classNames: ["ER", "NR"],
      details: ["1 keV", "2 keV", "3 keV", "4 keV"],
      limit: 3,
      columns: 2,
      size: 60,
      saliency: [map, map, map, map],
      ...shades,
    }),
  worstEventsPlain: () => plotWorstEvents(pictures, scores.slice(0, 4), labels.slice(0, 4)),
  learningCurve: () =>
    plotLearningCurve({
      loss: [0.5, 0.2, 0.1],
      accuracy: [0.8, 0.9, 0.95],
      validationLoss: [0.6, 0.3, 0.4],
      validationAccuracy: [0.7, 0.85, 0.8],
    }),
  learningCurveFlat: () =>
    plotLearningCurve({ loss: [5, 0.05], accuracy: [0.9, 0.9] }, { title: "T", width: 300, height: 99 }),
  learningCurveOfOne: () => plotLearningCurve({ loss: [0.5], accuracy: [0.5] }),
  trainValidation: () => plotTrainValidation([3, 2, 1], [3, 2.5, 2.6]),
  trainValidationLog: () =>
    plotTrainValidation([3, 2], [NaN, NaN], {
      quantity: "MSE",
      log: true,
      title: "T",
      width: 99,
      height: 88,
    }),
  batchLoss: () => plotBatchLoss([0.7, 0.6, 0.65, 0.3], { window: 2 }),
  batchLossOfOne: () => plotBatchLoss([0.7]),
  epochCurves: () =>
    plotEpochCurves({ generator: [2, 1, NaN], discriminator: [0.5, 0.7, 0.01] }, { quantity: "Loss" }),
  epochCurvesMany: () => plotEpochCurves({ a: rising }, { title: "T", width: 99, height: 88 }),
  confusion: () => plotConfusion(confusionMatrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 2), ["ER", "NR"]),
  confusionOfThree: () =>
    plotConfusion(confusionMatrix([0, 1, 2, 2], [0, 1, 1, 2], 3), names, { title: "T", size: 99 }),
  roc: () => plotRoc(named),
  rocOfTwo: () => plotRoc([...named, reversed], { title: "T", from: 0.5, size: 99 }),
  rocFactor: () => plotRoc(named, { axes: "factor" }),
  rocRates: () => plotRoc(named, { axes: "rates" }),
  rocLogRates: () => plotRoc(named, { axes: "logRates" }),
  response: () => plotResponse(scores, labels, { bins: 2 }),
  responseWithAll: () =>
    plotResponse(scores, labels, {
      classNames: ["ER", "NR"],
      bins: 2,
      title: "T",
      width: 99,
      height: 88,
      xTitle: "score",
    }),
  responseByBin: () =>
    plotResponseByBin(scores, labels, energies, [0, 5, 15, 35], {
      bins: 2,
      name: "energy",
      units: "keV",
      width: 99,
      height: 88,
    }),
  efficiency: () => plotEfficiency(scores, labels, 0.5, energies, [0, 5, 15, 30]),
  efficiencyWithAll: () =>
    plotEfficiency(scores, labels, 0.4, energies, [0, 15, 30], {
      classNames: ["ER", "NR"],
      name: "energy",
      units: "keV",
      title: "T",
    }),
  histogram: () => plotHistogram([1.25, 2.5, 2.75, 8, NaN], { bins: 4, range: [0, 4] }),
  histogramOfGroups: () =>
    plotHistogram(energies, {
      groups: labels,
      groupNames: ["ER", "NR"],
      edges: [0, 5, 15, 35],
      xTitle: "Energy [keV]",
      title: "T",
      width: 99,
      height: 88,
    }),
  histogramOfFewValues: () =>
    plotHistogram([1, 1, 3, 3, 3, 1, 1, 3], { groups: labels, groupNames: ["ER", "NR"] }),
  classCounts: () => plotClassCounts({ training: [0, 1, 1], test: [0] }, ["ER", "NR"]),
  predictedAgainstTrue: () => plotPredictedAgainstTrue([1, 9, 31], [1.5, 8, 30]),
  predictedAgainstTrueProfile: () =>
    plotPredictedAgainstTrue(doubled, rising, { name: "energy", units: "keV", title: "T" }),
  predictedAgainstTrueCells: () => plotPredictedAgainstTrue(doubled, rising, { limit: 10 }),
  predictedAgainstTrueValues: () =>
    plotPredictedAgainstTrue([8, 9, 10, 11, 12, 20, 20, 20, 20, 25], [
      10,
      10,
      10,
      10,
      10,
      20,
      20,
      20,
      20,
      20,
    ]),
  biasAndResolution: () =>
    plotBiasAndResolution(
      regressionByBin([1, 2.2, 9, 9.5], [1, 2, 9, 10], [0, 5, 15], { rng: generator(3), resamples: 20 }),
      { name: "energy", units: "keV" },
    ),
  residuals: () => plotResiduals([1, 2, 4, 3], [1, 1, 3, 3.5], { units: "keV", bins: 4 }),
  calibration: () => plotCalibration(calibration(scores, labels)),
  modelGraph: () =>
    plotModelGraph([
      { name: "image", type: "InputLayer", shape: "28 × 28 × 1", parameters: 0, from: [] },
      { name: "conv", type: "Conv2D", shape: "26 × 26 × 8", parameters: 80, from: ["image"] },
      { name: "flat", type: "Flatten", shape: "5408", parameters: 0, from: ["conv"] },
      { name: "again", type: "Flatten", shape: "784", parameters: 0, from: ["image"] },
      { name: "both", type: "Concatenate", shape: "6192", parameters: 0, from: ["flat", "again"] },
      {
        name: "a name that is much longer than any box",
        type: "Dense",
        shape: "10",
        parameters: 61930,
        from: ["both"],
      },
    ], { title: "T" }),
};

/** Where they are kept: a line a chart. */
export const KEPT = new URL("drawings.jsonl", import.meta.url);

if (import.meta.main) {
  await writeKept(KEPT, Object.entries(DRAWINGS).map(([name, draw]) => ({ name, spec: draw() })));
}
