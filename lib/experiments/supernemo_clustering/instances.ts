/**
 * Says which track each of a SuperNEMO event's hits is of, one to four at once, by the hits as points with attention between them; each point
 * has, beside its place, how near it is to the straight lines that the hits agree on. @module
 */
import { createRng } from "../../base/rng.ts";
import { fromArrays, type NdArray } from "../../data/source.ts";
import { argMaxRows } from "../../evaluate/mod.ts";
import { eventCount, type TrackerHits } from "../../image/tracker_events.ts";
import { drawPoints, pointOfEachHit, sampledHits } from "../../image/tracker_points.ts";
import { buildSuperNemoTracks } from "../../models/supernemo_points.ts";
import { type Data, defineExperiment } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import * as train from "../../train/mod.ts";
import { TRACKS } from "../supernemo/counts.ts";
import { loadSplits, RATE_OPTION, smallRecipe, trackCountsOf } from "../supernemo/data.ts";
import { CELLS, cellsOf } from "../supernemo/maps.ts";
import { POINT_OPTIONS, pointsInput } from "../supernemo/points.ts";
import { tracksFigure } from "./figures.ts";
import { TRACK_LABELS, trackLabels, trackOfEachHit } from "./labels.ts";
import { measureTracks, type TrackEvents } from "./measure_tracks.ts";

const OPTIONS = {
  ...POINT_OPTIONS,
  rate: { ...RATE_OPTION, default: 2e-3, help: "Peak learning rate." },
} as const;

/** How events are seen. */
const SEEDED = { seeded: true } as const;

/** The loaded events. */
interface InstanceData extends Data {
  readonly measured: TrackEvents;
}

/** Track of each point, [events, most]; 0 where there is none. */
export function pointLabels(hits: TrackerHits, most: number): NdArray<Uint8Array> {
  const own = trackOfEachHit(hits), count = eventCount(hits), data = new Uint8Array(count * most);
  for (let event = 0; event < count; event++) {
    sampledHits(hits, event, most).forEach((hit, point) => data[event * most + point] = own[hit]);
  }
  return { data, shape: [count, most] };
}

/** Track of each hit by what is said of the points; of a hit that is none, the nearest point's. */
export function tracksOfPoints(classes: ArrayLike<number>, hits: TrackerHits, most: number): Uint8Array {
  const given = new Uint8Array(hits.layer.length), points = pointOfEachHit(hits, most);
  for (let event = 0; event < eventCount(hits); event++) {
    for (let i = hits.offsets[event]; i < hits.offsets[event + 1]; i++) {
      if (points[i] >= 0) given[i] = classes[event * most + points[i]];
    }
  }
  return given;
}

/** The tracks of hits as a map of cells. */
function mapOf(given: Uint8Array, hits: TrackerHits): Uint8Array {
  const map = new Uint8Array(eventCount(hits) * CELLS);
  cellsOf(hits).forEach((cell, i) => map[cell] = given[i]);
  return map;
}

/** The experiment. */
export const superNemoInstances = defineExperiment<typeof OPTIONS, InstanceData>({
  name: "supernemo-instances",
  summary: "Which track each hit of a SuperNEMO event is of, 1 to 4 at once, by points",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 128 },

  async load(options, context) {
    const { common, validation, test } = await loadSplits(options, TRACKS, context, (hits, split) => {
      const targets = { tracks: pointLabels(hits, options.hits) };
      return {
        targets,
        source: fromArrays({ hits: drawPoints(hits, options.hits, SEEDED) }, targets),
        split,
      };
    });
    const measured = {
      test: test.hits,
      counts: trackCountsOf(test.split),
      validation: validation.hits,
      firstWireMm: test.split.events.firstWireMm,
    };
    return { ...common, measured };
  },

  build: (options) =>
    buildSuperNemoTracks({
      inputShape: pointsInput(options, SEEDED).shape,
      classes: TRACK_LABELS.length,
      seed: options.seed,
    }),

  recipe: ({ rate }) => ({ loss: train.anyOrder(), ...smallRecipe(rate) }),

  card: (options) => ({
    description:
      "Says which of up to four straight tracks each hit in SuperNEMO's tracker is of, in no order.",
    inputs: [pointsInput(options, SEEDED)],
    outputs: [{ name: "tracks", kind: "mask", labels: [...TRACK_LABELS] }],
  }),

  evaluate({ tracks }, { measured }, { hits, seed }) {
    const given = tracksOfPoints(argMaxRows(tracks.data, TRACK_LABELS.length), measured.test, hits);
    return { metrics: measureTracks(given, measured, { rng: createRng(seed, 32) }) };
  },

  figures({ predictions: { tracks }, history }, { measured: { test } }, { hits }) {
    const given = tracksOfPoints(argMaxRows(tracks.data, TRACK_LABELS.length), test, hits);
    const truth = trackLabels(test).data;
    return [learningCurveFigure(history), tracksFigure(truth, mapOf(given, test), eventCount(test))];
  },
});
