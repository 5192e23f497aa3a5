/** Sorted events as text, in a terminal's colours: as the clustering of github.com/amendl/SuperNEMO_ML_applications is looked at. @module */
import { TRACKER_CELLS } from "../../image/tracker_events.ts";
import { mapCell } from "../../image/tracker_views.ts";
import { CELLS } from "../supernemo/maps.ts";
import { type DrawnEvents, type SortedCell, sortedCell } from "./sorted_cell.ts";

/** What may be of a cell, its sign and its colour as terminals number them: green, grey, red, blue. */
const SIGNS = {
  stays: ["o", 32],
  goes: ["o", 90],
  lost: ["x", 31],
  left: ["x", 34],
} as const satisfies Record<SortedCell, readonly [sign: string, color: number]>;

/** Columns shown left and right of the hits. */
const BESIDE = 1;

/** Options for {@linkcode sortedText}. */
export interface SortedTextOptions {
  /** From which value on a cell is given. @default {0.5} */
  threshold?: number;
  /** Whether signs are coloured. @default {true} */
  color?: boolean;
}

/**
 * An event from above, the foil on top, a line a layer: `o` of hits that stay (green) and go (grey), both rightly; `x` of those
 * that are lost (red) and left (blue).
 *
 * @param values What a network says of each cell, [events, 116, 12].
 * @param events Where hits are, and which of them stay.
 * @param event Number of the event.
 */
export function sortedText(
  values: ArrayLike<number>,
  events: DrawnEvents,
  event: number,
  { threshold = 0.5, color = true }: SortedTextOptions = {},
): string {
  const sortedAt = (layer: number, column: number) =>
    sortedCell(values, events, threshold, event * CELLS + mapCell(layer, column));
  const layers = Array.from({ length: TRACKER_CELLS.layers }, (_, layer) => layer);
  const columns = Array.from({ length: TRACKER_CELLS.columns }, (_, column) => column);
  const used = columns.filter((column) => layers.some((layer) => sortedAt(layer, column)));
  const shown = columns.slice(Math.max(0, (used[0] ?? 0) - BESIDE), (used.at(-1) ?? 0) + BESIDE + 1);
  return layers.map((layer) =>
    shown.map((column) => {
      const sorted = sortedAt(layer, column);
      if (!sorted) return ".";
      const [sign, number] = SIGNS[sorted];
      return color ? `\x1b[${number}m${sign}\x1b[0m` : sign;
    }).join("")
  ).join("\n");
}
