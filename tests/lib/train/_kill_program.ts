/**
 * A training run to be killed: `deno run -A _kill_program.ts FOLDER STEP [SLOW]` with STEP `supervised`, `adversarial` or
 * `variational`. After SLOW steps it takes its time for each, so that on a busy machine too it is killed before its end.
 * Goes on from the checkpoint in the folder, where there is one, prints a line a step, and at its end writes
 * the weights to `weights` in the folder.
 * @module
 */
import { join } from "@std/path";
import { fromArrays, subset } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  accuracy,
  adam,
  adversarial,
  type Callback,
  cosine,
  crossEntropy,
  csvLog,
  fit,
  type FitOptions,
  type Models,
  variational,
} from "../../../lib/train/mod.ts";
import type { Source } from "../../../lib/data/source.ts";
import { preprocessing, SIDE, toyModel, toySource, weightsOf } from "./_toy.ts";

/** What is trained by one kind of step. */
interface Task {
  models: Models;
  source: Source;
  options: Partial<FitOptions>;
}

const init = (seed: number) => tf.initializers.glorotUniform({ seed });
const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) => layer.apply(x) as tf.SymbolicTensor;
const augmentation = [
  { op: "shift", most: 1 },
  { op: "rotate", degrees: 5 },
  { op: "flip", horizontal: true },
] as const;

function supervisedTask(): Task {
  const source = toySource(200);
  const options = {
    loss: crossEntropy(),
    metrics: [accuracy()],
    preprocessing,
    augmentation,
    optimizer: adam(),
    emaMomentum: 0.95,
    validation: subset(source, Uint32Array.of(1, 2, 3, 4, 5)),
  };
  return { models: { model: toyModel() }, source, options };
}

function adversarialTask(): Task {
  const pixels = SIDE * SIDE;
  const generator = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: pixels, kernelInitializer: init(1) }),
      tf.layers.batchNormalization(),
      tf.layers.reshape({ targetShape: [SIDE, SIDE, 1] }),
    ],
  });
  const discriminator = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [SIDE, SIDE, 1] }),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 1, kernelInitializer: init(2) }),
    ],
  });
  const step = adversarial({ preprocessing, augmentation });
  return { models: { generator, discriminator }, source: toySource(200), options: { step } };
}

function variationalTask(): Task {
  const image = tf.input({ shape: [SIDE, SIDE, 1], name: "image" });
  const flat = apply(tf.layers.dropout({ rate: 0.2 }), apply(tf.layers.flatten(), image));
  const mean = apply(tf.layers.dense({ units: 2, name: "z_mean", kernelInitializer: init(3) }), flat);
  const logVariance = apply(
    tf.layers.dense({ units: 2, name: "z_log_variance", kernelInitializer: init(4) }),
    flat,
  );
  const settings = { units: SIDE * SIDE, activation: "sigmoid", name: "reconstruction" } as const;
  const reconstruction = apply(tf.layers.dense({ ...settings, kernelInitializer: init(5) }), mean);
  const model = tf.model({ inputs: image, outputs: [reconstruction, mean, logVariance] });
  return {
    models: { model },
    source: fromArrays({ image: toySource(200).held!.inputs.image }),
    options: { step: variational({ preprocessing, augmentation, emaMomentum: 0.95 }) },
  };
}

const TASKS: Readonly<Record<string, () => Task>> = {
  supervised: supervisedTask,
  adversarial: adversarialTask,
  variational: variationalTask,
};

const [folder, kind, slow = "Infinity"] = Deno.args;
let steps = 0;
const slowDown: Callback = {
  name: "slowDown",
  onBatch: async () => {
    if (++steps <= Number(slow)) return;
    const ms = steps > Number(slow) + 4 ? 600_000 : 8; // it is killed before it ends, however late
    await new Promise((resolve) => setTimeout(resolve, ms));
  },
};
await startEngine({ backend: "tensorflow" });
const { models, source, options } = TASKS[kind]();
await fit(models, source, {
  ...options,
  epochs: 12,
  batch: 16,
  schedule: cosine(0.01),
  shards: 1,
  callbacks: [csvLog(join(folder, "history.csv")), slowDown],
  checkpoint: { path: join(folder, "state.safetensors"), everySeconds: 0.02 },
  resume: true,
  reportMs: 0,
  onBatch: ({ step }) => console.log(step),
} as FitOptions);
const weights = Object.values(models).flatMap(weightsOf);
await Deno.writeFile(join(folder, "weights"), new Uint8Array(Float32Array.from(weights).buffer));
