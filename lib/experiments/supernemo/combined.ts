/**
 * Counts the tracks of SuperNEMO's events, seen from above, from the side and from the front at once.
 *
 * Published is a transfer: three networks, each trained on a view, give their convolutions to one, which learns 6 epochs with them frozen and 6 more
 * with all of it. Here that is two runs, `--from top_=RUN,side_=RUN,front_=RUN --freeze 'top_*,side_*,front_*'`, then `--from` the first of them. @module
 */
import { buildSuperNemoCombined } from "../../models/supernemo_small.ts";
import { defineExperiment } from "../../run/experiment.ts";
import {
  COUNT_LABELS,
  countFigures,
  type CountingData,
  countingRecipe,
  loadCounting,
  measureCounts,
} from "./counts.ts";
import { RATE_OPTION, SUPERNEMO_OPTIONS, viewInputs, viewShapes, viewSource } from "./data.ts";

const OPTIONS = { ...SUPERNEMO_OPTIONS, rate: RATE_OPTION } as const;

/** The views, by the name of their input. */
const VIEWS = { top: "top", side: "side", front: "front" } as const;

/** The experiment. */
export const superNemoCombined = defineExperiment<typeof OPTIONS, CountingData>({
  name: "supernemo-combined",
  summary: "Tracks of SuperNEMO's events by three views at once, of networks trained on each",
  options: OPTIONS,
  defaults: { epochs: 6, batch: 256 },

  load: (options, context) =>
    loadCounting(options, context, (hits, targets) => viewSource(hits, VIEWS, options, targets)),

  build: ({ seed, sides }) => buildSuperNemoCombined({ inputShapes: viewShapes(VIEWS, { sides }), seed }),

  recipe: ({ rate }) => countingRecipe(rate),

  card: (options) => ({
    description: "Counts straight tracks, 1 to 4, in SuperNEMO's tracker from above, the side and the front.",
    inputs: viewInputs(VIEWS, options),
    outputs: [{ name: "tracks", kind: "classes", labels: [...COUNT_LABELS.tracks] }],
  }),

  evaluate: ({ tracks }, data) => measureCounts(tracks.data, data),
  figures: (results, data) =>
    countFigures(results, data, { seenFrom: "above", input: "top", size: 339, columns: [2, 1] }),
});
