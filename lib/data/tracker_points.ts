/** A tracker's events as points: a row of numbers a hit, for networks that take sets rather than pictures. @module */
import type { NdArray } from "./source.ts";
import { eventCount, TRACKER_CELLS, type TrackerHits } from "../image/tracker_events.ts";

/** What the numbers of a point are. */
export const POINT_COLUMNS = ["is there", "side", "layer", "column", "height", "radius"] as const;

/** Units of these numbers. */
export const POINT_UNITS = "1; -1 or 1; -1 to 1 of 9 layers and of 113 columns; 1515 mm; 44 mm";

/** Heights and radii that are drawn as 1, mm. */
const HEIGHT_MM = 1515, RADIUS_MM = 44;

/** Layers and columns around the middle, from -1 to 1. */
const around = (value: number, count: number) => 2 * value / (count - 1) - 1;

/** The hits of an event that are points, by their numbers among all hits: of more than `most` every so-manieth. */
export function sampledHits(
  { offsets }: Pick<TrackerHits, "offsets">,
  event: number,
  most: number,
): number[] {
  const first = offsets[event], own = offsets[event + 1] - first, kept = Math.min(own, most);
  return Array.from({ length: kept }, (_, k) => first + Math.floor(k * own / kept));
}

/**
 * The hits of each event as points, in the order of the file; of more than `most` every so-manieth.
 *
 * Shapes: [events, most, 6]: 1, side -1 or 1, layer and column from -1 to 1, height / 1515 mm (0 where it is missing), radius / 44 mm (-1 where it
 * is not known); zeros where there are fewer hits.
 *
 * @example
 * ```ts
 * const hits = {
 *   offsets: Uint32Array.of(0, 1),
 *   side: Uint8Array.of(1),
 *   layer: Uint8Array.of(8),
 *   column: Uint8Array.of(56),
 *   radiusMm: Float32Array.of(11),
 *   heightMm: Float32Array.of(0),
 * };
 * drawPoints(hits, 2).data; // 1, 1, 1, 0, 0, 0.25, 0, 0, 0, 0, 0, 0
 * ```
 */
export function drawPoints(hits: TrackerHits, most: number): NdArray<Float32Array> {
  const { side, layer, column, heightMm, radiusMm } = hits, count = eventCount(hits);
  const width = POINT_COLUMNS.length, data = new Float32Array(count * most * width);
  for (let event = 0; event < count; event++) {
    sampledHits(hits, event, most).forEach((i, k) => {
      const at = (event * most + k) * width;
      data[at] = 1;
      data[at + 1] = 2 * side[i] - 1;
      data[at + 2] = around(layer[i], TRACKER_CELLS.layers);
      data[at + 3] = around(column[i], TRACKER_CELLS.columns);
      data[at + 4] = heightMm[i] / HEIGHT_MM;
      data[at + 5] = radiusMm[i] < 0 ? -1 : radiusMm[i] / RADIUS_MM;
    });
  }
  return { data, shape: [count, most, width] };
}
