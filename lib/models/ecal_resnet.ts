/**
 * ResNet-15 for calorimeter images. Input image [batch, 32, 32, 1 or 2]: energy, or energy and time. Output: softmax over
 * (photon, electron), [batch, 2].
 *
 * A 7 × 7 convolution and a pooling, three residual blocks of 16 filters, one that widens to 32 and halves the sides, three of
 * 32; the largest response of every filter goes to the classes. No normalisation.
 * Source: M. Andrews et al., "End-to-End Physics Event Classification with CMS Open Data", Comput. Softw. Big Sci. 4 (2020) 6,
 * arXiv 1807.11916, whose code has one logistic output. Whether the AUC of 0.8158 that is published for "ResNet-15" on the electron
 * and photon files is of just these settings is not known. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildEcalResnet}. */
export interface EcalResnetConfig extends ModelConfig {
  /** Filters before and after the sides are halved. @default {[16, 32]} */
  widths?: readonly [first: number, second: number];
  /** Blocks of each width, the widening one not counted. @default {3} */
  blocks?: number;
}

/**
 * Builds ResNet-15.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildEcalResnet } from "./ecal_resnet.ts";
 * await startEngine({ backend: "cpu" });
 * buildEcalResnet().outputs[0].shape; // [null, 2]
 * ```
 */
export function buildEcalResnet(config: EcalResnetConfig = {}): tf.LayersModel {
  const { inputShape = [32, 32, 1], classes = 2, widths = [16, 32], blocks = 3, seed } = config;
  const seeds = layerSeeds(seed);

  function convolve(
    x: tf.SymbolicTensor,
    filters: number,
    kernelSize: number,
    strides = 1,
  ): tf.SymbolicTensor {
    const kernelInitializer = tf.initializers.heNormal({ seed: seeds() });
    return tf.layers.conv2d({ filters, kernelSize, strides, padding: "same", kernelInitializer })
      .apply(x) as tf.SymbolicTensor;
  }

  const relu = (x: tf.SymbolicTensor) =>
    tf.layers.activation({ activation: "relu" }).apply(x) as tf.SymbolicTensor;

  function block(x: tf.SymbolicTensor, filters: number, strides = 1): tf.SymbolicTensor {
    const kept = strides === 1 ? x : convolve(x, filters, 1, strides);
    const change = convolve(relu(convolve(x, filters, 3, strides)), filters, 3);
    return relu(tf.layers.add().apply([kept, change]) as tf.SymbolicTensor);
  }

  const image = tf.input({ shape: [...inputShape], name: "image" });
  const padded = tf.layers.zeroPadding2d({ padding: 1 }).apply(image) as tf.SymbolicTensor;
  const stem = tf.layers.conv2d({
    filters: widths[0],
    kernelSize: 7,
    activation: "relu",
    kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
  }).apply(padded) as tf.SymbolicTensor; // [batch, 28, 28, 16]
  let x = tf.layers.maxPooling2d({ poolSize: 2 }).apply(stem) as tf.SymbolicTensor; // [batch, 14, 14, 16]
  for (let i = 0; i < blocks; i++) x = block(x, widths[0]);
  x = block(x, widths[1], 2); // [batch, 7, 7, 32]
  for (let i = 0; i < blocks; i++) x = block(x, widths[1]);
  x = tf.layers.globalMaxPooling2d({ name: "features" }).apply(x) as tf.SymbolicTensor; // [batch, 32]
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "ecal_resnet" });
}
