/** Measured numbers with their intervals, side by side in groups. @module */
import type { Estimate } from "../evaluate/mod.ts";
import { quantity, SERIES, type Spec, toSpec } from "./spec.ts";

/** A number to draw. */
export interface DrawnEstimate {
  /** Along the horizontal axis, such as "2 tracks". */
  group: string;
  /** Which has a colour of its own. */
  series: string;
  /** The number and its 95 % interval. */
  estimate: Pick<Estimate, "value" | "low" | "high">;
}

/** Options for {@linkcode plotEstimates}. */
export interface EstimatesOptions {
  /** Of the vertical axis. @default {"Share"} */
  yTitle?: string;
  /** Above the chart. */
  title?: string;
  /** Marks to be reached, by series and group. */
  bars?: readonly { group: string; series: string; value: number }[];
}

/**
 * A point with its interval for each number: groups along the axis, the series of a group beside each other; what was to be reached as a line.
 *
 * @throws {RangeError} If there is nothing to draw.
 * @example
 * ```ts
 * plotEstimates([{ group: "1 track", series: "softmax", estimate: { value: 0.98, low: 0.97, high: 0.99 } }]);
 * ```
 */
export function plotEstimates(rows: readonly DrawnEstimate[], options: EstimatesOptions = {}): Spec {
  const { yTitle = "Share", title, bars = [] } = options;
  if (rows.length === 0) throw new RangeError("Cannot draw estimates as there are none");
  const groups = [...new Set(rows.map(({ group }) => group))];
  const series = [...new Set(rows.map(({ series }) => series))];
  const values = rows.map(({ group, series, estimate: { value, low, high } }) => ({
    group,
    series,
    value,
    low,
    high,
  }));
  const color = {
    field: "series",
    type: "nominal",
    title: null,
    scale: { domain: series, range: SERIES.slice(0, series.length) },
  };
  const y = (field: string) => quantity(field, yTitle, { scale: { zero: false } });
  return toSpec({
    width: { step: 22 },
    height: 240,
    ...(title && { title }),
    data: { values },
    encoding: {
      x: { field: "group", type: "nominal", sort: groups, title: null, axis: { labelAngle: 0 } },
      xOffset: { field: "series", sort: series },
      color,
    },
    layer: [
      { mark: { type: "rule", strokeWidth: 2 }, encoding: { y: y("low"), y2: { field: "high" } } },
      {
        mark: { type: "point", filled: true, size: 60 },
        encoding: { y: y("value"), tooltip: ["series", "value", "low", "high"] },
      },
      ...(bars.length === 0 ? [] : [{
        data: { values: bars },
        mark: { type: "tick", thickness: 2, size: 18 },
        encoding: { y: y("value") },
      }]),
    ],
  });
}
