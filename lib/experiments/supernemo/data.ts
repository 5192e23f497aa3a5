/** What the SuperNEMO experiments share: events read or simulated once, filtered, split, and drawn as views. @module */
import { join } from "@std/path";
import { createRng } from "../../base/rng.ts";
import { sha256 } from "../../base/sha256.ts";
import { makeFolderOnce } from "../../data/made_once.ts";
import { fromArrays, type NamedArrays, type Source, subset, takeRowsOf } from "../../data/source.ts";
import { splitIndices } from "../../data/split.ts";
import { readSuperNemo, type SuperNemoEvents } from "../../data/supernemo.ts";
import {
  eventCount,
  type MissingHeight,
  selectEvents,
  type TrackerHits,
} from "../../image/tracker_events.ts";
import {
  chooseSeen,
  drawView,
  type TrackerView,
  VIEW_SHAPES,
  type ViewOptions,
} from "../../image/tracker_views.ts";
import { bucketSources, isInBucket } from "../../run/bucket_sources.ts";
import type { CardParts, LoadContext, OptionTable } from "../../run/experiment.ts";
import { superNemoFileName, writeSuperNemo } from "../../simulate/supernemo/set.ts";
import { adam, oneCycle } from "../../train/mod.ts";

/** Options of all SuperNEMO experiments that learn of views. */
export const SUPERNEMO_OPTIONS = {
  data: {
    type: "list",
    hint: "FILES",
    help:
      "HDF5 or ROOT files, patterns of them, http(s)://… or s3://BUCKET/PREFIX (default: a simulated set, made once).",
  },
  testData: {
    type: "list",
    hint: "FILES",
    help: "Files to measure on (default: a part of --data, or events simulated for it).",
  },
  generator: {
    type: "choice",
    choices: ["document", "hard"],
    default: "document",
    help: "Of simulated events: straight tracks as the published networks had, or two sides with all faults.",
  },
  events: { type: "integer", default: 48_000, min: 40, help: "Simulated events to learn from." },
  testEvents: { type: "integer", default: 24_000, min: 40, help: "Simulated events to measure on." },
  sides: {
    type: "choice",
    choices: ["folded", "apart"],
    default: "folded",
    help: "Both sides of the foil in one picture, or a channel each.",
  },
  pixels: {
    type: "choice",
    choices: ["hit", "radius"],
    default: "hit",
    help: "Whether a pixel says that there is a hit, or how near the wire it is.",
  },
  isolated: {
    type: "choice",
    choices: ["keep", "drop"],
    default: "keep",
    help: "Whether hits without a neighbour or a radius are seen.",
  },
  missingHeight: {
    type: "choice",
    choices: ["zero", "drop", "nearest"],
    default: "zero",
    help: "Where a hit without height is seen: at 0, nowhere, or as high as its neighbours.",
  },
} as const satisfies OptionTable;

/** The option of the small network's peak learning rate. */
export const RATE_OPTION = {
  type: "number",
  default: 4e-3,
  min: 1e-6,
  max: 1,
  range: [5e-4, 2e-2],
  log: true,
  help: "Peak learning rate of the small network.",
} as const;

/** How the small network is trained, whatever it learns. */
export function smallRecipe(rate: number) {
  return {
    optimizer: adam(),
    schedule: oneCycle(rate, { warmUp: 0.2 }),
    weightDecay: 1e-3,
    globalClipNorm: 1,
  };
}

/** One split, ready to be learned from. */
export interface SplitView {
  hits: TrackerHits;
  targets: NamedArrays;
  source: Source;
}

/**
 * Loads events, and makes of the seen hits of each split what is learned from.
 *
 * @param tracks Numbers of tracks of simulated events.
 * @param make Makes the source and the targets of a split, and what else an experiment keeps of it.
 * @returns What every experiment here loads, and what was made of each split.
 * @throws {TypeError} If the files do not say how many tracks an event has.
 */
export async function loadSplits<Made extends Omit<SplitView, "hits">>(
  options: EventOptions,
  tracks: readonly number[],
  context: LoadContext,
  make: (hits: TrackerHits, split: SplitEvents) => Made,
) {
  const events = await loadEvents(options, tracks, context);
  const part = (split: SplitEvents) => {
    const hits = chooseSeen(selectEvents(split.events.hits, split.rows), options);
    return { ...make(hits, split), hits };
  };
  const train = part(events.train), validation = part(events.validation), test = part(events.test);
  const common = {
    train: train.source,
    validation: eventCount(validation.hits) > 0 ? validation.source : undefined,
    test: test.source,
    origin: originOf(options),
    fingerprint: await fingerprintOf([train, validation, test]),
    raw: (indices: readonly number[]) => rawViews(test.source, indices),
    dispose() {},
  };
  return { common, train, validation, test };
}

