/**
 * Every experiment's first twenty steps on three backends, at its smallest: what is learned depends on none of them.
 *
 * Nothing random is left in a step, as TensorFlow draws other numbers than JavaScript: no augmentation, no dropout.
 * @module
 */
import { subset } from "../../../lib/data/source.ts";
import { type Precision, startEngine } from "../../../lib/engine/mod.ts";
import type { Data, Experiment, Options, OptionTable } from "../../../lib/run/experiment.ts";
import { fit, modelsOf } from "../../../lib/train/mod.ts";
import { assert, assertClose } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { calm, smallest } from "./_smallest.ts";

/** Examples in a step, and epochs that the twenty steps make. */
export const BATCH = 2, EPOCHS = 2;
const STEPS = 20;

/** A generator learns from noise that each step draws: the two that draw in JavaScript must agree, TensorFlow nearly. */
const DRAWS: Readonly<Record<string, number>> = { dcgan: 0.05 };

/** What may differ between two trainings on the same examples. */
interface Training {
  /** Of the first weights and of the order of examples. @default {those of the options, and 3} */
  seed?: number;
  precision?: Precision;
}

/** The losses of the epochs that the steps make, on the backend that is running. */
export async function losses(
  experiment: Experiment<OptionTable, Data>,
  options: Options,
  folder: string,
  { seed, precision }: Training = {},
) {
  const data = await experiment.load(options, { dataFolder: folder, log: () => {} });
  const models = modelsOf(experiment.build({ ...options, seed: seed ?? options.seed } as Options, data));
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
      seed: seed ?? 3,
      shards: 1,
      precision,
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
  others: readonly ("wasm" | "cpu" | "webgpu")[] = ["wasm", "cpu"],
): Promise<void> {
  return withFolder(async (folder) => {
    const { experiment, options } = await smallest(name, folder, { batch: BATCH, epochs: EPOCHS, seed: 1 });
    const lossesOn = async (backend: "tensorflow" | typeof others[number]) => {
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
