/** What the CYGNO experiments share: the set, opened, split and cropped, with the measurements that baselines stand on. @module */
import { join } from "@std/path";
import { openCygno, requireBothKinds } from "../../data/cygno.ts";
import type { ObjectSource } from "../../data/transport/bucket.ts";
import type { LazyImages } from "../../data/lazy_images.ts";
import { splitIndices } from "../../data/split.ts";
import { type Held, hold } from "../../engine/mod.ts";
import { decodeKeras } from "../../export/keras_read.ts";
import { createRng } from "../../base/rng.ts";
import { DETECTOR } from "../../simulate/cygno.ts";
import { writeSet } from "../../simulate/cygno_set.ts";
import type { Source } from "../../train/mod.ts";
import { type ClusterFeatures, measureCluster } from "./features.ts";
import type { Data, LoadContext, OptionTable } from "../../run/experiment.ts";
import { runPaths } from "../../run/run_folder.ts";

/** Side of the crop that the networks see, pixels. */
export const SIDE = 128;
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
  events: { type: "integer", default: 12_000, min: 40, help: "Events of the simulated set." },
  recipe: {
    type: "choice",
    choices: ["best", "course"],
    default: "best",
    help: "How to train: our best, or as the course does (batch 10, 50 epochs, 50 validation images).",
  },
  order: {
    type: "number",
    default: 0.5,
    min: 0,
    max: 100,
    help:
      "Weight of the order among recoils of like energy; 0 gives the best AUC over all energies together.",
  },
  rate: { type: "number", default: 5e-3, min: 1e-6, max: 1, help: "Peak learning rate of the best recipe." },
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
  from: {
    type: "string",
    hint: "RUN",
    help: "Start from the weights of this run; heads that it lacks start anew.",
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
  from?: string;
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

/** A layer's weights, taken out of another run. */
export interface Donor {
  values: Float32Array;
  shape: readonly number[];
}

/** The loaded set. */
export interface CygnoData extends Data {
  /** Events of each split. */
  splits: { train: Events; validation: Events; test: Events };
  /** Which split the reported numbers are of: the validation images where nothing was kept for a test. */
  measuredOn: "test" | "validation";
  /** Clusters of the events that the numbers are of, and of up to 2,000 training events, which baselines are fitted to. */
  clusters: { test: ClusterFeatures[]; train: ClusterFeatures[] };
  /** Counts of some events of a split, [n, 128, 128]. */
  crops(split: "train" | "test", indices: ArrayLike<number>): Promise<Uint8Array>;
  /** Counts of some training events, [n, 128, 128], for scales that are set before training. */
  sample: Uint8Array;
  /** Weights to start from, by layer. */
  donors?: Map<string, Donor[]>;
  /** σ of the predicted energy in bins of it, keV; set by the evaluation, for the card. */
  uncertainty?: { edges: number[]; sigma: number[] };
}

/** What the networks learn of each event. */
export type Target = "nuclear" | "energy";

const BASELINE_EVENTS = 2000, SAMPLE_EVENTS = 256;

/** Opens the set, or simulates one first. */
async function openSet(options: CygnoLoadOptions, context: LoadContext) {
  const { dataFolder, log, signal, onProgress } = context;
  const source = options.data ?? join(dataFolder, "cygno", `simulated_${options.events}.zip`);
  if (options.data === undefined) {
    if (!await Deno.stat(source).then(() => true, () => false)) {
      log(`Simulating ${options.events} events into ${source}`);
      await Deno.remove(`${source}.truth.csv`).catch(() => {}); // left by a run that was killed
      await writeSet(source, { events: options.events }, {
        signal,
        onEvent: (done, total) => onProgress?.({ label: "simulating", done, total, unit: "events" }),
      });
    }
  }
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

/** Labels as the networks have them: [n] for one target, [n, 2] for both. */
function targetsOf(events: Events, targets: readonly Target[]): Float32Array {
  const { labels, energies } = events;
  const out = new Float32Array(labels.length * targets.length);
  targets.forEach((target, t) => {
    for (let i = 0; i < labels.length; i++) {
      out[i * targets.length + t] = target === "nuclear" ? labels[i] : energies[i] / ENERGY_UNIT;
    }
  });
  return out;
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
  try {
    const n = set.images.length;
    const { validation, test, train } = splitIndices(n, {
      validation: options.validation,
      test: options.test,
    }, {
      rng: createRng(options.seed, 1),
      labels: set.labels.values,
    });
    if (test.length + validation.length === 0) {
      throw new RangeError(
        "Cannot load the set without a test or a validation split: nothing could be measured",
      );
    }
    const measuredOn = test.length > 0 ? "test" : "validation";
    if (targets.includes("nuclear")) {
      requireBothKinds(set.labels.select(train).values, options.data ?? "the simulated set");
    }
    const images = set.images.cropCenter(SIDE / 2);
    const part = (indices: Uint32Array) => ({
      images: images.select(indices),
      events: {
        labels: set.labels.select(indices).values,
        energies: set.energies.select(indices).values,
        names: Array.from(indices, (i) => images.names[i]),
      } satisfies Events,
    });
    const parts = { train: part(train), validation: part(validation), test: part(test) };
    const measured = parts[measuredOn];
    const held: Held[] = [];
    const keep = n * SIDE * SIDE <= options.memory * 2 ** 20;
    /** The source of a part, and the clusters of its first `measured` events, of crops that are read once if they are kept. */
    const open = async ({ images, events }: { images: LazyImages; events: Events }, measured: number) => {
      const size = events.labels.length, y = targetsOf(events, targets);
      const yShape = targets.length === 1 ? [] : [targets.length];
      if (keep) {
        const crops = await images.read();
        const x = hold(crops, [size, SIDE, SIDE, 1]), labels = hold(y, [size, ...yShape]);
        held.push(x, labels);
        const source: Source = { kind: "held", size, x, y: labels };
        return { source, clusters: measureCrops(crops, measured) };
      }
      const source: Source = {
        kind: "stream",
        size,
        xShape: [SIDE, SIDE, 1],
        yShape,
        read: async (indices) => {
          const rows = new Float32Array(indices.length * targets.length);
          indices.forEach((index, i) =>
            rows.set(y.subarray(index * targets.length, (index + 1) * targets.length), i * targets.length)
          );
          return { x: await images.read(indices), y: rows };
        },
      };
      const indices = Array.from({ length: measured }, (_, i) => i);
      return { source, clusters: measured > 0 ? await measureAll(images.select(indices)) : [] };
    };
    if (!keep) {
      context.log(
        `Reading crops in every epoch, as ${Math.ceil(n * SIDE * SIDE / 2 ** 20)} MiB are more than --memory`,
      );
    }
    const openAs = async (name: "validation" | "test") => {
      const { images } = parts[name];
      return images.length === 0
        ? undefined
        : await open(parts[name], name === measuredOn ? images.length : 0);
    };
    const opened = {
      train: await open(parts.train, Math.min(train.length, BASELINE_EVENTS)),
      validation: await openAs("validation"),
      test: await openAs("test"),
    };
    const sampled = Array.from({ length: Math.min(train.length, SAMPLE_EVENTS) }, (_, i) => i);
    return {
      train: opened.train.source,
      validation: opened.validation?.source,
      test: (opened.test ?? opened.validation)!.source,
      fingerprint: set.fingerprint,
      splits: { train: parts.train.events, validation: parts.validation.events, test: measured.events },
      measuredOn,
      clusters: { test: opened[measuredOn]!.clusters, train: opened.train.clusters },
      crops: (split, indices) => (split === "train" ? parts.train : measured).images.read(indices),
      sample: await parts.train.images.read(sampled),
      donors: options.from === undefined ? undefined : await readDonors(options.from),
      dispose() {
        set.images.close();
        held.forEach((array) => array.dispose());
      },
    };
  } catch (error) {
    set.images.close();
    throw error;
  }
}

/** The weights of another run's model, by layer. */
async function readDonors(folder: string): Promise<Map<string, Donor[]>> {
  const path = runPaths(folder).keras;
  const bytes = await Deno.readFile(path).catch((error) => {
    throw new Error(`Cannot start from the run "${folder}": ${(error as Error).message}`, { cause: error });
  });
  const { model } = await decodeKeras(bytes, { name: path });
  const donors = new Map<string, Donor[]>();
  for (const layer of model.layers) {
    const weights = layer.getWeights().map((weight) => ({
      values: weight.dataSync<"float32">().slice(),
      shape: weight.shape,
    }));
    if (weights.length > 0) donors.set(layer.name, weights);
  }
  model.dispose();
  return donors;
}
