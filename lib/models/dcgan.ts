/**
 * DCGAN for 28 × 28 grey images. Generator: noise [batch, 100] to image [batch, 28, 28, 1] in [-1, 1] (tanh). Discriminator:
 * image to one score, [batch, 1], a logit.
 * Source: TensorFlow's tutorial "Deep Convolutional Generative Adversarial Network"; Radford et al., arXiv 1511.06434. @module
 */
import { tf } from "../engine/mod.ts";
import { apply } from "./_apply.ts";
import { layerSeeds } from "./model.ts";

/** Settings of {@linkcode buildGenerator}. */
export interface GeneratorConfig {
  /** Numbers of noise an image. @default {100} */
  latent?: number;
  /** Channels of the 7 × 7 stage; halved at 14 × 14. @default {128} */
  filters?: number;
  /** Without it the generator fails to make digits. @default {true} */
  batchNorm?: boolean;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/** Settings of {@linkcode buildDiscriminator}. */
export interface DiscriminatorConfig {
  /** Channels of the 14 × 14 stage; doubled at 7 × 7. @default {64} */
  filters?: number;
  /** Share dropped after each convolution. @default {0.3} */
  dropout?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/**
 * Builds the generator.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildGenerator } from "./dcgan.ts";
 * await startEngine({ backend: "cpu" });
 * buildGenerator().outputs[0].shape; // [null, 28, 28, 1]
 * ```
 */
export function buildGenerator(config: GeneratorConfig = {}): tf.LayersModel {
  const { latent = 100, filters = 128, batchNorm = true, seed } = config;
  const seeds = layerSeeds(seed), kernelInitializer = () => tf.initializers.glorotUniform({ seed: seeds() });
  const noise = tf.input({ shape: [latent], name: "noise" });
  const activate = (x: tf.SymbolicTensor, name: string) => {
    const normed = batchNorm ? apply(tf.layers.batchNormalization({ name: `${name}_norm` }), x) : x;
    return apply(tf.layers.leakyReLU({ alpha: 0.3, name: `${name}_relu` }), normed);
  };
  const grow = (x: tf.SymbolicTensor, channels: number, strides: number, name: string) =>
    apply(
      tf.layers.conv2dTranspose({
        filters: channels,
        kernelSize: 5,
        strides,
        padding: "same",
        useBias: false,
        kernelInitializer: kernelInitializer(),
        name,
      }),
      x,
    );
  const dense = tf.layers.dense({
    units: 7 * 7 * filters,
    useBias: false,
    kernelInitializer: kernelInitializer(),
    name: "dense",
  });
  let x = activate(apply(dense, noise), "dense");
  x = apply(tf.layers.reshape({ targetShape: [7, 7, filters], name: "reshape" }), x); // [batch, 7, 7, filters]
  x = activate(grow(x, filters, 1, "stage1"), "stage1");
  x = activate(grow(x, filters / 2, 2, "stage2"), "stage2"); // [batch, 14, 14, filters / 2]
  x = grow(x, 1, 2, "stage3"); // [batch, 28, 28, 1]
  const image = apply(tf.layers.activation({ activation: "tanh", name: "image" }), x);
  return tf.model({ inputs: noise, outputs: image, name: "generator" });
}

/**
 * Builds the discriminator.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildDiscriminator } from "./dcgan.ts";
 * await startEngine({ backend: "cpu" });
 * buildDiscriminator().outputs[0].shape; // [null, 1]
 * ```
 */
export function buildDiscriminator(config: DiscriminatorConfig = {}): tf.LayersModel {
  const { filters = 64, dropout = 0.3, seed } = config;
  const seeds = layerSeeds(seed), kernelInitializer = () => tf.initializers.glorotUniform({ seed: seeds() });
  const image = tf.input({ shape: [28, 28, 1], name: "image" });
  let x = image;
  for (const [i, channels] of [filters, 2 * filters].entries()) {
    const name = `stage${i + 1}`;
    const settings = { filters: channels, kernelSize: 5, strides: 2, padding: "same", name } as const;
    x = apply(tf.layers.conv2d({ ...settings, kernelInitializer: kernelInitializer() }), x);
    x = apply(tf.layers.leakyReLU({ alpha: 0.3, name: `${name}_relu` }), x);
    x = apply(tf.layers.dropout({ rate: dropout, name: `${name}_dropout` }), x);
  }
  x = apply(tf.layers.flatten({ name: "flatten" }), x);
  const score = apply(
    tf.layers.dense({ units: 1, kernelInitializer: kernelInitializer(), name: "score" }),
    x,
  );
  return tf.model({ inputs: image, outputs: score, name: "discriminator" });
}
