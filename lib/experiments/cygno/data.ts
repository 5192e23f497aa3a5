/** What the CYGNO experiments share: the set, opened, split and cropped, with the measurements that baselines stand on. @module */
import { join } from "@std/path";
import { openCygno, requireBothKinds } from "../../data/cygno.ts";
import type { ObjectSource } from "../../data/transport/bucket.ts";
import type { LazyImages } from "../../data/lazy_images.ts";
import { makeOnce } from "../../data/made_once.ts";
import { splitIndices } from "../../data/split.ts";
import { fromArrays, type NamedArrays, type Source, takeRowsOf } from "../../data/source.ts";
import { toDevice } from "../../engine/mod.ts";
import { createRng } from "../../base/rng.ts";
import { removeHotPixels } from "../../image/hot_pixels.ts";
import type { PreprocessingStep } from "../../image/preprocessing/mod.ts";
import { DETECTOR } from "../../simulate/cygno.ts";
import { writeSet } from "../../simulate/cygno_set.ts";
import { type ClusterFeatures, HOT, measureCluster } from "./features.ts";
import type { Data, LoadContext, OptionTable } from "../../run/experiment.ts";

/** Side of the crop that the networks see, pixels. */
export const SIDE = 128;
/** From a camera frame to that crop: the first steps of every recipe. */
export const CROP_STEPS: readonly PreprocessingStep[] = [{ op: "grey" }, { op: "cropCenter", size: SIDE }];
/** What the best recipe's networks see: hot pixels differ from camera to camera, and those of one must not be learned by heart. */
export const CLEAN_STEPS: readonly PreprocessingStep[] = [...CROP_STEPS, {
  op: "removeHotPixels",
  above: HOT,
}];
/** Bins of true energy, keV. */
export const ENERGY_EDGES = [0, 5, 15, 35] as const;
/** Energies are learned in units of this, keV. */
export const ENERGY_UNIT = 30;

/** Options of all CYGNO experiments. */
export const CYGNO_OPTIONS = {
  data: {
    type: "string",
    hint: "PLACE",
    help: "Zip, folder, pattern, s3://… or http(s)://… (default: a simulated set, made once).",
  },
  checksum: { type: "string", hint: "SHA256", help: "Of the archive behind an http address." },
  events: { type: "integer", default: 20_000, min: 40, help: "Events of the simulated set." },
  recipe: {
    type: "choice",
    choices: ["best", "course"],
    default: "best",
    help: "How to train: our best, or as the course does (batch 10, 50 epochs, 50 validation images).",
  },
  rate: {
    type: "number",
    default: 5e-3,
    min: 1e-6,
    max: 1,
    range: [5e-4, 5e-2],
    log: true,
    help: "Peak learning rate of the best recipe.",
  },
  validation: {
    type: "number",
    default: 0.1,
    min: 0,
    help: "Images to watch the training by: a share, or a number of them.",
  },
  test: {
    type: "number",
    default: 0.25,
    min: 0,
    help: "Images kept for the numbers reported: a share, or a number of them.",
  },
  memory: {
    type: "integer",
    default: 2048,
    min: 1,
    help: "MiB of crops to keep decoded; a larger set is read again in each epoch.",
  },
} as const satisfies OptionTable;

/** Values of {@linkcode CYGNO_OPTIONS} that loading looks at. */
export interface CygnoLoadOptions {
  data?: string;
  checksum?: string;
  events: number;
  recipe: "best" | "course";
  validation: number;
  test: number;
  memory: number;
  seed: number;
}

/** Some events of the set: what is known of each, by place. */
export interface Events {
  /** 1 nuclear, 0 electron recoil. */
  labels: Float32Array;
  /** keV. */
  energies: Float32Array;
  names: readonly string[];
}

/** The loaded set. */
export interface CygnoData extends Data {
  /** Events of each split. */
  readonly splits: { train: Events; validation: Events; test: Events };
  /** Which split the reported numbers are of: the validation images where nothing was kept for a test. */
  readonly measuredOn: "test" | "validation";
  /** Clusters of the events that the numbers are of, and of up to 2,000 training events, which baselines are fitted to. */
  readonly clusters: { test: ClusterFeatures[]; train: ClusterFeatures[] };
  /** Counts of some events of a split, [n, 128, 128]. */
  crops(split: "train" | "test", indices: ArrayLike<number>): Promise<Uint8Array>;
  /** Counts of some training events, [n, 128, 128], for scales that are set before training. */
  readonly sample: Uint8Array;
}

/** What the networks learn of each event. */
export type Target = "nuclear" | "energy";

