/** How a predicted quantity lies around the truth. @module */
import { type Estimate, quantileSorted, type RegressionBin } from "../evaluate/mod.ts";
import { axisTitle, COLORS, quantity, type Spec, toSpec, type View } from "./spec.ts";

/** Options of the regression charts. */
export interface RegressionPlotOptions {
  /** Name of the quantity, such as "energy". @default {"value"} */
  name?: string;
  /** Such as "keV". @default {none} */
  units?: string;
  /** Above the chart. */
  title?: string;
  /** Most examples drawn as points; more are counted in cells. @default {2000} */
  limit?: number;
}

/** A truth of at most so many values is drawn value by value. */
const DISCRETE = 40;
/** Cells along each side where examples are counted. */
const CELLS = 60;

/** One example. */
interface Pair {
  true: number;
  predicted: number;
}

/**
 * Predicted against true values, with the bisector that an ideal regressor would follow: every example as a point, or
 * counted in cells where there are many, under the median and the middle half of each of some bins; as median, middle half
 * and 90 % of each value where the truth has few of them.
 *
 * Shapes: [n] and [n], same units. Values that are no numbers are left out, and said so.
 *
 * @throws {RangeError} If the arrays differ in length or hold no numbers.
 * @example Three events
 * ```ts
 * plotPredictedAgainstTrue([1.2, 8.8, 31], [1, 9, 30], { name: "energy", units: "keV" });
 * ```
 */
export function plotPredictedAgainstTrue(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: RegressionPlotOptions = {},
): Spec {
  const { name = "value", units = "", title, limit = 2000 } = options;
  const n = truth.length;
  if (n === 0 || predicted.length !== n) {
    throw new RangeError(
      `Cannot draw predictions as arrays must be equally long: got ${predicted.length} and ${n}`,
    );
  }
  const all = Array.from({ length: n }, (_, i) => ({ true: truth[i], predicted: predicted[i] }));
  const pairs = all.filter((pair) => Number.isFinite(pair.true) && Number.isFinite(pair.predicted));
  if (pairs.length === 0) throw new RangeError(`Cannot draw predictions as none of ${n} is a number`);
  const values = new Set(pairs.map((pair) => pair.true)), scale = { domain: domainOf(pairs), nice: false };
  const discrete = values.size <= DISCRETE && pairs.length > 3 * values.size;
  const layer = discrete
    ? valueLayers(pairs)
    : [...(pairs.length > limit ? cellLayers(pairs) : pointLayers(pairs)), ...profileLayers(pairs)];
  const left = n - pairs.length;
  return toSpec({
    width: 300,
    height: 300,
    title: {
      text: title ?? `Predicted against true ${name}`,
      subtitle: `${n.toLocaleString("en")} examples` + (left > 0 ? `, ${left} of them no numbers` : "") +
        (discrete
          ? "; median, middle half, 90 %"
          : pairs.length >= PROFILED
          ? "; median and middle half"
          : ""),
    },
    encoding: {
      x: quantity("true", axisTitle(`True ${name}`, units), { scale }),
      y: quantity("predicted", axisTitle(`Predicted ${name}`, units), { scale }),
    },
    layer: [
      ...layer,
      {
        data: { values: scale.domain.map((end) => ({ true: end, predicted: end })) },
        mark: { type: "line", color: COLORS.red, strokeDash: [5, 4], strokeWidth: 1.5 },
      },
    ],
  });
}

/** From the lowest value, or 0, to a little above the highest. */
function domainOf(pairs: readonly Pair[]): [number, number] {
  let low = 0, high = -Infinity;
  for (const pair of pairs) {
    low = Math.min(low, pair.true, pair.predicted);
    high = Math.max(high, pair.true, pair.predicted);
  }
  return [low, high + 0.03 * (high - low || 1)];
}

function pointLayers(pairs: readonly Pair[]): View[] {
  const opacity = pairs.length > 500 ? 0.35 : 0.6;
  return [{ data: { values: pairs }, mark: { type: "circle", size: 14, opacity, color: COLORS.blue } }];
}

