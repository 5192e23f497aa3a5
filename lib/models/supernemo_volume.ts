/**
 * A small 3-D network for SuperNEMO's events as volumes. Input: hits as 1, [batch, 9 layers, 113 columns, 30 heights, channels]. Output:
 * softmax over the counts, [batch, 4].
 *
 * The published scripts name such a network (`number_of_tracks_classification3D.py`) and leave it to be written. As in the views, the layers are no
 * axis to move along: the first convolution spans them whole, and the others move along columns and heights. Ours; at most 0.3 M parameters and
 * 20 MFLOP an event. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

interface Stage {
  filters: number;
  kernel: [layers: number, columns: number, heights: number];
  strides?: [layers: number, columns: number, heights: number];
  isPooled?: boolean;
}

const STAGES: readonly Stage[] = [
  { filters: 24, kernel: [9, 5, 5], strides: [1, 2, 2], isPooled: true },
  { filters: 64, kernel: [1, 3, 3], isPooled: true },
  { filters: 96, kernel: [1, 3, 3] },
];

/**
 * Builds the 3-D network.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoVolume } from "./supernemo_volume.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoVolume().outputs[0].shape; // [null, 4]
 * ```
 */
export function buildSuperNemoVolume(config: ModelConfig = {}): tf.LayersModel {
  const { inputShape = [9, 113, 30, 1], classes = 4, seed } = config, seeds = layerSeeds(seed);
  const heNormal = () => tf.initializers.heNormal({ seed: seeds() });
  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  STAGES.forEach(({ filters, kernel, strides = [1, 1, 1], isPooled }, i) => {
    add(tf.layers.conv3d({
      filters,
      kernelSize: kernel,
      strides,
      padding: i === 0 ? "valid" : "same",
      useBias: false,
      kernelInitializer: heNormal(),
      name: `conv${i + 1}`,
    }));
    add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `norm${i + 1}` }));
    add(tf.layers.activation({ activation: "relu", name: `relu${i + 1}` }));
    if (isPooled) add(tf.layers.maxPooling3d({ poolSize: [1, 2, 2], name: `pool${i + 1}` }));
  });
  const [, layers, columns, heights, channels] = x.shape as number[];
  add(tf.layers.reshape({ targetShape: [layers * columns, heights, channels], name: "plane" }));
  const mean = tf.layers.globalAveragePooling2d({ name: "mean" }).apply(x) as tf.SymbolicTensor;
  const largest = tf.layers.globalMaxPooling2d({ name: "largest" }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.concatenate({ name: "features" }).apply([mean, largest]) as tf.SymbolicTensor;
  add(tf.layers.dense({ units: 64, activation: "relu", kernelInitializer: heNormal(), name: "hidden" }));
  add(tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
    name: "predictions",
  }));
  return tf.model({ inputs: image, outputs: x, name: "supernemo_volume" });
}
