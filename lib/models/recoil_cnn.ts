/**
 * Recoil CNN. Input image [batch, 128, 128, 1], light in units of 16 counts above the pedestal.
 * Outputs, one or both: nuclear [batch, 1], the probability of a nuclear recoil; energy [batch, 2], mean and σ in units of
 * 30 keV. The energy has no dropout: dropped units before a regression make use differ from training, and shift it.
 *
 * Pixels are averaged in squares of two (diffusion has blurred what is finer), and the outer eighth on each side is left aside. Then side by side:
 * - levels: the picture through tanh of several gains, so that faint and bright tracks look alike, and the mean of each;
 * - moments: how long and wide the track is and where it points to, from soft masks of several gains;
 * - apertures: the light above several thresholds and the area that it comes from, as a cut-based analysis measures them;
 * - convolutions over the levels, four stages, with the mean of every channel of every stage.
 * Levels, moments and apertures are fixed: one step of Adam moves a thousand coordinates at once and would tear them apart. The rest is trained.
 *
 * Source: our own, for the project of the CYGNO course; the heads' units are the course's. Without the moments, most of the
 * training is spent on learning how long a track is wherever its middle lies. @module
 */
import { tf } from "../engine/mod.ts";
import { Apertures } from "../layers/apertures.ts";
import { Normalization } from "../layers/normalization.ts";
import { SoftMaskMoments } from "../layers/soft_mask_moments.ts";
import { TanhLevels } from "../layers/tanh_levels.ts";
import { layerSeeds } from "./model.ts";

/** What a {@linkcode buildRecoilCnn} model can tell. */
export type RecoilHead = "nuclear" | "energy";

