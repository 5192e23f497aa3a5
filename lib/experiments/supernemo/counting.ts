/** Counts the tracks of SuperNEMO's events, seen from above, from the side or from the front. @module */
import type { AugmentationStep } from "../../augment/mod.ts";
import type { TrackerHits } from "../../data/tracker_events.ts";
import { accuracy, argMaxRows, confusionMatrix, proportion } from "../../evaluate/mod.ts";
import { buildSuperNemoDocument, type PublishedView } from "../../models/supernemo_document.ts";
import { buildSuperNemoSmall } from "../../models/supernemo_small.ts";
import {
  type Picture,
  picturesOf,
  plotConfusion,
  plotImageGrid,
  plotPredictionGrid,
  worstMistakes,
} from "../../plot/mod.ts";
import { type Data, defineExperiment, type Experiment } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import * as train from "../../train/mod.ts";
import {
  dataOf,
  loadEvents,
  RATE_OPTION,
  seenHits,
  smallRecipe,
  SUPERNEMO_OPTIONS,
  viewShape,
  viewSource,
} from "./data.ts";
import { guessByHitCount, learnHitCounts } from "./hit_count.ts";

/** Numbers of tracks that are told apart. */
const TRACKS = [1, 2, 3, 4] as const;
const LABELS = ["1 track", "2 tracks", "3 tracks", "4 tracks"];

const OPTIONS = {
  ...SUPERNEMO_OPTIONS,
  model: {
    type: "choice",
    choices: ["ours", "document"],
    default: "ours",
    help: "A small network, or the published one with its own way of training.",
  },
  rate: RATE_OPTION,
} as const;

/** Mirror images of an event are events as good. The foil's side of a picture stays where it is. */
const AUGMENTATION: Readonly<Record<PublishedView, readonly AugmentationStep[]>> = {
  top: [{ op: "flip", horizontal: true }],
  side: [{ op: "flip", horizontal: true, vertical: true }],
  front: [{ op: "flip", vertical: true }],
};

/** Batch and epochs of the published networks. */
const PUBLISHED = { batch: 1024, epochs: 8 } as const;

/** The loaded events. */
export interface CountingData extends Data {
  /** Class, number of tracks less 1, and number of hits of each event. */
  readonly counted: { train: CountedEvents; test: CountedEvents };
}

interface CountedEvents {
  labels: Int32Array;
  hits: Uint32Array;
}

function hitsOfEach({ offsets }: TrackerHits): Uint32Array {
  return offsets.subarray(1).map((end, event) => end - offsets[event]);
}

/** Classes of events. @throws {RangeError} If an event has none of 1 to 4 tracks. */
function classesOf(counts: Uint8Array, rows: Uint32Array): Int32Array {
  return Int32Array.from(rows, (row) => {
    const tracks = counts[row];
    if (tracks >= 1 && tracks <= TRACKS.length) return tracks - 1;
    throw new RangeError(`Cannot learn from event ${row} as it must have 1 to 4 tracks: got ${tracks}`);
  });
}

/**
 * Makes the experiment of a view.
 *
 * @example
 * ```ts
 * countingExperiment("top").name; // "supernemo-top"
 * ```
 */
