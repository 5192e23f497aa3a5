/** Events of a tracker of drift cells as columns, and steps that choose among their hits. @module */

/** Layers of cells from the foil outwards, cells in a layer, and sides of the foil. */
export const TRACKER_CELLS = { layers: 9, columns: 113, sides: 2 } as const;

/** Side of a cell, mm. */
export const CELL_MM = 44;

/** Hits of many events, one after the other: event i has those from `offsets[i]` to before `offsets[i + 1]`. */
export interface TrackerHits {
  /** [events + 1]. */
  readonly offsets: Uint32Array;
  /** 0 or 1, [hits] as all below. */
  readonly side: Uint8Array;
  /** From the foil, 0 to 8. */
  readonly layer: Uint8Array;
  /** Along the foil, 0 to 112. */
  readonly column: Uint8Array;
  /** Distance of the track from the wire, mm; -1 if it is not known. */
  readonly radiusMm: Float32Array;
  /** Height on the wire, mm; exactly 0 if it is missing. */
  readonly heightMm: Float32Array;
  /** Truth: bit i is set if track i crossed the cell, 0 for noise; absent where files say nothing of it. */
  readonly tracks?: Uint16Array;
}

/** Number of events. */
export function eventCount({ offsets }: Pick<TrackerHits, "offsets">): number {
  return offsets.length - 1;
}

/** Offsets of as many entries as each event has. */
export function offsetsOf(counts: ArrayLike<number>): Uint32Array {
  const offsets = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) offsets[i + 1] = offsets[i] + counts[i];
  return offsets;
}

/** Some values of an array, in the order given. */
function take<T extends Uint8Array | Uint16Array | Float32Array>(values: T, rows: Uint32Array): T {
  const out = new (values.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]];
  return out;
}

function takeHits(hits: TrackerHits, rows: Uint32Array, offsets: Uint32Array): TrackerHits {
  return {
    offsets,
    side: take(hits.side, rows),
    layer: take(hits.layer, rows),
    column: take(hits.column, rows),
    radiusMm: take(hits.radiusMm, rows),
    heightMm: take(hits.heightMm, rows),
    ...(hits.tracks && { tracks: take(hits.tracks, rows) }),
  };
}

/**
 * The hits that are kept; every event stays, even without any hit.
 *
 * @param keep 1 for each hit that stays, [hits].
 * @example The second hit of one event
 * ```ts
 * const one = Uint8Array.of(1, 1), mm = Float32Array.of(5, 9);
 * const hits = { offsets: Uint32Array.of(0, 2), side: one, layer: one, column: one, radiusMm: mm, heightMm: mm };
 * keepHits(hits, Uint8Array.of(0, 1)).radiusMm; // 9
 * ```
 */
export function keepHits(hits: TrackerHits, keep: Uint8Array): TrackerHits {
  const count = eventCount(hits), offsets = new Uint32Array(count + 1);
  const rows = new Uint32Array(keep.length);
  let kept = 0;
  for (let event = 0; event < count; event++) {
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) if (keep[i]) rows[kept++] = i;
    offsets[event + 1] = kept;
  }
  return takeHits(hits, rows.subarray(0, kept), offsets);
}

/** The hits of some events, in the order given. */
export function selectEvents(hits: TrackerHits, events: ArrayLike<number>): TrackerHits {
  const { offsets } = hits;
  const counts = Uint32Array.from(events, (event) => offsets[event + 1] - offsets[event]);
  const starts = offsetsOf(counts), rows = new Uint32Array(starts[starts.length - 1]);
  for (let i = 0; i < events.length; i++) {
    for (let k = 0; k < counts[i]; k++) rows[starts[i] + k] = offsets[events[i]] + k;
  }
  return takeHits(hits, rows, starts);
}

/** Largest radius that a fit takes for one, mm. */
export const LARGEST_RADIUS_MM = 35;

/**
 * Leaves out hits whose radius is unknown or beyond 35 mm, such as delayed ones.
 *
 * Source: the fit scripts of github.com/amendl/SuperNEMO_ML_applications drop `r > 35 or r = -1` of real data.
 */
