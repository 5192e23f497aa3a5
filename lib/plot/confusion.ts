/** The confusion matrix as a heat map. @module */
import type { ConfusionMatrix } from "../evaluate/mod.ts";
import { nameAngle, type Spec, toSpec } from "./spec.ts";

/** Options for {@linkcode plotConfusion}. */
export interface ConfusionOptions {
  /** Above the chart. */
  title?: string;
  /** Side of a cell in pixels. @default {42} */
  size?: number;
}

/**
 * True class by row, predicted class by column: the count in each cell, the share of its row as its shade. Shades are on a
 * root scale, so that a few mistakes show beside thousands of right answers.
 *
 * @param classNames One name a class.
 * @throws {RangeError} If names and classes differ in number.
 * @example Two classes
 * ```ts
 * import { confusionMatrix } from "../evaluate/mod.ts";
 * plotConfusion(confusionMatrix([0, 0, 1], [0, 1, 1], 2), ["ER", "NR"]);
 * ```
 */
export function plotConfusion(
  matrix: ConfusionMatrix,
  classNames: readonly string[],
  options: ConfusionOptions = {},
): Spec {
  const { title = "Confusion matrix", size = 42 } = options;
  const { classes, counts, recall } = matrix;
  if (classNames.length !== classes) {
    throw new RangeError(`Cannot draw ${classes} classes as there are ${classNames.length} names`);
  }
  const rows = Array.from(counts, (count, cell) => {
    const [truth, predicted] = [Math.floor(cell / classes), cell % classes];
    const share = recall[truth].n === 0 ? 0 : count / recall[truth].n;
    return { true: classNames[truth], predicted: classNames[predicted], count, share };
  });
  const encoding = {
    x: {
      field: "predicted",
      type: "nominal",
      sort: classNames,
      title: "Predicted",
      axis: { labelAngle: nameAngle(classNames) },
    },
    y: { field: "true", type: "nominal", sort: classNames, title: "True" },
  };
  return toSpec({
    width: size * classes,
    height: size * classes * 0.8,
    title,
    data: { values: rows },
    encoding,
    layer: [
      {
        mark: { type: "rect", stroke: "#8886", strokeWidth: 0.5 },
        encoding: {
          color: {
            field: "share",
            type: "quantitative",
            title: "Share of row",
            scale: {
              type: "sqrt",
              domain: [0, 1],
              range: ["#f4f8fc", "#9cc4e4", "#3b82bd", "#0b3c6f"],
              interpolate: "rgb",
            },
            legend: { format: ".0%", values: [0.01, 0.1, 0.5, 1] },
          },
          tooltip: ["true", "predicted", "count", { field: "share", format: ".2%" }],
        },
      },
      {
        transform: [{ filter: "datum.count > 0" }],
        mark: { type: "text", fontSize: 11 },
        encoding: {
          text: { field: "count", type: "quantitative", format: ",d" },
          color: { condition: { test: "datum.share > 0.25", value: "#ffffff" }, value: "#1a1a1a" },
        },
      },
    ],
  });
}
