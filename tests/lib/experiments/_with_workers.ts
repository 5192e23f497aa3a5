/**
 * Experiments at their smallest, trained by several workers and by one: what is learned is the same, all that a recipe draws
 * included.
 * @module
 */
import { join } from "@std/path";
import { subset } from "../../../lib/data/source.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { fit, type LoopOptions, modelsOf } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { localPlaces } from "../engine/workers/_places.ts";
import { effectiveWeights } from "../train/_effective_weights.ts";
import { smallest } from "./_smallest.ts";
import type { ExperimentsOrder } from "./_worker_program.ts";

const PROGRAM = new URL("./_worker_program.ts", import.meta.url);

/** Examples in a step, and in an epoch: the last of its five steps has three. */
const BATCH = 5, EXAMPLES = 23;

/** Where a worker leaves the weights that an experiment has learned. */
export function weightsFile(folder: string, name: string, rank: number): string {
  return join(folder, `${name}.${rank}.weights`);
}

/** Trains an experiment by its own recipe for so many steps; gives its weights. */
export async function trainSmallest(name: string, folder: string, steps: number, more: Partial<LoopOptions>) {
  const own = join(folder, name, `${more.workers?.rank ?? "alone"}`);
  await Deno.mkdir(own, { recursive: true }); // every process makes the same data
  const epochs = Math.ceil(steps / Math.ceil(EXAMPLES / BATCH));
  const { experiment, options } = await smallest(name, own, { batch: BATCH, epochs, seed: 1 });
  const data = await experiment.load(options, { dataFolder: own, log: () => {} });
  const models = modelsOf(experiment.build(options, data));
  try {
    const rows = Uint32Array.from({ length: EXAMPLES }, (_, i) => i % data.train.size);
    const recipe = experiment.recipe(options, data, models);
    const { epochs: numbers, steps: taken } = await fit(models, subset(data.train, rows), {
      ...recipe,
      validation: data.validation,
      epochs,
      batch: BATCH,
      seed: 3,
      ...more,
    });
    const weights = Object.values(models).flatMap(effectiveWeights);
    return { weights: Float32Array.from(weights), numbers, taken };
  } finally {
    Object.values(models).forEach((model) => model.dispose());
    data.dispose();
  }
}

/** Trains experiments by so many workers, which leave their weights. @throws {Error} If one of them fails. */
async function trainTogether(order: Omit<ExperimentsOrder, "place">, size: number): Promise<void> {
  const children = localPlaces(size).map((place) => {
    const args = ["run", "-A", "--no-check", PROGRAM.pathname, JSON.stringify({ ...order, place })];
    return new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "null", stderr: "piped" })
      .output();
  });
  for (const { code, stderr } of await Promise.all(children)) {
    assert(code === 0, new TextDecoder().decode(stderr));
  }
}

/** Holds what workers learn to what one does that cuts its batches into as many shards. */
export function compareWorkers(names: readonly string[], steps: number, size: number): Promise<void> {
  return withFolder(async (folder) => {
    await trainTogether({ names, steps, folder }, size);
    await startEngine({ backend: "tensorflow" });
    for (const name of names) {
      const read = async (rank: number) =>
        new Float32Array((await Deno.readFile(weightsFile(folder, name, rank))).buffer);
      const alone = await trainSmallest(name, folder, steps, { shards: size });
      const first = await read(0);
      assertClose(first, alone.weights, 1e-4, name);
      for (let rank = 1; rank < size; rank++) {
        assertEquals(await read(rank), first, `worker ${rank}, ${name}`);
      }
    }
  });
}
