/** What the ECAL experiment learns from: the files opened, split as the document splits them, their hits in memory. @module */
import { join } from "@std/path";
import { sha256 } from "../../base/sha256.ts";
import { type EcalImages, type EcalRange, type EcalSet, openEcal, standardSplit } from "../../data/ecal.ts";
import { makeOnce } from "../../data/made_once.ts";
import { sparseSource } from "../../data/sparse_images.ts";
import { bucketSources, isInBucket } from "../../run/bucket_sources.ts";
import type { Data, LoadContext, OptionTable } from "../../run/experiment.ts";
import { ecalFileName, writeEcal } from "../../simulate/ecal/set.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { measureShowers } from "./shapes.ts";
import { DOCUMENT_FILM, NETWORKS } from "./networks.ts";

/** Options of the experiment. */
export const ECAL_OPTIONS = {
  data: {
    type: "list",
    hint: "FILES",
    help:
      "HDF5 files or folders of them, http(s)://… or s3://BUCKET/PREFIX, read in parts (default: a simulated pair, made once).",
  },
  events: { type: "integer", default: 20_000, min: 20, help: "Events of each kind in the simulated pair." },
  model: {
    type: "choice",
    choices: NETWORKS,
    default: "small",
    help: "Our small network, ResNet-15, a GoogLeNet cut short, or the document's network of frames.",
  },
  recipe: {
    type: "choice",
    choices: ["best", "document", "resnet15"],
    default: "best",
    help:
      "How to train: ours; as the document: conv3d, Adam 1e-5, batch 100, 100 epochs, 10,000 of each kind; or as ResNet-15's authors: AdamW 1e-3, cosine, batch 256, 20 epochs.",
  },
  like: {
    type: "choice",
    choices: ["right", "document"],
    default: "right",
    help: "Frames of conv3d as they are meant, or to the letter: the last is never filled.",
  },
  lowEnergy: {
    type: "number",
    default: DOCUMENT_FILM.lowEnergy,
    help: "Hits of this energy and less are in no frame of conv3d; energies are in 50 GeV, times in 50 ns.",
  },
  minTime: { type: "number", default: DOCUMENT_FILM.minTime, help: "When conv3d's first frame begins." },
  maxTime: { type: "number", default: DOCUMENT_FILM.maxTime, help: "When conv3d's frames end." },
  frame: { type: "number", default: DOCUMENT_FILM.frame, min: 1e-6, help: "Length of a frame of conv3d." },
  cumulative: {
    type: "boolean",
    default: DOCUMENT_FILM.cumulative,
    help: "Leave energies that came in all later frames of conv3d.",
  },
  outside: {
    type: "choice",
    choices: ["drop", "clamp"],
    default: DOCUMENT_FILM.outside,
    help: "Hits outside conv3d's times: in no frame, or in the first and last one.",
  },
  order: {
    type: "choice",
    choices: ["fixed", "document"],
    default: "fixed",
    help:
      "In conv3d: batch normalisation before dropout and quick to follow, or after it and slow as the document has it.",
  },
  time: {
    type: "boolean",
    default: false,
    help:
      "Show the network times beside energies; conv3d sees them unless --no-time puts every hit into every frame.",
  },
  compare: {
    type: "boolean",
    default: true,
    help: "Train the same network with times, or without, as well and report both: takes twice as long.",
  },
  rate: {
    type: "number",
    default: 3e-3,
    min: 1e-7,
    max: 1,
    range: [3e-4, 3e-2],
    log: true,
    help: "Learning rate; its peak, where it changes.",
  },
  train: { type: "integer", min: 1, help: "Most images of each kind to train on." },
  validation: { type: "integer", min: 1, help: "Most images of each kind to watch the training by." },
  test: { type: "integer", min: 1, help: "Most images of each kind to measure on." },
} as const satisfies OptionTable;

/** Values of {@linkcode ECAL_OPTIONS} that loading looks at. */
export interface EcalLoadOptions {
  data?: readonly string[];
  events: number;
  train?: number;
  validation?: number;
  test?: number;
}

/** What the simulation knows of an image, where it is simulated. */
export interface EcalTruths {
  /** Metres from the beam where a photon converted, or 0. */
  convertedAt: Float32Array;
}

/** The loaded set. */
export interface EcalData extends Data {
  readonly parts: { train: EcalImages; validation: EcalImages; test: EcalImages };
  /** Shower shapes of the first training images and of all test images. */
  readonly shapes: { train: Float64Array[]; trainLabels: Int32Array; test: Float64Array[] };
  /** Of the test images. */
  readonly truths?: EcalTruths;
  /** Where it was loaded for: whom a comparison's training tells how far it is, and who ends it. */
  readonly context: Pick<LoadContext, "log" | "signal">;
}

/** Training images that the baseline is fitted to. */
const BASELINE_IMAGES = 30_000;
/** The simulated pair is always the same. */
const SIMULATION_SEED = 5;

/** Simulates the pair that {@linkcode loadEcal} would, unless files are given. */
export async function simulateEcalOnce(
  { data = [], events }: Pick<EcalLoadOptions, "data" | "events">,
  context: LoadContext,
): Promise<void> {
  if (data.length === 0) await simulatedFiles(events, context);
}

