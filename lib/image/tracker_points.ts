/** A tracker's events as points: a row of numbers a hit, for networks that take sets rather than pictures. @module */
import { seedNearness, TRACK_SEEDS } from "./track_seeds.ts";
import { CELL_MM, eventCount, TRACKER_CELLS, type TrackerHits } from "./tracker_events.ts";

/** What the numbers of a point are. */
export const POINT_COLUMNS = ["is there", "side", "layer", "column", "height", "radius"] as const;

/** Units of these numbers. */
export const POINT_UNITS = "1; -1 or 1; -1 to 1 of 9 layers and of 113 columns; 1515 mm; 44 mm";

/** The same with how near the point is to each straight line that the hits agree on. */
export const SEEDED_COLUMNS: readonly string[] = [
  ...POINT_COLUMNS,
  ...Array.from({ length: TRACK_SEEDS }, (_, i) => `near line ${i + 1}`),
];

/** Units of these numbers. */
export const SEEDED_UNITS = `${POINT_UNITS}; 1 on a line`;

/** Points of many events. */
export interface DrawnPoints {
  /** Row-major. */
  data: Float32Array;
  /** [events, most, numbers of a point]. */
  shape: [events: number, most: number, numbers: number];
}

/** Options for {@linkcode drawPoints}. */
export interface PointOptions {
  /** Whether a point also has how near it is to each line of `seedNearness()`. @default {false} */
  seeded?: boolean;
}

/** Heights and radii that are drawn as 1, mm. */
const HEIGHT_MM = 1515, RADIUS_MM = CELL_MM;

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

/** How far a hit is from another, squared; of one side, across and up, in cells. */
function apart({ side, layer, column, heightMm }: TrackerHits, i: number, k: number): number {
  const up = heightMm[i] === 0 || heightMm[k] === 0 ? 0 : (heightMm[i] - heightMm[k]) / CELL_MM;
  if (side[i] !== side[k]) return Infinity;
  return (layer[i] - layer[k]) ** 2 + (column[i] - column[k]) ** 2 + up ** 2;
}

/**
 * The point that stands for each hit, by its number in the event: its own or, where it is none, the nearest one's; -1 in an event whose points are all
 * on the other side.
 *
 * @returns [hits].
 */
export function pointOfEachHit(hits: TrackerHits, most: number): Int16Array {
  const out = new Int16Array(hits.layer.length).fill(-1);
  for (let event = 0; event < eventCount(hits); event++) {
    const sampled = sampledHits(hits, event, most);
    sampled.forEach((hit, point) => out[hit] = point);
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      if (out[i] >= 0) continue;
      const far = sampled.map((hit) => apart(hits, i, hit)), least = Math.min(...far);
      if (least < Infinity) out[i] = far.indexOf(least);
    }
  }
  return out;
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
export function drawPoints(hits: TrackerHits, most: number, options: PointOptions = {}): DrawnPoints {
  const { seeded = false } = options, { side, layer, column, heightMm, radiusMm } = hits;
  const count = eventCount(hits), width = (seeded ? SEEDED_COLUMNS : POINT_COLUMNS).length;
  const data = new Float32Array(count * most * width);
  for (let event = 0; event < count; event++) {
    const sampled = sampledHits(hits, event, most), near = seeded ? seedNearness(hits, sampled) : undefined;
    sampled.forEach((i, k) => {
      const at = (event * most + k) * width;
      data[at] = 1;
      data[at + 1] = 2 * side[i] - 1;
      data[at + 2] = around(layer[i], TRACKER_CELLS.layers);
      data[at + 3] = around(column[i], TRACKER_CELLS.columns);
      data[at + 4] = heightMm[i] / HEIGHT_MM;
      data[at + 5] = radiusMm[i] < 0 ? -1 : radiusMm[i] / RADIUS_MM;
      if (near) data.set(near.subarray(k * TRACK_SEEDS, (k + 1) * TRACK_SEEDS), at + POINT_COLUMNS.length);
    });
  }
  return { data, shape: [count, most, width] };
}
