/**
 * The calorimeter's way from its files to a trained network against NumPy, h5py, Keras and PyTorch; and what networks reach. @module
 */
import { openEcal } from "../../lib/data/ecal.ts";
import { sparseSource } from "../../lib/data/sparse_images.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { preprocess, type PreprocessingStep, primitiveOps } from "../../lib/image/preprocessing/mod.ts";
import { buildNetwork, DOCUMENT_FILM, stepsFor } from "../../lib/experiments/ecal/networks.ts";
import { buildConv3dNet } from "../../lib/models/conv3d_net.ts";
import * as train from "../../lib/train/mod.ts";
import { preprocessTensor } from "../../lib/train/preprocess_tensor.ts";
import {
  alternate,
  type BenchContext,
  type BenchTable,
  memoryBeside,
  type Parts,
  Peer,
  runParts,
} from "./_bench.ts";
import { LONG, simulate } from "./_ecal_quality.ts";

export const name = "ecal";
export const summary =
  "Calorimeter images: frames by time, HDF5 to batches, steps from files (parts: order, read, step, best); hours on request: quality, hardness, hardness-whole, curve, minutes: quality-short, hardness-short, curve-short";

/** Images of each kind in the file of the bench, and of each kind whose frames are made. */
const EVENTS = 5_000;
const BATCH = 100, STEPS = 3;

/** Parts that take minutes at most. */
const PARTS: Parts = { order, read, step, best };

/** Runs the chosen parts, where none is chosen all but the long ones. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  await startEngine();
  return await runParts(name, context, PARTS, LONG);
}

/** The files that all parts work on. */
const filesOf = (context: BenchContext) => simulate(context, EVENTS, 4);

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

async function order(context: BenchContext): Promise<BenchTable> {
  const files = await filesOf(context);
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
  const memory = memoryBeside(numpy);
  const row = { unit: "s", peer: "NumPy, the document's code", theirs: times.numpy, memory };
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

async function read(context: BenchContext): Promise<BenchTable> {
  const files = await filesOf(context);
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
      memory: memoryBeside(h5py),
    }],
    notes: ["Ours keeps the hits alone, h5py all values: a seventeenth of the memory."],
  };
}

/** What is trained from files, and in which steps. */
interface Trained {
  build(): tf.LayersModel;
  preprocessing: readonly PreprocessingStep[];
  recipe: Pick<train.FitOptions, "schedule"> & train.SupervisedOptions;
  batch: number;
  images: number;
  /** The peers' words for the same. */
  keras: string;
  torch: string;
}

/** Training from files against Keras and PyTorch, in turns, reading and preprocessing included. */
async function timesOf(context: BenchContext, what: Trained) {
  const files = await filesOf(context);
  const { preprocessing, recipe, batch, images } = what;
  await using keras = peer(context, files); // TensorFlow and PyTorch in one process end it
  await using torch = peer(context, files);
  const model = what.build();
  const epoch = async () => {
    using set = await openEcal(files);
    const part = await set.read(set.rowsOf(0, images / 2));
    const source = sparseSource(part.images, part.labels);
    await train.fit(
      model,
      source,
      { ...recipe, preprocessing, epochs: 1, batch, shards: 2 } as train.FitOptions,
    );
  };
  const ask = async (peer: Peer, word: string) => (await peer.ask({ do: word, images })).seconds;
  for (const warm of [epoch, () => ask(keras, what.keras), () => ask(torch, what.torch)]) await warm();
  const times = await alternate(context.rounds, {
    ours: () => secondsOf(epoch),
    keras: () => ask(keras, what.keras),
    torch: () => ask(torch, what.torch),
  });
  model.dispose();
  const row = { what: `${Math.ceil(images / batch)} steps of ${batch}`, unit: "s", ours: times.ours };
  return [
    { ...row, peer: "Keras", theirs: times.keras, bar: 0.5, memory: memoryBeside(keras) },
    { ...row, peer: "PyTorch", theirs: times.torch, bar: 0.25, memory: memoryBeside(torch) },
  ];
}

const SAME_FOOTING =
  "Ours traces and compiles its step anew in each round; Keras and PyTorch keep theirs. Steps alone: bench main_path:step.";

async function step(context: BenchContext): Promise<BenchTable> {
  const rows = await timesOf(context, {
    build: () => buildConv3dNet({ seed: 1 }),
    preprocessing: STEPS_OF_DOCUMENT,
    recipe: { loss: train.crossEntropy(), optimizer: train.adam(), schedule: train.constant(1e-5) },
    batch: BATCH,
    images: STEPS * BATCH,
    keras: "keras",
    torch: "torch",
  });
  return {
    title: "The document's network from its files: reading, frames, training",
    rows,
    notes: [SAME_FOOTING],
  };
}

/** Our network, by its own recipe. */
async function best(context: BenchContext): Promise<BenchTable> {
  const options = { ...DOCUMENT_FILM, model: "small", time: false, order: "fixed", seed: 1 } as const;
  const rows = await timesOf(context, {
    build: () => buildNetwork(options),
    preprocessing: stepsFor(options),
    recipe: {
      loss: train.crossEntropy(),
      optimizer: train.adam(),
      schedule: train.constant(3e-3),
      weightDecay: 0.01,
      emaMomentum: 0.995,
      augmentation: [{ op: "flip", horizontal: false, vertical: true, transpose: false }],
    },
    batch: 128,
    images: 2 * EVENTS,
    keras: "keras-small",
    torch: "torch-small",
  });
  return { title: "Our network from the same files, by its recipe", rows, notes: [SAME_FOOTING] };
}
