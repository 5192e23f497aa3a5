/**
 * CapsNet. Input: image [batch, side, side, channels] in [0, 1]. Outputs: lengths [batch, classes], the probability that each class is there;
 * capsules [batch, classes · 16], one after the other; reconstruction [batch, side, side, channels] of the longest capsule.
 *
 * Source: Sabour, Frosst and Hinton, Dynamic routing between capsules, arXiv 1710.09829, figures 1 and 2: of 28 × 28 pixels 8.2 M parameters. @module
 */
import { tf } from "../engine/mod.ts";
import { CapsuleLength, LongestCapsule } from "../layers/capsule_lengths.ts";
import { PrimaryCapsule, SecondaryCapsule } from "../layers/capsules.ts";
import { apply } from "./_apply.ts";
import { drawKernels, layerSeeds, type ModelConfig } from "./model.ts";

/** Settings of {@linkcode buildCapsNet}. */
export interface CapsNetConfig extends ModelConfig {
  /** Channels of the first convolution. @default {256} */
  filters?: number;
  /** Capsules of 8 numbers at each place. @default {32} */
  capsules?: number;
  /** How often the agreement is looked at. @default {3} */
  routings?: number;
  /** Rows and columns of both convolutions' windows. @default {[9, 9]} */
  kernelSize?: readonly [rows: number, columns: number];
  /** Whether the longest capsule is drawn; without it lengths are all that comes out. @default {true} */
  decoder?: boolean;
}

/** Numbers of a capsule at a place. */
const PRIMARY_SIZE = 8;

/** Numbers of a class's capsule. */
export const CAPSULE_SIZE = 16;

/**
 * The largest first weight of a vote, by Glorot and Bengio of the 8 and 16 numbers that one capsule's vote is made of. Fans of
 * the kernel as a whole, 1,152 capsules at once, leave the classes' lengths at nothing, where there is no gradient to learn by.
 */
const VOTE = Math.sqrt(6 / (PRIMARY_SIZE + CAPSULE_SIZE));

/** Units of the two hidden layers of the decoder. */
const DECODER_UNITS = [512, 1024];

/**
 * Builds the network; its decoder's layers are called `decoder1` to `decoder3`.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildCapsNet } from "./capsnet.ts";
 * await startEngine({ backend: "cpu" });
 * buildCapsNet({ filters: 8, capsules: 2 }).outputNames; // [ "lengths", "capsules", "reconstruction" ]
 * ```
 */
export function buildCapsNet(config: CapsNetConfig = {}): tf.LayersModel {
  const { inputShape = [28, 28, 1], classes = 10, filters = 256, capsules = 32, routings = 3, seed } = config;
  const { kernelSize = [9, 9], decoder = true } = config;
  const seeds = layerSeeds(seed), glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  const image = tf.input({ shape: [...inputShape], name: "image" });
  const found = apply(
    tf.layers.conv2d({
      filters,
      kernelSize: [...kernelSize],
      activation: "relu",
      kernelInitializer: glorot(),
      name: "conv1",
    }),
    image,
  );
  const primary = new PrimaryCapsule({ capsules, size: PRIMARY_SIZE, kernelSize, name: "primary" });
  const secondary = new SecondaryCapsule({
    capsules: classes,
    size: CAPSULE_SIZE,
    routings,
    name: "classes",
  });
  const ofClasses = apply(secondary, apply(primary, found)); // [batch, classes, 16]
  drawKernels(primary, glorot);
  drawKernels(secondary, () => tf.initializers.randomUniform({ minval: -VOTE, maxval: VOTE, seed: seeds() }));
  const lengths = apply(new CapsuleLength({ name: "lengths" }), ofClasses);
  if (!decoder) return tf.model({ inputs: image, outputs: lengths, name: "capsnet" });
  let drawn = apply(new LongestCapsule({ name: "longest" }), ofClasses);
  const size = inputShape.reduce((product, side) => product * side, 1);
  [...DECODER_UNITS, size].forEach((units, i) => {
    const activation = i === DECODER_UNITS.length ? "sigmoid" : "relu";
    const dense = tf.layers.dense({
      units,
      activation,
      kernelInitializer: glorot(),
      name: `decoder${i + 1}`,
    });
    drawn = apply(dense, drawn);
  });
  const reconstruction = apply(
    tf.layers.reshape({ targetShape: [...inputShape], name: "reconstruction" }),
    drawn,
  );
  const all = apply(
    tf.layers.reshape({ targetShape: [classes * CAPSULE_SIZE], name: "capsules" }),
    ofClasses,
  );
  return tf.model({ inputs: image, outputs: [lengths, all, reconstruction], name: "capsnet" });
}

/**
 * Draws the image of one capsule for each example, by the decoder's layers of {@linkcode buildCapsNet}.
 *
 * @param capsules [batch, classes · size], all but the chosen capsule 0.
 * @returns [batch, pixels].
 */
export function decodeCapsules(model: tf.LayersModel, capsules: tf.Tensor): tf.Tensor {
  return [...DECODER_UNITS, 0].reduce(
    (x, _, i) => model.getLayer(`decoder${i + 1}`).apply(x) as tf.Tensor,
    capsules,
  );
}