const BASELINE_EVENTS = 2000, SAMPLE_EVENTS = 256;

/** Where the set lies, or is to lie once it is simulated. */
function placeOf({ data, events }: CygnoLoadOptions, { dataFolder }: LoadContext): string {
  return data ?? join(dataFolder, "cygno", `simulated_${events}.zip`);
}

/** Simulates the set where none is given and it is not there yet. */
export async function simulateOnce(options: CygnoLoadOptions, context: LoadContext): Promise<void> {
  const { log, signal, onProgress } = context, place = placeOf(options, context);
  if (options.data !== undefined) return;
  const isThere = () => Deno.stat(place).then(() => true, () => false);
  await makeOnce(place, isThere, async () => {
    log(`Simulating ${options.events} events into ${place}`);
    await Deno.remove(`${place}.truth.csv`).catch(() => {}); // left by a run that was killed
    await writeSet(place, { events: options.events }, {
      signal,
      onEvent: (done, total) => onProgress?.({ label: "simulating", done, total, unit: "events" }),
    });
  }, context);
}

/** Opens the set, or simulates one first. */
async function openSet(options: CygnoLoadOptions, context: LoadContext) {
  const { dataFolder, log, signal, onProgress } = context, source = placeOf(options, context);
  await simulateOnce(options, context);
  const set = await openCygno(source, {
    cache: dataFolder,
    checksum: options.checksum,
    openBucket: context.openBucket as ((location: string) => ObjectSource) | undefined,
    signal,
    onProgress: (done, total) =>
      onProgress?.({ label: "fetching", done: done / 2 ** 20, total: total / 2 ** 20, unit: "MiB" }),
  });
  log(`${set.images.length} images from ${source}`);
  if (set.unmatched.length > 0) {
    const some = set.unmatched.slice(0, 5).join(", ");
    log(`${set.unmatched.length} images left out as their path has no kind or energy: ${some}`);
  }
  return set;
}

/** Clusters of the first `count` of some crops, [n, 128, 128]. */
export function measureCrops(crops: Uint8Array, count: number): ClusterFeatures[] {
  const crop = (i: number) => crops.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
  return Array.from({ length: count }, (_, i) => measureCluster(crop(i), SIDE, SIDE, DETECTOR.pedestal));
}

/** Clusters of images, read chunk by chunk. */
async function measureAll(images: LazyImages): Promise<ClusterFeatures[]> {
  const out: ClusterFeatures[] = [];
  for await (const { data, shape: [n] } of images.rechunk(64).chunks()) out.push(...measureCrops(data, n));
  return out;
}

/** Targets as the networks have them: 1 for a nuclear recoil, and the energy in units of 30 keV. */
function targetArrays({ labels, energies }: Events): NamedArrays {
  const shape = [labels.length];
  return {
    nuclear: { data: labels, shape },
    energy: { data: energies.map((keV) => keV / ENERGY_UNIT), shape },
  };
}

/** One split: its pictures, whole and cropped, what is known of its events, and whether the networks see crops without hot pixels. */
interface Part {
  whole: LazyImages;
  images: LazyImages;
  events: Events;
  clean: boolean;
}

/** Crops as the networks see them, [n, 128, 128]. */
async function readCrops({ images, clean }: Part, indices?: ArrayLike<number>): Promise<Uint8Array> {
  const crops = await images.read(indices);
  if (!clean) return crops;
  for (let start = 0; start < crops.length; start += SIDE * SIDE) {
    const crop = crops.subarray(start, start + SIDE * SIDE);
    crop.set(removeHotPixels({ data: crop, height: SIDE, width: SIDE }, HOT).data);
  }
  return crops;
}

/** Splits a set by kind, and crops it. @throws {RangeError} If nothing is left to measure on. */
function splitSet(set: CygnoSet, { validation, test, seed, recipe }: CygnoLoadOptions): Record<Split, Part> {
  const indices = splitIndices(set.images.length, { validation, test }, {
    rng: createRng(seed, 1),
    labels: set.labels.values,
  });
  if (indices.test.length + indices.validation.length === 0) {
    throw new RangeError(
      "Cannot load the set without a test or a validation split: nothing could be measured",
    );
  }
  const { images: crops } = set.images.seenBy(CROP_STEPS);
  const part = (chosen: Uint32Array): Part => ({
    whole: set.images.select(chosen),
    images: crops.select(chosen),
    clean: recipe === "best",
    events: {
      labels: set.labels.select(chosen).values,
      energies: set.energies.select(chosen).values,
      names: Array.from(chosen, (i) => crops.names[i]),
    },
  });
  return { train: part(indices.train), validation: part(indices.validation), test: part(indices.test) };
}