/** Settings of {@linkcode buildRecoilCnn}. */
export interface RecoilCnnConfig {
  /** Side of the image, pixels; a multiple of 64. @default {128} */
  side?: number;
  /** Outputs, in order. @default {["nuclear", "energy"]} */
  heads?: readonly RecoilHead[];
  /** Channels of the four stages. @default {[24, 32, 48, 64]} */
  filters?: readonly [number, number, number, number];
  /** Units of the dense layers. @default {[64, 64]} */
  units?: readonly number[];
  /** Share of the units dropped in training, for the kind alone. @default {0.1} */
  dropout?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/** Gains of the tanh that makes the levels, and of those under the soft masks. */
const LEVEL_GAINS = [8, 4, 2, 1, 0.5, 0.2], MASK_GAINS = [6, 3, 1.5, 0.7, 0.3, 0.15];
/** A mask's contrast: a pixel of the track outweighs one of the background by e⁸. */
const MASK_CONTRAST = 8;
/** Thresholds of the apertures, in units of the input, and how sharp they are: what is dark is 6 widths of the sigmoid below. */
const THRESHOLDS = [0.1, 0.18, 0.35, 0.7, 1.4, 2.8], SHARPNESS = 6;
/** Gains of the tanh under which the summed light is shown, so that 1 keV and 30 keV are as far apart as in a logarithm. */
const LIGHT_GAINS = [160, 80, 40, 20, 10, 5];
/** Pixels of the coarse picture that make one unit of the moments. */
const COORDINATE_UNIT = 6;

/**
 * Builds the recoil CNN.
 *
 * @throws {RangeError} If no head is asked for or the side does not fit the stages.
 * @example The shapes of its outputs
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildRecoilCnn } from "./recoil_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * buildRecoilCnn({ side: 64 }).outputs.map(({ shape }) => shape); // [[null, 1], [null, 2]]
 * ```
 */
export function buildRecoilCnn(config: RecoilCnnConfig = {}): tf.LayersModel {
  const {
    side = 128,
    heads = ["nuclear", "energy"],
    filters = [24, 32, 48, 64],
    units = [64, 64],
    dropout = 0.1,
  } = config;
  if (heads.length === 0) throw new RangeError("Cannot build a recoil CNN without a head");
  if (side % 64 !== 0) {
    throw new RangeError(`Cannot build a recoil CNN for images of ${side} pixels: expected a multiple of 64`);
  }
  const seeds = layerSeeds(config.seed);
  const image = tf.input({ shape: [side, side, 1], name: "image" });
  const binned = add(tf.layers.averagePooling2d({ poolSize: 2, name: "bin" }), image);
  const inner = add(tf.layers.cropping2D({ cropping: side / 16, name: "inner" }), binned); // [batch, 48, 48, 1]
  const levels = add(new TanhLevels({ gains: LEVEL_GAINS, name: "levels" }), inner);
  const coarse = add(tf.layers.averagePooling2d({ poolSize: 2, name: "coarse" }), inner); // [batch, 24, 24, 1]
  const measured = add(tf.layers.concatenate({ name: "measured" }), [
    add(tf.layers.globalAveragePooling2d({ name: "levels_mean" }), levels),
    add(
      new SoftMaskMoments({
        gains: MASK_GAINS,
        contrast: MASK_CONTRAST,
        unit: COORDINATE_UNIT,
        name: "moments",
      }),
      coarse,
    ),
    add(
      new Apertures({
        thresholds: THRESHOLDS,
        sharpness: SHARPNESS,
        lightGains: LIGHT_GAINS,
        name: "apertures",
      }),
      coarse,
    ),
  ]);
  const standard = add(new Normalization({ name: "standard" }), measured);
  const x = add(tf.layers.concatenate({ name: "features" }), [
    standard,
    ...stagesOver(levels, filters, seeds),
  ]);
  const outputs = heads.map((head) => {
    const own = denseOf(x, head, { units, dropout: head === "nuclear" ? dropout : 0, seeds });
    const last = (name: string, activation: "sigmoid" | "linear" | "softplus") =>
      add(
        tf.layers.dense({
          units: 1,
          activation,
          kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
          name,
        }),
        own,
      );
    if (head === "nuclear") return last(head, "sigmoid");
    return add(tf.layers.concatenate({ name: head }), [
      last("energy_mean", "linear"),
      last("energy_sigma", "softplus"),
    ]);
  });
  return tf.model({
    inputs: image,
    outputs: outputs.length === 1 ? outputs[0] : outputs,
    name: "recoil_cnn",
  });
}

/** Dense layers of one head. */
function denseOf(
  x: tf.SymbolicTensor,
  head: RecoilHead,
  { units, dropout, seeds }: { units: readonly number[]; dropout: number; seeds: () => number | undefined },
): tf.SymbolicTensor {
  let own = x;
  units.forEach((count, i) => {
    const name = `${head}_dense${i + 1}`, kernelInitializer = tf.initializers.heNormal({ seed: seeds() });
    own = add(tf.layers.dense({ units: count, activation: "relu", kernelInitializer, name }), own);
    if (dropout > 0 && i === 0) own = add(tf.layers.dropout({ rate: dropout, name: `${head}_dropout` }), own);
  });
  return own;
}

/**
 * Brings the fixed features of a recoil CNN to mean 0 and deviation 1 over some images, once and for all.
 *
 * Batch normalisation would do it anew for every batch, in which a few bright tracks decide on the scale of all others.
 *
 * @param model What {@linkcode buildRecoilCnn} gave; changed.
 * @param images Typical inputs, [n, side, side, 1], a hundred or more.
 */
export function standardizeRecoilCnn(model: tf.LayersModel, images: tf.Tensor): void {
  tf.tidy(() => {
    const features = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer("measured").output as tf.SymbolicTensor,
    });
    const { mean, variance } = tf.moments(features.predict(images) as tf.Tensor, 0);
    const count = tf.scalar(images.shape[0]);
    model.getLayer("standard").setWeights([mean, tf.add(variance, 1e-10), count]); // a feature that is constant stays 0
  });
}

function add(layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}

/** Convolutions at a half, a half, a quarter and an eighth of the levels' size; the mean of each stage, and the most of the last. */
function stagesOver(
  levels: tf.SymbolicTensor,
  filters: readonly number[],
  seeds: () => number | undefined,
): tf.SymbolicTensor[] {
  let x = levels;
  const means = filters.map((channels, i) => {
    const name = `stage${i + 1}`;
    if (i > 1) x = add(tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }), x);
    x = add(
      tf.layers.conv2d({
        filters: channels,
        kernelSize: i === 0 ? 5 : 3,
        strides: i === 0 ? 2 : 1,
        padding: "same",
        activation: "relu",
        kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
        name: `${name}_conv`,
      }),
      x,
    );
    return add(tf.layers.globalAveragePooling2d({ name: `${name}_mean` }), x);
  });
  return [...means, add(tf.layers.globalMaxPooling2d({ name: "most" }), x)];
}
