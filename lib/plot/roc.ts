/** ROC curves. @module */
import type { Estimate, RocCurve } from "../evaluate/mod.ts";
import { formatEstimate, quantity, SERIES, type Spec, toSpec } from "./spec.ts";

/** A named curve. */
export interface NamedRoc {
  name: string;
  curve: RocCurve;
  auc: Estimate;
}

/** Options for {@linkcode plotRoc}. */
export interface RocOptions {
  /**
   * `rejection`: background rejection against signal efficiency, best at (1, 1), as physicists draw it; `rates`: true against
   * false positive rate, best at (0, 1). @default {"rejection"}
   */
  axes?: "rejection" | "rates";
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
  const rejection = axes === "rejection";
  const names = curves.map(({ name, auc }) => `${name}: AUC ${formatEstimate(auc)}`);
  const rows = curves.flatMap(({ curve }, c) =>
    thin(curve, from).map((i, order) => {
      const [kept, fake] = [curve.truePositiveRate[i], curve.falsePositiveRate[i]];
      return rejection
        ? { x: kept, y: 1 - fake, curve: names[c], order }
        : { x: fake, y: kept, curve: names[c], order };
    })
  );
  const scaleX = { domain: rejection ? [from, 1] : [0, 1 - from], nice: false, zero: false };
  const scaleY = { domain: [from, 1], nice: false, zero: false };
  const diagonal = rejection ? [{ x: 0, y: 1 }, { x: 1, y: 0 }] : [{ x: 0, y: 0 }, { x: 1, y: 1 }];
  return toSpec({
    width: size,
    height: size,
    title,
    encoding: {
      x: quantity("x", rejection ? "Signal efficiency" : "False positive rate", { scale: scaleX }),
      y: quantity("y", rejection ? "Background rejection" : "True positive rate", { scale: scaleY }),
    },
    layer: [
      {
        data: { values: diagonal },
        mark: { type: "line", strokeDash: [3, 4], color: "#8a8a8a", strokeWidth: 1, clip: true },
      },
      {
        data: { values: rows },
        mark: { type: "line", strokeWidth: 2, clip: true, strokeJoin: "round" },
        encoding: {
          order: { field: "order", type: "quantitative" },
          color: {
            field: "curve",
            type: "nominal",
            title: null,
            sort: names,
            scale: { domain: names, range: SERIES.slice(0, Math.max(names.length, 1)) },
            legend: {
              orient: from > 0 || names.length > 4 ? "right" : rejection ? "bottom-left" : "bottom-right",
              symbolType: "stroke",
              symbolStrokeWidth: 3,
            },
          },
        },
      },
    ],
  });
}
