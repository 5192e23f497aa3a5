/** Layers with random settings and inputs, by family. @module */
import { tf } from "../../../lib/engine/mod.ts";
import type { Draw } from "./_draw.ts";

const { layers } = tf;

/** A layer, and the shapes of its inputs without the batch. */
export interface LayerCase {
  name: string;
  inputs: number[][];
  dtype: "float32" | "int32";
  build: () => tf.layers.Layer;
}

type Family = (draw: Draw) => LayerCase;
type Maker = (settings: never) => tf.layers.Layer;
type Settings = Record<string, unknown>;

/** One layer on one input; its settings are its name. */
function made(maker: keyof typeof layers, settings: Settings, shape: number[]): LayerCase {
  const build = () => (layers[maker] as unknown as Maker)(settings as never);
  return {
    name: `${maker} ${JSON.stringify(settings)} of [${shape}]`,
    inputs: [shape],
    dtype: "float32",
    build,
  };
}

const ACTIVATIONS = [
  "linear",
  "relu",
  "sigmoid",
  "tanh",
  "elu",
  "selu",
  "softplus",
  "softsign",
  "swish",
  "relu6",
  "softmax",
];
const sides = (draw: Draw, rank: number) => Array.from({ length: rank }, () => draw.int(4, 6));

function convolution(rank: 1 | 2 | 3, transposed = false): Family {
  return (draw) => {
    const shape = [...sides(draw, rank), draw.int(1, 3)], dilated = !transposed && draw.int(0, 2) === 0;
    const each = (low: number, high: number) => Array.from({ length: rank }, () => draw.int(low, high));
    const settings: Settings = {
      filters: draw.int(1, 4),
      kernelSize: each(1, dilated ? 2 : 3),
      strides: dilated ? each(1, 1) : each(1, 2),
      padding: draw.pick(["same", "valid"]),
      useBias: draw.yes(),
      activation: draw.pick(ACTIVATIONS),
    };
    if (dilated) settings.dilationRate = each(1, 2);
    return made(`conv${rank}d${transposed ? "Transpose" : ""}` as "conv2d", settings, shape);
  };
}

function depthwise(maker: "depthwiseConv2d" | "separableConv2d"): Family {
  return (draw) => {
    const dilated = draw.yes(),
      settings: Settings = {
        kernelSize: [draw.int(1, 2), draw.int(1, 2)],
        strides: dilated ? 1 : draw.int(1, 2),
        dilationRate: dilated ? draw.int(1, 2) : 1,
        padding: draw.pick(["same", "valid"]),
        depthMultiplier: draw.int(1, 2),
        activation: draw.pick(ACTIVATIONS),
      };
    if (maker === "separableConv2d") settings.filters = draw.int(1, 3);
    return made(maker, settings, [...sides(draw, 2), draw.int(1, 3)]);
  };
}

function pooling(kind: "max" | "average", rank: 1 | 2 | 3): Family {
  return (draw) => {
    const poolSize = rank === 1 ? draw.int(1, 3) : Array.from({ length: rank }, () => draw.int(1, 3));
    const strides = rank === 1 ? draw.int(1, 3) : Array.from({ length: rank }, () => draw.int(1, 3));
    const settings = { poolSize, strides, padding: draw.pick(["same", "valid"]) };
    return made(`${kind}Pooling${rank}d` as "maxPooling2d", settings, [...sides(draw, rank), draw.int(1, 3)]);
  };
}

const normalization: Family = (draw) => {
  const shape = draw.shape(draw.int(1, 4)).map((side) => side + 1);
  const settings = {
    axis: draw.int(1, shape.length),
    momentum: 0.9,
    epsilon: 0.01,
    center: draw.yes(),
    scale: draw.yes(),
    trainable: draw.int(0, 3) > 0,
  };
  return made("batchNormalization", settings, shape);
};

