/** Counts the tracks of SuperNEMO's events by their hits as points, with attention between them. @module */
import { fromArrays } from "../../data/source.ts";
import type { TrackerHits } from "../../image/tracker_events.ts";
import {
  drawPoints,
  POINT_COLUMNS,
  POINT_UNITS,
  type PointOptions,
  SEEDED_COLUMNS,
  SEEDED_UNITS,
} from "../../image/tracker_points.ts";
import { buildSuperNemoPoints } from "../../models/supernemo_points.ts";
import { type CardParts, defineExperiment, type Options } from "../../run/experiment.ts";
import {
  COUNT_LABELS,
  countFigures,
  type CountingData,
  countingRecipe,
  loadCounting,
  measureCounts,
} from "./counts.ts";
import { RATE_OPTION, SUPERNEMO_OPTIONS, viewSource } from "./data.ts";

const { sides: _sides, pixels: _pixels, ...EVENT_OPTIONS } = SUPERNEMO_OPTIONS;

/** Options of experiments that learn of points. */
export const POINT_OPTIONS = {
  ...EVENT_OPTIONS,
  hits: {
    type: "integer",
    default: 128,
    min: 16,
    max: 512,
    help: "Points of an event at most; of one with more hits every so-manieth is taken.",
  },
} as const;

/** An event's points as a model's card has them among its inputs: scoring draws them of a file's hits as training did. */
export function pointsInput(
  { hits, isolated, missingHeight }: Pick<
    Options<typeof POINT_OPTIONS>,
    "hits" | "isolated" | "missingHeight"
  >,
  { seeded = false }: PointOptions = {},
) {
  const columns = [...seeded ? SEEDED_COLUMNS : POINT_COLUMNS];
  const view = seeded ? "seeded points" : "points";
  return {
    name: "hits",
    shape: [hits, columns.length],
    kind: "hits",
    hits: { view, sides: "apart", value: "radius", isolated, missingHeight },
    columns,
    dtype: "float32",
    units: seeded ? SEEDED_UNITS : POINT_UNITS,
  } as const satisfies CardParts["inputs"][number];
}

const OPTIONS = { ...POINT_OPTIONS, rate: { ...RATE_OPTION, default: 2e-3 } } as const;

/** Events as pictures from above, for those who look at them. */
function pictured(hits: TrackerHits) {
  return viewSource(hits, { image: "top" }, { sides: "folded", pixels: "hit" }, {});
}

/** The experiment. */
export const superNemoPoints = defineExperiment<typeof OPTIONS, CountingData>({
  name: "supernemo-points",
  summary: "Tracks of SuperNEMO's events by hits as points: how many, 1 to 4",
  options: OPTIONS,
  defaults: { epochs: 12, batch: 256 },

  load: (options, context) =>
    loadCounting(
      options,
      context,
      (hits, targets) => fromArrays({ hits: drawPoints(hits, options.hits) }, targets),
    ),

  build: (options) => buildSuperNemoPoints({ inputShape: pointsInput(options).shape, seed: options.seed }),

  recipe: ({ rate }) => countingRecipe(rate),

  card: (options) => ({
    description: "Counts straight tracks, 1 to 4, in SuperNEMO's tracker by its hits as points.",
    inputs: [pointsInput(options)],
    outputs: [{ name: "tracks", kind: "classes", labels: [...COUNT_LABELS.tracks] }],
  }),

  evaluate: ({ tracks }, data) => measureCounts(tracks.data, data),

  figures: (results, data) =>
    countFigures(
      { ...results, occlusion: () => Promise.resolve([]) }, // which would cover pixels of what the network does not see
      { ...data, train: pictured(data.hits.train), test: pictured(data.hits.test) },
      { seenFrom: "above", input: "image", size: 339, columns: [2, 1] },
    ),
});
