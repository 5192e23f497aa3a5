/**
 * What a counting network trained on clean events makes of others: with isolated hits, with heights missing, and of the harder generator; before and after
 * what helps against it.
 *
 * The document names both as its two main problems on real data: an isolated hit counts as a track, and a height that is missing, and so 0, looks like one from
 * the side and from the front. @module
 */
import type { tf } from "../../engine/mod.ts";
import {
  eventCount,
  type MissingHeight,
  offsetsOf,
  TRACKER_CELLS,
  type TrackerHits,
} from "../../image/tracker_events.ts";
import type { SuperNemoEvents } from "../../data/supernemo.ts";
import type { TrackerView } from "../../image/tracker_views.ts";
import { accuracy, type Estimate } from "../../evaluate/mod.ts";
import { classesOf } from "./counts.ts";
import { networkSays } from "./network_says.ts";

/** Adds so many hits at random cells to every event, with any height and radius; the truth of hits is left out. */
export function addIsolatedHits(hits: TrackerHits, each: number, rng: () => number): TrackerHits {
  const count = eventCount(hits), { offsets } = hits;
  const counts = Uint32Array.from(
    { length: count },
    (_, event) => offsets[event + 1] - offsets[event] + each,
  );
  const out = offsetsOf(counts), total = out[count];
  const grown = {
    offsets: out,
    side: new Uint8Array(total),
    layer: new Uint8Array(total),
    column: new Uint8Array(total),
    radiusMm: new Float32Array(total),
    heightMm: new Float32Array(total),
  };
  const { layers, columns } = TRACKER_CELLS;
  for (let event = 0; event < count; event++) {
    for (const name of ["side", "layer", "column", "radiusMm", "heightMm"] as const) {
      grown[name].set(hits[name].subarray(offsets[event], offsets[event + 1]), out[event]);
    }
    for (let i = out[event + 1] - each; i < out[event + 1]; i++) {
      grown.side[i] = hits.side[offsets[event]] ?? 0;
      grown.layer[i] = Math.floor(layers * rng());
      grown.column[i] = Math.floor(columns * rng());
      grown.radiusMm[i] = 22 * rng();
      grown.heightMm[i] = 3000 * rng() - 1500;
    }
  }
  return grown;
}

/** Sets a share of the heights to 0, which is how files have those that are missing. */
export function loseHeights(hits: TrackerHits, share: number, rng: () => number): TrackerHits {
  return { ...hits, heightMm: hits.heightMm.map((mm) => rng() < share ? 0 : mm) };
}

/** One row of the table. */
export interface RobustnessRow {
  /** What was done to the events. */
  events: string;
  isolated: "keep" | "drop";
  missingHeight: MissingHeight;
  accuracy: Estimate;
}

/** Options for {@linkcode measureRobustness}. */
export interface RobustnessOptions {
  rng: () => number;
  /** Hits added to every event. @default {2} */
  isolatedHits?: number;
  /** Share of the heights that are lost. @default {0.1} */
  heightsLost?: number;
}

/**
 * The accuracy of a network of one view, sides folded, on events as they came, with isolated hits, with heights missing, and on those of the harder generator;
 * each as it is, and with hits without a neighbour left out or missing heights taken from the nearest hits.
 *
 * @param model Gives the probabilities of 1 to 4 tracks.
 * @param clean Events as those that it learned from.
 * @param hard Events of the harder generator.
 */
export async function measureRobustness(
  model: tf.LayersModel,
  view: TrackerView,
  clean: SuperNemoEvents,
  hard: SuperNemoEvents,
  options: RobustnessOptions,
): Promise<RobustnessRow[]> {
  const { rng, isolatedHits = 2, heightsLost = 0.1 } = options;
  const sets: [
    name: string,
    events: SuperNemoEvents,
    helps: Pick<RobustnessRow, "isolated" | "missingHeight">,
  ][] = [
    ["as learned", clean, { isolated: "drop", missingHeight: "zero" }],
    [
      `with ${isolatedHits} isolated hits`,
      { ...clean, hits: addIsolatedHits(clean.hits, isolatedHits, rng) },
      { isolated: "drop", missingHeight: "zero" },
    ],
    [
      `with ${100 * heightsLost} % of the heights missing`,
      { ...clean, hits: loseHeights(clean.hits, heightsLost, rng) },
      { isolated: "keep", missingHeight: "nearest" },
    ],
    ["of the harder generator", hard, { isolated: "drop", missingHeight: "nearest" }],
  ];
  const rows: RobustnessRow[] = [];
  for (const [name, events, helps] of sets) {
    for (const seen of [{ isolated: "keep", missingHeight: "zero" } as const, helps]) {
      rows.push({ events: name, ...seen, accuracy: await accuracyOf(model, view, events, seen) });
    }
  }
  return rows;
}

async function accuracyOf(
  model: tf.LayersModel,
  view: TrackerView,
  events: SuperNemoEvents,
  seen: Pick<RobustnessRow, "isolated" | "missingHeight">,
): Promise<Estimate> {
  const rows = Uint32Array.from({ length: eventCount(events.hits) }, (_, i) => i);
  return accuracy(await networkSays(model, view, events, seen), classesOf({ events, rows }));
}
