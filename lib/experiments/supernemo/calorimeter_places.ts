/** In what the calorimeter is divided, and which of it tracks reach: columns, rows, or single optical modules. @module */
import type { CalorimeterHits } from "../../data/supernemo.ts";
import type { NdArray } from "../../data/source.ts";
import { eventCount, type TrackerHits } from "../../image/tracker_events.ts";
import { moduleBehind, OPTICAL_MODULES, TRACKER, wireY } from "../../simulate/supernemo/geometry.ts";
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
}

/** Half of the height that the published rows divide, mm. */
const HALF_HEIGHT_MM = 1550;

const inner = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i + 1}`);

/** The divisions: 22 columns and 15 rows of the published generator, with the x-walls and the veto as rims, and 712 modules. */
export const PLACES: Readonly<Record<PlaceName, Places>> = {
  columns: {
    labels: ["x-wall 0", ...inner("column", 20), "x-wall 1"],
    views: { image: "top" },
    needs: "published",
    of: ({ column }, hit) => column[hit],
    behind: ({ column }, hit) => Math.trunc((column[hit] + 0.5) / TRACKER.columns * 20 + 1),
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
