/** In what the calorimeter is divided, and which of it tracks reach: columns, rows, or single optical modules. @module */
import type { CalorimeterHits, SuperNemoEvents } from "../../data/supernemo.ts";
import type { NdArray } from "../../data/source.ts";
import { eventCount, type TrackerHits } from "../../image/tracker_events.ts";
import { calorimeterPlace, DOCUMENT } from "../../simulate/supernemo/document.ts";
import {
  moduleBehind,
  OPTICAL_MODULES,
  reachWall,
  TRACKER,
  wireY,
} from "../../simulate/supernemo/geometry.ts";
import { fitOneIteratively } from "./fit/iterative.ts";
import { createTrackFitter } from "./fit/legendre.ts";
import type { SpaceLine } from "./fit/lines.ts";
import type { SplitEvents, Views } from "./data.ts";

/** What may be learned. */
export type PlaceName = "columns" | "rows" | "modules";

/** A division of the calorimeter. */
export interface Places {
  /** Names of its parts. */
  labels: readonly string[];
  /** What a network must see, by the name of its input. */
  views: Views;
  /** Whether files must be the published generator's, or have modules. */
  needs: "published" | "modules";
  /** Part of a hit of the calorimeter. */
  of(calorimeter: CalorimeterHits, hit: number): number;
  /** Part right behind a hit of the last layer; none where it has no height. */
  behind(hits: TrackerHits, hit: number): number | undefined;
  /** Part that a line of a side reaches; none where the line's heights are not known and the part depends on them. */
  reachedBy(line: SpaceLine & { side: number }): number | undefined;
}

/** Half of the height that the published rows divide, mm. */
const HALF_HEIGHT_MM = DOCUMENT.halfHeightMm;

/** The published plane right behind the last layer: its distance from the foil, mm, and the column's edge that its lengths begin at. */
const PLANE_MM = DOCUMENT.layers * DOCUMENT.pitchMm, FIRST_EDGE_MM = wireY(-0.5);

/** Column and row of the published plane where a line reaches it. */
function publishedPlace({ vertexYMm, vertexZMm, angleDegrees, slopeZ }: SpaceLine) {
  const y = vertexYMm + PLANE_MM * Math.tan(angleDegrees * Math.PI / 180), z = vertexZMm + PLANE_MM * slopeZ;
  const { pitchMm, halfHeight, halfHeightMm } = DOCUMENT;
  return calorimeterPlace((y - FIRST_EDGE_MM) / pitchMm, z / halfHeightMm * halfHeight);
}

/** The module that a line reaches. */
function moduleOf({ side, vertexYMm, vertexZMm, angleDegrees, slopeZ }: SpaceLine & { side: number }) {
  const dy = Math.tan(angleDegrees * Math.PI / 180), sign = 2 * side - 1;
  const { length, wall } = reachWall({ x: 0, y: vertexYMm, z: vertexZMm, dx: 1, dy, dz: slopeZ });
  return moduleBehind(wall, sign * length, vertexYMm + dy * length, vertexZMm + slopeZ * length).id;
}

const inner = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i + 1}`);

/** The divisions: 22 columns and 15 rows of the published generator, with the x-walls and the veto as rims, and 712 modules. */
export const PLACES: Readonly<Record<PlaceName, Places>> = {
  columns: {
    labels: ["x-wall 0", ...inner("column", 20), "x-wall 1"],
    views: { image: "top" },
    needs: "published",
    of: ({ column }, hit) => column[hit],
    behind: ({ column }, hit) => Math.trunc((column[hit] + 0.5) / TRACKER.columns * 20 + 1),
    reachedBy: (line) => publishedPlace(line).column,
  },
  rows: {
    labels: ["veto below", ...inner("row", 13), "veto above"],
    views: { image: "front" },
    needs: "published",
    of: ({ row }, hit) => row[hit],
    behind({ heightMm }, hit) {
      if (heightMm[hit] === 0) return undefined;
      return Math.trunc((HALF_HEIGHT_MM + heightMm[hit]) / (2 * HALF_HEIGHT_MM) * 13 + 1);
    },
    reachedBy: (line) => Number.isFinite(line.slopeZ) ? publishedPlace(line).row : undefined,
  },
  modules: {
    labels: OPTICAL_MODULES.map(({ id, wall }) => `${wall} ${id}`),
    views: { top: "top", side: "side", front: "front" },
    needs: "modules",
    of: ({ module }, hit) => module![hit],
    behind({ side, column, heightMm }, hit) {
      if (heightMm[hit] === 0) return undefined;
      return moduleBehind("main", 2 * side[hit] - 1, wireY(column[hit]), heightMm[hit]).id;
    },
    reachedBy: (line) => Number.isFinite(line.slopeZ) ? moduleOf(line) : undefined,
  },
};

/**
 * Parts that were reached, 1 each, [events, parts]; where the truth is there, by tracks and not by gammas.
 *
 * @throws {TypeError} If the files have no calorimeter as this needs it.
 */
export function reachedPlaces(
  { events: { calorimeter }, rows }: SplitEvents,
  name: PlaceName,
): NdArray<Uint8Array> {
  const { labels, needs, of } = PLACES[name];
  if (!calorimeter || (calorimeter.module !== undefined) !== (needs === "modules")) {
    throw new TypeError(
      needs === "published"
        ? `Cannot learn the calorimeter's ${name} as files must have them as the published generator's: calo_column 0 to 21, calo_row 0 to 14`
        : `Cannot learn the calorimeter's modules as files must have calo_id, as those of --generator hard`,
    );
  }
  const data = new Uint8Array(rows.length * labels.length), { offsets, tracks } = calorimeter;
  for (let i = 0; i < rows.length; i++) {
    for (let hit = offsets[rows[i]]; hit < offsets[rows[i] + 1]; hit++) {
      if (!tracks || tracks[hit] !== 0) data[i * labels.length + of(calorimeter, hit)] = 1;
    }
  }
  return { data, shape: [rows.length, labels.length] };
}

/** Parts right behind the hits of the last layer, [events, parts]: the baseline. */
export function placesBehind(hits: TrackerHits, name: PlaceName): NdArray<Uint8Array> {
  const { labels, behind } = PLACES[name];
  const count = eventCount(hits), data = new Uint8Array(count * labels.length);
  for (let event = 0; event < count; event++) {
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      const part = hits.layer[i] === TRACKER.layers - 1 ? behind(hits, i) : undefined;
      if (part !== undefined) data[event * labels.length + part] = 1;
    }
  }
  return { data, shape: [count, labels.length] };
}

/**
 * Parts that lines fitted to the hits of each event reach, 1 each, [events, parts].
 *
 * @param rows Numbers of the events.
 * @param countOf How many tracks to fit to an event, such as a network says.
 */
export function placesByFits(
  { hits, firstWireMm }: Pick<SuperNemoEvents, "hits" | "firstWireMm">,
  rows: ArrayLike<number>,
  name: PlaceName,
  countOf: (event: number) => number,
): NdArray<Uint8Array> {
  const { labels, reachedBy } = PLACES[name], fit = createTrackFitter();
  const data = new Uint8Array(rows.length * labels.length);
  for (let i = 0; i < rows.length; i++) {
    for (const track of fitOneIteratively(fit, hits, rows[i], countOf(rows[i]), firstWireMm)) {
      const part = reachedBy(track);
      if (part !== undefined) data[i * labels.length + part] = 1;
    }
  }
  return { data, shape: [rows.length, labels.length] };
}
