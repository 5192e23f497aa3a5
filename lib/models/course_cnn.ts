/**
 * The CNN of the CYGNO course. Input image [batch, 128, 128, 1], windowed to [0, 1].
 * Output: nuclear [batch, 1], sigmoid; or energy [batch, 1], linear, in units of 30 keV.
 *
 * Source: the course's exercise 3 (simple, sigmoid at the end, kernels regularised) leaves the layers to the student; these are four
 * convolutions of 16, 32, 64 and 64 3 × 3 filters, each halved by pooling, and a dense layer of 64. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds } from "./model.ts";
import type { RecoilHead } from "./recoil_cnn.ts";

/** Settings of {@linkcode buildCourseCnn}. */
export interface CourseCnnConfig {
  /** What it tells. @default {"nuclear"} */
  head?: RecoilHead;
  /** Side of the image, pixels. @default {128} */
  side?: number;
  /** Channels of each convolution. @default {[16, 32, 64, 64]} */
  filters?: readonly number[];
  /** Factor of the sum of all squared kernel weights in the loss. @default {1e-4} */
  penalty?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/**
 * Builds the course's CNN.
 *
 * @example Its size
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildCourseCnn } from "./course_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * buildCourseCnn().countParams(); // 322497
 * ```
 */
export function buildCourseCnn(config: CourseCnnConfig = {}): tf.LayersModel {
  const { head = "nuclear", side = 128, filters = [16, 32, 64, 64], penalty = 1e-4, seed } = config;
  const seeds = layerSeeds(seed);
  const kernel = () => ({
    kernelInitializer: tf.initializers.heNormal({ seed: seeds() }), // with Glorot's, faint images left some runs at AUC 0.5
    kernelRegularizer: tf.regularizers.l2({ l2: penalty }),
  });
  const image = tf.input({ shape: [side, side, 1], name: "image" });
  let x = image;
  filters.forEach((channels, i) => {
    const convolution = tf.layers.conv2d({
      filters: channels,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      name: `conv${i + 1}`,
      ...kernel(),
    });
    x = convolution.apply(x) as tf.SymbolicTensor;
    x = tf.layers.maxPooling2d({ poolSize: 2, name: `pool${i + 1}` }).apply(x) as tf.SymbolicTensor;
  });
  x = tf.layers.flatten({ name: "flatten" }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.dense({ units: 64, activation: "relu", name: "dense", ...kernel() }).apply(
    x,
  ) as tf.SymbolicTensor;
  const activation = head === "nuclear" ? "sigmoid" : "linear";
  const output = tf.layers.dense({ units: 1, activation, name: head, ...kernel() }).apply(
    x,
  ) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: output, name: "course_cnn" });
}
