/**
 * ResNet-18 for small images. Input image [batch, 32, 32, 3]. Output: softmax over the classes, [batch, 10].
 * Source: He et al., arXiv 1512.03385, in the form commonly used for CIFAR-10: a 3 × 3 stem of stride 1 and no first
 * pooling; 1 × 1 convolutions on the shortcuts that change shape; 11.2 M parameters. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/**
 * Builds ResNet-18.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildResnet18 } from "./resnet18.ts";
 * await startEngine({ backend: "cpu" });
 * buildResnet18({ classes: 10 }).outputs[0].shape; // [null, 10]
 * ```
 */
export function buildResnet18(config: ModelConfig = {}): tf.LayersModel {
  const { inputShape = [32, 32, 3], classes = 10, seed } = config;
  const seeds = layerSeeds(seed);

  function convolve(
    x: tf.SymbolicTensor,
    filters: number,
    kernelSize: number,
    strides: number,
  ): tf.SymbolicTensor {
    const convolved = tf.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
    }).apply(x);
    return tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }).apply(
      convolved,
    ) as tf.SymbolicTensor;
  }

  const relu = (x: tf.SymbolicTensor) =>
    tf.layers.activation({ activation: "relu" }).apply(x) as tf.SymbolicTensor;

  function block(x: tf.SymbolicTensor, filters: number, strides: number): tf.SymbolicTensor {
    const change = convolve(relu(convolve(x, filters, 3, strides)), filters, 3, 1);
    const straight = strides === 1 ? x : convolve(x, filters, 1, strides);
    return relu(tf.layers.add().apply([straight, change]) as tf.SymbolicTensor);
  }

  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = relu(convolve(image, 64, 3, 1)); // [batch, 32, 32, 64]
  for (const [stage, filters] of [64, 128, 256, 512].entries()) {
    x = block(x, filters, stage === 0 ? 1 : 2);
    x = block(x, filters, 1);
  }
  x = tf.layers.globalAveragePooling2d({ name: "features" }).apply(x) as tf.SymbolicTensor; // [batch, 512]
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "resnet18" });
}
