/** Counts the tracks of SuperNEMO's events, seen from above, from the side, from the front, or as volumes. @module */
import type { AugmentationStep } from "../../augment/mod.ts";
import type { TrackerView } from "../../image/tracker_views.ts";
import { buildCapsNet } from "../../models/capsnet.ts";
import { buildSuperNemoDocument } from "../../models/supernemo_document.ts";
import { buildSuperNemoSmall } from "../../models/supernemo_small.ts";
import { buildSuperNemoVolume } from "../../models/supernemo_volume.ts";
import { defineExperiment, type Experiment } from "../../run/experiment.ts";
import { unlessGiven } from "../../run/unless_given.ts";
import * as train from "../../train/mod.ts";
import {
  COUNT_LABELS,
  countFigures,
  type CountingData,
  countingRecipe,
  loadCounting,
  measureCounts,
} from "./counts.ts";
import { RATE_OPTION, SUPERNEMO_OPTIONS, viewInput, viewShape, viewSource } from "./data.ts";

const OPTIONS = {
  ...SUPERNEMO_OPTIONS,
  model: {
    type: "choice",
    choices: ["ours", "document", "capsnet"],
    default: "ours",
    help: "A small network, the published one with its own way of training, or capsules.",
  },
  count: {
    changesLoss: true,
    type: "choice",
    choices: ["tracks", "segments"],
    default: "tracks",
    help:
      "What is counted: tracks, or their straight segments, of which a kinked track has two (with --generator hard).",
  },
  rate: RATE_OPTION,
} as const;

/** What is counted, in the words of a card. */
const COUNTED = {
  tracks: "straight tracks, 1 to 4,",
  segments: "the straight segments of 1 to 4 tracks, of which a kinked one has two,",
} as const;

/** What is particular to a view. */
interface Seen {
  name: string;
  /** "above", in captions. */
  from: string;
  /** Mirror images of an event are events as good. The foil's side of a picture stays where it is. */
  augmentation?: readonly AugmentationStep[];
  /** Width of a picture, and pictures side by side among the data and among the mistakes. */
  size: number;
  columns: readonly [data: number, mistakes: number];
}

/** Windows of a network of capsules, which must fit twice into a view's short side. */
const CAPSULE_WINDOWS = { top: [3, 9], side: [9, 9], front: [9, 3] } as const;

/** Views in which tracks are counted. */
type CountedView = Exclude<TrackerView, "map">;

const VIEWS: Readonly<Record<CountedView, Seen>> = {
  top: {
    name: "supernemo-top",
    from: "above",
    augmentation: [{ op: "flip", horizontal: true }],
    size: 339,
    columns: [2, 1],
  },
  side: {
    name: "supernemo-side",
    from: "the side",
    augmentation: [{ op: "flip", horizontal: true, vertical: true }],
    size: 226,
    columns: [2, 1],
  },
  front: {
    name: "supernemo-front",
    from: "the front",
    augmentation: [{ op: "flip", vertical: true }],
    size: 54,
    columns: [6, 3],
  },
  volume: { name: "supernemo-3d", from: "above, as volumes", size: 339, columns: [2, 1] },
};

/** Batch and epochs of the published networks. */
const PUBLISHED = { batch: 1024, epochs: 8 } as const;

/**
 * Makes the experiment of a view.
 *
 * @example
 * ```ts
 * countingExperiment("top").name; // "supernemo-top"
 * ```
 */
export function countingExperiment(view: CountedView): Experiment<typeof OPTIONS, CountingData> {
  const { name, from: seenFrom, augmentation, size, columns } = VIEWS[view];
  return defineExperiment<typeof OPTIONS, CountingData>({
    name,
    summary: `Tracks of SuperNEMO's events seen from ${seenFrom}: how many, 1 to 4`,
    options: OPTIONS,
    defaults: { epochs: 12, batch: 256 },

    resolveOptions(options, given) {
      return unlessGiven(options, given, {
        ...(options.model === "document" && PUBLISHED),
        ...(options.count === "segments" && { generator: "hard" }),
      });
    },

    // deno-lint-ignore require-await -- a throw is to be a rejection
    async load(options, context) {
      const { count, data = [], generator } = options;
      if (count === "segments" && data.length === 0 && generator === "document") {
        throw new RangeError("Cannot count segments of --generator document as it has no kinks: choose hard");
      }
      return loadCounting(
        options,
        context,
        (hits, targets) => viewSource(hits, { image: view }, options, targets),
        count,
      );
    },

    build({ model, seed, sides, count }) {
      const classes = COUNT_LABELS[count].length;
      if (model === "document") {
        if (view === "volume") {
          throw new RangeError("Cannot build the published 3-D network: its script was left to be written");
        }
        if (sides === "apart") {
          throw new RangeError("Cannot build the published network with sides apart: it takes one channel");
        }
        return buildSuperNemoDocument(view, { classes, seed });
      }
      const config = { inputShape: viewShape(view, { sides }), classes, seed };
      if (model === "capsnet") {
        if (view === "volume") {
          throw new RangeError("Cannot count by capsules in volumes: they take pictures");
        }
        const kernelSize = CAPSULE_WINDOWS[view];
        return buildCapsNet({ ...config, filters: 64, capsules: 8, kernelSize, decoder: false });
      }
      return view === "volume" ? buildSuperNemoVolume(config) : buildSuperNemoSmall(config);
    },

    recipe({ model, rate }) {
      if (model === "ours") return { ...countingRecipe(rate), augmentation };
      if (model === "capsnet") return { ...countingRecipe(rate), loss: train.margin(), augmentation };
      const common = { metrics: [train.accuracy()], loss: train.crossEntropy() };
      return { ...common, optimizer: train.adam(), schedule: train.constant(1e-3) };
    },

    card: (options) => ({
      description:
        `Counts ${
          COUNTED[options.count]
        } in SuperNEMO's tracker seen from ${seenFrom}. Trained on simulated events ` +
        `unless files were given; hits without neighbour or radius: ${options.isolated}, missing heights: ${options.missingHeight}.`,
      inputs: [viewInput("image", view, options)],
      outputs: [{ name: options.count, kind: "classes", labels: [...COUNT_LABELS[options.count]] }],
    }),

    evaluate: (predictions, data, { count }) => measureCounts(predictions[count].data, data),
    figures: (results, data) => countFigures(results, data, { seenFrom, input: "image", size, columns }),
  });
}
