/**
 * Recoil CNN. Input image [batch, 128, 128, 1], light in units of 16 counts above the pedestal.
 * Outputs, one or both: nuclear [batch, 1], the probability of a nuclear recoil; energy [batch, 2], mean and σ in units of
 * 30 keV. The energy has no dropout: dropped units before a regression make use differ from training, and shift it.
 *
 * Pixels are averaged in squares of two (diffusion has blurred what is finer), and the outer eighth on each side is left aside. Then side by side:
 * - shapes: light, area, length, width and concentration of the track above several thresholds, as an analysis of clusters measures them;
 * - levels: the picture through tanh of several gains, so that faint and bright tracks look alike;
 * - convolutions over the levels, four stages, with the mean of every channel of every stage.
 * Shapes and levels are fixed: one step of Adam moves a thousand coordinates at once and would tear them apart. The rest is trained,
 * but for the last step of each head, which {@linkcode calibrateRecoilCnn} sets by events that training did not see.
 *
 * Source: our own, for the project of the CYGNO course; the heads' units are the course's. Without the shapes, most of the
 * training is spent on learning how long a track is wherever its middle lies. @module
 */
import { tf } from "../engine/mod.ts";
import { ClusterShapes } from "../layers/cluster_shapes.ts";
import { Normalization } from "../layers/normalization.ts";
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
  /** Channels of the four stages. @default {[8, 16, 24, 32]} */
  filters?: readonly [number, number, number, number];
  /** Units of the dense layers. @default {[64, 64]} */
  units?: readonly number[];
  /** Share of the units dropped in training, for the kind alone. @default {0.1} */
  dropout?: number;
  /** Share of the convolutions' means dropped in training, for the kind alone: unlike the shapes, they can learn events by heart. @default {0.5} */
  seenDropout?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/** Gains of the tanh that makes the levels. */
const LEVEL_GAINS = [8, 4, 2, 1, 0.5, 0.2];
/** Thresholds of the shapes, in units of the input: the noise of the smoothed picture is 0.014. */
const THRESHOLDS = [0.08, 0.16, 0.32, 0.64, 1.28];
/** Pixels that make one unit of length. */
const LENGTH_UNIT = 6;

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
    filters = [8, 16, 24, 32],
    units = [64, 64],
    dropout = 0.1,
    seenDropout = 0.5,
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
  const measured = add(
    new ClusterShapes({ thresholds: THRESHOLDS, unit: LENGTH_UNIT, name: "measured" }),
    inner,
  );
  const standard = add(new Normalization({ name: "standard" }), measured);
  const seen = add(tf.layers.concatenate({ name: "seen" }), stagesOver(levels, filters, seeds));
  const outputs = heads.map((head) => {
    const doubted = head === "nuclear" && seenDropout > 0
      ? add(tf.layers.dropout({ rate: seenDropout, name: "nuclear_doubt" }), seen)
      : seen;
    const x = add(tf.layers.concatenate({ name: `${head}_features` }), [standard, doubted]);
    const own = denseOf(x, head, { units, dropout: head === "nuclear" ? dropout : 0, seeds });
    const last = (name: string, activation: "linear" | "softplus") =>
      add(
        tf.layers.dense({
          units: 1,
          activation,
          kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
          name,
        }),
        own,
      );
    if (head === "nuclear") return add(fixedDense("nuclear", 1, "sigmoid"), last("nuclear_score", "linear"));
    const mean = last("energy_mean", "linear");
    const scale = add(
      fixedDense("energy_scale", 1),
      add(fixedDense("energy_knots", SIGMA_KNOTS.length, "relu"), mean),
    );
    const sigma = add(tf.layers.multiply({ name: "energy_sigma" }), [
      last("energy_spread", "softplus"),
      scale,
    ]);
    return add(tf.layers.concatenate({ name: head }), [mean, sigma]);
  });
  const model = tf.model({
    inputs: image,
    outputs: outputs.length === 1 ? outputs[0] : outputs,
    name: "recoil_cnn",
  });
  calibrateRecoilCnn(model);
  return model;
}

/** A dense layer that training leaves as it is. */
function fixedDense(name: string, units: number, activation: "linear" | "relu" | "sigmoid" = "linear") {
  return tf.layers.dense({ units, activation, name, trainable: false });
}

/** Energies between which the factor of σ runs straight, in units of the output; beyond them it stays. */
export const SIGMA_KNOTS = [0.1, 1 / 3, 5 / 6];

/** What {@linkcode calibrateRecoilCnn} sets. */
export interface RecoilCalibration {
  /** Probability of a nuclear recoil = sigmoid(slope · score + offset). @default {{ slope: 1, offset: 0 }} */
  kind?: { slope: number; offset: number };
  /** Factors of the energy's σ where the predicted energy is 3, 10 and 25 keV. @default {[1, 1, 1]} */
  sigma?: readonly [number, number, number];
}

/**
 * Sets the last step of each head of a recoil CNN; what is left out becomes as if it were not there.
 *
 * @param model What {@linkcode buildRecoilCnn} gave; changed.
 * @param calibration What events that training did not see say.
 */
export function calibrateRecoilCnn(model: tf.LayersModel, calibration: RecoilCalibration = {}): void {
  const { kind = { slope: 1, offset: 0 }, sigma: [first, middle, last] = [1, 1, 1] } = calibration;
  const set = (name: string, kernel: number[][], bias: readonly number[]) => {
    if (!model.layers.some((layer) => layer.name === name)) return; // a head that this model lacks
    tf.tidy(() => model.getLayer(name).setWeights([tf.tensor2d(kernel), tf.tensor1d([...bias])]));
  };
  set("nuclear", [[kind.slope]], [kind.offset]);
  set("energy_knots", [SIGMA_KNOTS.map(() => 1)], SIGMA_KNOTS.map((knot) => -knot));
  const rise = (middle - first) / (SIGMA_KNOTS[1] - SIGMA_KNOTS[0]),
    next = (last - middle) / (SIGMA_KNOTS[2] - SIGMA_KNOTS[1]);
  set("energy_scale", [[rise], [next - rise], [-next]], [first]);
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

/** Convolutions at a half, a quarter, an eighth and a sixteenth of the levels' size; the mean of each stage, and the most of the last. */
function stagesOver(
  levels: tf.SymbolicTensor,
  filters: readonly number[],
  seeds: () => number | undefined,
): tf.SymbolicTensor[] {
  let x = levels;
  const means = filters.map((channels, i) => {
    const name = `stage${i + 1}`;
    if (i > 0) x = add(tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }), x);
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
