/** One event as it was: drift circles from above, heights from the side and from the front, and the tracks fitted to them. @module */
import type { TrackerHits } from "../../image/tracker_events.ts";
import { COLORS, quantity, SERIES, type Spec, toSpec, type View } from "../../plot/spec.ts";
import { TRACKER, wireAt } from "../../simulate/supernemo/geometry.ts";
import type { EventTrack } from "./fit/lines.ts";

/** Options for {@linkcode plotTrackerEvent}. */
export interface TrackerEventOptions {
  /** Tracks fitted to it, drawn from the foil to the last layer; their hits take their colour. @default {none} */
  tracks?: readonly EventTrack[];
  /** |x| of the first layer's wires. @default {51} */
  firstWireMm?: number;
  /** Above the chart. */
  title?: string;
}

/** Corners of a drawn circle. */
const CORNERS = 24;
/** Millimetres a pixel, from above. */
const SCALE = 7;

interface Place {
  x: number;
  y: number;
  z?: number;
  radiusMm: number;
  of: string;
}

/**
 * Draws an event in mm: from above with a circle of each hit's radius (a cross where it is not known), and heights against both axes, hits without
 * a height left out.
 *
 * @param event Number of the event.
 * @throws {RangeError} If it has no hits.
 */
export function plotTrackerEvent(hits: TrackerHits, event: number, options: TrackerEventOptions = {}): Spec {
  const { tracks = [], firstWireMm = TRACKER.firstWire, title = `Event ${event}` } = options;
  const places = placesOf(hits, event, tracks, firstWireMm);
  if (places.length === 0) throw new RangeError(`Cannot draw event ${event} as it has no hits`);
  const names = ["no track", ...tracks.map((_, i) => `track ${i + 1}`)];
  const color = {
    field: "of",
    type: "nominal",
    title: null,
    scale: { domain: names, range: [COLORS.grey, ...SERIES.slice(0, tracks.length)] },
  };
  const low = Math.min(...places.map(({ y }) => y)) - 100, high = Math.max(...places.map(({ y }) => y)) + 100;
  const depth = firstWireMm + TRACKER.pitch * TRACKER.layers;
  const along = quantity("y", "Along the foil [mm]", { scale: { domain: [low, high], nice: false } });
  const across = quantity("x", "Across [mm]", { scale: { domain: [-depth, depth], nice: false } });
  const up = quantity("z", "Height [mm]", {
    scale: { domain: [-TRACKER.sensitive / 2, TRACKER.sensitive / 2], nice: false },
  });
  const width = (high - low) / SCALE, sides = 2 * depth / SCALE;
  const seen = (x: unknown, size: number) => ({
    width: size,
    height: 160,
    data: { values: places.filter(({ z }) => z !== undefined) },
    mark: { type: "point", size: 16, filled: true },
    encoding: { x, y: up, color },
  });
  const above = {
    width,
    height: sides,
    layer: layersFromAbove(places, tracks, depth, { x: along, y: across, color }),
  };
  return toSpec({ title, vconcat: [above, { hconcat: [seen(along, width), seen(across, sides)] }] });
}

/** Circles of the radii that are known, crosses for those that are not, tracks, and the foil. */
function layersFromAbove(
  places: readonly Place[],
  tracks: readonly EventTrack[],
  depth: number,
  encoding: { x: unknown; y: unknown; color: unknown },
): View[] {
  const known = places.filter(({ radiusMm }) => radiusMm >= 0);
  const unknown = places.filter(({ radiusMm }) => radiusMm < 0);
  return [
    {
      data: { values: known.flatMap(circleOf) },
      mark: { type: "line", strokeWidth: 1 },
      encoding: { ...encoding, detail: { field: "hit" }, order: { field: "corner" } },
    },
    {
      data: { values: unknown },
      mark: { type: "point", shape: "cross", size: 20 },
      encoding,
    },
    {
      data: { values: tracks.flatMap((track, i) => endsOf(track, `track ${i + 1}`, depth)) },
      mark: { type: "line", strokeWidth: 1.5, clip: true },
      encoding: { ...encoding, detail: { field: "of" } },
    },
    {
      data: { values: [{ x: 0 }] },
      mark: { type: "rule", color: COLORS.grey, strokeDash: [4, 3] },
      encoding: { y: encoding.y },
    },
  ];
}

function placesOf(
  { offsets, side, layer, column, radiusMm, heightMm }: TrackerHits,
  event: number,
  tracks: readonly EventTrack[],
  firstWireMm: number,
): Place[] {
  const first = offsets[event];
  return Array.from({ length: offsets[event + 1] - first }, (_, number) => {
    const i = first + number, of = tracks.findIndex((track) => track.hits.includes(number));
    const [x, y] = wireAt(side[i], layer[i], column[i], firstWireMm);
    return {
      x,
      y,
      ...(heightMm[i] !== 0 && { z: heightMm[i] }),
      radiusMm: radiusMm[i],
      of: of < 0 ? "no track" : `track ${of + 1}`,
    };
  });
}

/** Corners of a drift circle. */
function circleOf({ x, y, radiusMm, of }: Place, hit: number) {
  return Array.from({ length: CORNERS + 1 }, (_, corner) => {
    const turn = 2 * Math.PI * corner / CORNERS;
    return { hit, corner, of, x: x + radiusMm * Math.cos(turn), y: y + radiusMm * Math.sin(turn) };
  });
}

/** A track from the foil to the last layer. */
function endsOf({ side, angleDegrees, vertexYMm }: EventTrack, of: string, depth: number) {
  const slope = Math.tan(angleDegrees * Math.PI / 180), sign = 2 * side - 1;
  return [0, depth].map((x) => ({ of, x: sign * x, y: vertexYMm + slope * x }));
}
