/** What a report on a user's images shows. @module */
import type { Labels } from "../../data/own/mod.ts";
import { argMaxRows, auc, confusionMatrix, rocCurve, rocPerClass } from "../../evaluate/mod.ts";
import {
  type Picture,
  plotConfusion,
  plotHistogram,
  plotImageGrid,
  plotPredictedAgainstTrue,
  plotPredictionGrid,
  plotRoc,
  plotWorstMistakes,
  type Spec,
  toSpec,
} from "../../plot/mod.ts";
import type { Figure, Results } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { countLabels, type OwnData } from "./data.ts";
import { rowsOf } from "./measure.ts";

/** Images in the grid of the data. */
const SHOWN = 36;

/** An image as it can be drawn: colours as they are, else its first band; of a volume the middle frame. */
function pictureAt({ pixels, plan }: OwnData, row: number): Picture {
  const [height, width, channels] = plan.shape.slice(-3);
  const frames = plan.shape.length === 4 ? plan.shape[0] : 1;
  const size = height * width * channels, start = (row * frames + (frames >> 1)) * size;
  const data = pixels.data.subarray(start, start + size);
  if (channels === 1 || plan.kind === "picture") return { data, height, width, channels };
  return { data: Float32Array.from({ length: height * width }, (_, p) => data[p * channels]), height, width };
}

/** The label of an image in words. */
function wordsAt(labels: Labels, row: number): string {
  if (labels.task === "value") return String(Number(labels.values[row].toPrecision(3)));
  if (labels.task === "classes") return labels.names[labels.values[row]];
  const width = labels.names.length;
  return labels.names.filter((_, k) => labels.values[row * width + k] === 1).join(", ") || "none";
}

/** How many images have each label. */
function plotCounts(labels: Exclude<Labels, { task: "value" }>): Spec {
  return toSpec({
    width: 460,
    height: Math.min(600, 22 * labels.names.length + 20),
    title: "Images of each label",
    data: { values: countLabels(labels) },
    mark: { type: "bar", color: "#2b7bba" },
    encoding: {
      y: { field: "name", type: "nominal", title: null, sort: labels.names },
      x: { field: "count", type: "quantitative", title: "Images" },
    },
  });
}

function dataFigures(data: OwnData): Figure[] {
  const { labels, rows } = data, shown = rows.train.subarray(0, SHOWN);
  const captions = Array.from(shown, (row) => wordsAt(labels, row));
  const counts = labels.task === "value"
    ? plotHistogram(labels.values, { xTitle: labels.column, bins: 30 })
    : plotCounts(labels);
  return [
    {
      name: "images",
      section: "Data",
      caption: `${shown.length} training images as the model takes them.`,
      spec: plotImageGrid(Array.from(shown, (row) => pictureAt(data, row)), { captions, palette: "light" }),
    },
    { name: "labels", section: "Data", caption: "All images: training, validation and test.", spec: counts },
  ];
}

function classFigures(scores: Float32Array, data: OwnData, names: readonly string[]): Figure[] {
  const { labels, rows } = data, truth = Int32Array.from(rows.test, (row) => labels.values[row]);
  const pictures = Array.from(rows.test, (row) => pictureAt(data, row));
  const curves = rocPerClass(scores, truth, names.length)
    .map(({ label, curve, auc }) => ({ name: names[label], curve, auc }));
  const worst = plotWorstMistakes(pictures, scores, truth, names, { palette: "light" });
  const section = "Test images";
  return [
    {
      name: "confusion",
      section,
      spec: plotConfusion(confusionMatrix(argMaxRows(scores, names.length), truth, names.length), names),
    },
    ...(curves.length > 0
      ? [{
        name: "roc",
        section,
        caption: "Each class against all others.",
        spec: plotRoc(curves, { axes: "rates" }),
      }]
      : []),
    {
      name: "predictions",
      section,
      caption: "Predicted class and its probability, true class in brackets.",
      spec: plotPredictionGrid(pictures, scores, truth, names, { palette: "light" }),
    },
    ...(worst ? [{ name: "worst_mistakes", section, spec: worst }] : []),
  ];
}

function labelFigures(scores: Float32Array, { labels, rows }: OwnData, names: readonly string[]): Figure[] {
  const truth = rowsOf(labels.values, rows.test, names.length);
  const curves = names.flatMap((name, label) => {
    const column = (values: Float32Array) => values.filter((_, i) => i % names.length === label);
    const own = column(truth), said = column(scores);
    return own.includes(0) && own.includes(1)
      ? [{ name, curve: rocCurve(said, own), auc: auc(said, own) }]
      : [];
  });
  if (curves.length === 0) return [];
  return [{
    name: "roc",
    section: "Test images",
    caption: "Each label.",
    spec: plotRoc(curves, { axes: "rates" }),
  }];
}

/** All figures. */
export function ownFigures(predictions: Float32Array, data: OwnData, results: Results): Figure[] {
  const { labels, rows } = data, figures = [...dataFigures(data), learningCurveFigure(results.history)];
  if (labels.task === "classes") return [...figures, ...classFigures(predictions, data, labels.names)];
  if (labels.task === "labels") return [...figures, ...labelFigures(predictions, data, labels.names)];
  const truth = rowsOf(labels.values, rows.test);
  const spec = plotPredictedAgainstTrue(predictions, truth, { name: labels.column, units: "as labelled" });
  return [...figures, { name: "predicted_against_true", section: "Test images", spec }];
}
