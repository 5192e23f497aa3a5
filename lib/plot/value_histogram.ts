/** Plain histograms and counts: a check of a data set before training on it. @module */
import { histogram, type HistogramOptions } from "../evaluate/mod.ts";
import { outlineOf } from "./_hatched.ts";
import { COLORS, quantity, SERIES, type Spec, toSpec } from "./spec.ts";

/** Options for {@linkcode plotHistogram}. */
export interface PlotHistogramOptions extends HistogramOptions {
  /** Class of each value; one outline a class. @default {one outline} */
  groups?: ArrayLike<number>;
  /** Names of the classes. @default {"0", "1", …} */
  groupNames?: readonly string[];
  /** @default {"Value"} */
  xTitle?: string;
  title?: string;
  /** @default {460} */
  width?: number;
  /** @default {220} */
  height?: number;
}

/**
 * A histogram, one step outline a group, over the same bins; what lies outside of it is counted in the subtitle.
 *
 * @param values [n], in the units that `xTitle` names.
 * @throws {RangeError} If the edges do not rise.
 * @example Lengths of two classes
 * ```ts
 * plotHistogram([3, 5, 20], { groups: [0, 1, 1], groupNames: ["noise", "track"], xTitle: "Length [mm]", bins: 10 });
 * ```
 */
export function plotHistogram(values: ArrayLike<number>, options: PlotHistogramOptions = {}): Spec {
  const { groups, xTitle = "Value", title, width = 460, height = 220 } = options;
  const { edges, under, over, missing } = histogram(values, options);
  const left = [
    ...(under > 0 ? [`${under} below`] : []),
    ...(over > 0 ? [`${over} above`] : []),
    ...(missing > 0 ? [`${missing} no number`] : []),
  ];
  const present = groups ? [...new Set(Array.from(groups))].sort((a, b) => a - b) : [0];
  const names = present.map((group) => groups ? options.groupNames?.[group] ?? String(group) : "all");
  const parts = present.map((group, g) => {
    const own = groups ? Array.from(values).filter((_, i) => groups[i] === group) : values;
    return { name: names[g], histogram: histogram(own, { edges }) };
  });
  const outlines = parts.flatMap(({ name, histogram }) =>
    outlineOf(histogram).map((point, order) => ({ ...point, order, name }))
  );
  const bars = parts.flatMap(({ name, histogram: { counts } }) =>
    Array.from(counts, (y, b) => ({ x: edges[b], x2: edges[b + 1], y, name })).filter((bar) => bar.y > 0)
  );
  return toSpec({
    width,
    height,
    ...((title || left.length > 0) && {
      title: { text: title ?? "", ...(left.length > 0 && { subtitle: `not drawn: ${left.join(", ")}` }) },
    }),
    encoding: {
      x: quantity("x", xTitle, {
        scale: { domain: [edges[0], edges[edges.length - 1]], nice: false, zero: false },
      }),
      y: quantity("y", "Events", { stack: null, axis: { tickMinStep: 1 } }),
      color: {
        field: "name",
        type: "nominal",
        title: null,
        scale: {
          domain: names,
          range: [COLORS.orange, COLORS.blue, ...SERIES.slice(2)].slice(0, names.length),
        },
        legend: groups
          ? { orient: "top", symbolType: "stroke", symbolStrokeWidth: 3, symbolOpacity: 1 }
          : null,
      },
    },
    layer: [
      {
        data: { values: bars },
        mark: { type: "rect", opacity: 0.15 },
        encoding: { x2: { field: "x2" }, y2: { datum: 0 } },
      },
      {
        data: { values: outlines },
        mark: { type: "line", strokeWidth: 1.8, interpolate: "linear" },
        encoding: { order: { field: "order", type: "quantitative" } },
      },
    ],
  });
}

/**
 * How many examples each class has, in one set or in several.
 *
 * @param labels Class numbers of the set, or of several sets by name.
 * @param classNames One name a class.
 * @example Two splits
 * ```ts
 * plotClassCounts({ training: [0, 1, 1], validation: [0, 1] }, ["noise", "track"]);
 * ```
 */
export function plotClassCounts(
  labels: Record<string, ArrayLike<number>>,
  classNames: readonly string[],
  options: { title?: string } = {},
): Spec {
  const sets = Object.keys(labels);
  const rows = sets.flatMap((set) => {
    const counts = new Array<number>(classNames.length).fill(0);
    for (let i = 0; i < labels[set].length; i++) counts[labels[set][i]]++;
    return counts.map((count, c) => ({ set, name: classNames[c], count }));
  });
  const encoding = {
    x: {
      field: "name",
      type: "nominal",
      title: null,
      sort: classNames,
      axis: { labelAngle: classNames.length > 5 ? -40 : 0 },
    },
    xOffset: { field: "set", type: "nominal", sort: sets },
    y: quantity("count", "Examples", { scale: { nice: true } }),
  };
  return toSpec({
    width: { step: sets.length > 1 ? 26 : 40 },
    height: 200,
    title: options.title ?? "Examples by class",
    data: { values: rows },
    encoding,
    layer: [
      {
        mark: { type: "bar" },
        encoding: {
          color: {
            field: "set",
            type: "nominal",
            title: null,
            scale: { domain: sets, range: SERIES.slice(0, sets.length) },
            legend: sets.length > 1 ? { orient: "top" } : null,
          },
        },
      },
      {
        mark: { type: "text", dy: -6, fontSize: 9 },
        encoding: { text: { field: "count", type: "quantitative", format: ",d" } },
      },
    ],
  });
}
