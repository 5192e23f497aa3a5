/**
 * The calorimeter's way from its files to a trained network against NumPy, h5py, Keras and PyTorch. @module
 */
import { join } from "@std/path";
import { openEcal } from "../../lib/data/ecal.ts";
import { sparseSource } from "../../lib/data/sparse_images.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { preprocess, type PreprocessingStep, primitiveOps } from "../../lib/image/preprocessing/mod.ts";
import { DOCUMENT_FILM, stepsFor } from "../../lib/experiments/ecal/networks.ts";
import { buildConv3dNet } from "../../lib/models/conv3d_net.ts";
import { ecalFileName, writeEcal } from "../../lib/simulate/ecal/set.ts";
import * as train from "../../lib/train/mod.ts";
import { preprocessTensor } from "../../lib/train/preprocess_tensor.ts";
import { CliError } from "../_cli.ts";
import { alternate, type BenchContext, type BenchTable, Peer } from "./_bench.ts";

export const name = "ecal";
export const summary =
  "Calorimeter images: frames by time, HDF5 to batches, steps of the document's network (parts: order, read, step)";

/** Images of each kind in the file of the bench, and of each kind whose frames are made. */
const EVENTS = 5_000;
const BATCH = 100, STEPS = 3;

/** Runs the chosen parts, all where none is chosen. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const parts: Record<string, (context: BenchContext, files: string[]) => Promise<BenchTable>> = {
    order,
    read,
    step,
  };
  const unknown = context.parts.find((part) => !Object.hasOwn(parts, part));
  if (unknown) {
    throw new CliError(`No part of the bench is named "${unknown}": ${Object.keys(parts).join(", ")}`);
  }
  context.say(`simulating ${2 * EVENTS} images`);
  await writeEcal(context.folder, { events: EVENTS }, { seed: 4 });
  const files = (["photon", "electron"] as const).map((kind) =>
    join(context.folder, ecalFileName(kind, EVENTS))
  );
  await startEngine();
  const tables: BenchTable[] = [];
  for (const [part, measure] of Object.entries(parts)) {
    if (context.parts.length === 0 || context.parts.includes(part)) {
      tables.push(await measure(context, files));
    }
  }
  return tables;
}

const peer = ({ need }: BenchContext, files: readonly string[]) =>
  new Peer(need("torch"), [new URL("./peers/ecal.py", import.meta.url).pathname, ...files]);

/** The document's frames. */
const STEPS_OF_DOCUMENT = stepsFor({
  ...DOCUMENT_FILM,
  model: "conv3d",
  time: true,
  order: "document",
  seed: 0,
});

async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function order(context: BenchContext, files: readonly string[]): Promise<BenchTable> {
  await using numpy = peer(context, files);
  using set = await openEcal(files);
  const { images } = await set.loadData(0, EVENTS);
  const shape = [32, 32, 2], steps: readonly PreprocessingStep[] = STEPS_OF_DOCUMENT;
  const ops = primitiveOps(steps, shape, { white: 1 });
  const inTensors = async () => {
    for (let first = 0; first < 2 * EVENTS; first += BATCH) {
      const part = images.data.subarray(first * 2048, (first + BATCH) * 2048);
      const frames = tf.tidy(() => preprocessTensor(ops, tf.tensor(part, [BATCH, ...shape])));
      await frames.data();
      frames.dispose();
    }
  };
  const inJavaScript = () => {
    for (let i = 0; i < 2 * EVENTS; i++) {
      preprocess(steps, { data: images.data.subarray(i * 2048, (i + 1) * 2048), shape }, { white: 1 });
    }
  };
  await inTensors(); // both sides are warm before the clock runs
  await numpy.ask({ do: "order" });
  const times = await alternate(context.rounds, {
    script: () => secondsOf(inJavaScript),
    tensors: () => secondsOf(inTensors),
    numpy: async () => (await numpy.ask({ do: "order" })).seconds as number,
  });
  const row = { unit: "s", peer: "NumPy, the document's code", theirs: times.numpy };
  return {
    title: `timeOrder of ${(2 * EVENTS).toLocaleString("en")} images, 21 cumulative frames`,
    rows: [
      { what: "in JavaScript", ...row, ours: times.script, bar: 0.1 },
      { what: "in tensors, 100 at a time", ...row, ours: times.tensors },
    ],
    notes: [
      "NumPy makes frames of energy and of time, in 64 bits, as the document does; ours of energy, in 32 bits.",
    ],
  };
}

async function read(context: BenchContext, files: readonly string[]): Promise<BenchTable> {
  await using h5py = peer(context, files);
  const ours = async () => {
    using set = await openEcal(files);
    const { images, labels } = await set.read(set.rowsOf(0, EVENTS));
    const source = sparseSource(images, labels);
    for (const rows of train.batches(source.size, BATCH, { seed: 1, epoch: 0 })) await source.read(rows);
  };
  await ours();
  await h5py.ask({ do: "read" });
  const times = await alternate(context.rounds, {
    ours: () => secondsOf(ours),
    theirs: async () => (await h5py.ask({ do: "read" })).seconds as number,
  });
  return {
    title: "LZF files to shuffled batches of 100, one epoch",
    rows: [{
      what: `${2 * EVENTS} images`,
      unit: "s",
      ours: times.ours,
      peer: "h5py",
      theirs: times.theirs,
      bar: 1 / 1.2,
    }],
    notes: ["Ours keeps the hits alone, h5py all values: a seventeenth of the memory."],
  };
}

async function step(context: BenchContext, files: readonly string[]): Promise<BenchTable> {
  await using keras = peer(context, files); // TensorFlow and PyTorch in one process end it
  await using torch = peer(context, files);
  const images = STEPS * BATCH;
  const model = buildConv3dNet({ seed: 1 });
  const recipe = { loss: train.crossEntropy(), optimizer: train.adam(), schedule: train.constant(1e-5) };
  const epoch = async () => {
    using set = await openEcal(files);
    const part = await set.read(set.rowsOf(0, images / 2));
    const source = sparseSource(part.images, part.labels);
    await train.fit(model, source, {
      ...recipe,
      preprocessing: STEPS_OF_DOCUMENT,
      epochs: 1,
      batch: BATCH,
      shards: 2,
    });
  };
  for (
    const warm of [
      epoch,
      () => keras.ask({ do: "keras", images }),
      () => torch.ask({ do: "torch", images }),
    ]
  ) await warm();
  const times = await alternate(context.rounds, {
    ours: () => secondsOf(epoch),
    keras: async () => (await keras.ask({ do: "keras", images })).seconds as number,
    torch: async () => (await torch.ask({ do: "torch", images })).seconds as number,
  });
  const row = { what: `${STEPS} steps of ${BATCH}`, unit: "s", ours: times.ours };
  return {
    title: "The document's network from its files: reading, frames, training",
    rows: [
      { ...row, peer: "Keras", theirs: times.keras, bar: 0.5 },
      { ...row, peer: "PyTorch", theirs: times.torch, bar: 0.25 },
    ],
    notes: [
      "Ours traces and compiles its step anew in each round; Keras and PyTorch keep theirs. Steps alone: bench main_path:step.",
    ],
  };
}