/** Where events come from, for those who read of a run. */
function originOf({ data = [], testData = [], generator, events, testEvents }: EventOptions): string {
  const learned = data.length > 0 ? data.join(", ") : `${events} events simulated (${generator})`;
  if (testData.length > 0) return `${learned}; measured on ${testData.join(", ")}`;
  return data.length > 0 ? learned : `${learned}; measured on ${testEvents} others`;
}

/** Values of {@linkcode SUPERNEMO_OPTIONS}. */
export interface SuperNemoOptions {
  data: string[];
  testData: string[];
  generator: "document" | "hard";
  events: number;
  testEvents: number;
  sides: "folded" | "apart";
  pixels: "hit" | "radius";
  isolated: "keep" | "drop";
  missingHeight: MissingHeight;
  seed: number;
}

/** Those of them that choose events and their hits, however these are drawn. */
export type EventOptions = Omit<SuperNemoOptions, "sides" | "pixels">;

/** Shares of a set that is watched and measured by where it is not simulated for it. */
const VALIDATION_SHARE = 0.1, TEST_SHARE = 0.15;
/** Seeds of simulated sets: events that are measured on are of another run, with other dead cells. */
const LEARN_SEED = 1, TEST_SEED = 2;
/** Bytes of pictures that are drawn once and kept; more are drawn batch by batch. */
const KEPT_BYTES = 512 * 2 ** 20;

/** A simulated set's files, written once: so many events of each of `tracks`. */
async function simulatedFiles(
  law: "document" | "detector",
  tracks: readonly number[],
  events: number,
  seed: number,
  context: LoadContext,
): Promise<string[]> {
  const each = Math.ceil(events / tracks.length);
  const folder = join(
    context.dataFolder,
    "supernemo",
    `${law}_${tracks.join("")}_${each}_seed${seed}`,
  );
  await makeFolderOnce(folder, async (unfinished) => {
    context.log(`Simulating ${each * tracks.length} events into ${folder}`);
    await writeSuperNemo(unfinished, { law, tracks, events: each }, {
      seed,
      signal: context.signal,
      onProgress: (done, total) => context.onProgress?.({ label: "simulating", done, total, unit: "events" }),
    });
  }, context);
  return tracks.map((number) => join(folder, superNemoFileName(law, number, 0)));
}

/** Events to learn from and to measure on, before any filter. */
interface EventSplits {
  train: SplitEvents;
  validation: SplitEvents;
  test: SplitEvents;
}

/** Some events of a set. */
export interface SplitEvents {
  events: SuperNemoEvents;
  /** Their numbers in it. */
  rows: Uint32Array;
}

/**
 * Reads the files asked for, or simulates events first, and splits them by the number of tracks.
 *
 * @param tracks Numbers of tracks of simulated events.
 * @throws {TypeError} If the files do not say how many tracks an event has.
 */
async function loadEvents(
  options: Pick<EventOptions, "data" | "testData" | "generator" | "events" | "testEvents" | "seed">,
  tracks: readonly number[],
  context: LoadContext,
): Promise<EventSplits> {
  const { data = [], testData = [], generator, seed } = options;
  const law = generator === "document" ? "document" : "detector";
  const isGiven = data.length > 0;
  const files = isGiven ? data : await simulatedFiles(law, tracks, options.events, LEARN_SEED, context);
  const learned = await readEvents(files, context);
  const testFiles = testData.length > 0
    ? testData
    : isGiven
    ? undefined
    : await simulatedFiles(law, tracks, options.testEvents, TEST_SEED, context);
  const parts = { validation: VALIDATION_SHARE, test: testFiles ? 0 : TEST_SHARE };
  const indices = splitIndices(eventCount(learned.hits), parts, {
    rng: createRng(seed, 1),
    labels: requireCounts(learned, files),
  });
  const test = testFiles ? await readEvents(testFiles, context) : learned;
  if (testFiles) requireCounts(test, testFiles);
  const testRows = testFiles
    ? Uint32Array.from({ length: eventCount(test.hits) }, (_, i) => i)
    : indices.test;
  context.log(
    `${indices.train.length} events to learn from, ${testRows.length} to measure on, ` +
      `${isGiven ? "read" : `simulated (${generator})`}`,
  );
  return {
    train: { events: learned, rows: indices.train },
    validation: { events: learned, rows: indices.validation },
    test: { events: test, rows: testRows },
  };
}

/** Events of files wherever they are. */
async function readEvents(places: readonly string[], context: LoadContext): Promise<SuperNemoEvents> {
  const files = await Promise.all(
    places.map((place) =>
      isInBucket(place) ? bucketSources(place, context, EVENT_NAME, "HDF5 or ROOT") : [place]
    ),
  );
  return await readSuperNemo(files.flat());
}

