/**
 * Our network that sorts the hits of a map of SuperNEMO's tracker. Input: hits as 1, [batch, 116, 12, 1]. Output: [batch, 116, 12, 1], the probability that
 * a hit stays and 0 where there is none, or a softmax over classes, [batch, 116, 12, classes].
 *
 * Layers of cells are channels, as they are no axis to move along, and convolutions run along the columns: down five levels
 * to four places that see the whole foil, which says which track is the left one, and up again with skips, to the cell. Ours,
 * after U-Net (Ronneberger et al., arXiv 1505.04597). @module
 */
import { tf } from "../engine/mod.ts";
import { apply } from "./_apply.ts";
import { layerSeeds } from "./model.ts";

/** Settings of {@linkcode buildSuperNemoMap}. */
export interface SuperNemoMapConfig {
  /** Classes of a softmax; 1 for a sigmoid. @default {1} */
  classes?: number;
  /** Channels of each level, the finest first. @default {[64, 96, 128, 128, 128, 128]} */
  widths?: readonly number[];
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

type Tensor = tf.SymbolicTensor;

const COLUMNS = 116, LAYERS = 12, MARGIN = 6;

/** How far the score of a cell without a hit is brought down: a probability of 1e-13. */
const SHUT = 30;

/** A convolution along the columns with its normalisation. */
function convolution(
  x: Tensor,
  filters: number,
  length: number,
  seed: number | undefined,
  name: string,
): Tensor {
  const made = apply(
    tf.layers.conv2d({
      filters,
      kernelSize: [length, 1],
      padding: "same",
      useBias: false,
      kernelInitializer: tf.initializers.heNormal({ seed }),
      name,
    }),
    x,
  );
  const normed = apply(
    tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5, name: `${name}_norm` }),
    made,
  );
  return apply(tf.layers.activation({ activation: "relu", name: `${name}_relu` }), normed);
}

/**
 * Builds the network of a map.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoMap } from "./supernemo_map.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoMap().outputs[0].shape; // [null, 116, 12, 1]
 * ```
 */
export function buildSuperNemoMap(config: SuperNemoMapConfig = {}): tf.LayersModel {
  const { classes = 1, widths = [64, 96, 128, 128, 128, 128], seed } = config, seeds = layerSeeds(seed);
  const image = tf.input({ shape: [COLUMNS, LAYERS, 1], name: "image" });
  const flat = apply(tf.layers.reshape({ targetShape: [COLUMNS, 1, LAYERS], name: "layers" }), image);
  let x = apply(tf.layers.zeroPadding2d({ padding: [[MARGIN, MARGIN], [0, 0]], name: "margins" }), flat);
  const levels: Tensor[] = [];
  widths.forEach((width, i) => { // 128, 64, 32, 16, 8 and 4 places
    if (i > 0) x = apply(tf.layers.maxPooling2d({ poolSize: [2, 1], name: `pool${i}` }), x);
    x = convolution(x, width, i === 0 ? 7 : 3, seeds(), `down${i + 1}a`);
    x = convolution(x, width, 3, seeds(), `down${i + 1}b`);
    levels.push(x);
  });
  for (let i = widths.length - 2; i >= 0; i--) {
    x = apply(tf.layers.upSampling2d({ size: [2, 1], name: `up${i + 1}` }), x);
    x = apply(tf.layers.concatenate({ name: `skip${i + 1}` }), [x, levels[i]]);
    x = convolution(x, widths[i], 3, seeds(), `up${i + 1}a`);
    if (i === 0) x = convolution(x, widths[i], 5, seeds(), "up1b");
  }
  return tf.model({ inputs: image, outputs: maskOn(x, image, classes, seeds()), name: "supernemo_map" });
}

/** Of each column all layers' scores, as a map again; where no hit is, nothing stays. */
function maskOn(x: Tensor, image: Tensor, classes: number, seed: number | undefined): Tensor {
  const scores = apply(
    tf.layers.conv2d({
      filters: LAYERS * classes,
      kernelSize: 1,
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
      name: "scores",
    }),
    x,
  );
  const cut = apply(tf.layers.cropping2D({ cropping: [[MARGIN, MARGIN], [0, 0]], name: "cut" }), scores);
  const map = apply(tf.layers.reshape({ targetShape: [COLUMNS, LAYERS, classes], name: "map" }), cut);
  if (classes > 1) return apply(tf.layers.activation({ activation: "softmax", name: "mask" }), map);
  const shut = apply(tf.layers.rescaling({ scale: SHUT, offset: -SHUT, name: "shut" }), image); // 0 where a hit is
  const open = apply(tf.layers.add({ name: "open" }), [map, shut]);
  return apply(tf.layers.activation({ activation: "sigmoid", name: "mask" }), open);
}
