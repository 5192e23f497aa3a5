/** How a predicted quantity lies around the truth. @module */
import type { Estimate, RegressionBin } from "../evaluate/mod.ts";
import { COLORS, quantity, type Spec, toSpec, type View } from "./spec.ts";

/** Options of the regression charts. */
export interface RegressionPlotOptions {
  /** Name of the quantity. @default {"energy"} */
  name?: string;
  /** @default {"keV"} */
  units?: string;
  title?: string;
  /** Most points drawn, taken evenly over the examples. @default {2000} */
  limit?: number;
}

/**
 * Predicted against true values, with the bisector that an ideal regressor would follow.
 *
 * Shapes: [n] and [n], same units.
 *
 * @throws {RangeError} If the arrays differ in length or are empty.
 * @example Three events
 * ```ts
 * plotPredictedAgainstTrue([1.2, 8.8, 31], [1, 9, 30]);
 * ```
 */
export function plotPredictedAgainstTrue(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: RegressionPlotOptions = {},
): Spec {
  const { name = "energy", units = "keV", title, limit = 2000 } = options;
  const n = truth.length;
  if (n === 0 || predicted.length !== n) {
    throw new RangeError(
      `Cannot draw predictions as arrays must be equally long: got ${predicted.length} and ${n}`,
    );
  }
  const step = Math.max(1, n / limit);
  const rows = Array.from({ length: Math.floor(n / step) }, (_, k) => {
    const i = Math.floor(k * step);
    return { true: truth[i], predicted: predicted[i] };
  });
  const top = Math.max(...rows.flatMap((row) => [row.true, row.predicted])) * 1.03;
  const bottom = Math.min(0, ...rows.flatMap((row) => [row.true, row.predicted]));
  const scale = { domain: [bottom, top], nice: false };
  const subtitle = rows.length < n
    ? `${rows.length.toLocaleString("en")} of ${n.toLocaleString("en")} events`
    : `${n.toLocaleString("en")} events`;
  return toSpec({
    width: 300,
    height: 300,
    title: { text: title ?? `Predicted against true ${name}`, subtitle },
    encoding: {
      x: quantity("true", `True ${name} [${units}]`, { scale }),
      y: quantity("predicted", `Predicted ${name} [${units}]`, { scale }),
    },
    layer: [
      {
        data: { values: rows },
        mark: { type: "circle", size: 14, opacity: n > 500 ? 0.35 : 0.6, color: COLORS.blue },
      },
      {
        data: { values: [{ true: bottom, predicted: bottom }, { true: top, predicted: top }] },
        mark: { type: "line", color: COLORS.red, strokeDash: [5, 4], strokeWidth: 1.5 },
      },
    ],
  });
}

/**
 * Bias and resolution in bins, each with its interval, side by side.
 *
 * @param bins From `regressionByBin`; empty ones are left out.
 * @param options `units` of the quantity.
 * @example Two bins
 * ```ts
 * import { regressionByBin } from "../evaluate/mod.ts";
 * plotBiasAndResolution(regressionByBin([1, 2.2, 9, 9.5], [1, 2, 9, 10], [0, 5, 15], { rng: Math.random }));
 * ```
 */
export function plotBiasAndResolution(
  bins: readonly RegressionBin[],
  options: RegressionPlotOptions = {},
): Spec {
  const { name = "energy", units = "keV", title } = options;
  const filled = bins.filter((bin) => bin.n > 0);
  const domain = [bins[0].low, bins[bins.length - 1].high];
  const panel = (
    heading: string,
    yTitle: string,
    pick: (bin: RegressionBin) => Estimate,
    factor: number,
  ): View => {
    const rows = filled.map((bin) => {
      const { value, low, high } = pick(bin);
      return {
        x: bin.center,
        from: bin.low,
        to: bin.high,
        y: factor * value,
        low: factor * low,
        high: factor * high,
        n: bin.n,
      };
    });
    const x = (field: string) =>
      quantity(field, `True ${name} [${units}]`, { scale: { domain, nice: false } });
    const y = (field: string) => quantity(field, yTitle);
    return {
      title: { text: heading, fontSize: 12, frame: "group" },
      width: 240,
      height: 200,
      data: { values: rows },
      layer: [
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: "rule", strokeDash: [3, 4], color: "#8a8a8a" },
          encoding: { y: y("zero") },
        },
        {
          mark: { type: "rule", color: COLORS.blue, strokeWidth: 1.5 },
          encoding: { x: x("from"), x2: { field: "to" }, y: y("y") },
        },
        {
          mark: { type: "rule", color: COLORS.blue, strokeWidth: 1.5 },
          encoding: { x: x("x"), y: y("low"), y2: { field: "high" } },
        },
        {
          mark: { type: "point", filled: true, size: 45, color: COLORS.blue, opacity: 1 },
          encoding: { x: x("x"), y: y("y") },
        },
      ],
    };
  };
  return toSpec({
    title: {
      text: title ?? `Bias and resolution by ${name}`,
      subtitle: "points: mean of the bin; bars: 95 % interval, width of the bin",
    },
    spacing: 30,
    hconcat: [
      panel("Bias", `Predicted − true [${units}]`, (bin) => bin.bias, 1),
      panel("Resolution", `Spread [${units}]`, (bin) => bin.resolution, 1),
      panel("Relative resolution", "Spread / true [%]", (bin) => bin.relativeResolution, 100),
    ],
  });
}
