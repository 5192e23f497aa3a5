/**
 * A tracker's events as pictures: from above, from the side, from the front, whole, or as a map with a margin.
 *
 * Source: the arrays of github.com/amendl/SuperNEMO_ML_applications, cell for cell; sides apart, and radii as values, are ours. @module
 */
import { drawPoints, pointOfEachHit } from "./tracker_points.ts";
import {
  CELL_MM,
  dropBadRadii,
  dropIsolated,
  eventCount,
  type MissingHeight,
  TRACKER_CELLS,
  type TrackerHits,
  treatMissingHeights,
} from "./tracker_events.ts";

/** From where an event is seen. */
export type TrackerView = "top" | "side" | "front" | "volume" | "map";

const { layers: LAYERS, columns: COLUMNS } = TRACKER_CELLS;

/** Bins of 100 mm of height. */
export const HEIGHT_BINS = 30;

/** Cells of nothing before the first column and layer of a map. */
const MAP_MARGIN = 2;

/** Columns and layers of a map: each 3 more than there are. */
export const MAP_SHAPE: readonly [number, number] = [COLUMNS + 3, LAYERS + 3];

/** Number of a tracker's cell among those of a map. */
export function mapCell(layer: number, column: number): number {
  return (column + MAP_MARGIN) * MAP_SHAPE[1] + layer + MAP_MARGIN;
}

/** Rows and columns of each view: layers × columns, heights × columns, heights × layers, layers × columns × heights, columns × layers. */
export const VIEW_SHAPES: Readonly<Record<TrackerView, readonly number[]>> = {
  top: [LAYERS, COLUMNS],
  side: [HEIGHT_BINS, COLUMNS],
  front: [HEIGHT_BINS, LAYERS],
  volume: [LAYERS, COLUMNS, HEIGHT_BINS],
  map: MAP_SHAPE,
};

/**
 * Bin of a height, 0 to 29.
 *
 * @example
 * ```ts
 * heightBin(-1515); // 0
 * heightBin(0); // 15
 * heightBin(1515); // 29
 * ```
 */
export function heightBin(heightMm: number): number {
  return Math.trunc((Math.min(1490, Math.max(-1500, heightMm)) + 1500) / 100);
}

/** Options for {@linkcode drawView}. */
export interface ViewOptions {
  /** Both sides of the foil in one picture, or one channel each. @default {"folded"} */
  sides?: "folded" | "apart";
  /** What a pixel with a hit is: 1, or from 1 on the wire down to 0 at 44 mm, the nearest counting; hits of unknown radius are then left out. @default {"hit"} */
  value?: "hit" | "radius";
}

/** Views of many events. */
export interface DrawnViews {
  /** Row-major. */
  data: Uint8Array | Float32Array;
  /** With events first and channels last. */
  shape: number[];
}

/** Radius that is drawn as nothing, mm: a cell's whole width. */
const DARK_MM = CELL_MM;

/**
 * Pixel of each hit, within its picture and channel.
 *
 * @returns [hits].
 */
export function pixelsOf(hits: TrackerHits, view: TrackerView): Int32Array {
  const { layer, column, heightMm } = hits, out = new Int32Array(layer.length);
  if (view === "top") {
    for (let i = 0; i < out.length; i++) out[i] = layer[i] * COLUMNS + column[i];
  } else if (view === "side") {
    for (let i = 0; i < out.length; i++) out[i] = heightBin(heightMm[i]) * COLUMNS + column[i];
  } else if (view === "front") {
    for (let i = 0; i < out.length; i++) out[i] = heightBin(heightMm[i]) * LAYERS + layer[i];
  } else if (view === "map") {
    for (let i = 0; i < out.length; i++) out[i] = mapCell(layer[i], column[i]);
  } else {
    for (let i = 0; i < out.length; i++) {
      out[i] = (layer[i] * COLUMNS + column[i]) * HEIGHT_BINS + heightBin(heightMm[i]);
    }
  }
  return out;
}

