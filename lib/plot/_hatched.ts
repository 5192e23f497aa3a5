/**
 * Histograms as hatched step outlines. Vega has no hatching, so the strokes are computed: lines at 45 degrees on the screen,
 * cut where they leave the bars.
 * @module
 */
import type { Histogram } from "../evaluate/mod.ts";
import { quantity, type View } from "./spec.ts";

/** One hatched histogram of a chart. */
export interface Hatched {
  name: string;
  color: string;
  histogram: Histogram;
  /** `/` rises to the right, `\` falls. */
  hatch: "/" | "\\";
}

/** Size and axes of the chart, needed for the angle of the strokes. */
export interface HatchedFrame {
  width: number;
  height: number;
  /** Last value of the vertical axis. */
  top: number;
  xTitle: string;
  yTitle: string;
  legend: boolean;
}

interface Segment {
  x: number;
  y: number;
  x2: number;
  y2: number;
}

/** The outline of a histogram, from the axis up, along the steps, and down again. */
export function outlineOf({ edges, counts }: Histogram): { x: number; y: number }[] {
  const points = [{ x: edges[0], y: 0 }];
  for (let b = 0; b < counts.length; b++) {
    points.push({ x: edges[b], y: counts[b] }, { x: edges[b + 1], y: counts[b] });
  }
  return [...points, { x: edges[counts.length], y: 0 }];
}

/**
 * Strokes of a hatch within the bars of a histogram, in data units.
 *
 * @param spacing Distance between strokes along the horizontal axis, in pixels.
 */
export function hatchOf(
  { edges, counts }: Histogram,
  hatch: "/" | "\\",
  { width, height, top }: { width: number; height: number; top: number },
  spacing = 7,
): Segment[] {
  const first = edges[0], span = edges[counts.length] - first;
  const toPixel = (x: number) => (x - first) / span * width;
  const sign = hatch === "/" ? 1 : -1; // at height y (pixels), stroke k is at x = k · spacing + sign · y
  const segments: Segment[] = [];
  for (let b = 0; b < counts.length; b++) {
    if (counts[b] <= 0) continue;
    const left = toPixel(edges[b]), right = toPixel(edges[b + 1]), tall = counts[b] / top * height;
    const from = Math.ceil((left - (sign > 0 ? tall : 0)) / spacing),
      to = Math.floor((right + (sign > 0 ? 0 : tall)) / spacing);
    for (let k = from; k <= to; k++) {
      // y where the stroke crosses the sides of the bar, cut to the bar
      const atLeft = sign * (left - k * spacing), atRight = sign * (right - k * spacing);
      const low = Math.max(0, Math.min(atLeft, atRight)), high = Math.min(tall, Math.max(atLeft, atRight));
      if (high - low < 1e-6) continue;
      const point = (
        y: number,
      ): [number, number] => [first + (k * spacing + sign * y) / width * span, y / height * top];
      const [[x, y], [x2, y2]] = [point(low), point(high)];
      segments.push({ x, y, x2, y2 });
    }
  }
  return segments;
}

/** Layers of hatched outlines in one frame. */
export function hatchedLayers(parts: readonly Hatched[], frame: HatchedFrame): View {
  const { width, height, top, xTitle, yTitle, legend } = frame;
  const { edges } = parts[0].histogram;
  const domain = [edges[0], edges[edges.length - 1]];
  const x = quantity("x", xTitle, { scale: { domain, nice: false, zero: false }, axis: { grid: false } });
  const y = quantity("y", yTitle, {
    scale: { domain: [0, top], nice: false },
    axis: { tickMinStep: 1, tickCount: 5 },
  });
  const color = {
    field: "name",
    type: "nominal",
    title: null,
    scale: { domain: parts.map((part) => part.name), range: parts.map((part) => part.color) },
    legend: legend ? { orient: "top", symbolType: "stroke", symbolStrokeWidth: 3, symbolOpacity: 1 } : null,
  };
  const strokes = parts.flatMap(({ name, histogram, hatch }) =>
    hatchOf(histogram, hatch, { width, height, top }).flatMap((stroke) => [
      { x: stroke.x, y: stroke.y, name },
      { x: stroke.x2, y: stroke.y2, name },
      { x: stroke.x2, y: null, name }, // lifts the pen
    ])
  ).map((point, order) => ({ ...point, order }));
  const outlines = parts.flatMap(({ name, histogram }) =>
    outlineOf(histogram).map((point, order) => ({ ...point, name, order }))
  );
  return {
    width,
    height,
    layer: [
      {
        data: { values: strokes },
        mark: { type: "line", strokeWidth: 0.8, opacity: 0.7, interpolate: "linear" },
        encoding: { x, y, color, order: { field: "order", type: "quantitative" } },
      },
      {
        data: { values: outlines },
        mark: { type: "line", strokeWidth: 1.8, interpolate: "linear" },
        encoding: { x, y, color, order: { field: "order", type: "quantitative" } },
      },
    ],
  };
}