export function dropBadRadii(hits: TrackerHits, mostMm: number = LARGEST_RADIUS_MM): TrackerHits {
  return keepHits(hits, Uint8Array.from(hits.radiusMm, (r) => r >= 0 && r <= mostMm ? 1 : 0));
}

/**
 * Leaves out hits that have no other hit of a known radius among the eight cells around them and their own, on their side.
 *
 * Every hit is judged by the event as it came. Source: the neighbour filter of the fit scripts named above.
 *
 * @example Of three hits in one layer the one apart goes
 * ```ts
 * const hits = {
 *   offsets: Uint32Array.of(0, 3),
 *   side: Uint8Array.of(0, 0, 0),
 *   layer: Uint8Array.of(4, 4, 4),
 *   column: Uint8Array.of(10, 11, 50),
 *   radiusMm: Float32Array.of(5, 9, 3),
 *   heightMm: Float32Array.of(1, 1, 1),
 * };
 * dropIsolated(hits).column; // 10, 11
 * ```
 */
export function dropIsolated(hits: TrackerHits): TrackerHits {
  const { offsets, side, layer, column, radiusMm } = hits, count = eventCount(hits);
  const width = TRACKER_CELLS.columns + 2, plane = (TRACKER_CELLS.layers + 2) * width;
  const found = new Uint8Array(TRACKER_CELLS.sides * plane); // hits by cell of one event, with a border of none
  const placeOf = (i: number) => side[i] * plane + (layer[i] + 1) * width + column[i] + 1;
  const isKnown = (i: number) => radiusMm[i] >= 0 && radiusMm[i] <= LARGEST_RADIUS_MM;
  const keep = new Uint8Array(side.length);
  for (let event = 0; event < count; event++) {
    const first = offsets[event], end = offsets[event + 1];
    for (let i = first; i < end; i++) if (isKnown(i)) found[placeOf(i)]++;
    for (let i = first; i < end; i++) {
      const place = placeOf(i);
      let around = isKnown(i) ? -1 : 0; // the hit itself is counted below
      for (let row = place - width; row <= place + width; row += width) {
        around += found[row - 1] + found[row] + found[row + 1];
      }
      keep[i] = around > 0 ? 1 : 0;
    }
    for (let i = first; i < end; i++) found[placeOf(i)] = 0;
  }
  return keepHits(hits, keep);
}

/** What becomes of a hit whose height is missing: it stays at 0, goes, or gets the height of the nearest hit that has one. */
export type MissingHeight = "zero" | "drop" | "nearest";

/**
 * Treats missing heights, which files have as exactly 0.
 *
 * "nearest" takes the mean height of the hits, of those that have one, that are nearest in cells on the same side, and leaves hits
 * of events where there is none.
 */
export function treatMissingHeights(hits: TrackerHits, policy: MissingHeight): TrackerHits {
  if (policy === "zero") return hits;
  const { offsets, side, layer, column, heightMm } = hits;
  if (policy === "drop") return keepHits(hits, Uint8Array.from(heightMm, (z) => z === 0 ? 0 : 1));
  const filled = heightMm.slice();
  for (let event = 0; event < eventCount(hits); event++) {
    for (let i = offsets[event]; i < offsets[event + 1]; i++) {
      if (heightMm[i] !== 0) continue;
      let nearest = Infinity, sum = 0, found = 0;
      for (let k = offsets[event]; k < offsets[event + 1]; k++) {
        if (heightMm[k] === 0 || side[k] !== side[i]) continue;
        const apart = (layer[k] - layer[i]) ** 2 + (column[k] - column[i]) ** 2;
        if (apart > nearest) continue;
        if (apart < nearest) [nearest, sum, found] = [apart, 0, 0];
        sum += heightMm[k];
        found++;
      }
      if (found > 0) filled[i] = sum / found;
    }
  }
  return { ...hits, heightMm: filled };
}
