/**
 * Autoencoders of maps of SuperNEMO's tracker, variational or plain. Input: hits as 1, [batch, 116, 12, 1]. Outputs: reconstruction
 * [batch, 116, 12, 1], the probability of a hit; z_mean and, of a variational one, z_log_variance, [batch, latent].
 *
 * Source: `vae.py` of github.com/amendl/SuperNEMO_ML_applications: encoder "trunk" is the network that counts tracks from above, with two long kernels and two of
 * 3 × 3; "narrow" are two pairs of convolutions and one channel of 29 × 3 places, through which all must pass; the decoder
 * is the second half of the SegNet without skips. There 256 filters, and 128 where a whole epoch is to be trained on two cores. @module
 */
import { applySharded, tf } from "../engine/mod.ts";
import { Reparametrization } from "../layers/reparametrization.ts";
import { apply } from "./_apply.ts";
import { reluConvolution } from "./_relu_convolution.ts";
import { layerSeeds } from "./model.ts";

/** Settings of {@linkcode buildSuperNemoVae}. */
export interface SuperNemoVaeConfig {
  /** The network before the code: the trunk of all SuperNEMO models, or a narrower one. @default {"trunk"} */
  encoder?: "trunk" | "narrow";
  /** Numbers of the code. @default {16} */
  latent?: number;
  /** Whether the code is drawn from a normal law that the encoder tells. @default {true} */
  variational?: boolean;
  /** Filters of the encoder's convolutions; 256 as published. @default {32} */
  filters?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

type Tensor = tf.SymbolicTensor;
type Seeds = () => number | undefined;

function convolution(
  x: Tensor,
  filters: number,
  kernelSize: number | [number, number],
  seeds: Seeds,
  name: string,
): Tensor {
  return apply(reluConvolution(filters, kernelSize, seeds(), name), x);
}

function dense(x: Tensor, units: number, seeds: Seeds, name: string, activation?: "relu" | "tanh"): Tensor {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: seeds() });
  return apply(tf.layers.dense({ units, activation, kernelInitializer, name }), x);
}

const pooled = (x: Tensor, poolSize: [number, number], name: string) =>
  apply(tf.layers.maxPooling2d({ poolSize, padding: "same", name }), x);

/** Ends in 256 numbers. */
function trunk(x: Tensor, filters: number, seeds: Seeds): Tensor {
  x = pooled(convolution(x, filters, [15, 3], seeds, "conv1"), [2, 1], "pool1");
  x = pooled(convolution(x, filters, [7, 3], seeds, "conv2"), [2, 1], "pool2");
  x = pooled(convolution(x, filters, 3, seeds, "conv3"), [2, 2], "pool3");
  x = pooled(convolution(x, filters, 3, seeds, "conv4"), [2, 2], "pool4");
  x = apply(
    tf.layers.flatten({ name: "flatten" }),
    apply(tf.layers.dropout({ rate: 0.2, name: "dropout" }), x),
  );
  return dense(x, 256, seeds, "features", "relu");
}

/** Ends in 87 numbers, one of each of 29 × 3 places, mixed twice. */
function narrow(x: Tensor, filters: number, seeds: Seeds): Tensor {
  for (const level of [1, 2]) {
    x = convolution(x, filters, 3, seeds, `conv${level}a`);
    x = pooled(convolution(x, filters, 3, seeds, `conv${level}b`), [2, 2], `pool${level}`);
  }
  x = convolution(x, 1, 3, seeds, "one1");
  x = apply(tf.layers.flatten({ name: "flatten" }), convolution(x, 1, 3, seeds, "one2"));
  return dense(dense(x, 87, seeds, "mixed1", "tanh"), 87, seeds, "mixed2", "tanh");
}

/** Name before each of the decoder's layers. */
const DECODER = "decoder_";

/** The decoder's layers of a network, first to last. */
const decoderOf = ({ layers }: tf.LayersModel) =>
  layers.filter(({ name }) => name.startsWith(DECODER) || name === "reconstruction");

/** The layers of a decoder, first to last. */
function decoderLayers(seeds: Seeds): tf.layers.Layer[] {
  const glorot = () => tf.initializers.glorotUniform({ seed: seeds() });
  const wide = (units: number, name: string) =>
    tf.layers.dense({ units, activation: "relu", kernelInitializer: glorot(), name: `${DECODER}${name}` });
  const block = (filters: number, level: number) =>
    ["a", "b"].flatMap((part) => [
      reluConvolution(filters, 3, seeds(), `${DECODER}conv${level}${part}`),
      ...(part === "a" ? [tf.layers.dropout({ rate: 0.2, name: `${DECODER}dropout${level}` })] : []),
    ]);
  const twice = (level: number) => tf.layers.upSampling2d({ size: [2, 2], name: `${DECODER}up${level}` });
  return [
    wide(256, "features"),
    wide(29 * 3 * 64, "places"),
    tf.layers.reshape({ targetShape: [29, 3, 64], name: `${DECODER}map` }),
    ...block(64, 1),
    twice(1),
    ...block(64, 2),
    twice(2),
    ...block(32, 3),
    tf.layers.conv2d({
      filters: 1,
      kernelSize: 3,
      padding: "same",
      activation: "sigmoid",
      kernelInitializer: glorot(),
      name: "reconstruction",
    }),
  ];
}

