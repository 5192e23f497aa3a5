/** What all experiments that count tracks share: classes, measurements, figures. @module */
import type { TrackTruth } from "../../data/supernemo.ts";
import type { TrackerHits } from "../../image/tracker_events.ts";
import { accuracy, argMaxRows, confusionMatrix, proportion } from "../../evaluate/mod.ts";
import {
  type Picture,
  picturesOf,
  plotConfusion,
  plotImageGrid,
  plotPredictionGrid,
  type ScalesOptions,
  worstMistakes,
} from "../../plot/mod.ts";
import type { Data, Figure, LoadContext, Measurements, ShownResults } from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { reliabilityFigures } from "../../run/reliability.ts";
import { TRACKER } from "../../simulate/supernemo/geometry.ts";
import { accuracy as accuracyMetric, crossEntropy } from "../../train/mod.ts";
import { type EventOptions, loadSplits, smallRecipe, type SplitEvents, type SplitView } from "./data.ts";
import { guessByHitCount, learnHitCounts } from "./hit_count.ts";

/** Numbers of tracks in an event. */
export const TRACKS = [1, 2, 3, 4] as const;

/** What of an event is counted: its tracks, or their straight segments, of which a kinked track has two. */
export type Counted = "tracks" | "segments";

/** What the numbers are called, from 1 on. */
export const COUNT_LABELS: Readonly<Record<Counted, readonly string[]>> = {
  tracks: namesOf(TRACKS.length, "track"),
  segments: namesOf(2 * TRACKS.length, "segment"),
};

function namesOf(most: number, thing: string): string[] {
  return Array.from({ length: most }, (_, i) => i === 0 ? `1 ${thing}` : `${i + 1} ${thing}s`);
}

/** The loaded events. */
export interface CountingData extends Data {
  /** What the numbers are called. */
  readonly labels: readonly string[];
  /** Class, the number less 1, and number of hits of each event. */
  readonly counted: { train: CountedEvents; test: CountedEvents };
  /** Their hits, as far as they are seen. */
  readonly hits: { train: TrackerHits; test: TrackerHits };
}

/** Class and number of hits of each event. */
export interface CountedEvents {
  /** The number less 1. */
  labels: Int32Array;
  hits: Uint32Array;
}

function hitsOfEach({ offsets }: TrackerHits): Uint32Array {
  return offsets.subarray(1).map((end, event) => end - offsets[event]);
}

/**
 * Classes of events.
 *
 * @throws {RangeError} If an event has none of 1 to 4 tracks.
 * @throws {TypeError} If segments are counted and the files do not say which tracks are kinked.
 */
export function classesOf({ events, rows }: SplitEvents, counted: Counted = "tracks"): Int32Array {
  const { truth } = events;
  if (counted === "segments" && !truth?.kinked) {
    throw new TypeError(
      "Cannot count segments as the files do not say which tracks are kinked (truth/kink_layer): --generator hard does",
    );
  }
  return Int32Array.from(rows, (row) => {
    const tracks = events.trackCounts![row];
    if (tracks < 1 || tracks > TRACKS.length) {
      throw new RangeError(`Cannot learn from event ${row} as it must have 1 to 4 tracks: got ${tracks}`);
    }
    return tracks - 1 + (counted === "segments" ? kinksOf(truth!, row) : 0);
  });
}

/** How many of an event's tracks are kinked. */
function kinksOf({ offsets, kinked }: TrackTruth, event: number): number {
  return kinked!.subarray(offsets[event], offsets[event + 1]).reduce((sum, one) => sum + one, 0);
}

/**
 * Loads events of 1 to 4 tracks.
 *
 * @param draw Makes a source of some events' hits and their target, which has the name of what is counted.
 */
export async function loadCounting(
  options: EventOptions,
  context: LoadContext,
  draw: (hits: TrackerHits, targets: SplitView["targets"]) => SplitView["source"],
  counted: Counted = "tracks",
): Promise<CountingData> {
  const { common, train, test } = await loadSplits(options, TRACKS, context, (hits, split) => {
    const labels = classesOf(split, counted);
    const targets = { [counted]: { data: labels, shape: [labels.length] } };
    return { targets, source: draw(hits, targets), counted: { labels, hits: hitsOfEach(hits) } };
  });
  return {
    ...common,
    labels: COUNT_LABELS[counted],
    counted: { train: train.counted, test: test.counted },
    hits: { train: train.hits, test: test.hits },
  };
}