export function countingExperiment(view: PublishedView): Experiment<typeof OPTIONS, CountingData> {
  const seenFrom = { top: "above", side: "the side", front: "the front" }[view];
  return defineExperiment<typeof OPTIONS, CountingData>({
    name: `supernemo-${view}`,
    summary: `Tracks of SuperNEMO's events seen from ${seenFrom}: how many, 1 to 4`,
    options: OPTIONS,
    defaults: { epochs: 12, batch: 256 },

    resolveOptions(options, given) {
      if (options.model !== "document") return options;
      const { batch, epochs } = options;
      return {
        ...options,
        batch: given.has("batch") ? batch : PUBLISHED.batch,
        epochs: given.has("epochs") ? epochs : PUBLISHED.epochs,
      };
    },

    async load(options, context) {
      const splits = await loadEvents(options, TRACKS, context);
      const part = (split: keyof typeof splits) => {
        const { events, rows } = splits[split], hits = seenHits(splits[split], options);
        const labels = classesOf(events.trackCounts!, rows);
        const targets = { tracks: { data: labels, shape: [labels.length] } };
        const source = viewSource(hits, view, options, targets);
        return { hits, targets, source, counted: { labels, hits: hitsOfEach(hits) } };
      };
      const learn = part("train"), measure = part("test");
      return {
        ...await dataOf({ train: learn, validation: part("validation"), test: measure }),
        counted: { train: learn.counted, test: measure.counted },
      };
    },

    build({ model, seed, sides }) {
      if (model === "ours") return buildSuperNemoSmall({ inputShape: viewShape(view, { sides }), seed });
      if (sides === "apart") {
        throw new RangeError("Cannot build the published network with sides apart: it takes one channel");
      }
      return buildSuperNemoDocument(view, { seed });
    },

    recipe({ model, rate }) {
      const common = { metrics: [train.accuracy()], loss: train.crossEntropy() };
      if (model === "document") return { ...common, optimizer: train.adam(), schedule: train.constant(1e-3) };
      return {
        ...common,
        ...smallRecipe(rate),
        augmentation: AUGMENTATION[view],
      };
    },

    card: (options) => ({
      description:
        `Counts straight tracks, 1 to 4, in SuperNEMO's tracker seen from ${seenFrom}. Trained on simulated events ` +
        `unless files were given; hits without neighbour or radius: ${options.isolated}, missing heights: ${options.missingHeight}.`,
      inputs: [{
        name: "image",
        shape: viewShape(view, options),
        dtype: "float32",
        units: options.pixels === "hit" ? "1 where a cell was hit" : "1 on the wire, 0 at 44 mm",
        ...(options.sides === "apart" && { kind: "bands", columns: ["side 0", "side 1"] }),
      }],
      outputs: [{ name: "tracks", kind: "classes", labels: LABELS }],
    }),

    evaluate({ tracks }, { counted }) {
      const predicted = argMaxRows(tracks.data, TRACKS.length), { labels } = counted.test;
      const guess = learnHitCounts(counted.train.hits, counted.train.labels, TRACKS.length);
      const guessed = guessByHitCount(guess, counted.test.hits);
      const baseline = { name: "number of hits alone", value: accuracy(guessed, labels).value };
      const metrics = { accuracy: { ...accuracy(predicted, labels), split: "test", baseline } };
      const each = TRACKS.flatMap((number, label) => {
        const total = labels.filter((one) => one === label).length;
        if (total === 0) return [];
        const right = labels.filter((one, i) => one === label && predicted[i] === label).length;
        const guessedRight = labels.filter((one, i) => one === label && guessed[i] === label).length;
        const metric = {
          ...proportion(right, total),
          split: "test",
          baseline: { name: baseline.name, value: guessedRight / total },
        };
        return [[`recallOf${number}`, metric] as const];
      });
      return { metrics: { ...metrics, ...Object.fromEntries(each) } };
    },

    async figures({ predictions: { tracks }, history }, { counted, test, train: learn }) {
      const { labels } = counted.test;
      const predicted = argMaxRows(tracks.data, TRACKS.length);
      const shown = Array.from({ length: Math.min(12, learn.size) }, (_, i) => i);
      const size = { top: 339, side: 226, front: 54 }[view];
      const bad = worstMistakes(tracks.data, labels, TRACKS.length);
      const worst = Array.from(bad.subarray(0, 12));
      return [
        {
          name: "events",
          section: "Data",
          caption: `Some events to learn from, seen from ${seenFrom}.`,
          spec: plotImageGrid(await picturesFrom(learn, shown), {
            captions: shown.map((i) => LABELS[counted.train.labels[i]]),
            columns: view === "front" ? 6 : 2,
            size,
            palette: "light",
          }),
        },
        learningCurveFigure(history),
        {
          name: "confusion",
          section: "Test events",
          spec: plotConfusion(confusionMatrix(predicted, labels, TRACKS.length), LABELS, { size: 64 }),
        },
        ...(worst.length === 0 ? [] : [{
          name: "bad_events",
          section: "Test events",
          caption:
            `The most confident mistakes, of ${bad.length} in ${labels.length.toLocaleString("en")}: ` +
            `tracks counted, and in brackets how many there are.`,
          spec: plotPredictionGrid(
            await picturesFrom(test, worst),
            worst.flatMap((event) => [...tracks.data.subarray(event * 4, event * 4 + 4)]),
            worst.map((event) => labels[event]),
            TRACKS.map(String),
            { rows: worst.length, columns: view === "front" ? 3 : 1, size, palette: "light" },
          ),
        }]),
      ];
    },
  });
}

/** Some events of a source as pictures, both sides in one. */
async function picturesFrom(source: Data["test"], rows: readonly number[]): Promise<Picture[]> {
  const { inputs: { image: { data, shape } } } = await source.read(Uint32Array.from(rows));
  const [count, height, width, channels] = shape, out = new Float32Array(count * height * width);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    out[pixel] = Math.max(out[pixel], data[i]);
  }
  return picturesOf(out, [count, height, width]);
}