/**
 * Builds the autoencoder.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoVae } from "./supernemo_vae.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoVae({ filters: 8 }).outputNames; // [ "reconstruction", "z_mean", "z_log_variance" ]
 * ```
 */
export function buildSuperNemoVae(config: SuperNemoVaeConfig = {}): tf.LayersModel {
  const { encoder = "trunk", latent = 16, variational = true, filters = 32, seed } = config;
  const seeds = layerSeeds(seed);
  const image = tf.input({ shape: [116, 12, 1], name: "image" });
  const features = (encoder === "trunk" ? trunk : narrow)(image, filters, seeds);
  const mean = dense(features, latent, seeds, "z_mean");
  const logVariance = variational ? dense(features, latent, seeds, "z_log_variance") : undefined;
  const code = logVariance ? apply(new Reparametrization({ name: "z" }), [mean, logVariance]) : mean;
  const reconstruction = decoderLayers(seeds).reduce((x, layer) => apply(layer, x), code);
  const outputs = [reconstruction, mean, ...(logVariance ? [logVariance] : [])];
  return tf.model({ inputs: image, outputs, name: "supernemo_vae" });
}

/**
 * Decodes codes by the decoder of {@linkcode buildSuperNemoVae} or {@linkcode buildLatentRoute}.
 *
 * @param codes [n, latent].
 * @returns [n, 116, 12, 1].
 */
export function decodeCodes(model: tf.LayersModel, codes: tf.Tensor): tf.Tensor {
  return tf.tidy(() =>
    decoderOf(model).reduce((x, layer) => layer.apply(x, { training: false }) as tf.Tensor, codes)
  );
}

/**
 * The two halves of a variational {@linkcode buildSuperNemoVae}, models of the same layers: [batch, 116, 12, 1] to the drawn code, its mean and its logarithmic
 * variance, and codes [batch, latent] to [batch, 116, 12, 1].
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoVae, vaeParts } from "./supernemo_vae.ts";
 * await startEngine({ backend: "cpu" });
 * vaeParts(buildSuperNemoVae({ filters: 8, latent: 4 })).decoder.inputs[0].shape; // [ null, 4 ]
 * ```
 */
export function vaeParts(model: tf.LayersModel): { encoder: tf.LayersModel; decoder: tf.LayersModel } {
  const made = (name: string) => model.getLayer(name).output as Tensor;
  const outputs = ["z", "z_mean", "z_log_variance"].map(made), [, latent] = outputs[0].shape;
  const encoder = tf.model({ inputs: model.inputs, outputs, name: "supernemo_encoder" });
  const codes = tf.input({ shape: [latent], name: "codes" });
  const drawn = decoderOf(model).reduce((x, layer) => apply(layer, x), codes);
  return { encoder, decoder: tf.model({ inputs: codes, outputs: drawn, name: "supernemo_decoder" }) };
}

/** Name before each of the layers that lead from the code of an event to that of what is left of it. */
const ROUTE = "route";

/** Units of the route's hidden layers. */
const ROUTE_UNITS = [256, 256];

/**
 * Builds a network that takes a track away by its code: encoder, a route from one code to another, decoder. Input: hits as 1, [batch, 116, 12, 1]. Output:
 * reconstruction, the probability that a hit is left, the same.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildLatentRoute } from "./supernemo_vae.ts";
 * await startEngine({ backend: "cpu" });
 * buildLatentRoute({ filters: 8, latent: 4 }).outputs[0].shape; // [ null, 116, 12, 1 ]
 * ```
 */
export function buildLatentRoute(config: Omit<SuperNemoVaeConfig, "variational"> = {}): tf.LayersModel {
  const { encoder = "trunk", latent = 32, filters = 32, seed } = config, seeds = layerSeeds(seed);
  const image = tf.input({ shape: [116, 12, 1], name: "image" });
  const features = (encoder === "trunk" ? trunk : narrow)(image, filters, seeds);
  let code = dense(features, latent, seeds, "z_mean");
  ROUTE_UNITS.forEach((units, i) => code = dense(code, units, seeds, `${ROUTE}${i + 1}`, "relu"));
  code = dense(code, latent, seeds, `${ROUTE}${ROUTE_UNITS.length + 1}`);
  const outputs = decoderLayers(seeds).reduce((x, layer) => apply(layer, x), code);
  return tf.model({ inputs: image, outputs, name: "supernemo_latent_route" });
}

/** Codes of maps, [n, 116, 12, 1] to [n, latent], by the encoder of any network here; nothing is dropped out. */
export function encodeMaps(model: tf.LayersModel, maps: tf.Tensor): tf.Tensor {
  const outputs = model.getLayer("z_mean").output as Tensor;
  const [[codes]] = applySharded(tf.model({ inputs: model.inputs, outputs }), [[maps]]);
  return codes;
}

/** Codes of what is left of events, by the layers of {@linkcode buildLatentRoute}. */
export function routeCodes(model: tf.LayersModel, codes: tf.Tensor): tf.Tensor {
  const layers = model.layers.filter(({ name }) => name.startsWith(ROUTE));
  return tf.tidy(() => layers.reduce((x, layer) => layer.apply(x) as tf.Tensor, codes));
}
