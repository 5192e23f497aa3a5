/** Any numbers of a run by epoch, as curves in one chart. @module */
import { quantity, SERIES, spansDecade, type Spec, toSpec } from "./spec.ts";

/** Options for {@linkcode plotEpochCurves}. */
export interface EpochCurvesOptions {
  /** What is drawn. @default {"Value"} */
  quantity?: string;
  /** Above the chart. */
  title?: string;
  /** Pixels. @default {460} */
  width?: number;
  /** Pixels. @default {240} */
  height?: number;
}

/**
 * Curves by epoch, each named; values that are no numbers leave a gap.
 *
 * @param curves One value an epoch, the first of epoch 1.
 * @throws {RangeError} If there is no value to draw.
 * @example Two losses
 * ```ts
 * plotEpochCurves({ generator: [2, 1], discriminator: [0.5, 0.7] }, { quantity: "Loss" });
 * ```
 */
export function plotEpochCurves(
  curves: Readonly<Record<string, ArrayLike<number>>>,
  options: EpochCurvesOptions = {},
): Spec {
  const { quantity: name = "Value", title, width = 460, height = 240 } = options;
  const values = Object.entries(curves).flatMap(([curve, numbers]) =>
    Array.from(numbers, (value, i) => ({ curve, epoch: i + 1, value }))
  ).filter(({ value }) => Number.isFinite(value));
  if (values.length === 0) throw new RangeError("Cannot draw curves as there is no number in them");
  const names = Object.keys(curves), epochs = Math.max(...values.map(({ epoch }) => epoch));
  return toSpec({
    width,
    height,
    title: title ?? `${name} by epoch`,
    data: { values },
    mark: { type: "line", strokeWidth: 2, point: epochs <= 30 },
    encoding: {
      x: quantity("epoch", "Epoch", {
        axis: { tickMinStep: 1, format: "d", grid: false },
        scale: { domain: [1, Math.max(2, epochs)], nice: false },
      }),
      y: quantity("value", name, {
        scale: spansDecade(values.map(({ value }) => value)) ? { type: "log", nice: true } : { zero: false },
      }),
      color: {
        field: "curve",
        type: "nominal",
        title: null,
        scale: { domain: names, range: names.map((_, i) => SERIES[i % SERIES.length]) },
        legend: { orient: "top-right" },
      },
    },
  });
}
