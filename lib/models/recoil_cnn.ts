/**
 * Recoil CNN. Input image [batch, 128, 128, 1], light in units of 16 counts above the pedestal.
 * Outputs, one or both: nuclear [batch, 1], the probability of a nuclear recoil; energy [batch, 1], in units of 30 keV.
 *
 * Pixels are first averaged in pairs of two (diffusion has blurred what is finer); four stages of convolutions at half the size of the one before;
 * then the mean of every channel, in which light adds up as an energy needs, beside its largest value.
 * Source: our own, for the project of the CYGNO course; the heads' units are the course's. @module
 */
import { tf } from "../engine/mod.ts";
import { layerSeeds } from "./model.ts";

/** What a {@linkcode buildRecoilCnn} model can tell. */
export type RecoilHead = "nuclear" | "energy";

/** Settings of {@linkcode buildRecoilCnn}. */
export interface RecoilCnnConfig {
  /** Side of the image, pixels; a multiple of 32. @default {128} */
  side?: number;
  /** Outputs, in order. @default {["nuclear", "energy"]} */
  heads?: readonly RecoilHead[];
  /** Channels of the four stages. @default {[16, 32, 64, 64]} */
  filters?: readonly number[];
  /** Units of the dense layer. @default {64} */
  units?: number;
  /** Share of the dense layer's units dropped in training. @default {0.1} */
  dropout?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/** Layers up to here are shared by all heads and can be taken over from another model. */
export const RECOIL_HEADS: readonly string[] = ["nuclear", "energy"];

/**
 * Builds the recoil CNN.
 *
 * @throws {RangeError} If no head is asked for or the side does not fit the stages.
 * @example The shapes of its outputs
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildRecoilCnn } from "./recoil_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * buildRecoilCnn({ side: 32 }).outputs.map(({ shape }) => shape); // [[null, 1], [null, 1]]
 * ```
 */
export function buildRecoilCnn(config: RecoilCnnConfig = {}): tf.LayersModel {
  const {
    side = 128,
    heads = ["nuclear", "energy"],
    filters = [16, 32, 64, 64],
    units = 64,
    dropout = 0.2,
    seed,
  } = config;
  if (heads.length === 0) throw new RangeError("Cannot build a recoil CNN without a head");
  if (side % 2 ** (filters.length + 1) !== 0) {
    throw new RangeError(
      `Cannot build a recoil CNN for images of ${side} pixels: expected a multiple of ${
        2 ** (filters.length + 1)
      }`,
    );
  }
  const seeds = layerSeeds(seed);
  const image = tf.input({ shape: [side, side, 1], name: "image" });
  const add = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  let x = add(tf.layers.averagePooling2d({ poolSize: 2, name: "bin" }), image); // [batch, 64, 64, 1]
  const features: tf.SymbolicTensor[] = [];
  filters.forEach((channels, i) => {
    const name = `stage${i + 1}`;
    x = add(
      tf.layers.conv2d({
        filters: channels,
        kernelSize: i === 0 ? 5 : 3,
        padding: "same",
        useBias: false,
        kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
        name: `${name}_conv`,
      }),
      x,
    );
    x = add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-3, name: `${name}_norm` }), x);
    x = add(tf.layers.activation({ activation: "relu", name: `${name}_relu` }), x);
    features.push(add(tf.layers.globalAveragePooling2d({ name: `${name}_mean` }), x));
    if (i < filters.length - 1) x = add(tf.layers.maxPooling2d({ poolSize: 2, name: `${name}_pool` }), x);
  });
  features.push(add(tf.layers.globalMaxPooling2d({ name: "most" }), x));
  x = add(tf.layers.concatenate({ name: "features" }), features);
  // A small event moves a mean over the whole picture by little: brought to the scale that the dense layers expect.
  x = add(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-6, name: "features_norm" }), x);
  for (const name of ["dense1", "dense2"]) {
    x = add(
      tf.layers.dense({
        units,
        activation: "relu",
        kernelInitializer: tf.initializers.heNormal({ seed: seeds() }),
        name,
      }),
      x,
    );
  }
  if (dropout > 0) x = add(tf.layers.dropout({ rate: dropout, name: "dropout" }), x);
  const outputs = heads.map((head) =>
    add(
      tf.layers.dense({
        units: 1,
        activation: head === "nuclear" ? "sigmoid" : "linear",
        kernelInitializer: tf.initializers.glorotUniform({ seed: seeds() }),
        name: head,
      }),
      x,
    )
  );
  return tf.model({
    inputs: image,
    outputs: outputs.length === 1 ? outputs[0] : outputs,
    name: "recoil_cnn",
  });
}