async function simulatedFiles(events: number, context: LoadContext): Promise<string[]> {
  const { dataFolder, log, signal, onProgress } = context, folder = join(dataFolder, "ecal");
  const files = (["photon", "electron"] as const).map((kind) => join(folder, ecalFileName(kind, events)));
  const found = () => Promise.all(files.map((file) => Deno.stat(file).then(() => true, () => false)));
  const areThere = async () => (await found()).every(Boolean);
  await makeOnce(files[0], areThere, async () => {
    if ((await found()).some(Boolean)) {
      throw new Error(
        `Cannot use the simulated pair in "${folder}" as one of its files is missing: remove the other one`,
      );
    }
    log(`Simulating ${events} photons and ${events} electrons into ${folder}`);
    await writeEcal(folder, { events }, {
      seed: SIMULATION_SEED,
      signal,
      onProgress: (done, total) => onProgress?.({ label: "simulating", done, total, unit: "events" }),
    });
  }, context);
  return files;
}

const HDF5_NAME = /\.(hdf5|h5)$/i;

/** The HDF5 files that are meant: files and addresses themselves, of a folder or a bucket's prefix all in it. */
async function filesOf(places: readonly string[], context: LoadContext): Promise<(string | ByteSource)[]> {
  const files: (string | ByteSource)[] = [];
  for (const place of places) {
    if (isInBucket(place)) {
      files.push(...await bucketSources(place, context, HDF5_NAME, "HDF5"));
      continue;
    }
    const isFolder = await Deno.stat(place).then(({ isDirectory }) => isDirectory, () => false);
    if (!isFolder) {
      files.push(place);
      continue;
    }
    const names: string[] = [];
    for await (const { name } of Deno.readDir(place)) if (HDF5_NAME.test(name)) names.push(name);
    if (names.length === 0) throw new RangeError(`Cannot train on "${place}" as there is no HDF5 file in it`);
    files.push(...names.sort().map((name) => join(place, name)));
  }
  return files;
}

const shorten = (
  [start, stop]: EcalRange,
  most = Infinity,
): EcalRange => [start, Math.min(stop, start + most)];

/** SHA-256 of all hits and labels of some parts. */
async function fingerprintOf(parts: readonly EcalImages[]): Promise<string> {
  const sums: string[] = [];
  const add = async ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    void sums.push(await sha256(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)));
  for (const { images, labels } of parts) {
    for (const { places, values } of images.blocks()) {
      await add(places);
      await add(values);
    }
    await add(labels);
  }
  return await sha256(new TextEncoder().encode(sums.join("")));
}

/**
 * Opens, splits and reads the set.
 *
 * @throws {RangeError} If there are too few images, or none in a folder.
 * @throws {TypeError | SyntaxError} What {@linkcode openEcal} throws.
 */
export async function loadEcal(options: EcalLoadOptions, context: LoadContext): Promise<EcalData> {
  const { data = [], events } = options;
  const files = data.length > 0 ? await filesOf(data, context) : await simulatedFiles(events, context);
  using set = await openEcal(files);
  const { photon, electron } = set.counts;
  context.log(
    `${photon} photons and ${electron} electrons in ${set.files.map(({ name }) => name).join(", ")}`,
  );
  const split = standardSplit(Math.min(photon, electron));
  const read = (part: keyof typeof split) =>
    readPart(set, part, shorten(split[part], options[part]), context);
  const parts = {
    train: await read("train"),
    validation: await read("validation"),
    test: await read("test"),
  };
  const sourceOf = ({ images, labels }: EcalImages) => sparseSource(images, labels);
  const rows = spread(parts.train.images.length, BASELINE_IMAGES);
  const convertedAt = await set.truth("converted_at_m");
  return {
    train: sourceOf(parts.train),
    validation: sourceOf(parts.validation),
    test: sourceOf(parts.test),
    fingerprint: await fingerprintOf([parts.train, parts.validation, parts.test]),
    raw: (indices) =>
      Promise.resolve(indices.map((index) => {
        const { data, shape } = parts.test.images.read([index]);
        return { image: { data, shape: shape.slice(1) } };
      })),
    parts,
    context,
    shapes: {
      train: measureShowers(parts.train.images, rows),
      trainLabels: Int32Array.from(rows, (row) => parts.train.labels[row]),
      test: measureShowers(parts.test.images, parts.test.rows.map((_, i) => i)),
    },
    truths: convertedAt && { convertedAt: Float32Array.from(parts.test.rows, (row) => convertedAt[row]) },
    dispose() {},
  };
}

async function readPart(set: EcalSet, part: string, [start, stop]: EcalRange, context: LoadContext) {
  const { signal, onProgress, log } = context;
  const images = await set.read(set.rowsOf(start, stop), {
    signal,
    onProgress: (done, total) => onProgress?.({ label: `reading ${part}`, done, total, unit: "images" }),
  });
  for (const fault of images.faults) log(`In the ${part} images ${fault}`);
  return images;
}

/** At most `most` numbers below `count`, evenly spread: of both kinds alike, as these lie one after the other. */
export function spread(count: number, most: number): Uint32Array {
  const length = Math.min(count, most);
  return Uint32Array.from({ length }, (_, i) => Math.floor(i * count / length));
}
