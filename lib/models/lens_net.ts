/**
 * A small network for sky cutouts. Input image [batch, height, width, bands] in [0, 1], 16 pixels or more.
 * Output: the probability of a lens, [batch, 1].
 *
 * Five convolutions, four of which are followed by a halving; the mean and the largest response of every channel go to
 * one dense layer.
 * Source: our own. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildLensNet}. */
export interface LensNetConfig extends Omit<ModelConfig, "classes"> {
  /** Channels of the stages. @default {[16, 24, 32, 48, 64]} */
  widths?: readonly number[];
  /** Share of the last features dropped in training. @default {0.2} */
  dropout?: number;
  /** @default {"predictions"} */
  outputName?: string;
}

/**
 * Builds the small network.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildLensNet } from "./lens_net.ts";
 * await startEngine({ backend: "cpu" });
 * buildLensNet({ inputShape: [32, 32, 4] }).outputs[0].shape; // [null, 1]
 * ```
 */
export function buildLensNet(config: LensNetConfig = {}): tf.LayersModel {
  const { inputShape = [67, 67, 3], widths = [16, 24, 32, 48, 64], dropout = 0.2, seed } = config;
  const seeds = layerSeeds(seed), image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  widths.forEach((filters, i) => {
    const name = `stage${i + 1}`;
    add(tf.layers.conv2d({
      filters,
      kernelSize: i === 0 ? 5 : 3,
      padding: "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
      name: `${name}_conv`,
    }));
    add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `${name}_norm` }));
    add(tf.layers.activation({ activation: "relu", name: `${name}_relu` }));
    if (i < widths.length - 1) add(tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }));
  });
  const mean = tf.layers.globalAveragePooling2d({ name: "mean" }).apply(x) as tf.SymbolicTensor;
  const most = tf.layers.globalMaxPooling2d({ name: "most" }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.concatenate({ name: "features" }).apply([mean, most]) as tf.SymbolicTensor;
  if (dropout > 0) add(tf.layers.dropout({ rate: dropout, name: "dropout" }));
  add(tf.layers.dense({
    units: 1,
    activation: "sigmoid",
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: config.outputName ?? "predictions",
  }));
  return tf.model({ inputs: image, outputs: x, name: "lens_net" });
}
