/**
 * A small network for showers in a calorimeter. Input image [batch, 33, 33, channels], energies on a linear and on a
 * logarithmic scale and, if they are to be seen, times; the seed in the very middle. Output: softmax over (photon, electron), [batch, 2].
 *
 * What is read out of a shower lies in a few rows; the rows far from the seed, where there is noise alone, are cut off. Then residual
 * blocks, each at half the columns of the one before, as bremsstrahlung spreads along the columns. What is left is taken by its
 * place, not pooled over: where the energy lies beside the seed is what tells an electron. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildEcalNet}. */
export interface EcalNetConfig extends ModelConfig {
  /** Filters of the stages. @default {[16, 32, 64]} */
  widths?: readonly number[];
  /** Residual changes of each stage. @default {2} */
  blocks?: number;
  /** Rows that are kept on each side of the seed's. @default {6} */
  reach?: number;
  /** Share of the last features dropped in training. @default {0.2} */
  dropout?: number;
}

/**
 * Builds the small network.
 *
 * @throws {RangeError} If the image has not so many rows.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildEcalNet } from "./ecal_net.ts";
 * await startEngine({ backend: "cpu" });
 * buildEcalNet().countParams() < 150_000; // true
 * ```
 */
export function buildEcalNet(config: EcalNetConfig = {}): tf.LayersModel {
  const {
    inputShape = [33, 33, 2],
    classes = 2,
    widths = [16, 32, 64],
    blocks = 2,
    reach = 6,
    dropout = 0.2,
    seed,
  } = config;
  const seeds = layerSeeds(seed), cut = (inputShape[0] - 1) / 2 - reach;
  if (!(Number.isInteger(cut) && cut >= 0)) {
    throw new RangeError(
      `Cannot keep ${reach} rows on each side of the middle one: the image has ${inputShape[0]}`,
    );
  }

  function convolve(x: tf.SymbolicTensor, filters: number, name: string): tf.SymbolicTensor {
    const convolved = tf.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
      name: `${name}_conv`,
    }).apply(x);
    const normal = tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `${name}_norm` })
      .apply(convolved);
    return tf.layers.activation({ activation: "relu", name: `${name}_relu` }).apply(
      normal,
    ) as tf.SymbolicTensor;
  }

  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = tf.layers.cropping2D({ cropping: [[cut, cut], [0, 0]], name: "rows" }).apply(
    image,
  ) as tf.SymbolicTensor;
  widths.forEach((filters, stage) => {
    const name = `stage${stage + 1}`;
    x = convolve(x, filters, `${name}_widen`);
    for (let i = 1; i <= blocks; i++) {
      const which = i === 1 ? "" : `${i}`, change = convolve(x, filters, `${name}_change${which}`);
      x = tf.layers.add({ name: `${name}_add${which}` }).apply([x, change]) as tf.SymbolicTensor;
    }
    x = tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }).apply(x) as tf.SymbolicTensor;
  }); // [batch, 6, 16, 16], [batch, 3, 8, 32], [batch, 1, 4, 64]
  x = tf.layers.flatten({ name: "features" }).apply(x) as tf.SymbolicTensor;
  if (dropout > 0) x = tf.layers.dropout({ rate: dropout, name: "dropout" }).apply(x) as tf.SymbolicTensor;
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "ecal_net" });
}
