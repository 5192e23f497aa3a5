/** What predictions are off by, beside the Gaussian of the same spread. @module */
import { histogram } from "../evaluate/mod.ts";
import { axisTitle, COLORS, quantity, type Spec, toSpec } from "./spec.ts";

/** Options for {@linkcode plotResiduals}. */
export interface ResidualsOptions {
  /** Units of the quantity. @default {none} */
  units?: string;
  /** Bins of the histogram. @default {60} */
  bins?: number;
  /** Above the chart. */
  title?: string;
}

/**
 * Histogram of predicted minus true, with the Gaussian of its mean and deviation; what lies beyond five deviations is
 * counted in the subtitle.
 *
 * Shapes: [n] and [n], same units.
 *
 * @throws {RangeError} If the arrays differ in length or hold fewer than two numbers.
 * @example
 * ```ts
 * plotResiduals([1.2, 8.8, 31], [1, 9, 30], { units: "keV" });
 * ```
 */
export function plotResiduals(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: ResidualsOptions = {},
): Spec {
  const { units = "", bins = 60, title = "Residuals" } = options;
  if (predicted.length !== truth.length) {
    throw new RangeError(
      `Cannot draw residuals as arrays must be equally long: got ${predicted.length} and ${truth.length}`,
    );
  }
  const all = Array.from(predicted, (value, i) => value - truth[i]).filter(Number.isFinite);
  if (all.length < 2) throw new RangeError(`Cannot draw residuals of ${all.length} numbers`);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const sigma = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1)) || 1;
  const range: [number, number] = [mean - 5 * sigma, mean + 5 * sigma];
  const { edges, counts } = histogram(all, { bins, range });
  const width = edges[1] - edges[0], peak = all.length * width / (sigma * Math.sqrt(2 * Math.PI));
  const bars = Array.from(counts, (count, b) => ({ from: edges[b], to: edges[b + 1], count }));
  const curve = Array.from({ length: 121 }, (_, i) => {
    const x = range[0] + i * (range[1] - range[0]) / 120;
    return { x, expected: peak * Math.exp(-0.5 * ((x - mean) / sigma) ** 2) };
  });
  const beyond = all.filter((value) => value < range[0] || value > range[1]).length;
  const show = (value: number) => `${Number(value.toPrecision(3))}${units && ` ${units}`}`;
  const x = (field: string) =>
    quantity(field, axisTitle("Predicted − true", units), { scale: { domain: range, nice: false } });
  return toSpec({
    width: 380,
    height: 220,
    title: {
      text: title,
      subtitle: `mean ${show(mean)}, standard deviation ${show(sigma)}` +
        (beyond > 0 ? `; ${beyond} of ${all.length} beyond 5 deviations` : ""),
    },
    layer: [
      {
        data: { values: bars },
        mark: { type: "rect", color: COLORS.blue, opacity: 0.6 },
        encoding: { x: x("from"), x2: { field: "to" }, y: quantity("count", "Examples"), y2: { datum: 0 } },
      },
      {
        data: { values: curve },
        mark: { type: "line", color: COLORS.red, strokeDash: [5, 4], strokeWidth: 1.5 },
        encoding: { x: x("x"), y: quantity("expected", "Examples") },
      },
    ],
  });
}
