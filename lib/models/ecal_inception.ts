/**
 * A GoogLeNet cut short, for calorimeter images. Input image [batch, 32, 32, 1]: energy. Output: softmax over (photon, electron),
 * [batch, 2].
 *
 * Three convolutions and three inception modules, each of them 1 × 1, 3 × 3 and 5 × 5 filters and a pooling side by side; then the
 * head that GoogLeNet has beside its middle: 2,393,218 parameters.
 * Source: `bearnet_truncated` of github.com/ekoenig4/ParticleImages, which has a test AUC of 0.7945 on the published files, with
 * energies as they are, Adam at 1e-3, batches of 500 and a rate that falls on a plateau. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Filters of an inception module: 1 × 1, before and of 3 × 3, before and of 5 × 5, and after the pooling. */
type Inception = readonly [
  one: number,
  beforeThree: number,
  three: number,
  beforeFive: number,
  five: number,
  pooled: number,
];

/**
 * Builds the shortened GoogLeNet.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildEcalInception } from "./ecal_inception.ts";
 * await startEngine({ backend: "cpu" });
 * buildEcalInception().countParams(); // 2393218
 * ```
 */
export function buildEcalInception(config: ModelConfig = {}): tf.LayersModel {
  const { inputShape = [32, 32, 1], classes = 2, seed } = config;
  const seeds = layerSeeds(seed), padding = "same", activation = "relu";
  const glorot = () => tf.initializers.glorotUniform({ seed: seeds() });

  function convolve(x: tf.SymbolicTensor, filters: number, kernelSize: number): tf.SymbolicTensor {
    return tf.layers.conv2d({ filters, kernelSize, padding, activation, kernelInitializer: glorot() })
      .apply(x) as tf.SymbolicTensor;
  }

  function inModule(x: tf.SymbolicTensor, filters: number, kernelSize: number): tf.SymbolicTensor {
    return tf.layers.conv2d({
      filters,
      kernelSize,
      padding,
      activation,
      kernelInitializer: tf.initializers.truncatedNormal({ stddev: 0.05, seed: seeds() }),
      biasInitializer: tf.initializers.constant({ value: 5e-4 }),
    }).apply(x) as tf.SymbolicTensor;
  }

  function inception(x: tf.SymbolicTensor, filters: Inception, name: string): tf.SymbolicTensor {
    const [one, beforeThree, three, beforeFive, five, pooled] = filters;
    const pool = tf.layers.maxPooling2d({ poolSize: 3, strides: 1, padding }).apply(x) as tf.SymbolicTensor;
    const ways = [
      inModule(x, one, 1),
      inModule(inModule(x, beforeThree, 1), three, 3),
      inModule(inModule(x, beforeFive, 1), five, 5),
      inModule(pool, pooled, 1),
    ];
    return tf.layers.concatenate({ name }).apply(ways) as tf.SymbolicTensor;
  }

  const pool = (x: tf.SymbolicTensor, strides: number) =>
    tf.layers.maxPooling2d({ poolSize: 2, strides, padding }).apply(x) as tf.SymbolicTensor;

  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = pool(convolve(image, 32, 3), 2); // [batch, 16, 16, 32]
  x = pool(convolve(convolve(x, 32, 2), 96, 2), 1); // [batch, 16, 16, 96]
  x = inception(x, [32, 48, 64, 16, 16, 16], "inception_3a"); // [batch, 16, 16, 128]
  x = inception(x, [64, 64, 96, 16, 48, 32], "inception_3b"); // [batch, 16, 16, 240]
  x = inception(pool(x, 2), [96, 48, 104, 16, 24, 32], "inception_4a"); // [batch, 8, 8, 256]
  x = tf.layers.averagePooling2d({ poolSize: 2 }).apply(x) as tf.SymbolicTensor;
  x = convolve(x, 128, 1); // [batch, 4, 4, 128]
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor;
  x = tf.layers.dense({ units: 1024, activation, kernelInitializer: glorot(), name: "features" })
    .apply(x) as tf.SymbolicTensor;
  x = tf.layers.dropout({ rate: 0.4 }).apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: glorot(),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "ecal_inception" });
}
