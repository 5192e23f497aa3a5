/**
 * A small network for sky cutouts that says the same of a cutout however it is flipped or turned by quarters. Input image
 * [batch, side, side, bands] in [0, 1], 16 pixels or more. Output: the probability of a lens, [batch, 1].
 *
 * Five convolutions over all flips and quarter turns of their kernels, normalised alike in all orientations, four of which are followed by a halving that treats
 * all sides alike; then mean and largest response of every channel, of which the orientations' mean goes to one dense
 * layer. About 11,000 parameters do the work of eight times as many.
 * Source: our own, of the layers of Cohen and Welling, arXiv 1602.07576. @module
 */
import { tf } from "../engine/mod.ts";
import { DihedralConv2D } from "../layers/dihedral_convolution.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildLensNet}. */
export interface LensNetConfig extends Omit<ModelConfig, "classes"> {
  /** Channels of each of the 8 orientations, by stage. @default {[3, 4, 6, 8, 8]} */
  widths?: readonly number[];
  /** Share of the last features dropped in training. @default {0.2} */
  dropout?: number;
  /** Name of the output layer. @default {"predictions"} */
  outputName?: string;
}

/** A pooling whose windows lie alike from either side: with an odd side, of three pixels, of which neighbours share one. */
function halving(side: number, name: string): tf.layers.Layer {
  return tf.layers.maxPooling2d({ poolSize: side % 2 === 0 ? 2 : 3, strides: 2, padding: "valid", name });
}

/**
 * Builds the small network.
 *
 * @throws {RangeError} If the image is not square, or has less than 16 pixels a side.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildLensNet } from "./lens_net.ts";
 * await startEngine({ backend: "cpu" });
 * buildLensNet({ inputShape: [32, 32, 4] }).outputs[0].shape; // [null, 1]
 * ```
 */
export function buildLensNet(config: LensNetConfig = {}): tf.LayersModel {
  const { inputShape = [67, 67, 3], widths = [3, 4, 6, 8, 8], dropout = 0.2, seed } = config;
  if (inputShape[0] !== inputShape[1]) {
    throw new RangeError(`Cannot build a lens network for images that are not square: got [${inputShape}]`);
  }
  if (inputShape[0] < 16) {
    throw new RangeError(
      `Cannot build a lens network for images of less than 16 pixels: got ${inputShape[0]} × ${
        inputShape[1]
      }`,
    );
  }
  const seeds = layerSeeds(seed), image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  /** One mean and variance a channel, shared by its orientations. */
  const normalizeOrientations = (name: string) => {
    const [, height, width, channels] = x.shape as number[];
    const [apart, together] = [[height, width, 8, channels / 8], [height, width, channels]];
    add(tf.layers.reshape({ targetShape: apart, name: `${name}_apart` }));
    add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `${name}_norm` }));
    add(tf.layers.reshape({ targetShape: together, name: `${name}_together` }));
  };
  widths.forEach((filters, i) => {
    const name = `stage${i + 1}`, lifts = i === 0;
    add(
      new DihedralConv2D({ filters, kernelSize: lifts ? 5 : 3, lifts, seed: seeds(), name: `${name}_conv` }),
    );
    normalizeOrientations(name);
    add(tf.layers.activation({ activation: "relu", name: `${name}_relu` }));
    if (i < widths.length - 1) add(halving(x.shape[1]!, `${name}_pool`));
  });
  const overOrientations = (layer: tf.layers.Layer) => {
    const pooled = layer.apply(x) as tf.SymbolicTensor; // [batch, 8 · filters]
    const apart = tf.layers.reshape({ targetShape: [8, widths.at(-1)!], name: `${layer.name}_orientations` });
    const mean = tf.layers.globalAveragePooling1d({ name: `${layer.name}_mean` });
    return mean.apply(apart.apply(pooled)) as tf.SymbolicTensor;
  };
  x = tf.layers.concatenate({ name: "features" }).apply([
    overOrientations(tf.layers.globalAveragePooling2d({ name: "mean" })),
    overOrientations(tf.layers.globalMaxPooling2d({ name: "most" })),
  ]) as tf.SymbolicTensor;
  if (dropout > 0) add(tf.layers.dropout({ rate: dropout, name: "dropout" }));
  add(tf.layers.dense({
    units: 1,
    activation: "sigmoid",
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: config.outputName ?? "predictions",
  }));
  return tf.model({ inputs: image, outputs: x, name: "lens_net" });
}
