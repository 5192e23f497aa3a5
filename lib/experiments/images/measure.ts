/** What is measured on the test images, by what is learned. @module */
import { createRng } from "../../base/rng.ts";
import type { CardMetric } from "../../card/mod.ts";
import { accuracy, argMaxRows, auc, mostFrequentClass, proportion, regression } from "../../evaluate/mod.ts";
import type { Measurements, Results } from "../../run/experiment.ts";
import { predict } from "../../train/mod.ts";
import type { OwnData } from "./data.ts";
import { momentsOf } from "./model.ts";

/** Labels of some images, a row each. */
export function rowsOf(values: ArrayLike<number>, rows: ArrayLike<number>, width = 1): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    for (let k = 0; k < width; k++) out[i * width + k] = values[rows[i] * width + k];
  }
  return out;
}

/** Accuracy of the classes. */
function measureClasses(scores: Float32Array, { labels, rows }: OwnData): Record<string, CardMetric> {
  const classes = labels.task === "classes" ? labels.names.length : 0;
  const truth = rowsOf(labels.values, rows.test);
  const baseline = mostFrequentClass(truth, rowsOf(labels.values, rows.train));
  return { accuracy: { ...accuracy(argMaxRows(scores, classes), truth), split: "test", baseline } };
}

/** How many images have all labels right, and how each label is told. */
function measureLabels(scores: Float32Array, { labels, rows }: OwnData): Record<string, CardMetric> {
  if (labels.task !== "labels") return {};
  const width = labels.names.length, truth = rowsOf(labels.values, rows.test, width);
  const count = rows.test.length;
  const right = (isRight: (i: number) => boolean) => {
    let all = 0;
    for (let i = 0; i < count; i++) {
      let whole = true;
      for (let k = 0; k < width; k++) whole &&= isRight(i * width + k);
      if (whole) all++;
    }
    return all;
  };
  const none = right((i) => truth[i] === 0) / count;
  const metrics: Record<string, CardMetric> = {
    allLabelsRight: {
      ...proportion(right((i) => (scores[i] >= 0.5 ? 1 : 0) === truth[i]), count),
      split: "test",
      baseline: { name: "never any label", value: none },
    },
  };
  labels.names.forEach((name, label) => {
    const column = (values: Float32Array) => values.filter((_, i) => i % width === label);
    const own = column(truth);
    if (!own.includes(0) || !own.includes(1)) return;
    const { value, low, high, n } = auc(column(scores), own);
    metrics[`auc ${name}`] = {
      value,
      low,
      high,
      n,
      split: "test",
      baseline: { name: "guessing", value: 0.5 },
    };
  });
  return metrics;
}

/** How far values are off. */
function measureValues(
  predicted: Float32Array,
  { labels, rows }: OwnData,
  seed: number,
): Record<string, CardMetric> {
  const truth = rowsOf(labels.values, rows.test), { mean } = momentsOf(rowsOf(labels.values, rows.train));
  const rng = createRng(seed, 2);
  const { rms, meanAbsolute, bias } = regression(predicted, truth, { rng });
  const ofMean = regression(new Float32Array(truth.length).fill(mean), truth, { rng });
  const name = "the training mean";
  return {
    rms: { ...rms, split: "test", baseline: { name, value: ofMean.rms.value } },
    meanAbsolute: { ...meanAbsolute, split: "test", baseline: { name, value: ofMean.meanAbsolute.value } },
    bias: { ...bias, split: "test" },
  };
}

/** Most bins of an uncertainty, and how many validation images each must have. */
const MOST_BINS = 4, BIN_SIZE = 12;

/**
 * What a value is off by, from validation images: one σ for each of a few bins of the predicted value, which hold
 * equally many of them.
 *
 * @returns Nothing where there are too few images for one bin.
 */
export function binnedUncertainty(
  predicted: Float32Array,
  truth: Float32Array,
): { edges: number[]; sigma: number[] } | undefined {
  const bins = Math.min(MOST_BINS, Math.floor(predicted.length / BIN_SIZE));
  if (bins === 0) return undefined;
  const order = Uint32Array.from(predicted, (_, i) => i).sort((a, b) => predicted[a] - predicted[b]);
  const edges = [predicted[order[0]]], sigma: number[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const first = Math.round(bin * order.length / bins), end = Math.round((bin + 1) * order.length / bins);
    let squares = 0;
    for (const i of order.subarray(first, end)) squares += (predicted[i] - truth[i]) ** 2;
    const edge = predicted[order[Math.min(end, order.length - 1)]];
    if (!(edge > edges[edges.length - 1])) return undefined;
    edges.push(edge);
    sigma.push(Math.sqrt(squares / (end - first)));
  }
  return { edges, sigma };
}

/** Measures a value, and what it is off by. */
async function measureValue(
  predictions: Float32Array,
  data: OwnData,
  seed: number,
  { models, history }: Results,
): Promise<Measurements> {
  const { labels, rows, plan, output } = data;
  const [model] = Object.values(models);
  const validated = await predict(model, data.validation!, {
    preprocessing: [...plan.geometry, ...plan.values],
    shards: history.shards,
  });
  const [{ data: values }] = Object.values(validated);
  const uncertainty = binnedUncertainty(values, rowsOf(labels.values, rows.validation));
  const metrics = measureValues(predictions, data, seed);
  return uncertainty ? { metrics, outputs: { [output]: { uncertainty } } } : { metrics };
}

/** Measures the predictions on the test images. */
export function measureOwn(
  predictions: Float32Array,
  data: OwnData,
  seed: number,
  results: Results,
): Measurements | Promise<Measurements> {
  const { task } = data.labels;
  if (task === "classes") return { metrics: measureClasses(predictions, data) };
  if (task === "labels") return { metrics: measureLabels(predictions, data) };
  return measureValue(predictions, data, seed, results);
}
