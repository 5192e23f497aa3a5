/**
 * Every experiment's first twenty steps on three backends, at its smallest: what is learned depends on none of them.
 *
 * Nothing random is left in a step, as TensorFlow draws other numbers than JavaScript: no augmentation, no dropout.
 * @module
 */
import { join } from "@std/path";
import { subset } from "../../../lib/data/source.ts";
import { startEngine, type tf } from "../../../lib/engine/mod.ts";
import { findExperiment } from "../../../lib/experiments/registry.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import type { Data, Experiment, Options, OptionTable } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { fit, modelsOf } from "../../../lib/train/mod.ts";
import { assert, assertClose } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { SETS } from "./_reports.ts";

type Setting = (folder: string) => Promise<Record<string, unknown>>;

/** Examples in a step, and epochs that the twenty steps make. */
const BATCH = 2, EPOCHS = 2, STEPS = 20;

const given = (options: Record<string, unknown>): Setting => () => Promise.resolve(options);
const few = given({ events: 60, testEvents: 20 });

/** The smallest form of each experiment. */
const SMALLEST: Readonly<Record<string, Setting>> = {
  mnist: given({ model: "tutorial_cnn", validation: 20 }),
  fashion: given({ model: "tutorial_cnn", validation: 20 }),
  cygno: SETS.cygno,
  "cygno-energy": SETS.cygno,
  dcgan: given({ images: 64, measured: 256, filters: 2 }),
  capsnet: given({ validation: 20, filters: 8, capsules: 2 }),
  ecal: SETS.ecal,
  async images(folder) {
    const count = 80,
      side = 8,
      labels = { data: Int32Array.from({ length: count }, (_, i) => i % 2), shape: [count] };
    const slope = (i: number) => (i % side - 3.5) / 9 * (Math.floor(i / side ** 2) % 2 ? 1 : -1);
    const data = Float32Array.from(
      { length: count * side ** 2 },
      (_, i) => 0.5 + slope(i) + Math.sin(i * i) / 20,
    );
    const images = { data, shape: [count, side, side, 1] }, file = join(folder, "set.npz");
    await Deno.writeFile(file, encodeNpz({ images, labels }));
    return { data: file, axes: "nhwc", model: "tutorial_cnn" };
  },
  lenses: async (folder) => ({ ...await SETS.lenses(folder), shrink: 1 }),
  "supernemo-top": few,
  "supernemo-side": few,
  "supernemo-front": few,
  "supernemo-combined": few,
  "supernemo-3d": few,
  "supernemo-points": given({ events: 60, testEvents: 20, hits: 16 }),
  "supernemo-calorimeter": few,
  "supernemo-hint": few,
  "supernemo-clustering": few,
  "supernemo-vae": given({ kind: "plain", events: 60, testEvents: 20, filters: 4, latent: 4 }),
  "supernemo-instances": given({ events: 60, testEvents: 20, hits: 16 }),
};

/** A generator learns from noise that each step draws: the two that draw in JavaScript must agree, TensorFlow nearly. */
const DRAWS: Readonly<Record<string, number>> = { dcgan: 0.05 };

/** Has no layer draw anything. */
function calm(layers: readonly tf.layers.Layer[]): void {
  for (const layer of layers) {
    const told = layer as unknown as { rate?: number; stddev?: number; layers?: tf.layers.Layer[] };
    if (told.rate !== undefined) told.rate = 0;
    if (told.stddev !== undefined) told.stddev = 0;
    calm(told.layers ?? []);
  }
}

/** The losses of the epochs that the steps make, on the backend that is running. */
async function losses(experiment: Experiment<OptionTable, Data>, options: Options, folder: string) {
  const data = await experiment.load(options, { dataFolder: folder, log: () => {} });
  const models = modelsOf(experiment.build(options, data));
  Object.values(models).forEach(({ layers }) => calm(layers));
  try {
    const rows = Uint32Array.from({ length: BATCH * STEPS / EPOCHS }, (_, i) => i % data.train.size);
    const recipe = experiment.recipe(options, data, models);
    const { epochs } = await fit(models, subset(data.train, rows), {
      ...recipe,
      ..."augmentation" in recipe && {
        augmentation: recipe.augmentation?.filter(({ op }) => op === "centerCrop"),
      },
      callbacks: [], // some watch a validation that is left out
      epochs: EPOCHS,
      batch: BATCH,
      seed: 3,
      shards: 1,
    });
    return epochs.map(({ loss, ...others }) => loss ?? Object.values(others)[1] as number);
  } finally {
    Object.values(models).forEach((model) => model.dispose());
    data.dispose();
  }
}

/** Holds an experiment's losses on other backends to those on TensorFlow, and to each other. */
export function compareBackends(
  name: string,
  others: readonly ("wasm" | "cpu")[] = ["wasm", "cpu"],
): Promise<void> {
  return withFolder(async (folder) => {
    const experiment = findExperiment(name) as Experiment<OptionTable, Data>;
    const settings = { ...await SMALLEST[name](folder), batch: BATCH, epochs: EPOCHS, seed: 1 };
    const options = optionsFor(experiment, settings) as Options;
    const lossesOn = async (backend: "tensorflow" | "wasm" | "cpu") => {
      await startEngine({ backend });
      return await losses(experiment, options, folder);
    };
    const native = await lossesOn("tensorflow"), first = await lossesOn(others[0]);
    assert(native.length === EPOCHS && native.every(Number.isFinite), String(native));
    assertClose(first, native, DRAWS[name] ?? 1e-3, `${name} on ${others[0]}`, 1);
    for (const other of others.slice(1)) {
      assertClose(await lossesOn(other), first, 1e-3, `${name} on ${other}`, 1);
    }
  });
}
