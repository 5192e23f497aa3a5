/**
 * The 3-D CNN of the calorimeter example. Input [batch, 21, 32, 32, 1]: time slices of a 32 × 32 energy image.
 * Output: softmax over (photon, electron), [batch, 2].
 * Source: the electron-photon document's network: convolutions of 64 and 32 3 × 3 × 3 filters, each with dropout 0.2,
 * batch normalisation and pooling; dense 64, 32, 2: 715,074 parameters. Its `Reshape` is left out, as images come with their
 * channel here. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildConv3dNet}. */
export interface Conv3dNetConfig extends ModelConfig {
  /** Filters of the two convolutions. @default {[64, 32]} */
  filters?: readonly number[];
  /** Side of the filters, of all convolutions or of each. @default {3} */
  kernelSize?: number | readonly number[];
  /** Units of the dense layers before the last. @default {[64, 32]} */
  dense?: readonly number[];
  /** Share dropped after each convolution in training. @default {0.2} */
  dropout?: number;
  /**
   * `dropout-norm`, the document's: dropout widens the spread that batch normalisation learns, and is missing where the
   * model is used, so that outputs are of another scale there than in training. `norm-dropout` has not got that fault.
   * Source: X. Li et al., arXiv 1801.05134. @default {"dropout-norm"}
   */
  order?: "dropout-norm" | "norm-dropout";
  /**
   * Share of its moving variance that batch normalisation keeps at each step. The document's, Keras's, is slow: of the 1 that it begins
   * at, 6 % is left after 280 steps, where filtered films of showers vary by some hundred-thousandths; until then the model that is
   * used sees nearly nothing, and says the same of every image: a validation accuracy of 0.5000. @default {0.99}
   */
  momentum?: number;
  /** Activation of all but the last layer. @default {"relu"} */
  activation?: "relu" | "elu" | "selu" | "tanh";
}

/**
 * Builds the 3-D CNN.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildConv3dNet } from "./conv3d_net.ts";
 * await startEngine({ backend: "cpu" });
 * buildConv3dNet().outputs[0].shape; // [null, 2]
 * ```
 */
export function buildConv3dNet(config: Conv3dNetConfig = {}): tf.LayersModel {
  const { inputShape = [21, 32, 32, 1], classes = 2, filters = [64, 32], kernelSize = 3, seed } = config;
  const { dense = [64, 32], dropout = 0.2, activation = "relu", order = "dropout-norm", momentum = 0.99 } =
    config;
  const dropping = () => tf.layers.dropout({ rate: dropout }),
    norm = () => tf.layers.batchNormalization({ momentum });
  const seeds = layerSeeds(seed);
  const glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  filters.forEach((count, i) => {
    x = tf.layers.conv3d({
      filters: count,
      kernelSize: typeof kernelSize === "number" ? kernelSize : kernelSize[i],
      padding: "same",
      activation,
      kernelInitializer: glorot(),
    })
      .apply(x) as tf.SymbolicTensor;
    const [first, second] = order === "dropout-norm" ? [dropping(), norm()] : [norm(), dropping()];
    x = second.apply(first.apply(x)) as tf.SymbolicTensor;
    x = tf.layers.maxPooling3d({ poolSize: 2 }).apply(x) as tf.SymbolicTensor;
  });
  x = tf.layers.flatten().apply(x) as tf.SymbolicTensor; // [batch, 5 · 8 · 8 · 32]
  for (const units of dense) {
    x = tf.layers.dense({ units, activation, kernelInitializer: glorot() }).apply(x) as tf.SymbolicTensor;
  }
  const output = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: glorot(),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "conv3d_net" });
}
