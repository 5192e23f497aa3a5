/**
 * Recoil CNN. Input image [batch, 128, 128, 1], light in units of 16 counts above the pedestal.
 * Outputs, one or both: nuclear [batch, 1], the probability of a nuclear recoil; energy [batch, 1], in units of 30 keV.
 *
 * Pixels are averaged in squares of two (diffusion has blurred what is finer), and the outer eighth on each side is left aside. Then side by side:
 * - levels: the picture through tanh of several gains, so that faint and bright tracks look alike, and the mean of each;
 * - moments: a softmax over the pixels makes a soft mask of the track at several levels; its second central moments say how
 *   long and wide it is and where it points to, and the square of what turning the picture leaves alone;
 * - apertures: the light above several thresholds and the area that it comes from, as a cut-based analysis measures them;
 * - convolutions over the levels, four stages, with the mean of every channel of every stage.
 * Levels, moments and apertures are fixed: one step of Adam moves a thousand coordinates at once and would tear them apart. The rest is trained.
 *
 * Source: our own, for the project of the CYGNO course; the heads' units are the course's. Without the moments, most of the
 * training is spent on learning how long a track is wherever its middle lies. @module
 */
import { tf } from "../engine/mod.ts";
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
  /** Share of the dense layers' units dropped in training. @default {0.1} */
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
 * buildRecoilCnn({ side: 64 }).outputs.map(({ shape }) => shape); // [[null, 1], [null, 1]]
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
  const seeds = layerSeeds(config.seed), fixed: Fixed[] = [];
  const image = tf.input({ shape: [side, side, 1], name: "image" });
  const binned = add(tf.layers.averagePooling2d({ poolSize: 2, name: "bin" }), image);
  const inner = add(tf.layers.cropping2D({ cropping: side / 16, name: "inner" }), binned); // [batch, 48, 48, 1]
  const levels = add(pointwise("levels", LEVEL_GAINS, "tanh", fixed), inner);
  const coarse = add(tf.layers.averagePooling2d({ poolSize: 2, name: "coarse" }), inner); // [batch, 24, 24, 1]
  const measured = add(tf.layers.concatenate({ name: "measured" }), [
    add(tf.layers.globalAveragePooling2d({ name: "levels_mean" }), levels),
    ...momentsOf(coarse, side * 3 / 16, fixed),
    ...aperturesOf(coarse, fixed),
  ]);
  const count = measured.shape[1]!;
  fixed.push({ name: "standard", weights: [diagonal(new Array(count).fill(1)), new Array(count).fill(0)] });
  const standard = add(tf.layers.dense({ units: count, trainable: false, name: "standard" }), measured);
  const x = add(tf.layers.concatenate({ name: "features" }), [
    standard,
    ...stagesOver(levels, filters, seeds),
  ]);
  const outputs = heads.map((head) => {
    let own = x;
    units.forEach((count, i) => {
      const name = `${head}_dense${i + 1}`, kernelInitializer = tf.initializers.heNormal({ seed: seeds() });
      own = add(tf.layers.dense({ units: count, activation: "relu", kernelInitializer, name }), own);
      if (dropout > 0 && i === 0) {
        own = add(tf.layers.dropout({ rate: dropout, name: `${head}_dropout` }), own);
      }
    });
    return add(
      tf.layers.dense({
        units: 1,
        activation: head === "nuclear" ? "sigmoid" : "linear",
        kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
        name: head,
      }),
      own,
    );
  });
  const model = tf.model({
    inputs: image,
    outputs: outputs.length === 1 ? outputs[0] : outputs,
    name: "recoil_cnn",
  });
  tf.tidy(() => {
    for (const { name, weights } of fixed) {
      const layer = model.getLayer(name);
      layer.setWeights(
        layer.getWeights().map((own, i) =>
          weights[i] ? tf.tensor(weights[i], own.shape) : tf.zeros(own.shape)
        ),
      );
    }
  });
  return model;
}

/** A square matrix with these values on its diagonal, row by row. */
function diagonal(values: readonly number[]): number[] {
  return values.flatMap((value, i) => values.map((_, j) => i === j ? value : 0));
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
    const [means, variances] = [mean, variance].map((tensor) => Array.from(tensor.dataSync()));
    const factors = variances.map((value) => 1 / Math.sqrt(value + 1e-10));
    const size = factors.length;
    model.getLayer("standard").setWeights([
      tf.tensor(diagonal(factors), [size, size]),
      tf.tensor(factors.map((factor, i) => -factor * means[i])),
    ]);
  });
}

/** Weights that a layer has, kernel first; what is left out is zero. */
interface Fixed {
  name: string;
  weights: number[][];
}