/** Accuracy, and the recall of each number, beside what the number of hits alone says. */
export function measureCounts(probabilities: ArrayLike<number>, data: CountingData): Measurements {
  const { counted, labels: { length: classes } } = data, { labels } = counted.test;
  const predicted = argMaxRows(probabilities, classes);
  const guess = learnHitCounts(counted.train.hits, counted.train.labels, classes);
  const guessed = guessByHitCount(guess, counted.test.hits);
  const baseline = { name: "number of hits alone", value: accuracy(guessed, labels).value };
  const metrics = { accuracy: { ...accuracy(predicted, labels), split: "test", baseline } };
  const each = data.labels.flatMap((_, label) => {
    const total = labels.filter((one) => one === label).length;
    if (total === 0) return [];
    const right = labels.filter((one, i) => one === label && predicted[i] === label).length;
    const guessedRight = labels.filter((one, i) => one === label && guessed[i] === label).length;
    const metric = {
      ...proportion(right, total),
      split: "test",
      baseline: { name: baseline.name, value: guessedRight / total },
    };
    return [[`recallOf${label + 1}`, metric] as const];
  });
  return { metrics: { ...metrics, ...Object.fromEntries(each) } };
}

/** How networks learn to count. */
export function countingRecipe(rate: number) {
  return { metrics: [accuracyMetric()], loss: crossEntropy(), ...smallRecipe(rate) };
}

/** Which numbers are taken for which. */
function confusionFigure(
  probabilities: ArrayLike<number>,
  { labels: names, counted: { test: { labels } } }: CountingData,
): Figure {
  const predicted = argMaxRows(probabilities, names.length);
  return {
    name: "confusion",
    section: "Test events",
    spec: plotConfusion(confusionMatrix(predicted, labels, names.length), names, { size: 64 }),
  };
}

/** How the pictures of a grid are laid out. */
export interface CountFigureOptions {
  /** From where, for captions: "above". */
  seenFrom: string;
  /** Name of the input that is drawn. */
  input: string;
  /** Width of a picture, and pictures side by side among the data and among the mistakes. */
  size: number;
  columns: readonly [data: number, mistakes: number];
}

/** Some events, the learning curve, the confusion matrix, and the most confident mistakes. */
export async function countFigures(
  { predictions, history, occlusion }: Pick<ShownResults, "predictions" | "history" | "occlusion">,
  data: CountingData,
  { seenFrom, input, size, columns }: CountFigureOptions,
): Promise<Figure[]> {
  const { counted, labels: names, test, train: learn } = data, { labels } = counted.test;
  const [{ data: probabilities }] = Object.values(predictions), classes = names.length;
  const shown = Array.from({ length: Math.min(12, learn.size) }, (_, i) => i);
  const bad = worstMistakes(probabilities, labels, classes);
  const worst = Array.from(bad.subarray(0, 12)), maps = await occlusion(worst);
  return [
    {
      name: "events",
      section: "Data",
      caption: `Some events to learn from, seen from ${seenFrom}.`,
      spec: plotImageGrid(await picturesFrom(learn, input, shown), {
        captions: shown.map((i) => names[counted.train.labels[i]]),
        columns: columns[0],
        size,
        ...scalesOf(learn, input),
      }),
    },
    learningCurveFigure(history),
    confusionFigure(probabilities, data),
    ...reliabilityFigures(probabilities, labels, classes, "Test events"),
    ...(worst.length === 0 ? [] : [{
      name: "bad_events",
      section: "Test events",
      caption: `The most confident mistakes, of ${bad.length} in ${labels.length.toLocaleString("en")}: ` +
        `the number counted, and in brackets how many there are.`,
      spec: plotPredictionGrid(
        await picturesFrom(test, input, worst),
        worst.flatMap((event) => [...probabilities.subarray(event * classes, (event + 1) * classes)]),
        worst.map((event) => labels[event]),
        names.map((_, i) => `${i + 1}`),
        {
          rows: worst.length,
          columns: maps.length > 0 ? Math.ceil(columns[1] / 2) : columns[1],
          size,
          palette: "light",
          saliency: new Map(maps.entries()),
        },
      ),
    }]),
  ];
}

/** How pictures are shaded, how long a length across is, and what the shades stand for where radii are drawn. */
function scalesOf({ inputs }: Data["train"], input: string): ScalesOptions {
  const colorBar = inputs[input].dtype === "uint8" ? [] : [{ low: "44 mm", high: "0 mm from the wire" }];
  return {
    palette: "light",
    low: 0,
    high: 1,
    scaleBar: { perPixel: TRACKER.pitch, units: "mm" },
    colorBar,
  };
}

/** Some events of a source as pictures, channels and heights of a volume in one. */
async function picturesFrom(
  source: Data["test"],
  input: string,
  rows: readonly number[],
): Promise<Picture[]> {
  const { inputs: { [input]: { data, shape } } } = await source.read(Uint32Array.from(rows));
  const [count, height, width] = shape, out = new Float32Array(count * height * width);
  const behind = data.length / out.length; // channels, and heights of a volume
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / behind);
    out[pixel] = Math.max(out[pixel], data[i]);
  }
  return picturesOf(out, [count, height, width]);
}
