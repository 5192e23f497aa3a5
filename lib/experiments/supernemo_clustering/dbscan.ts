/** Hits grouped by nearness alone: the baseline that knows nothing of tracks. @module */
import { eventCount, type TrackerHits } from "../../image/tracker_events.ts";

/** What counts as near. */
export interface DbscanOptions {
  /** Farthest that neighbours are apart, in cells. */
  reachCells: number;
  /** Millimetres of height that count as one cell; hits without a height are near to all heights. */
  heightMm: number;
  /** Hits, itself among them, that make a hit the inside of a group. */
  fewest: number;
}

/** Neighbours of a hit among those of its event, itself among them. */
function neighboursOf(
  { side, layer, column, heightMm }: TrackerHits,
  i: number,
  first: number,
  end: number,
  options: DbscanOptions,
): number[] {
  const found: number[] = [];
  for (let k = first; k < end; k++) {
    if (side[k] !== side[i]) continue;
    const rise = heightMm[k] === 0 || heightMm[i] === 0 ? 0 : (heightMm[k] - heightMm[i]) / options.heightMm;
    const apart = (layer[k] - layer[i]) ** 2 + (column[k] - column[i]) ** 2 + rise ** 2;
    if (apart <= options.reachCells ** 2) found.push(k);
  }
  return found;
}

/**
 * Groups the hits of each event.
 *
 * Source: Ester et al., "A density-based algorithm for discovering clusters" (DBSCAN), KDD 1996.
 *
 * @returns Group of each hit from 1 on, 0 for one that is near no inside, [hits].
 */
export function dbscan(hits: TrackerHits, options: DbscanOptions): Uint8Array {
  const groups = new Uint8Array(hits.layer.length), isSeen = new Uint8Array(groups.length);
  for (let event = 0; event < eventCount(hits); event++) {
    const first = hits.offsets[event], end = hits.offsets[event + 1];
    let last = 0;
    for (let i = first; i < end; i++) {
      if (isSeen[i]) continue;
      const around = neighboursOf(hits, i, first, end, options);
      if (around.length < options.fewest) continue; // of no group, unless another one reaches it
      last++;
      groups[i] = last;
      isSeen[i] = 1;
      const waiting = [...around];
      for (let k = waiting.pop(); k !== undefined; k = waiting.pop()) {
        if (groups[k] === 0) groups[k] = last;
        if (isSeen[k]) continue;
        isSeen[k] = 1;
        const next = neighboursOf(hits, k, first, end, options);
        if (next.length >= options.fewest) waiting.push(...next.filter((other) => !isSeen[other]));
      }
    }
  }
  return groups;
}
