/** Plain histograms and counts: a check of a data set before training on it. @module */
import { histogram, type HistogramOptions } from "../evaluate/mod.ts";
import { outlineOf } from "./_hatched.ts";
import { COLORS, nameAngle, quantity, SERIES, type Spec, toSpec, type View } from "./spec.ts";

/** Options for {@linkcode plotHistogram}. */
export interface PlotHistogramOptions extends HistogramOptions {
  /** Class of each value; one outline a class. @default {one outline} */
  groups?: ArrayLike<number>;
  /** Names of the classes. @default {"0", "1", …} */
  groupNames?: readonly string[];
  /** Below the horizontal axis. @default {"Value"} */
  xTitle?: string;
  /** Above the chart. */
  title?: string;
  /** Of the plot without its axes, pixels. @default {460} */
  width?: number;
  /** Of the plot without its axes, pixels. @default {220} */
  height?: number;
}

/** Values of at most so many kinds, each of them often, are counted one by one. */
const DISCRETE = 40;

/**
 * A histogram, one step outline a group, over the same bins; what lies outside of it is counted in the subtitle. Values of
 * few kinds, such as simulated energies, are counted one by one instead, as bars side by side.
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
  const single = singleValues(values, options);
  const present = groups ? [...new Set(Array.from(groups))].sort((a, b) => a - b) : [0];
  const names = present.map((group) => groups ? options.groupNames?.[group] ?? String(group) : "all");
  const ofGroup = (group: number) =>
    groups ? Array.from(values).filter((_, i) => groups[i] === group) : values;
  const frame: HistogramFrame = {
    width,
    height,
    title: (title || left.length > 0) && {
      text: title ?? "",
      ...(left.length > 0 && { subtitle: `not drawn: ${left.join(", ")}` }),
    },
    xTitle,
    names,
    legend: groups !== undefined,
  };
  if (single) return plotSingleValues(present.map(ofGroup), single, frame);
  const parts = present.map((group, g) => {
    return { name: names[g], histogram: histogram(ofGroup(group), { edges }) };
  });
  const outlines = parts.flatMap(({ name, histogram }) =>
    outlineOf(histogram).map((point, order) => ({ ...point, order, name }))
  );
  const bars = parts.flatMap(({ name, histogram: { counts } }) =>
    Array.from(counts, (y, b) => ({ x: edges[b], x2: edges[b + 1], y, name })).filter((bar) => bar.y > 0)
  );
  const domain = { domain: [edges[0], edges[edges.length - 1]], nice: false, zero: false };
  return framed(frame, domain, [
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
  ]);
}

/** What stands round a histogram. */
interface HistogramFrame {
  width: number;
  height: number;
  title: View | false | "" | undefined;
  xTitle: string;
  /** Groups. */
  names: readonly string[];
  legend: boolean;
}

function framed(
  { width, height, title, xTitle, names, legend }: HistogramFrame,
  scale: View,
  layer: View[],
  symbol: View = { symbolType: "stroke", symbolStrokeWidth: 3 },
): Spec {
  return toSpec({
    width,
    height,
    ...(title && { title }),
    encoding: {
      x: quantity("x", xTitle, { scale }),
      y: quantity("y", "Events", { stack: null, axis: { tickMinStep: 1 } }),
      color: {
        field: "name",
        type: "nominal",
        title: null,
        scale: {
          domain: names,
          range: names.map((_, i) => [COLORS.orange, COLORS.blue, ...SERIES.slice(2)][i % SERIES.length]),
        },
        legend: legend ? { orient: "top", symbolOpacity: 1, ...symbol } : null,
      },
    },
    layer,
  });
}

/** The values, rising, where they are few and each occurs often; nothing where bins are asked for. */
function singleValues(
  values: ArrayLike<number>,
  { edges, range }: PlotHistogramOptions,
): number[] | undefined {
  if (edges) return undefined;
  const [low, high] = range ?? [-Infinity, Infinity];
  const finite = Array.from(values).filter((value) =>
    Number.isFinite(value) && value >= low && value <= high
  );
  const kinds = [...new Set(finite)].sort((a, b) => a - b);
  const few = kinds.length > 1 && kinds.length <= DISCRETE && finite.length > 3 * kinds.length;
  return few ? kinds : undefined;
}

/** How often each value occurs in each group, as bars side by side. */
function plotSingleValues(
  groups: readonly ArrayLike<number>[],
  kinds: readonly number[],
  frame: HistogramFrame,
): Spec {
  const gap = kinds.slice(1).reduce((least, value, i) => Math.min(least, value - kinds[i]), Infinity);
  const bar = 0.8 * gap / groups.length;
  const values = groups.flatMap((own, g) => {
    const counts = Map.groupBy(Array.from(own), (value) => value);
    return kinds.map((kind) => {
      const left = kind - 0.4 * gap + g * bar;
      return { x: left, x2: left + bar, y: counts.get(kind)?.length ?? 0, name: frame.names[g], value: kind };
    });
  });
  const scale = { domain: [kinds[0] - gap, kinds[kinds.length - 1] + gap], nice: false, zero: false };
  const bars: View = {
    data: { values },
    mark: { type: "rect", opacity: 0.85 },
    encoding: { x2: { field: "x2" }, y2: { datum: 0 } },
  };
  return framed(frame, scale, [bars], { symbolType: "square" });
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
      axis: { labelAngle: nameAngle(classNames) },
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
