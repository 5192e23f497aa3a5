/**
 * Small networks for SuperNEMO's views. Input: hits as 1, [batch, rows, columns, channels]. Output: [batch, classes].
 *
 * From above and from the front a track starts at the foil, so that one axis, the layers, is no axis to move along: the first convolution spans it whole and
 * makes channels of it, and the others run along the long axis only. From the side a track may start anywhere: two convolutions look at pieces of
 * tracks wherever they are, then one makes channels of all heights, as a piece means much the same at each column.
 * What is found is averaged and maximised over all places, so that it is counted wherever it is. Ours; at most 0.3 M parameters and 20 MFLOP an
 * event. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildSuperNemoSmall}. */
export interface SuperNemoSmallConfig extends ModelConfig {
  /** Rows, columns and channels of the view. */
  inputShape: readonly number[];
  /**
   * What the output is: one of several classes, several labels that may hold at once, or a value and its σ, [batch, 2].
   *
   * @default {"softmax"}
   */
  output?: "softmax" | "sigmoid" | "value";
  /** Whether it matters where something is found: features are then flattened rather than pooled. @default {false} */
  places?: boolean;
}

/** A convolution, then a halving of the axes in `pool`. */
interface Stage {
  filters: number;
  /** Rows and columns, or all that are left of them. */
  kernel: [rows: number | "all", columns: number | "all"];
  strides?: [rows: number, columns: number];
  pool?: [rows: number, columns: number];
}

/** Layers of cells: an axis of this length is that of the layers. */
const LAYERS = 9;

/** The stages for a view: along the columns, along the rows, or both. */
function stagesFor([rows, columns]: readonly number[]): Stage[] {
  if (rows === LAYERS) {
    return [
      { filters: 64, kernel: ["all", 9] },
      { filters: 64, kernel: [1, 5], pool: [1, 2] },
      { filters: 96, kernel: [1, 5], pool: [1, 2] },
      { filters: 96, kernel: [1, 5], pool: [1, 2] },
      { filters: 128, kernel: [1, 3] },
    ];
  }
  if (columns === LAYERS) {
    return [
      { filters: 96, kernel: [7, "all"] },
      { filters: 96, kernel: [5, 1] },
      { filters: 128, kernel: [5, 1], pool: [2, 1] },
      { filters: 128, kernel: [3, 1] },
    ];
  }
  return [
    { filters: 24, kernel: [5, 5], strides: [2, 2] },
    { filters: 64, kernel: [3, 3], strides: [2, 2] },
    { filters: 128, kernel: ["all", 1] },
    { filters: 128, kernel: [1, 5], pool: [1, 2] },
    { filters: 128, kernel: [1, 5] },
  ];
}

/** Settings of {@linkcode viewFeatures}. */
export interface ViewFeaturesConfig {
  /** Before the name of every layer. @default {""} */
  prefix?: string;
  /** Whether it matters where something is found. @default {false} */
  places?: boolean;
}

/**
 * What the small network of a view finds in it, before its dense layers.
 *
 * Shapes: [batch, rows, columns, channels] in; [batch, 2 · channels of the last convolution] out, or with `places` [batch, 32 · places].
 *
 * @param seeds Gives each layer's seed.
 */
export function viewFeatures(
  image: tf.SymbolicTensor,
  seeds: () => number | undefined,
  { prefix = "", places = false }: ViewFeaturesConfig = {},
): tf.SymbolicTensor {
  const inputShape = image.shape.slice(1) as number[];
  let x = image;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  for (const [i, { filters, kernel, strides = [1, 1], pool }] of stagesFor(inputShape).entries()) {
    const left = x.shape.slice(1) as number[];
    const kernelSize = kernel.map((side, axis) => side === "all" ? left[axis] : side);
    const margins = kernel.map((side) => side === "all" ? 0 : (side - 1) / 2);
    const isSpanning = kernel.includes("all");
    if (isSpanning && margins.some((margin) => margin > 0)) {
      const [up, aside] = margins;
      add(tf.layers.zeroPadding2d({ padding: [[up, up], [aside, aside]], name: `${prefix}margins` }));
    }
    add(tf.layers.conv2d({
      filters,
      kernelSize,
      strides,
      padding: isSpanning ? "valid" : "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
      name: `${prefix}conv${i + 1}`,
    }));
    add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `${prefix}norm${i + 1}` }));
    add(tf.layers.activation({ activation: "relu", name: `${prefix}relu${i + 1}` }));
    if (pool) add(tf.layers.maxPooling2d({ poolSize: pool, name: `${prefix}pool${i + 1}` }));
  }
  return places ? flattened(x, seeds(), prefix) : pooled(x, prefix);
}

