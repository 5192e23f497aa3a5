/** The response of a binary classifier for its two classes, overall and in bins of another quantity. @module */
import { type Histogram, histogram, indicesByBin } from "../evaluate/mod.ts";
import { type Hatched, hatchedLayers } from "./_hatched.ts";
import { COLORS, type Spec, toSpec, type View } from "./spec.ts";

/** Options for {@linkcode plotResponse}. */
export interface ResponseOptions {
  /** Names of background and signal. @default {["background", "signal"]} */
  classNames?: readonly [background: string, signal: string];
  /** Bins of the histogram. @default {50} */
  bins?: number;
  /** Above the chart. */
  title?: string;
  /** Of the plot without its axes, pixels. @default {460} */
  width?: number;
  /** Of the plot without its axes, pixels. @default {240} */
  height?: number;
  /** Below the horizontal axis. @default {"Classifier response"} */
  xTitle?: string;
}

/** Both classes as hatched parts of a chart, signal first as the course draws it. */
function partsOf(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  members: ArrayLike<number>,
  [background, signal]: readonly [string, string],
  bins: number,
): Hatched[] {
  const ofClass = (label: number): Histogram => {
    const own = Array.from(members).filter((i) => Number(labels[i]) === label).map((i) => scores[i]);
    return histogram(own, { bins, range: [0, 1] });
  };
  return [
    { name: signal, color: COLORS.blue, hatch: "/", histogram: ofClass(1) },
    { name: background, color: COLORS.orange, hatch: "\\", histogram: ofClass(0) },
  ];
}

/** A round number a little above the tallest bar. */
function topOf(parts: readonly Hatched[]): number {
  const tallest = Math.max(1, ...parts.flatMap((part) => Array.from(part.histogram.counts)));
  return tallest * 1.06;
}

/**
 * Histograms of a classifier's response for signal and background, as hatched step outlines over [0, 1].
 *
 * Shapes: [n] responses in [0, 1] and labels (1 signal, 0 background).
 *
 * @example Two events
 * ```ts
 * plotResponse([0.1, 0.9], [0, 1]);
 * ```
 */
export function plotResponse(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: ResponseOptions = {},
): Spec {
  const { classNames = ["background", "signal"], bins = 50, title, width = 460, height = 240 } = options;
  const { xTitle = "Classifier response" } = options;
  const parts = partsOf(scores, labels, Array.from(scores, (_, i) => i), classNames, bins);
  const view = hatchedLayers(parts, {
    width,
    height,
    top: topOf(parts),
    xTitle,
    yTitle: "Events",
    legend: true,
  });
  return toSpec({ title: title ?? "Classifier response", ...view });
}

/**
 * The same in bins of another quantity, side by side, each with its own vertical axis.
 *
 * @param values What the bins are of, [n].
 * @param edges Bin edges, rising.
 * @param options `xTitle` names the response; `name` is what the bins are of, `units` follow the edges in the titles.
 * @example Three bins
 * ```ts
 * plotResponseByBin([0.1, 0.9], [0, 1], [3, 20], [0, 5, 15, 35]);
 * ```
 */
export function plotResponseByBin(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  values: ArrayLike<number>,
  edges: readonly number[],
  options: ResponseOptions & { name?: string; units?: string } = {},
): Spec {
  const { classNames = ["background", "signal"], bins = 50, title, width = 250, height = 190 } = options;
  const { name = "value", units = "", xTitle = "Classifier response" } = options;
  const views = indicesByBin(values, edges).map((members, b): View => {
    const parts = partsOf(scores, labels, members, classNames, bins);
    const frame = {
      width,
      height,
      top: topOf(parts),
      xTitle,
      yTitle: b === 0 ? "Events" : "",
      legend: b === 0,
    };
    return {
      title: {
        text: `${edges[b]} to ${edges[b + 1]}${units && ` ${units}`}`,
        subtitle: `${members.length.toLocaleString("en")} events`,
        fontSize: 12,
        frame: "group",
      },
      ...hatchedLayers(parts, frame),
    };
  });
  return toSpec({ title: title ?? `Classifier response by ${name}`, spacing: 24, hconcat: views });
}
