/**
 * The CNN of the deep learning tutorial. Input image [batch, 28, 28, 1] in [0, 1].
 * Output: softmax over the classes, [batch, 10].
 * Source: the tutorial's "Model building" (two convolutions of 24 and 36 3 × 3 filters, each followed by pooling, then
 * dense 128, dropout 0.5) and, as `extraBlock`, its exercise 2 (a third one of 48 filters). @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildTutorialCnn}. */
export interface TutorialCnnConfig extends ModelConfig {
  /** Filters of each convolution. @default {[24, 36]} */
  filters?: readonly number[];
  /** Share of the dense layer's units dropped in training. @default {0.5} */
  dropout?: number;
}

/**
 * Builds the tutorial's CNN.
 *
 * @example Its size
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildTutorialCnn } from "./tutorial_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * buildTutorialCnn().countParams(); // 235262
 * ```
 */
export function buildTutorialCnn(config: TutorialCnnConfig = {}): tf.LayersModel {
  const { inputShape = [28, 28, 1], classes = 10, filters = [24, 36], dropout = 0.5, seed } = config;
  const seeds = layerSeeds(seed);
  const glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  filters.forEach((count, i) => {
    const name = `block${i + 1}`;
    x = tf.layers.conv2d({
      filters: count,
      kernelSize: 3,
      padding: "same",
      activation: "relu",
      kernelInitializer: glorot(),
      name: `${name}_conv`,
    }).apply(x) as tf.SymbolicTensor;
    x = tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }).apply(x) as tf.SymbolicTensor;
  });
  x = tf.layers.flatten({ name: "flatten" }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.dense({ units: 128, activation: "relu", kernelInitializer: glorot(), name: "dense" })
    .apply(x) as tf.SymbolicTensor;
  x = tf.layers.dropout({ rate: dropout, name: "dropout" }).apply(x) as tf.SymbolicTensor;
  const classesOut = tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: glorot(),
    name: "predictions",
  }).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: classesOut, name: "tutorial_cnn" });
}
