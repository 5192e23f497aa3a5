/**
 * ResNet-15 for calorimeter images. Input image [batch, 32, 32, 1 or 2]: energy, or energy and time. Output: softmax over
 * (photon, electron), [batch, 2].
 *
 * A 3 × 3 convolution, then three stages of two residual blocks, of 16, 32 and 64 filters, each later stage at half the sides; batch
 * normalisation after every convolution, and the mean of each filter's responses to the classes.
 * Source: the network behind the best credible AUC on the published electron and photon files, 0.8158 by energy alone, in a public
 * solution of the end-to-end test (github.com/AADI-234/GSoC25_Foundation-Models_End-to-End_Event_Reconstruction); there one logistic
 * output takes the place of the softmax. Initial weights are PyTorch's, as there. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildEcalResnet}. */
export interface EcalResnetConfig extends ModelConfig {
  /** Filters of the stages. @default {[16, 32, 64]} */
  widths?: readonly number[];
  /** Blocks of each stage. @default {2} */
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
  const { inputShape = [32, 32, 1], classes = 2, widths = [16, 32, 64], blocks = 2, seed } = config;
  const seeds = layerSeeds(seed);
  /** Uniform up to 1/√(inputs), PyTorch's own choice. */
  const initial = () =>
    tf.initializers.varianceScaling({
      scale: 1 / 3,
      mode: "fanIn",
      distribution: "uniform",
      seed: seeds(),
    });

  function convolve(x: tf.SymbolicTensor, filters: number, kernelSize: number, strides = 1) {
    // Padded on both sides, as PyTorch does; "same" would shift what is taken with a stride of 2.
    const padded = kernelSize === 1 || strides === 1
      ? x
      : tf.layers.zeroPadding2d({ padding: 1 }).apply(x) as tf.SymbolicTensor;
    const convolved = tf.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: strides === 1 ? "same" : "valid",
      useBias: false,
      kernelInitializer: initial(),
    }).apply(padded);
    return tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }).apply(
      convolved,
    ) as tf.SymbolicTensor;
  }

  const relu = (x: tf.SymbolicTensor) =>
    tf.layers.activation({ activation: "relu" }).apply(x) as tf.SymbolicTensor;

  function block(x: tf.SymbolicTensor, filters: number, strides: number): tf.SymbolicTensor {
    const change = convolve(relu(convolve(x, filters, 3, strides)), filters, 3);
    const straight = strides === 1 ? x : convolve(x, filters, 1, strides);
    return relu(tf.layers.add().apply([straight, change]) as tf.SymbolicTensor);
  }

  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = relu(convolve(image, widths[0], 3)); // [batch, 32, 32, 16]
  widths.forEach((filters, stage) => {
    x = block(x, filters, stage === 0 ? 1 : 2);
    for (let i = 1; i < blocks; i++) x = block(x, filters, 1);
  }); // [batch, 32, 32, 16], [batch, 16, 16, 32], [batch, 8, 8, 64]
  x = tf.layers.globalAveragePooling2d({ name: "features" }).apply(x) as tf.SymbolicTensor; // [batch, 64]
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: initial(),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "ecal_resnet" });
}