/**
 * Draws all events.
 *
 * Shapes: [events, …{@linkcode VIEW_SHAPES}, channels] with one channel, or two where the sides are apart.
 *
 * @returns Bytes of 0 and 1, or floats where radii are drawn.
 * @example One hit in layer 2 and column 5, from above
 * ```ts
 * const hits = {
 *   offsets: Uint32Array.of(0, 1),
 *   side: Uint8Array.of(1),
 *   layer: Uint8Array.of(2),
 *   column: Uint8Array.of(5),
 *   radiusMm: Float32Array.of(11),
 *   heightMm: Float32Array.of(250),
 * };
 * drawView(hits, "top").data[2 * 113 + 5]; // 1
 * drawView(hits, "top", { value: "radius" }).data[2 * 113 + 5]; // 0.75
 * ```
 */
export function drawView(
  hits: TrackerHits,
  view: TrackerView,
  options: ViewOptions = {},
): DrawnViews {
  const { sides = "folded", value = "hit" } = options;
  const count = eventCount(hits), channels = sides === "apart" ? 2 : 1;
  const shape = [count, ...VIEW_SHAPES[view], channels];
  const size = shape.slice(1).reduce((product, side) => product * side, 1);
  const data: Uint8Array | Float32Array = value === "hit"
    ? new Uint8Array(count * size)
    : new Float32Array(count * size);
  const pixels = pixelsOf(hits, view), { offsets, side, radiusMm } = hits;
  for (let event = 0; event < count; event++) {
    const start = event * size;
    for (let i = offsets[event]; i < offsets[event + 1]; i++) {
      const at = start + pixels[i] * channels + (channels === 2 ? side[i] : 0);
      if (value === "hit") data[at] = 1;
      else if (radiusMm[i] >= 0) data[at] = Math.max(data[at], 1 - radiusMm[i] / DARK_MM);
    }
  }
  return { data, shape };
}

/** How a model sees hits: all that makes its input of them. */
export interface SeenHits {
  /** From where; or as points, in the order of the hits, also with the lines that they agree on. */
  view: TrackerView | "points" | "seeded points";
  /** Whether both sides of the foil are drawn over each other. */
  sides: "folded" | "apart";
  /** What a cell with a hit has: 1, or the more the nearer the track passed its wire. */
  value: "hit" | "radius";
  /** Whether hits without a neighbour or a radius are seen. */
  isolated: "keep" | "drop";
  /** What becomes of hits whose height was not measured. */
  missingHeight: MissingHeight;
}

/** The hits that a model sees. */
export function chooseSeen(
  hits: TrackerHits,
  { isolated, missingHeight }: Pick<SeenHits, "isolated" | "missingHeight">,
): TrackerHits {
  const filtered = isolated === "drop" ? dropIsolated(dropBadRadii(hits)) : hits;
  return treatMissingHeights(filtered, missingHeight);
}

const isPoints = (view: SeenHits["view"]): view is "points" | "seeded points" => view.endsWith("points");

/**
 * Draws events as a model sees them.
 *
 * @param shape Of the model's input, without the batch: as many points as are drawn.
 */
export function drawSeen(hits: TrackerHits, seen: SeenHits, shape: readonly number[]): DrawnViews {
  const { view, sides, value } = seen, chosen = chooseSeen(hits, seen);
  if (isPoints(view)) return drawPoints(chosen, shape[0], { seeded: view === "seeded points" });
  return drawView(chosen, view, { sides, value });
}

/**
 * Where in what a model sees of its event each hit is: the pixel, or the point; -1 where it is not seen.
 *
 * @param shape As for {@linkcode drawSeen}.
 * @returns [hits].
 */
export function placesOf(hits: TrackerHits, seen: SeenHits, shape: readonly number[]): Int32Array {
  const { view } = seen, places = new Int32Array(hits.layer.length).fill(-1), { offsets } = hits;
  const numbers = new Uint16Array(places.length); // of a hit in its event, which goes through the choice in the place of truth
  for (let event = 0; event < eventCount(hits); event++) {
    for (let i = offsets[event]; i < offsets[event + 1]; i++) numbers[i] = i - offsets[event];
  }
  const chosen = chooseSeen({ ...hits, tracks: numbers }, seen);
  const own = isPoints(view) ? pointOfEachHit(chosen, shape[0]) : pixelsOf(chosen, view);
  for (let event = 0; event < eventCount(hits); event++) {
    for (let i = chosen.offsets[event]; i < chosen.offsets[event + 1]; i++) {
      places[offsets[event] + chosen.tracks![i]] = own[i];
    }
  }
  return places;
}