/** Examples counted in square cells, so that a chart of a million points is as small as one of a thousand. */
function cellLayers(pairs: readonly Pair[]): View[] {
  const [low, high] = domainOf(pairs), side = (high - low) / CELLS;
  const counts = new Map<number, number>();
  for (const pair of pairs) {
    const cell = (value: number) => Math.min(CELLS - 1, Math.floor((value - low) / side));
    const key = cell(pair.true) * CELLS + cell(pair.predicted);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const values = Array.from(counts, ([key, count]) => {
    const x = low + Math.floor(key / CELLS) * side, y = low + key % CELLS * side;
    return { x, y, x2: x + side, y2: y + side, count };
  });
  return [{
    data: { values },
    mark: { type: "rect" },
    encoding: {
      x: quantity("x", ""),
      x2: { field: "x2" },
      y: quantity("y", ""),
      y2: { field: "y2" },
      color: {
        field: "count",
        type: "quantitative",
        title: "examples",
        scale: { type: "log", scheme: "blues" },
      },
    },
  }];
}

/** Fewest examples that a profile is made of, its bins, and fewest examples of one. */
const PROFILED = 100, PROFILE_BINS = 12, FEWEST_OF_BIN = 5;

/** Median and middle half of the predictions in equal bins of the truth. */
function profileLayers(pairs: readonly Pair[]): View[] {
  if (pairs.length < PROFILED) return [];
  const truths = pairs.map((pair) => pair.true);
  const low = truths.reduce((a, b) => Math.min(a, b)), high = truths.reduce((a, b) => Math.max(a, b));
  const width = (high - low) / PROFILE_BINS;
  const binOf = (value: number) => Math.min(PROFILE_BINS - 1, Math.floor((value - low) / width));
  const byBin = Map.groupBy(pairs, (pair) => binOf(pair.true));
  const values = Array.from(byBin).filter(([, own]) => own.length >= FEWEST_OF_BIN).map(([bin, own]) => {
    const sorted = own.map((pair) => pair.predicted).sort((a, b) => a - b);
    const [p25, p50, p75] = [0.25, 0.5, 0.75].map((share) => quantileSorted(sorted, share));
    return { true: low + (bin + 0.5) * width, predicted: p50, p25, p75, n: own.length };
  });
  const data = { values };
  return [
    {
      data,
      mark: { type: "rule", strokeWidth: 2, color: COLORS.orange },
      encoding: { y: quantity("p25", ""), y2: { field: "p75" } },
    },
    { data, mark: { type: "point", filled: true, size: 40, color: COLORS.orange, opacity: 1 } },
  ];
}

/** Where the predictions of each true value lie. */
function valueLayers(pairs: readonly Pair[]): View[] {
  const byValue = Map.groupBy(pairs, (pair) => pair.true);
  const values = Array.from(byValue, ([value, own]) => {
    const sorted = own.map((pair) => pair.predicted).sort((a, b) => a - b);
    const [p5, p25, p50, p75, p95] = [0.05, 0.25, 0.5, 0.75, 0.95].map((share) =>
      quantileSorted(sorted, share)
    );
    return { true: value, predicted: p50, p5, p25, p75, p95, n: own.length };
  }).sort((a, b) => a.true - b.true);
  const data = { values };
  const span = (from: string, to: string, strokeWidth: number, opacity: number): View => ({
    data,
    mark: { type: "rule", strokeWidth, opacity, color: COLORS.blue },
    encoding: { y: quantity(from, ""), y2: { field: to } },
  });
  return [
    span("p5", "p95", 1.5, 0.7),
    span("p25", "p75", 7, 0.45),
    { data, mark: { type: "tick", orient: "horizontal", size: 12, thickness: 2, color: COLORS.blue } },
  ];
}

/**
 * Bias and resolution in bins, each with its interval, side by side.
 *
 * @param bins From `regressionByBin`; empty ones are left out.
 * @param options `name` and `units` of the quantity.
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
  const { name = "value", units = "", title } = options;
  const panel = (heading: string, yTitle: string, pick: (bin: RegressionBin) => Estimate, factor: number) =>
    binPanel(bins, { heading, yTitle, xTitle: axisTitle(`True ${name}`, units), pick, factor });
  return toSpec({
    title: {
      text: title ?? `Bias and resolution by ${name}`,
      subtitle: "points: mean of the bin; bars: 95 % interval, width of the bin",
    },
    spacing: 30,
    hconcat: [
      panel("Bias", axisTitle("Predicted − true", units), (bin) => bin.bias, 1),
      panel("Resolution", axisTitle("Spread", units), (bin) => bin.resolution, 1),
      panel("Relative resolution", "Spread / true [%]", (bin) => bin.relativeResolution, 100),
    ],
  });
}

/** What one panel of {@linkcode plotBiasAndResolution} shows. */
interface Panel {
  heading: string;
  xTitle: string;
  yTitle: string;
  pick: (bin: RegressionBin) => Estimate;
  /** What the values are multiplied by. */
  factor: number;
}

function binPanel(bins: readonly RegressionBin[], { heading, xTitle, yTitle, pick, factor }: Panel): View {
  const domain = [bins[0].low, bins[bins.length - 1].high];
  const rows = bins.filter((bin) => bin.n > 0).map((bin) => {
    const { value, low, high } = pick(bin);
    const scaled = { y: factor * value, low: factor * low, high: factor * high };
    return { x: bin.center, from: bin.low, to: bin.high, n: bin.n, ...scaled };
  });
  const x = (field: string) => quantity(field, xTitle, { scale: { domain, nice: false } });
  const y = (field: string) => quantity(field, yTitle);
  const rule = { type: "rule", color: COLORS.blue, strokeWidth: 1.5 };
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
      { mark: rule, encoding: { x: x("from"), x2: { field: "to" }, y: y("y") } },
      { mark: rule, encoding: { x: x("x"), y: y("low"), y2: { field: "high" } } },
      {
        mark: { type: "point", filled: true, size: 45, color: COLORS.blue, opacity: 1 },
        encoding: { x: x("x"), y: y("y") },
      },
    ],
  };
}
