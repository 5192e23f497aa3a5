/** What the experiments on maps of SuperNEMO's cells share: options, cells, and how hits are drawn. @module */
import type { NdArray } from "../../data/source.ts";
import { eventCount, type TrackerHits } from "../../image/tracker_events.ts";
import { drawView, MAP_SHAPE, pixelsOf } from "../../image/tracker_views.ts";
import type { CardParts } from "../../run/experiment.ts";
import { type EventOptions, SUPERNEMO_OPTIONS, viewInput } from "./data.ts";

const { sides: _sides, pixels: _pixels, missingHeight: _missing, ...EVENT_OPTIONS } = SUPERNEMO_OPTIONS;

/** Options of experiments that learn of maps, which show cells, whatever the height. */
export const MAP_OPTIONS = EVENT_OPTIONS;

/** How such hits are seen. */
export const MAP_SEEN = { sides: "folded", pixels: "hit", missingHeight: "zero" } as const;

/** Cells of a map. */
export const CELLS = MAP_SHAPE[0] * MAP_SHAPE[1];

/** Maps of all events: 1 where a cell was hit, [events, 116, 12, 1]. */
export function drawMaps(hits: TrackerHits): NdArray<Uint8Array> {
  return drawView(hits, "map") as NdArray<Uint8Array>;
}

/** The cell of each hit among those of all events' maps, one after the other, [hits]. */
export function cellsOf(hits: TrackerHits): Int32Array {
  const cells = pixelsOf(hits, "map");
  for (let event = 0; event < eventCount(hits); event++) {
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) cells[i] += event * CELLS;
  }
  return cells;
}

/** A map as a model's card has it among its inputs. */
export function mapInput({ isolated }: Pick<EventOptions, "isolated">): CardParts["inputs"][number] {
  return viewInput("image", "map", { ...MAP_SEEN, isolated });
}
