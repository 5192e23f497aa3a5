/** ROC curves. @module */
import type { Estimate, RocBand, RocCurve } from "../evaluate/mod.ts";
import { formatEstimate, quantity, SERIES, type Spec, toSpec, type View } from "./spec.ts";

/** A named curve. */
export interface NamedRoc {
  /** In the legend. */
  name: string;
  /** What is drawn. */
  curve: RocCurve;
  /** Area under it, for the legend. */
  auc: Estimate;
  /** Interval of the signal efficiency at every point; drawn as a band. */
  band?: RocBand;
}

/** Options for {@linkcode plotRoc}. */
export interface RocOptions {
  /**
   * `rejection`: background rejection against signal efficiency, best at (1, 1), as physicists draw it; `factor`: one over
   * the share of background kept, on a logarithmic axis, against signal efficiency; `rates`: true against false positive
   * rate, best at (0, 1); `logRates`: the same with the false positives on a logarithmic axis, for curves that all hug the
   * corner. @default {"rejection"}
   */
  axes?: "rejection" | "factor" | "rates" | "logRates";
  /** Above the chart. */
  title?: string;
  /** First value of both axes, to look into the good corner (`rates`: the horizontal axis then ends at 1 minus it; `logRates`: the vertical axis alone). @default {0} */
  from?: number;
  /** Side in pixels. @default {320} */
  size?: number;
}

/** Points that carry the shape of a curve: ends, corners of small samples, every 1/parts of what is in view, 1/50 of the rest. */
function thin(
  { truePositiveRate: y, falsePositiveRate: x }: RocCurve,
  { axes, from, parts }: RocView,
): number[] {
  const cutsFalse = axes === "rates" || axes === "rejection"; // the other axes begin where they would without `from`
  const last = x.length - 1, kept = [0];
  for (let i = 1; i < last; i++) {
    const before = kept[kept.length - 1];
    const inView = y[i] >= from && (!cutsFalse || x[i] <= 1 - from);
    const moved = Math.max(x[i] - x[before], y[i] - y[before]) >= (inView ? (1 - from) / parts : 1 / 50);
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
  const view = { axes, from, parts: curves.length > 4 ? 80 : 200 };
  const rows = curves.flatMap((curve, c) => pointsOf(curve, names[c], view));
  const banded = curves.some(({ band }) => band);
  const { x: scaleX, y: scaleY, xTitle, yTitle, diagonal } = FRAMES[axes](from, leastKept(curves));
  const color = {
    field: "curve",
    type: "nominal",
    title: null,
    sort: names,
    scale: { domain: names, range: names.map((_, i) => SERIES[i % SERIES.length]) },
    legend: {
      orient: from > 0 || names.length > 4 ? "right" : LEGENDS[axes],
      symbolType: "stroke",
      symbolStrokeWidth: 3,
      symbolOpacity: 1,
    },
  };
  const x = quantity("x", xTitle, { scale: scaleX }), y = quantity("y", yTitle, { scale: scaleY });
  const order = { field: "order", type: "quantitative" };
  const outline = { x: { ...x, field: "bandX" }, y: { ...y, field: "bandY" } };
  return toSpec({
    width: size,
    height: size,
    title: banded
      ? { text: title, subtitle: "band: 95 % interval of the signal efficiency, point by point" }
      : title,
    encoding: { x, y },
    layer: [
      {
        data: { values: diagonal },
        mark: { type: "line", strokeDash: [3, 4], color: "#8a8a8a", strokeWidth: 1, clip: true },
      },
      ...curves.flatMap((curve, c): View[] => {
        const values = bandOf(curve, names[c], view);
        if (values.length === 0) return [];
        const fill = SERIES[c % SERIES.length]; // a scale of its own would take the legend's place
        const mark = { type: "line", filled: true, fill, fillOpacity: 0.16, strokeWidth: 0, clip: true };
        return [{ data: { values }, mark, encoding: { ...outline, order } }];
      }),
      {
        data: { values: rows },
        mark: { type: "line", strokeWidth: 2, clip: true, strokeJoin: "round" },
        encoding: { order, color },
      },
    ],
  });
}

/** Smallest share of background that a curve keeps, where a logarithmic axis begins; 0.1 where all keep all or nothing. */
function leastKept(curves: readonly NamedRoc[]): number {
  const shares = curves.map(({ curve }) => curve.falsePositiveRate.find((share) => share > 0) ?? 1);
  const least = shares.reduce((a, b) => Math.min(a, b));
  return least < 1 ? least : 0.1;
}

/** A point of a curve as the axes have it: what is kept of the signal, and of the background. */
function placeOf(axes: RocAxes, kept: number, fake: number): { x: number; y: number } {
  switch (axes) {
    case "rejection":
      return { x: kept, y: 1 - fake };
    case "factor":
      return { x: kept, y: 1 / fake };
    case "rates":
    case "logRates":
      return { x: fake, y: kept };
  }
}

/** Whether an axis can show a point: a logarithmic one has no place for what keeps no background. */
const shown = (axes: RocAxes, fake: number) => fake > 0 || axes === "rejection" || axes === "rates";

type RocAxes = NonNullable<RocOptions["axes"]>;

/** What of the curves is drawn, and how finely. */
interface RocView {
  axes: RocAxes;
  from: number;
  parts: number;
}

/** Numbers of the points that are drawn. */
const drawnOf = (curve: RocCurve, view: RocView) =>
  thin(curve, view).filter((i) => shown(view.axes, curve.falsePositiveRate[i]));

function pointsOf({ curve }: NamedRoc, name: string, view: RocView) {
  return drawnOf(curve, view).map((i, order) => ({
    ...placeOf(view.axes, curve.truePositiveRate[i], curve.falsePositiveRate[i]),
    curve: name,
    order,
  }));
}

/** The outline of a curve's band: along its lower limits, and back along its upper ones. */
function bandOf({ curve, band }: NamedRoc, name: string, view: RocView) {
  if (!band) return [];
  const points = drawnOf(curve, view);
  const place = (limit: Float64Array) => (i: number) =>
    placeOf(view.axes, limit[i], curve.falsePositiveRate[i]);
  return [...points.map(place(band.low)), ...points.toReversed().map(place(band.high))]
    .map(({ x, y }, order) => ({ bandX: x, bandY: y, curve: name, order }));
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

const FRAMES: Readonly<Record<NonNullable<RocOptions["axes"]>, (from: number, least: number) => RocFrame>> = {
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
  logRates: (from, least) => ({
    x: { type: "log", domain: [least, 1], nice: false },
    y: linear(from, 1),
    xTitle: "False positive rate",
    yTitle: "True positive rate",
    diagonal: Array.from({ length: 41 }, (_, i) => least ** (1 - i / 40)).map((x) => ({ x, y: x })),
  }),
};

const LEGENDS = {
  rejection: "bottom-left",
  factor: "top-right",
  rates: "bottom-right",
  logRates: "bottom-right",
} as const;
