/** What a report on a user's images shows. @module */
import type { Labels } from "../../data/own/mod.ts";
import { argMaxRows, confusionMatrix, quantileSorted } from "../../evaluate/mod.ts";
import {
  type Picture,
  plotClassMeans,
  plotConfusion,
  plotHistogram,
  plotImageGrid,
  plotPredictedAgainstTrue,
  plotPredictionGrid,
  plotResiduals,
  plotRoc,
  plotWorstMistakes,
  type ShadeOptions,
  type Spec,
  toSpec,
  worstMistakes,
} from "../../plot/mod.ts";
import type { Figure, ShownResults } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { reliabilityFigures } from "../../run/reliability.ts";
import { namedRoc, rocFigures } from "../../run/roc.ts";
import { countLabels, type OwnData } from "./data.ts";
import { rowsOf } from "./measure.ts";

/** Images in the grid of the data, images that the means are of, and mistakes. */
const SHOWN = 36, AVERAGED = 20_000, MISTAKES = 9;

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

/** Shares of the values that are drawn as black and white where they are no bytes: a few bright pixels hide all others. */
const BLACK = 0.005, WHITE = 0.995;

/** From which value to which the shades of all images go, and what the values are. */
function shadesOf(data: OwnData): ShadeOptions & { colorBar?: string } {
  const { pixels, plan } = data;
  if (pixels.data instanceof Uint8Array) {
    return {
      palette: "light",
      low: 0,
      high: 255,
      ...(plan.shape.at(-1) === 1 && { colorBar: "grey value" }),
    };
  }
  const shown = Array.from(data.rows.train.subarray(0, SHOWN), (row) => pictureAt(data, row));
  const sorted = Float64Array.from(shown.flatMap((picture) => Array.from(picture.data))).sort();
  const [low, high] = [BLACK, WHITE].map((share) => Number(quantileSorted(sorted, share).toPrecision(3)));
  if (!(high > low)) return { palette: "light" };
  return { palette: "light", low, high, ...(shown[0].channels !== 3 && { colorBar: "value" }) };
}

/** The mean image of each class, of training. */
function meanFigures(data: OwnData, shades: ShadeOptions): Figure[] {
  const { labels, rows } = data;
  if (labels.task !== "classes") return [];
  const averaged = rows.train.subarray(0, AVERAGED);
  const pictures = Array.from(averaged, (row) => pictureAt(data, row));
  const numbers = Array.from(averaged, (row) => labels.values[row]);
  return [{
    name: "class_means",
    section: "Data",
    caption: "Mean of the training images of each class, with their number.",
    spec: plotClassMeans(pictures, numbers, labels.names, shades),
  }];
}

function dataFigures(data: OwnData): Figure[] {
  const { labels, rows } = data, shown = rows.train.subarray(0, SHOWN), shades = shadesOf(data);
  const captions = Array.from(shown, (row) => wordsAt(labels, row));
  const counts = labels.task === "value"
    ? plotHistogram(labels.values, { xTitle: labels.column, bins: 30 })
    : plotCounts(labels);
  return [
    {
      name: "images",
      section: "Data",
      caption: `${shown.length} training images as the model takes them.`,
      spec: plotImageGrid(Array.from(shown, (row) => pictureAt(data, row)), {
        captions,
        ...shades,
        scaleBar: {},
      }),
    },
    ...meanFigures(data, shades),
    { name: "labels", section: "Data", caption: "All images: training, validation and test.", spec: counts },
  ];
}

async function classFigures(
  scores: Float32Array,
  data: OwnData,
  names: readonly string[],
  occlusion: ShownResults["occlusion"],
): Promise<Figure[]> {
  const { labels, rows } = data, truth = Int32Array.from(rows.test, (row) => labels.values[row]);
  const pictures = Array.from(rows.test, (row) => pictureAt(data, row));
  const mistakes = Array.from(worstMistakes(scores, truth, names.length).subarray(0, MISTAKES));
  const maps = await occlusion(mistakes);
  const worst = plotWorstMistakes(pictures, scores, truth, names, {
    palette: "light",
    rows: MISTAKES / 3,
    saliency: new Map(maps.map((map, i) => [mistakes[i], map])),
  });
  const section = "Test images";
  return [
    {
      name: "confusion",
      section,
      spec: plotConfusion(confusionMatrix(argMaxRows(scores, names.length), truth, names.length), names),
    },
    ...rocFigures(scores, truth, names),
    ...reliabilityFigures(scores, truth, names.length),
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
    return own.includes(0) && own.includes(1) ? [namedRoc(name, said, own, { band: false })] : [];
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
export async function ownFigures(
  predictions: Float32Array,
  data: OwnData,
  results: ShownResults,
): Promise<Figure[]> {
  const { labels, rows } = data, figures = [...dataFigures(data), learningCurveFigure(results.history)];
  if (labels.task === "classes") {
    return [...figures, ...await classFigures(predictions, data, labels.names, results.occlusion)];
  }
  if (labels.task === "labels") return [...figures, ...labelFigures(predictions, data, labels.names)];
  const truth = rowsOf(labels.values, rows.test);
  const section = "Test images";
  const spec = plotPredictedAgainstTrue(predictions, truth, { name: labels.column, units: "as labelled" });
  const residuals = truth.length > 1
    ? [{ name: "residuals", section, spec: plotResiduals(predictions, truth, { title: "Residuals" }) }]
    : [];
  return [...figures, { name: "predicted_against_true", section, spec }, ...residuals];
}
