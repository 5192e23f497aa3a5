/** Events that an autoencoder of straight tracks has never seen: with noise, and with a kink. @module */
import { keepHits, TRACKER_CELLS, type TrackerHits } from "../../image/tracker_events.ts";

/** Layers behind which a track may bend, and by how many columns a layer. */
const BENDS = [3, 4, 5], COLUMNS_A_LAYER = [1, 2, 3];

/**
 * Bends every event: from a layer on, hits lie ever further along the foil, to either side. Hits that would leave the tracker go.
 *
 * @param rng Draws the layer, the bend and its side for each event.
 */
export function bendEvents(hits: TrackerHits, rng: () => number): TrackerHits {
  const { offsets, layer } = hits, column = hits.column.slice(), keep = new Uint8Array(column.length).fill(1);
  const draw = (values: readonly number[]) => values[Math.floor(values.length * rng())];
  for (let event = 0; event + 1 < offsets.length; event++) {
    const from = draw(BENDS), slope = draw(COLUMNS_A_LAYER) * (rng() < 0.5 ? -1 : 1);
    for (let i = offsets[event]; i < offsets[event + 1]; i++) {
      const moved = column[i] + slope * Math.max(0, layer[i] - from);
      if (moved < 0 || moved >= TRACKER_CELLS.columns) keep[i] = 0;
      else column[i] = moved;
    }
  }
  return keepHits({ ...hits, column }, keep);
}