function add(layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}

/** One channel for each gain, all of the same single channel. */
function pointwise(
  name: string,
  gains: readonly number[],
  activation: "tanh" | "linear",
  fixed: Fixed[],
): tf.layers.Layer {
  fixed.push({ name, weights: [[...gains]] });
  return tf.layers.conv2d({ filters: gains.length, kernelSize: 1, activation, trainable: false, name });
}

/** A linear map by given rows, [inputs][outputs]. */
function linear(name: string, rows: readonly (readonly number[])[], fixed: Fixed[]): tf.layers.Layer {
  fixed.push({ name, weights: [rows.flat()] });
  return tf.layers.dense({ units: rows[0].length, useBias: false, trainable: false, name });
}

/**
 * Second central moments of soft masks, [batch, 3] each.
 *
 * For a mask with weights p that sum to 1: r = <x² + y²> - <x>² - <y>², d = <x² - y²> - <x>² + <y>², c = 2 (<xy> - <x><y>).
 */
function momentsOf(coarse: tf.SymbolicTensor, side: number, fixed: Fixed[]): tf.SymbolicTensor[] {
  const first: number[][] = [], second: number[][] = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const x = (column - (side - 1) / 2) / COORDINATE_UNIT, y = (row - (side - 1) / 2) / COORDINATE_UNIT;
      first.push([x, y]);
      second.push([x * x + y * y, x * x - y * y, 2 * x * y]);
    }
  }
  return MASK_GAINS.flatMap((gain, i) => {
    const name = `mask${i + 1}`;
    const level = add(pointwise(`${name}_level`, [gain], "tanh", fixed), coarse);
    const contrast = add(pointwise(`${name}_contrast`, [MASK_CONTRAST], "linear", fixed), level);
    const mask = add(tf.layers.softmax({ name }), add(tf.layers.flatten({ name: `${name}_flat` }), contrast));
    const middle = add(linear(`${name}_middle`, first, fixed), mask); // <x>, <y>
    const sum = add(linear(`${name}_sum`, [[1], [1]], fixed), middle);
    const parts = add(tf.layers.concatenate({ name: `${name}_parts` }), [middle, sum]);
    const squares = add(tf.layers.multiply({ name: `${name}_squares` }), [parts, parts]); // <x>², <y>², (<x> + <y>)²
    const shift = add(linear(`${name}_shift`, [[-1, -1, 1], [-1, 1, 1], [0, 0, -1]], fixed), squares);
    const about = add(linear(`${name}_about`, second, fixed), mask);
    const central = add(tf.layers.add({ name: `${name}_central` }), [about, shift]); // r, d, c
    // A copy, as tfjs-layers frees too early what one layer takes twice and another one takes later.
    const copy = add(linear(`${name}_copy`, [[1, 0, 0], [0, 1, 0], [0, 0, 1]], fixed), central);
    const powers = add(tf.layers.multiply({ name: `${name}_powers` }), [copy, copy]);
    // r² and d² + c²: with λ the variances along and across, (λ + λ')² and (λ - λ')²
    return [central, add(linear(`${name}_turned`, [[1, 0], [0, 1], [0, 1]], fixed), powers)];
  });
}

/** Area and light above thresholds, and the light above the lowest one on scales from faint to bright. */
function aperturesOf(coarse: tf.SymbolicTensor, fixed: Fixed[]): tf.SymbolicTensor[] {
  const count = THRESHOLDS.length;
  fixed.push({
    name: "apertures",
    weights: [THRESHOLDS.map((threshold) => SHARPNESS / threshold), new Array(count).fill(-SHARPNESS)],
  });
  const open = add(
    tf.layers.conv2d({
      filters: count,
      kernelSize: 1,
      activation: "sigmoid",
      trainable: false,
      name: "apertures",
    }),
    coarse,
  );
  const through = add(tf.layers.multiply({ name: "apertures_light" }), [
    open,
    add(pointwise("apertures_share", new Array(count).fill(1), "linear", fixed), coarse),
  ]);
  const area = add(tf.layers.globalAveragePooling2d({ name: "apertures_area" }), open);
  const light = add(tf.layers.globalAveragePooling2d({ name: "apertures_sum" }), through);
  const rows = THRESHOLDS.map((_, i) => LIGHT_GAINS.map((gain) => i === 0 ? gain : 0));
  fixed.push({ name: "light_levels", weights: [rows.flat()] });
  const scales = tf.layers.dense({
    units: LIGHT_GAINS.length,
    useBias: false,
    activation: "tanh",
    trainable: false,
    name: "light_levels",
  });
  return [area, light, add(scales, light)];
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
