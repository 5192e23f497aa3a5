/**
 * Which cells a line crosses, and by that which of two mirror images a track is.
 *
 * A cell fires when the foot of the perpendicular from its wire lies within its square. Circles whose wires lie on one line are touched by a track and
 * by its image alike; but unless that line is an axis or a diagonal of the lattice, the image crosses other cells: some that did not fire, and not some that did. @module
 */
import type { TrackerHits } from "../../../image/tracker_events.ts";
import { TRACKER, wireY } from "../../../simulate/supernemo/geometry.ts";
import type { EventTrack, SpaceLine } from "./lines.ts";

const { layers: LAYERS, columns: COLUMNS, pitch: CELL_MM } = TRACKER;

/** Half of the height in which the wires are read, mm: the lesser of both generators'. */
const HALF_HEIGHT_MM = 1515;

/**
 * Cells that a line crosses on its side, 113 · layer + column each; without those beyond the wires' ends, where its heights are known.
 *
 * @param firstWireMm |x| of the first layer's wires.
 */
export function crossedCells(line: SpaceLine, firstWireMm: number): Set<number> {
  const slope = Math.tan(line.angleDegrees * Math.PI / 180), found = new Set<number>();
  const half = CELL_MM / 2, scale = 1 / (1 + slope * slope);
  for (let layer = 0; layer < LAYERS; layer++) {
    const wireX = firstWireMm + CELL_MM * layer;
    const ends = [-half, half].map((off) => (line.vertexYMm + slope * (wireX + off)) / CELL_MM + 56);
    const first = Math.max(0, Math.floor(Math.min(...ends)) - 1);
    const last = Math.min(COLUMNS - 1, Math.ceil(Math.max(...ends)) + 1);
    for (let column = first; column <= last; column++) {
      const y = wireY(column), above = y - line.vertexYMm - slope * wireX;
      const footX = wireX + slope * above * scale, footY = line.vertexYMm + slope * footX;
      if (Math.abs(footX - wireX) >= half || Math.abs(footY - y) >= half) continue;
      if (Math.abs(line.vertexZMm + line.slopeZ * footX) > HALF_HEIGHT_MM) continue; // not where it is NaN
      found.add(COLUMNS * layer + column);
    }
  }
  return found;
}

/** Cells that contradict a line: crossed by it without having fired, or its own hits' without being crossed. */
function contradictions(
  crossed: ReadonlySet<number>,
  fired: ReadonlySet<number>,
  own: Iterable<number>,
): number {
  let count = 0;
  for (const cell of crossed) if (!fired.has(cell)) count++;
  for (const cell of own) if (!crossed.has(cell)) count++;
  return count;
}

/**
 * A track, or its mirror image where fewer cells contradict that; the other one is then its mirror.
 *
 * @param event Number of the event, all of whose hits count as fired.
 */
export function chooseImage(
  track: EventTrack,
  hits: TrackerHits,
  event: number,
  firstWireMm: number,
): EventTrack {
  const { mirror } = track;
  if (!mirror) return track;
  const first = hits.offsets[event], end = hits.offsets[event + 1];
  const cellOf = (hit: number) => COLUMNS * hits.layer[hit] + hits.column[hit];
  const fired = new Set<number>();
  for (let i = first; i < end; i++) if (hits.side[i] === track.side) fired.add(cellOf(i));
  const own = track.hits.map((number) => cellOf(first + number));
  const against = (line: SpaceLine) => contradictions(crossedCells(line, firstWireMm), fired, own);
  if (against(mirror) >= against(track)) return track;
  const { angleDegrees, vertexYMm, vertexZMm, slopeZ } = track;
  return { ...track, ...mirror, mirror: { angleDegrees, vertexYMm, vertexZMm, slopeZ } };
}
