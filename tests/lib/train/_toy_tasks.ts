/** Small tasks of every kind of step, with all that one draws: dropout, augmentation, noise. @module */
import { fromArrays, type Source, subset } from "../../../lib/data/source.ts";
import { tf } from "../../../lib/engine/mod.ts";
import {
  accuracy,
  adam,
  adversarial,
  crossEntropy,
  type FitOptions,
  type Models,
  variational,
} from "../../../lib/train/mod.ts";
import { preprocessing, SIDE, toyModel, toySource } from "./_toy.ts";

/** Kinds of step. */
export const STEP_KINDS = ["supervised", "adversarial", "variational"] as const;
export type StepKind = typeof STEP_KINDS[number];

/** What is trained by one kind of step. */
export interface ToyTask {
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

function supervisedTask(): ToyTask {
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

function adversarialTask(): ToyTask {
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

function variationalTask(): ToyTask {
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

const TASKS: Readonly<Record<StepKind, () => ToyTask>> = {
  supervised: supervisedTask,
  adversarial: adversarialTask,
  variational: variationalTask,
};

/** The task of a kind, anew. */
export const toyTask = (kind: StepKind): ToyTask => TASKS[kind]();
