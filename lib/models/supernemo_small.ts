/**
 * Small networks for SuperNEMO's views. Input: hits as 1, [batch, rows, columns, channels]. Output: [batch, classes].
 *
 * From above and from the front a track starts at the foil, so that one axis, the layers, is no axis to move along: the first convolution spans it whole and
 * makes channels of it, and the others run along the long axis only. From the side a track may start anywhere, and convolutions have two axes.
 * What is found is averaged and maximised over all places, so that it is counted wherever it is. Ours; at most 0.3 M parameters and 20 MFLOP an
 * event. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildSuperNemoSmall}. */
export interface SuperNemoSmallConfig extends ModelConfig {
  /** Rows, columns and channels of the view. */
  inputShape: readonly [rows: number, columns: number, channels: number];
  /** What the output is: one of several classes, or several labels that may hold at once. @default {"softmax"} */
  output?: "softmax" | "sigmoid";
  /** Whether it matters where something is found: features are then flattened rather than pooled. @default {false} */
  places?: boolean;
}

/** A convolution, then a halving of the axes in `pool`. */
interface Stage {
  filters: number;
  kernel: [rows: number, columns: number];
  strides?: [rows: number, columns: number];
  pool?: [rows: number, columns: number];
}

/** Layers of cells: an axis of this length is spanned whole. */
const LAYERS = 9;

/** The stages for a view: along the columns, along the rows, or both. */
function stagesFor([rows, columns]: readonly number[]): Stage[] {
  if (rows === LAYERS) {
    return [
      { filters: 64, kernel: [LAYERS, 9] },
      { filters: 64, kernel: [1, 5], pool: [1, 2] },
      { filters: 96, kernel: [1, 5], pool: [1, 2] },
      { filters: 96, kernel: [1, 5], pool: [1, 2] },
      { filters: 128, kernel: [1, 3] },
    ];
  }
  if (columns === LAYERS) {
    return [
      { filters: 96, kernel: [7, LAYERS] },
      { filters: 96, kernel: [5, 1] },
      { filters: 128, kernel: [5, 1], pool: [2, 1] },
      { filters: 128, kernel: [3, 1] },
    ];
  }
  return [
    { filters: 16, kernel: [5, 5], strides: [2, 2] },
    { filters: 28, kernel: [3, 3], pool: [2, 2] },
    { filters: 64, kernel: [3, 3], pool: [2, 2] },
    { filters: 96, kernel: [3, 3] },
  ];
}

/**
 * Builds the small network of a view.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoSmall } from "./supernemo_small.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoSmall({ inputShape: [9, 113, 1] }).countParams() < 300_000; // true
 * ```
 */
export function buildSuperNemoSmall(config: SuperNemoSmallConfig): tf.LayersModel {
  const { inputShape, classes = 4, output = "softmax", places = false, seed } = config;
  const seeds = layerSeeds(seed), [rows, columns] = inputShape;
  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  for (const [i, { filters, kernel, strides = [1, 1], pool }] of stagesFor(inputShape).entries()) {
    const [high, wide] = kernel,
      spansRows = i === 0 && high === rows,
      spansColumns = i === 0 && wide === columns;
    const isSpanning = spansRows || spansColumns;
    if (isSpanning) {
      const up = spansRows ? 0 : (high - 1) / 2, left = spansColumns ? 0 : (wide - 1) / 2;
      add(tf.layers.zeroPadding2d({ padding: [[up, up], [left, left]], name: "margins" }));
    }
    add(tf.layers.conv2d({
      filters,
      kernelSize: kernel,
      strides,
      padding: isSpanning ? "valid" : "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
      name: `conv${i + 1}`,
    }));
    add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `norm${i + 1}` }));
    add(tf.layers.activation({ activation: "relu", name: `relu${i + 1}` }));
    if (pool) add(tf.layers.maxPooling2d({ poolSize: pool, name: `pool${i + 1}` }));
  }
  const features = places ? flattened(x, seeds()) : pooled(x);
  const hidden = tf.layers.dense({
    units: 64,
    activation: "relu",
    kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
    name: "hidden",
  }).apply(features) as tf.SymbolicTensor;
  const predictions = tf.layers.dense({
    units: classes,
    activation: output,
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: "predictions",
  }).apply(hidden) as tf.SymbolicTensor;
  return tf.model({ inputs: image, outputs: predictions, name: "supernemo_small" });
}

/** Mean and maximum of each channel, [batch, 2 · channels]. */
function pooled(x: tf.SymbolicTensor): tf.SymbolicTensor {
  const mean = tf.layers.globalAveragePooling2d({ name: "mean" }).apply(x) as tf.SymbolicTensor;
  const largest = tf.layers.globalMaxPooling2d({ name: "largest" }).apply(x) as tf.SymbolicTensor;
  return tf.layers.concatenate({ name: "features" }).apply([mean, largest]) as tf.SymbolicTensor;
}

/** Few channels of each place, one after the other. */
function flattened(x: tf.SymbolicTensor, seed: number | undefined): tf.SymbolicTensor {
  const few = tf.layers.conv2d({
    filters: 32,
    kernelSize: 1,
    activation: "relu",
    kernelInitializer: tf.initializers.heNormal({ seed }),
    name: "narrow",
  }).apply(x) as tf.SymbolicTensor;
  return tf.layers.flatten({ name: "features" }).apply(few) as tf.SymbolicTensor;
}
