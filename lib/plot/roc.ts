/** ROC curves. @module */
import type { Estimate, RocBand, RocCurve } from "../evaluate/mod.ts";
import { formatEstimate, quantity, SERIES, type Spec, toSpec, type View } from "./spec.ts";

/** A named curve. */
export interface NamedRoc {
  name: string;
  curve: RocCurve;
  auc: Estimate;
  /** Interval of the signal efficiency at every point; drawn as a band. */
  band?: RocBand;
}

/** Options for {@linkcode plotRoc}. */
export interface RocOptions {
  /**
   * `rejection`: background rejection against signal efficiency, best at (1, 1), as physicists draw it; `factor`: one over
   * the share of background kept, on a logarithmic axis, against signal efficiency; `rates`: true against false positive
   * rate, best at (0, 1). @default {"rejection"}
   */
  axes?: "rejection" | "factor" | "rates";
  title?: string;
  /** First value of both axes, to look into the good corner (`rates`: the horizontal axis then ends at 1 minus it). @default {0} */
  from?: number;
  /** Side in pixels. @default {320} */
  size?: number;
}

/** Points that carry the shape of a curve: ends, corners of small samples, and every 1/200 of what is in view. */
function thin({ truePositiveRate: y, falsePositiveRate: x }: RocCurve, from: number): number[] {
  const last = x.length - 1, kept = [0];
  for (let i = 1; i < last; i++) {
    const before = kept[kept.length - 1];
    const inView = x[i] <= 1 - from || y[i] >= from;
    const moved = Math.max(x[i] - x[before], y[i] - y[before]) >= (inView ? 1 - from : 1) / 200;
    const turns = (x[i] === x[i - 1]) !== (x[i + 1] === x[i]) && last < 400;
    if (moved || turns) kept.push(i);
  }
  return [...kept, last];
}

/**
 * One or many ROC curves with their areas and intervals in the legend.
 *
 * @throws {RangeError} If there is no curve.
 * @example One curve
 * ```ts
 * import { auc, rocCurve } from "../evaluate/mod.ts";
 * const [scores, labels] = [[0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]];
 * plotRoc([{ name: "all", curve: rocCurve(scores, labels), auc: auc(scores, labels) }]);
 * ```
 */
export function plotRoc(curves: readonly NamedRoc[], options: RocOptions = {}): Spec {
  const { axes = "rejection", title = "ROC", from = 0, size = 320 } = options;
  if (curves.length === 0) throw new RangeError("Cannot draw ROC curves as there is none");
  const names = curves.map(({ name, auc }) => `${name}: AUC ${formatEstimate(auc)}`);
  const rows = curves.flatMap(({ curve, band }, c) =>
    thin(curve, from).map((i, order) => {
      const fake = curve.falsePositiveRate[i];
      const [kept, low, high] = [curve.truePositiveRate[i], band?.low[i], band?.high[i]];
      const place = { curve: names[c], order };
      if (axes === "rates") return { x: fake, y: kept, low, high, ...place };
      return { x: kept, low, high, y: axes === "factor" ? 1 / fake : 1 - fake, ...place };
    })
  ).filter(({ y }) => Number.isFinite(y));
  const banded = curves.some(({ band }) => band);
  const { x: scaleX, y: scaleY, xTitle, yTitle, diagonal } = FRAMES[axes](from);
  const color = {
    field: "curve",
    type: "nominal",
    title: null,
    sort: names,
    scale: { domain: names, range: SERIES.slice(0, Math.max(names.length, 1)) },
    legend: {
      orient: from > 0 || names.length > 4 ? "right" : LEGENDS[axes],
      symbolType: "stroke",
      symbolStrokeWidth: 3,
    },
  };
  const inner = axes === "rates"
    ? { y: quantity("low", yTitle, { scale: scaleY }), y2: { field: "high" } }
    : { x: quantity("low", xTitle, { scale: scaleX }), x2: { field: "high" } };
  return toSpec({
    width: size,
    height: size,
    title: banded
      ? { text: title, subtitle: "band: 95 % interval of the signal efficiency, point by point" }
      : title,
    encoding: {
      x: quantity("x", xTitle, { scale: scaleX }),
      y: quantity("y", yTitle, { scale: scaleY }),
    },
    layer: [
      {
        data: { values: diagonal },
        mark: { type: "line", strokeDash: [3, 4], color: "#8a8a8a", strokeWidth: 1, clip: true },
      },
      ...(banded
        ? [{
          data: { values: rows.filter(({ low }) => low !== undefined) },
          mark: { type: "rule", opacity: 0.25, strokeWidth: 2, clip: true },
          encoding: { ...inner, color },
        }]
        : []),
      {
        data: { values: rows.map(({ x, y, curve, order }) => ({ x, y, curve, order })) },
        mark: { type: "line", strokeWidth: 2, clip: true, strokeJoin: "round" },
        encoding: { order: { field: "order", type: "quantitative" }, color },
      },
    ],
  });
}

/** Axes of a ROC chart whose values begin at `from`. */
interface RocFrame {
  x: View;
  y: View;
  xTitle: string;
  yTitle: string;
  /** The curve of a blind guess. */
  diagonal: { x: number; y: number }[];
}

const linear = (low: number, high: number): View => ({ domain: [low, high], nice: false, zero: false });

const FRAMES: Readonly<Record<NonNullable<RocOptions["axes"]>, (from: number) => RocFrame>> = {
  rejection: (from) => ({
    x: linear(from, 1),
    y: linear(from, 1),
    xTitle: "Signal efficiency",
    yTitle: "Background rejection",
    diagonal: [{ x: 0, y: 1 }, { x: 1, y: 0 }],
  }),
  factor: (from) => ({
    x: linear(from, 1),
    y: { type: "log", nice: true },
    xTitle: "Signal efficiency",
    yTitle: "Background rejection factor, 1 / share kept",
    diagonal: Array.from({ length: 51 }, (_, i) => 0.02 + i * 0.0196).map((x) => ({ x, y: 1 / x })),
  }),
  rates: (from) => ({
    x: linear(0, 1 - from),
    y: linear(from, 1),
    xTitle: "False positive rate",
    yTitle: "True positive rate",
    diagonal: [{ x: 0, y: 0 }, { x: 1, y: 1 }],
  }),
};

const LEGENDS = { rejection: "bottom-left", factor: "top-right", rates: "bottom-right" } as const;
