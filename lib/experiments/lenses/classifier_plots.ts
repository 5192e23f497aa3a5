/** A {@linkcode Classifier}'s classes on a plane. @module */
import { tsne } from "../../evaluate/mod.ts";
import { SERIES, type Spec, toSpec } from "../../plot/mod.ts";
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