/** A hidden layer and the predictions. */
function headOn(
  features: tf.SymbolicTensor,
  { classes = 4, output = "softmax" }: Pick<SuperNemoSmallConfig, "classes" | "output">,
  seeds: () => number | undefined,
): tf.SymbolicTensor {
  const hidden = tf.layers.dense({
    units: 64,
    activation: "relu",
    kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
    name: "hidden",
  }).apply(features) as tf.SymbolicTensor;
  if (output === "value") {
    const one = (name: string, activation: "linear" | "softplus") =>
      tf.layers.dense({
        units: 1,
        activation,
        kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
        name,
      }).apply(hidden) as tf.SymbolicTensor;
    const both = [one("mean", "linear"), one("sigma", "softplus")];
    return tf.layers.concatenate({ name: "predictions" }).apply(both) as tf.SymbolicTensor;
  }
  return tf.layers.dense({
    units: classes,
    activation: output,
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: "predictions",
  }).apply(hidden) as tf.SymbolicTensor;
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
  const { inputShape, places = false, seed } = config, seeds = layerSeeds(seed);
  const image = tf.input({ shape: [...inputShape], name: "image" });
  const predictions = headOn(viewFeatures(image, seeds, { places }), config, seeds);
  return tf.model({ inputs: image, outputs: predictions, name: "supernemo_small" });
}

/** Settings of {@linkcode buildSuperNemoCombined}. */
export interface SuperNemoCombinedConfig extends Omit<ModelConfig, "inputShape"> {
  /** Rows, columns and channels of each view, by the name of its input. */
  inputShapes: Readonly<Record<string, readonly number[]>>;
  /** As for one view. @default {"softmax"} */
  output?: SuperNemoSmallConfig["output"];
  /** As for one view. @default {false} */
  places?: boolean;
}

/**
 * Builds one network of several views: the small one's convolutions for each, their layers' names after the input's (`top_conv1`), and one head.
 *
 * So a trained small network gives its layers to it by their names, as the published combination took over three networks.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoCombined } from "./supernemo_small.ts";
 * await startEngine({ backend: "cpu" });
 * const model = buildSuperNemoCombined({ inputShapes: { top: [9, 113, 1], front: [30, 9, 1] } });
 * model.inputNames; // [ "top", "front" ]
 * ```
 */
export function buildSuperNemoCombined(config: SuperNemoCombinedConfig): tf.LayersModel {
  const { inputShapes, places = false, seed } = config, seeds = layerSeeds(seed);
  const names = Object.keys(inputShapes);
  const inputs = names.map((name) => tf.input({ shape: [...inputShapes[name]], name }));
  const features = names.map((name, i) => viewFeatures(inputs[i], seeds, { prefix: `${name}_`, places }));
  const together = tf.layers.concatenate({ name: "views" }).apply(features) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs: headOn(together, config, seeds), name: "supernemo_combined" });
}

/** Mean and maximum of each channel, [batch, 2 · channels]. */
function pooled(x: tf.SymbolicTensor, prefix: string): tf.SymbolicTensor {
  const mean = tf.layers.globalAveragePooling2d({ name: `${prefix}mean` }).apply(x) as tf.SymbolicTensor;
  const largest = tf.layers.globalMaxPooling2d({ name: `${prefix}largest` }).apply(x) as tf.SymbolicTensor;
  return tf.layers.concatenate({ name: `${prefix}features` }).apply([mean, largest]) as tf.SymbolicTensor;
}

/** Few channels of each place, one after the other. */
function flattened(x: tf.SymbolicTensor, seed: number | undefined, prefix: string): tf.SymbolicTensor {
  const few = tf.layers.conv2d({
    filters: 32,
    kernelSize: 1,
    activation: "relu",
    kernelInitializer: tf.initializers.heNormal({ seed }),
    name: `${prefix}narrow`,
  }).apply(x) as tf.SymbolicTensor;
  return tf.layers.flatten({ name: `${prefix}features` }).apply(few) as tf.SymbolicTensor;
}