const EVENT_NAME = /\.(hdf5|h5|root)$/i;

function requireCounts({ trackCounts }: SuperNemoEvents, files: readonly string[]): Uint8Array {
  if (trackCounts) return trackCounts;
  throw new TypeError(
    `Cannot learn from "${
      files[0]
    }" and others as they must say how many tracks an event has (track_split or truth)`,
  );
}

/** Number of tracks of each event. */
export function trackCountsOf({ events, rows }: SplitEvents): Uint8Array {
  return Uint8Array.from(rows, (row) => events.trackCounts![row]);
}

/** Shape of a view: its axes, and channels. */
export function viewShape(view: TrackerView, { sides }: Pick<SuperNemoOptions, "sides">): number[] {
  return [...VIEW_SHAPES[view], sides === "apart" ? 2 : 1];
}

/** Views by the name of their input. */
export type Views = Readonly<Record<string, TrackerView>>;

/** Shapes of views, by the name of their input. */
export function viewShapes(views: Views, options: Pick<SuperNemoOptions, "sides">): Record<string, number[]> {
  return Object.fromEntries(Object.entries(views).map(([name, view]) => [name, viewShape(view, options)]));
}

/** Views as a model's card has them among its inputs. */
export function viewInputs(views: Views, options: Parameters<typeof viewInput>[2]): CardParts["inputs"] {
  return Object.entries(views).map(([name, view]) => viewInput(name, view, options));
}

/** A view as a model's card has it among its inputs: scoring draws it of a file's hits as training did. */
export function viewInput(
  name: string,
  view: TrackerView,
  options: Pick<SuperNemoOptions, "sides" | "pixels" | "isolated" | "missingHeight">,
): CardParts["inputs"][number] {
  const { sides, pixels, isolated, missingHeight } = options;
  return {
    name,
    shape: viewShape(view, options),
    dtype: "float32",
    units: pixels === "hit" ? "1 where a cell was hit" : "1 on the wire, 0 at 44 mm",
    kind: "hits",
    hits: { view, sides, value: pixels, isolated, missingHeight },
    ...(sides === "apart" && { columns: ["side 0", "side 1"] }),
  };
}

/**
 * A source of views: drawn once where they fit into 512 MiB, else drawn batch by batch.
 *
 * @param targets By name, one row an event.
 */
export function viewSource(
  hits: TrackerHits,
  views: Views,
  { sides, pixels }: Pick<SuperNemoOptions, "sides" | "pixels">,
  targets: NamedArrays,
): Source {
  const options: ViewOptions = { sides, value: pixels };
  const draw = (some: TrackerHits): NamedArrays =>
    Object.fromEntries(
      Object.entries(views).map(([name, view]) => [name, drawView(some, view, options)]),
    );
  const pixelsOfAll = Object.values(viewShapes(views, { sides })).reduce(
    (sum, shape) => sum + shape.reduce((product, side) => product * side, 1),
    0,
  );
  if (pixelsOfAll * (pixels === "hit" ? 1 : 4) * eventCount(hits) <= KEPT_BYTES) {
    return fromArrays(draw(hits), targets);
  }
  const few = fromArrays(draw(selectEvents(hits, [0])), firstRows(targets));
  return {
    size: eventCount(hits),
    inputs: few.inputs,
    targets: few.targets,
    // deno-lint-ignore require-await -- a throw is to be a rejection
    async read(indices) {
      const rows = Object.entries(targets).map(([name, array]) => [name, takeRowsOf(array, indices)]);
      return { inputs: draw(selectEvents(hits, indices)), targets: Object.fromEntries(rows) };
    },
  };
}

function firstRows(targets: NamedArrays): NamedArrays {
  return Object.fromEntries(Object.entries(targets).map(([name, array]) => [name, takeRowsOf(array, [0])]));
}

/** SHA-256 of the hits and targets of all splits. */
export async function fingerprintOf(
  parts: readonly { hits: TrackerHits; targets: NamedArrays }[],
): Promise<string> {
  const sums: string[] = [];
  for (const { hits, targets } of parts) {
    const arrays = [...Object.values(hits), ...Object.values(targets).map(({ data }) => data)];
    for (const array of arrays) {
      sums.push(await sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength)));
    }
  }
  return await sha256(new TextEncoder().encode(sums.join()));
}

/** Inputs of some events of a source, as a user of the model would send them. */
export async function rawViews(source: Source, indices: readonly number[]) {
  const { inputs } = await subset(source, Uint32Array.from(indices)).read(
    Uint32Array.from(indices, (_, i) => i),
  );
  return indices.map((_, i) =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, array]) => {
        const { data, shape } = takeRowsOf(array, [i]);
        return [name, { data, shape: shape.slice(1) }];
      }),
    )
  );
}
