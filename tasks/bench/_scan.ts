/**
 * The scan of source 001 by ours: 14 of 1,458 networks, 20 epochs of 140 images, judged on 60. Usage: `_scan.ts EPOCHS
 * THREADS [FOLDER]`; with a folder, several such processes share the scan. `_scan.ts list` prints the 14 networks alone,
 * for others to train. Prints the best validation loss.
 * @module
 */
import { createRng } from "../../lib/base/rng.ts";
import { fromArrays } from "../../lib/data/source.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { buildConv3dNet } from "../../lib/models/conv3d_net.ts";
import { createSampler } from "../../lib/search/samplers/registry.ts";
import { search, trialsOf } from "../../lib/search/search.ts";
import { defineSpace } from "../../lib/search/space.ts";
import { accuracy, adam, constant, crossEntropy, fit } from "../../lib/train/mod.ts";

const [epochs, threads, folder] = Deno.args;
const SHAPE = [21, 32, 32, 1], SIZE = 21 * 32 * 32;

/** Noise, with a spot that comes later in one of the kinds. */
function draw(count: number, stream: number) {
  const rng = createRng(1, stream);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 2);
  const data = Float32Array.from({ length: count * SIZE }, () => 0.1 * rng());
  labels.forEach((label, i) => data[i * SIZE + (label === 1 ? 6 : 12) * 1024 + 16 * 32 + 16] += rng());
  return fromArrays({ data, shape: [count, ...SHAPE] }, { data: labels, shape: [count] });
}

const sizes = [32, 64, 96], kernels = [1, 3, 5];
const space = defineSpace({
  activation: ["relu", "elu"],
  filters1: sizes,
  kernel1: kernels,
  filters2: sizes,
  kernel2: kernels,
  dense1: sizes,
  dense2: sizes,
});
const SCAN = { fraction: 0.01, sampler: "random", seed: 0 };

/** The networks of the scan, in order. */
function listScan() {
  const sampler = createSampler({ name: SCAN.sampler });
  const history = { space, directions: ["minimize" as const], trials: [], seed: SCAN.seed };
  return Array.from(
    { length: trialsOf(space, SCAN.fraction) },
    (_, number) => sampler.suggest(history, number)!.params,
  );
}

if (epochs === "list") {
  console.log(JSON.stringify(listScan()));
  Deno.exit(0);
}
await startEngine({ backend: "auto", threads: Number(threads) });
const [train, validation] = [draw(140, 1), draw(60, 2)];
const { best } = await search(
  space,
  async (p, trial) => {
    const model = buildConv3dNet({
      filters: [Number(p.filters1), Number(p.filters2)],
      kernelSize: [Number(p.kernel1), Number(p.kernel2)],
      dense: [Number(p.dense1), Number(p.dense2)],
      activation: p.activation as "relu" | "elu",
      seed: trial.seed,
    });
    const { epochs: history } = await fit(model, train, {
      loss: crossEntropy(),
      metrics: [accuracy()],
      optimizer: adam(),
      schedule: constant(1e-3),
      epochs: Number(epochs),
      batch: 10,
      seed: trial.seed,
      validation,
      signal: trial.signal,
    });
    model.dispose();
    return history.at(-1)!.validationLoss;
  },
  { ...SCAN, folder },
);
console.log(best?.values?.[0]);
