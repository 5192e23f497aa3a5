/** Sorted events as text, in a terminal's colours: as the clustering of github.com/amendl/SuperNEMO_ML_applications is looked at. @module */
import { TRACKER_CELLS } from "../../image/tracker_events.ts";
import { MAP_MARGIN, MAP_SHAPE } from "../../image/tracker_views.ts";
import { CELLS } from "./labels.ts";

/** What may be of a cell, its sign and its colour as terminals number them: green, grey, red, blue. */
const SIGNS = {
  stays: ["o", 32],
  goes: ["o", 90],
  lost: ["x", 31],
  left: ["x", 34],
} as const;

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
  { occupied, truth }: { occupied: ArrayLike<number>; truth: ArrayLike<number> },
  event: number,
  { threshold = 0.5, color = true }: SortedTextOptions = {},
): string {
  const at = (layer: number, column: number) =>
    event * CELLS + (column + MAP_MARGIN) * MAP_SHAPE[1] + layer + MAP_MARGIN;
  const signOf = (cell: number): readonly [sign: string, color: number] | undefined => {
    const isGiven = values[cell] >= threshold;
    if (truth[cell]) return isGiven ? SIGNS.stays : SIGNS.lost;
    if (isGiven) return SIGNS.left;
    return occupied[cell] ? SIGNS.goes : undefined;
  };
  const layers = Array.from({ length: TRACKER_CELLS.layers }, (_, layer) => layer);
  const columns = Array.from({ length: TRACKER_CELLS.columns }, (_, column) => column);
  const used = columns.filter((column) => layers.some((layer) => signOf(at(layer, column))));
  const shown = columns.slice(Math.max(0, (used[0] ?? 0) - BESIDE), (used.at(-1) ?? 0) + BESIDE + 1);
  return layers.map((layer) =>
    shown.map((column) => {
      const sign = signOf(at(layer, column));
      if (!sign) return ".";
      return color ? `\x1b[${sign[1]}m${sign[0]}\x1b[0m` : sign[0];
    }).join("")
  ).join("\n");
}
