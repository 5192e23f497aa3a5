/** Charts of a {@linkcode Classifier}: its classes on a plane, its search. @module */
import { tsne } from "../../evaluate/mod.ts";
import { plotEpochCurves, quantity, SERIES, type Spec, toSpec } from "../../plot/mod.ts";
import type { Trial } from "../../search/trial.ts";
import type * as train from "../../train/mod.ts";
import type { LabelledImages } from "./classifier_sets.ts";

/** Images of both classes on a plane, those that are alike beside each other. */
export function plotTsne(
  { images: { data, shape }, labels }: LabelledImages,
  options: { perplexity?: number; steps?: number; seed?: number },
): Spec {
  const places = tsne(data, shape[0], options), names = ["negative", "positive"];
  const values = Array.from(labels, (label, i) => ({
    x: places[2 * i],
    y: places[2 * i + 1],
    class: names[label],
    image: i,
  })).sort((a, b) => a.class < b.class ? -1 : 1); // the rarer class is drawn over the other
  return toSpec({
    width: 320,
    height: 320,
    title: "Images by likeness (t-SNE)",
    data: { values },
    mark: { type: "point", filled: true, size: 24, tooltip: true },
    encoding: {
      x: { field: "x", type: "quantitative", axis: null },
      y: { field: "y", type: "quantitative", axis: null },
      color: {
        field: "class",
        type: "nominal",
        title: null,
        scale: { domain: names, range: SERIES.slice(0, 2) },
      },
    },
  });
}

/** The value of every trial that gave one, and the best so far. */
export function plotTrials(trials: readonly Trial[]): Spec {
  let best = -Infinity;
  const rows = trials.flatMap(({ number, values }) => {
    if (!values) return [];
    best = Math.max(best, values[0]);
    return [{ trial: number, value: values[0], series: "trial" }, {
      trial: number,
      value: best,
      series: "best so far",
    }];
  });
  if (rows.length === 0) throw new RangeError("Cannot plot a search as no trial gave a value");
  const color = { field: "series", type: "nominal", title: null, scale: { range: SERIES.slice(0, 2) } };
  const at = {
    x: quantity("trial", "Trial"),
    y: quantity("value", "Value", { scale: { zero: false } }),
    color,
  };
  return toSpec({
    width: 360,
    height: 220,
    title: "Search",
    data: { values: rows },
    layer: [
      {
        transform: [{ filter: "datum.series == 'trial'" }],
        mark: { type: "point", filled: true },
        encoding: at,
      },
      {
        transform: [{ filter: "datum.series == 'best so far'" }],
        mark: { type: "line", interpolate: "step-after" },
        encoding: at,
      },
    ],
  });
}

/** A number of the history that a chart may show. */
export type ShownMetric = "loss" | "accuracy" | "f1Score";

const METRIC_NAMES: Readonly<Record<ShownMetric, string>> = {
  loss: "Loss",
  accuracy: "Accuracy",
  f1Score: "F1 score",
};

/** A number by epoch of one model or of several, with the validation set's own where there was one. */
export function plotMetric(
  histories: readonly Pick<train.History, "epochs">[],
  metric: ShownMetric,
): Spec {
  const held = `validation${metric[0].toUpperCase()}${metric.slice(1)}`;
  const curves: Record<string, number[]> = {};
  histories.forEach(({ epochs }, k) => {
    const model = histories.length > 1 ? `, model ${k}` : "";
    curves[`training${model}`] = epochs.map((numbers) => numbers[metric]);
    if (epochs.some((numbers) => held in numbers)) {
      curves[`validation${model}`] = epochs.map((numbers) => numbers[held]);
    }
  });
  return plotEpochCurves(curves, { quantity: METRIC_NAMES[metric] });
}

/** Bars of importances, the largest on top. @param of What trials are told apart by. */
export function plotImportances(
  importances: Readonly<Record<string, number>>,
  of: "value" | "duration" = "value",
): Spec {
  const values = Object.entries(importances).map(([parameter, importance]) => ({ parameter, importance }));
  return toSpec({
    width: 320,
    height: { step: 18 },
    title: of === "value" ? "Which parameters mattered" : "Which parameters took time",
    data: { values },
    mark: { type: "bar", color: SERIES[0] },
    encoding: {
      x: quantity("importance", "Importance"),
      y: { field: "parameter", type: "nominal", title: null, sort: "-x" },
    },
  });
}