type CygnoSet = Awaited<ReturnType<typeof openSet>>;
type Split = "train" | "validation" | "test";

/** How many steps a crop has behind it as it is read. */
function appliedTo({ clean }: Part): number {
  return (clean ? CLEAN_STEPS : CROP_STEPS).length;
}

/** A source whose crops are read once and kept by the engine as bytes, and the clusters of its first `measured` events. */
async function heldSource(part: Part, measured: number) {
  const { events } = part, crops = await readCrops(part), shape = [events.labels.length, SIDE, SIDE, 1];
  const kept = toDevice(crops, shape);
  const source = fromArrays({ image: kept }, targetArrays(events), { applied: { image: appliedTo(part) } });
  return { source, clusters: measureCrops(crops, measured), dispose: () => kept.dispose() };
}

/** A source that reads its crops again in every epoch. */
async function streamSource(part: Part, measured: number) {
  const { images, events } = part;
  const targets = targetArrays(events);
  const spec = { shape: [], dtype: "float32" } as const;
  const source: Source = {
    size: events.labels.length,
    inputs: { image: { shape: [SIDE, SIDE, 1], dtype: "uint8", applied: appliedTo(part) } },
    targets: { nuclear: spec, energy: spec },
    async read(indices) {
      const data = await readCrops(part, indices);
      const rows = Object.entries(targets).map(([name, array]) => [name, takeRowsOf(array, indices)]);
      return {
        inputs: { image: { data, shape: [indices.length, SIDE, SIDE, 1] } },
        targets: Object.fromEntries(rows),
      };
    },
  };
  const first = Array.from({ length: measured }, (_, i) => i);
  const clusters = measured > 0 ? await measureAll(images.select(first)) : [];
  return { source, clusters, dispose() {} };
}

/** Some of a split's pictures as they are, for the comparison of serving with training. */
async function rawImages({ whole }: Part, indices: readonly number[]) {
  const counts = await whole.read(indices), [, height, width] = whole.shape, size = height * width;
  return indices.map((_, i) => ({
    image: { data: counts.subarray(i * size, (i + 1) * size), height, width, channels: 1, depth: 8 } as const,
  }));
}

/**
 * Loads a set for training.
 *
 * The crops are decoded once and kept as bytes if they fit `memory`, and otherwise read again in every epoch, ahead of use.
 *
 * @throws {RangeError} If the splits leave nothing to train on or to measure on.
 */
export async function loadCygno(
  options: CygnoLoadOptions,
  targets: readonly Target[],
  context: LoadContext,
): Promise<CygnoData> {
  const set = await openSet(options, context);
  const kept: { dispose(): void }[] = [];
  const dispose = () => {
    set.images.close();
    kept.splice(0).forEach((part) => part.dispose());
  };
  try {
    const parts = splitSet(set, options);
    if (targets.includes("nuclear")) {
      requireBothKinds(parts.train.events.labels, options.data ?? "the simulated set");
    }
    const measuredOn = parts.test.images.length > 0 ? "test" : "validation";
    const bytes = set.images.length * SIDE * SIDE, keep = bytes <= options.memory * 2 ** 20;
    if (!keep) {
      context.log(
        `Reading crops in every epoch, as ${Math.ceil(bytes / 2 ** 20)} MiB are more than --memory`,
      );
    }
    const open = async (split: Split, measured: number) => {
      const opened = await (keep ? heldSource : streamSource)(parts[split], measured);
      kept.push(opened);
      return opened;
    };
    const openIfAny = async (split: Split) => {
      const { length } = parts[split].images;
      return length === 0 ? undefined : await open(split, split === measuredOn ? length : 0);
    };
    const train = await open("train", Math.min(parts.train.images.length, BASELINE_EVENTS));
    const validation = await openIfAny("validation"), test = await openIfAny("test");
    const measured = measuredOn === "test" ? test! : validation!;
    const sampled = Array.from({ length: Math.min(parts.train.images.length, SAMPLE_EVENTS) }, (_, i) => i);
    return {
      train: train.source,
      validation: validation?.source,
      test: measured.source,
      origin: options.data ?? `simulated, ${options.events} events`,
      fingerprint: set.fingerprint,
      splits: {
        train: parts.train.events,
        validation: parts.validation.events,
        test: parts[measuredOn].events,
      },
      measuredOn,
      clusters: { test: measured.clusters, train: train.clusters },
      crops: (split, indices) => readCrops(parts[split === "train" ? "train" : measuredOn], indices),
      raw: (indices) => rawImages(parts[measuredOn], indices),
      sample: await readCrops(parts.train, sampled),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
