/** TensorFlow.js's convolutions, as classes to build on. @module */
import { tf } from "../engine/mod.ts";
import type { BiasAsked, KernelAsked } from "./_asked_weights.ts";

/** What is used of them. */
export interface StockConvolution extends tf.layers.Layer, KernelAsked, BiasAsked {
  filters: number;
  kernelSize: number[];
  kernel: tf.LayerVariable | null;
  bias: tf.LayerVariable | null;
  useBias: boolean;
  strides: number[];
  padding: "same" | "valid" | "causal";
  dilationRate: number[];
  /** The linear one where none is asked for. */
  activation: { apply(x: tf.Tensor): tf.Tensor };
}

/** One of their classes. */
export type StockConvolutionClass = new (config: Record<string, unknown>) => StockConvolution;

/** The class over `rank` axes. */
export function stockConvolution(rank: 1 | 2 | 3): StockConvolutionClass {
  const builders = tf.layers as unknown as Record<string, (config: object) => object>;
  return builders[`conv${rank}d`]({ filters: 1, kernelSize: 1 }).constructor as never;
}

/** One convolution over `rank` axes, strides and dilations a number an axis. */
export function convolve(
  rank: number,
  x: tf.Tensor,
  kernel: tf.Tensor,
  layer: Pick<StockConvolution, "strides" | "padding" | "dilationRate">,
): tf.Tensor {
  const { strides, dilationRate } = layer;
  const padding = layer.padding === "causal" ? "valid" : layer.padding;
  if (rank === 1) {
    const before = layer.padding === "causal" ? (kernel.shape[0] - 1) * dilationRate[0] : 0;
    const padded = before > 0 ? tf.pad(x, [[0, 0], [before, 0], [0, 0]]) : x;
    const series = [padded as tf.Tensor3D, kernel as tf.Tensor3D] as const;
    return tf.conv1d(...series, strides[0], padding, "NWC", dilationRate[0]);
  }
  if (rank === 2) {
    const pair = (sides: number[]) => sides as [number, number];
    const image = [x as tf.Tensor4D, kernel as tf.Tensor4D] as const;
    return tf.conv2d(...image, pair(strides), padding, "NHWC", pair(dilationRate));
  }
  const triple = (sides: number[]) => sides as [number, number, number];
  const volume = [x as tf.Tensor5D, kernel as tf.Tensor5D] as const;
  return tf.conv3d(...volume, triple(strides), padding, "NDHWC", triple(dilationRate));
}
