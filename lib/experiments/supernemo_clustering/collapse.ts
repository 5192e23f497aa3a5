/** Whether a network has collapsed: it says the same whatever it is asked. @module */
import { countSegmentation } from "../../evaluate/mod.ts";
import { CELLS } from "../supernemo/maps.ts";
import type { DrawnEvents } from "./sorted_cell.ts";

/** What a collapsed network does. */
export type Collapse = "gives nothing" | "copies its input" | "gives the same cells of every event";

/** Shares of hits below and above which nothing or all is given, where the truth is neither. */
const NOTHING = 0.01, ALL = 0.99;

/** Cells given in all of these or in none count as the same. */
const SAME = 0.999;

/**
 * How a network has collapsed; undefined where it has not.
 *
 * @param values What the network says of each cell, [events, 116, 12].
 * @param threshold From which value on a cell is given.
 */
export function collapseOf(
  values: ArrayLike<number>,
  { occupied, truth }: DrawnEvents,
  threshold: number,
): Collapse | undefined {
  const sum = (counts: Float64Array) => counts.reduce((all, one) => all + one, 0);
  const { both, called, present } = countSegmentation(values, occupied, CELLS, { threshold });
  const stay = sum(countSegmentation(truth, occupied, CELLS).both) / sum(present);
  const given = sum(both) / sum(present), events = called.length;
  if (isSameEverywhere(values, threshold, events)) {
    return sum(called) === 0 ? "gives nothing" : "gives the same cells of every event";
  }
  if (given < NOTHING && stay > NOTHING) return "gives nothing";
  if (given > ALL && stay < ALL) return "copies its input";
  return undefined;
}

/** Whether each cell is given in all events or in none. */
function isSameEverywhere(values: ArrayLike<number>, threshold: number, events: number): boolean {
  if (events < 2) return false;
  const times = new Uint32Array(CELLS);
  for (let i = 0; i < values.length; i++) if (values[i] >= threshold) times[i % CELLS]++;
  const steady = times.filter((count) => count === 0 || count === events).length;
  const ever = times.filter((count) => count > 0).length;
  return ever === 0 || (steady >= SAME * CELLS && times.some((count) => count === events));
}