function recurrent(maker: "simpleRNN" | "gru" | "lstm"): Family {
  return (draw) => {
    const settings = {
      units: draw.int(1, 3),
      returnSequences: draw.yes(),
      goBackwards: draw.yes(),
      activation: draw.pick(["tanh", "relu"]),
      useBias: draw.yes(),
    };
    return made(maker, settings, [draw.int(2, 4), draw.int(1, 3)]);
  };
}

/** A layer of several inputs of one shape. */
function merging(maker: keyof typeof layers, settings: Settings = {}): Family {
  return (draw) => {
    const shape = draw.shape(draw.int(1, 3));
    return { ...made(maker, settings, shape), inputs: [shape, shape] };
  };
}

const fixed = (maker: keyof typeof layers, shape: number[], settings: Settings = {}): Family => () =>
  made(maker, settings, shape);

/** Every family by name. */
export const LAYER_FAMILIES: Readonly<Record<string, Family>> = {
  dense: (draw) =>
    made(
      "dense",
      { units: draw.int(1, 4), activation: draw.pick(ACTIVATIONS), useBias: draw.yes() },
      draw.shape(draw.int(1, 3)),
    ),
  conv1d: convolution(1),
  conv2d: convolution(2),
  conv3d: convolution(3),
  conv2dTranspose: convolution(2, true),
  conv3dTranspose: convolution(3, true),
  depthwiseConv2d: depthwise("depthwiseConv2d"),
  separableConv2d: depthwise("separableConv2d"),
  maxPooling1d: pooling("max", 1),
  maxPooling2d: pooling("max", 2),
  maxPooling3d: pooling("max", 3),
  averagePooling1d: pooling("average", 1),
  averagePooling2d: pooling("average", 2),
  averagePooling3d: pooling("average", 3),
  batchNormalization: normalization,
  layerNormalization: (draw) =>
    made("layerNormalization", { epsilon: 0.01, axis: -1 }, draw.shape(3).map((side) => side + 1)),
  activation: (draw) => made("activation", { activation: draw.pick(ACTIVATIONS) }, draw.shape()),
  prelu: (draw) => {
    const shape = draw.shape(draw.int(1, 3)),
      sharedAxes = shape.map((_, axis) => axis + 1).filter(() => draw.yes());
    return made("prelu", sharedAxes.length > 0 ? { sharedAxes } : {}, shape);
  },
  leakyReLU: (draw) => made("leakyReLU", { alpha: draw.pick([0.01, 0.3]) }, draw.shape()),
  embedding: (draw) => ({
    ...made("embedding", { inputDim: 7, outputDim: draw.int(1, 3) }, [draw.int(1, 4)]),
    dtype: "int32",
  }),
  simpleRNN: recurrent("simpleRNN"),
  gru: recurrent("gru"),
  lstm: recurrent("lstm"),
  upSampling2d: (draw) =>
    made("upSampling2d", {
      size: [draw.int(1, 3), draw.int(1, 3)],
      interpolation: draw.pick(["nearest", "bilinear"]),
    }, [3, 4, 2]),
  permute: (draw) => made("permute", { dims: draw.pick([[2, 1, 3], [3, 2, 1], [3, 1, 2]]) }, draw.shape(3)),
  globalAveragePooling1d: fixed("globalAveragePooling1d", [5, 3]),
  globalAveragePooling2d: fixed("globalAveragePooling2d", [4, 3, 2]),
  globalMaxPooling1d: fixed("globalMaxPooling1d", [5, 3]),
  globalMaxPooling2d: fixed("globalMaxPooling2d", [4, 3, 2]),
  repeatVector: fixed("repeatVector", [3], { n: 4 }),
  cropping2D: fixed("cropping2D", [6, 5, 2], { cropping: [[1, 2], [0, 3]] }),
  zeroPadding2d: fixed("zeroPadding2d", [3, 2, 2], { padding: [[1, 2], [0, 3]] }),
  add: merging("add"),
  multiply: merging("multiply"),
  average: merging("average"),
  maximum: merging("maximum"),
  minimum: merging("minimum"),
  concatenate: merging("concatenate"),
};
