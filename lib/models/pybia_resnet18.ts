/**
 * What pyBIA calls ResNet-18, and what is not: 3, 4, 4 and 3 blocks, 32 convolutions, its first of stride 1, two poolings
 * where one was meant, a ReLU inside each convolution before any normalisation and none after the sums. Kept for
 * comparison; `resnet18` is the real one.
 * Input image [batch, 67, 67, 3]. Output: two sigmoids, [batch, 2]; 18.9 M parameters.
 * Source: `Resnet18` of pyBIA 1.3.3. @module
 */
import { tf } from "../engine/mod.ts";
import { initializers, localResponse, poolingLayer, type StackSettings } from "./stacked_cnn.ts";

/** Blocks of the four stages. */
const BLOCKS = [3, 4, 4, 3] as const;

/** Settings of {@linkcode buildPybiaResnet18}. */
export interface PybiaResnet18Config extends StackSettings {
  /** The convolution before all blocks, and the window of the poolings after it. @default {64 filters of 7, pooling 3/2} */
  stem?: { filters?: number; kernel?: number; strides?: number; poolSize?: number; poolStrides?: number };
  /** Filters of the blocks of the four stages. @default {[64, 128, 256, 512]} */
  blockFilters?: readonly [number, number, number, number];
  /** Side of the blocks' kernels. @default {3} */
  blockKernel?: number;
}

/**
 * Builds pyBIA's ResNet-18.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildPybiaResnet18 } from "./pybia_resnet18.ts";
 * await startEngine({ backend: "cpu" });
 * buildPybiaResnet18({ inputShape: [16, 16, 1], classes: 1 }).outputs[0].shape; // [null, 1]
 * ```
 */
export function buildPybiaResnet18(config: PybiaResnet18Config = {}): tf.LayersModel {
  const { inputShape = [67, 67, 3], classes = 2, regularizer = "none", activation = "relu" } = config;
  const { initializer = "uniformScaling", denseInitializer = "truncatedNormal", pooling = "max" } = config;
  const { output = "sigmoid", outputName = "predictions" } = config;
  const { stem = {}, blockFilters = [64, 128, 256, 512], blockKernel = 3 } = config;
  const draw = initializers(config.seed);

  function normalize(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    if (regularizer !== "batchNorm") return x;
    return tf.layers.batchNormalization({ name: `${name}_norm` }).apply(x) as tf.SymbolicTensor;
  }

  function convolve(x: tf.SymbolicTensor, filters: number, strides: number, name: string): tf.SymbolicTensor {
    const layer = tf.layers.conv2d({
      filters,
      kernelSize: blockKernel,
      strides,
      padding: "same",
      activation,
      kernelInitializer: draw(initializer),
      name,
    });
    return normalize(layer.apply(x) as tf.SymbolicTensor, name);
  }

  function block(x: tf.SymbolicTensor, filters: number, strides: number, name: string): tf.SymbolicTensor {
    const change = convolve(convolve(x, filters, strides, `${name}_1`), filters, 1, `${name}_2`);
    if (strides === 1 && x.shape[3] === filters) {
      return tf.layers.add({ name }).apply([change, x]) as tf.SymbolicTensor;
    }
    const straight = tf.layers.conv2d({
      filters,
      kernelSize: 1,
      strides,
      kernelInitializer: draw(initializer),
      name: `${name}_straight`,
    }).apply(x) as tf.SymbolicTensor;
    const both = [change, normalize(straight, `${name}_straight`)];
    return tf.layers.add({ name }).apply(both) as tf.SymbolicTensor;
  }

  const { filters: first = 64, kernel = 7, strides = 1, poolSize = 3, poolStrides = 2 } = stem;
  const image = tf.input({ shape: [...inputShape], name: "image" });
  const padded = tf.layers.zeroPadding2d({ padding: [[3, 3], [3, 3]], name: "pad" }).apply(image);
  let x = tf.layers.conv2d({
    filters: first,
    kernelSize: kernel,
    strides,
    activation,
    kernelInitializer: draw(initializer),
    name: "conv1",
  }).apply(padded) as tf.SymbolicTensor;
  x = normalize(x, "conv1");
  // Its code always pools by maximum or minimum, and then once more by what was asked for unless that was the minimum.
  const once = pooling === "min" ? "min" : "max";
  x = poolingLayer(once, poolSize, poolStrides, "pool1").apply(x) as tf.SymbolicTensor;
  if (pooling !== "min") {
    x = poolingLayer(pooling, poolSize, poolStrides, "pool2").apply(x) as tf.SymbolicTensor;
  }
  if (regularizer === "localResponse") x = localResponse("lrn").apply(x) as tf.SymbolicTensor;
  BLOCKS.forEach((blocks, stage) => {
    for (let b = 0; b < blocks; b++) {
      x = block(x, blockFilters[stage], stage > 0 && b === 0 ? 2 : 1, `block${stage + 1}_${b + 1}`);
    }
  });
  x = tf.layers.globalAveragePooling2d({ name: "features" }).apply(x) as tf.SymbolicTensor; // [batch, 512]
  const last = tf.layers.dense({
    units: classes,
    activation: output,
    kernelInitializer: draw(denseInitializer),
    name: outputName,
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: last, name: "pybia_resnet18" });
}
