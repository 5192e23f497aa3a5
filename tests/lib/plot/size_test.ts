/** A chart of a great many examples is no larger than one of some hundreds: what it draws is counted, binned or thinned. */
import { auc, calibration, confusionMatrix, rocBand, rocCurve } from "../../../lib/evaluate/mod.ts";
import { plotCompletenessPurity } from "../../../lib/experiments/lenses/report.ts";
import {
  plotBatchLoss,
  plotCalibration,
  plotClassCounts,
  plotConfusion,
  plotEfficiency,
  plotHistogram,
  plotLabelSets,
  plotPredictedAgainstTrue,
  plotResiduals,
  plotResponse,
  plotResponseByBin,
  plotRoc,
  type Spec,
} from "../../../lib/plot/mod.ts";
import { assert } from "../../assert.ts";
import { generator } from "../evaluate/_sequence.ts";

const MANY = 40_000, MOST_BYTES = 1_000_000;

const next = generator(3);
const labels = Float32Array.from({ length: MANY }, () => Number(next() < 0.4));
const scores = Float32Array.from(labels, (label) => 0.3 * label + 0.7 * next());
const truth = Float32Array.from(labels, () => 30 * next());
const predicted = truth.map((value) => value + next() - 0.5);
const classes = Int32Array.from(labels), found = Int32Array.from(scores, (score) => Number(score > 0.5));
const edges = [0, 5, 15, 30], curve = rocCurve(scores, labels), area = auc(scores, labels);
const signals = labels.reduce((sum, label) => sum + label, 0);
const roc = { name: "all", curve, auc: area, band: rocBand(curve, signals) };

const CHARTS: Record<string, () => Spec> = {
  plotRoc: () => plotRoc([roc]),
  "plotRoc, background on a logarithmic axis": () => plotRoc([roc], { axes: "logRates" }),
  plotResponse: () => plotResponse(scores, labels),
  plotResponseByBin: () => plotResponseByBin(scores, labels, truth, edges),
  plotEfficiency: () => plotEfficiency(scores, labels, 0.5, truth, edges),
  plotCalibration: () => plotCalibration(calibration(scores, labels)),
  plotPredictedAgainstTrue: () => plotPredictedAgainstTrue(predicted, truth),
  plotResiduals: () => plotResiduals(predicted, truth),
  plotHistogram: () => plotHistogram(truth, { bins: 40 }),
  plotClassCounts: () => plotClassCounts({ test: classes }, ["a", "b"]),
  plotConfusion: () => plotConfusion(confusionMatrix(found, classes, 2), ["a", "b"]),
  plotLabelSets: () => plotLabelSets(found, classes, ["a", "b", "c", "d"]),
  plotBatchLoss: () => plotBatchLoss(truth),
  plotCompletenessPurity: () => plotCompletenessPurity(scores, labels),
};

Deno.test("charts of forty thousand examples hold no more than what can be seen of them", () => {
  for (const [name, draw] of Object.entries(CHARTS)) {
    const bytes = JSON.stringify(draw()).length;
    assert(bytes < MOST_BYTES, `${name} holds ${bytes} bytes`);
  }
});
