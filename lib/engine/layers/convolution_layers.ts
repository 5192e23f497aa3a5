/**
 * Two-dimensional convolution layers: by tiles on the native backend where that is faster, and in training off it
 * without the gradient of an image that nobody asked for.
 *
 * TensorFlow.js trains a linear 2-D convolution by its fused op, whose gradient computes that of the input as well,
 * even where the input is the picture itself. A trace prunes it; the other backends would pay an eighth of a step.
 * @module
 */
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";
import { chooseTile, convolveTiled, type Tile, transformFilter } from "../ops/winograd.ts";

/** What the override reads of TensorFlow.js's convolution layers. */
interface ConvolutionLayer {
  rank: number;
  kernel: { read(): tf.Tensor4D };
  bias?: { read(): tf.Tensor1D };
  strides: [number, number];
  padding: "valid" | "same" | "causal";
  dataFormat: "channelsLast" | "channelsFirst";
  dilationRate: [number, number];
  activation?: { apply(x: tf.Tensor): tf.Tensor };
}

type Call = (
  this: ConvolutionLayer,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: object,
) => tf.Tensor | tf.Tensor[];

const inTraining = () =>
  (tf.engine() as unknown as { state: { gradientDepth: number } }).state.gradientDepth > 0;

const { prototype } = (tf.layers.conv2d({ filters: 1, kernelSize: 1 }) as object).constructor as unknown as {
  prototype: { call: Call };
};
const stock = prototype.call;

/** Filters as points, by the filter and the tile, while shards of one batch share them. */
let shared: Map<tf.Tensor, Map<Tile, tf.Tensor3D>> | undefined;

/** Runs a layer on several shards, whose filters are transformed once for all of them. */
export function sharingFilters<T>(run: () => T): T {
  const outer = shared;
  shared = new Map();
  try {
    return run();
  } finally {
    shared = outer;
  }
}

function filterPoints(kernel: tf.Tensor4D, tile: Tile): tf.Tensor3D {
  const known = shared?.get(kernel) ?? new Map<Tile, tf.Tensor3D>();
  const points = known.get(tile) ?? transformFilter(kernel, tile);
  shared?.set(kernel, known.set(tile, points));
  return points;
}

prototype.call = function (inputs, kwargs) {
  const { rank, dataFormat, padding, strides, dilationRate } = this;
  if (rank !== 2 || dataFormat !== "channelsLast" || padding === "causal") {
    return stock.call(this, inputs, kwargs);
  }
  const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
  const native = activeNative() !== undefined;
  const dense = [...strides, ...dilationRate].every((step) => step === 1);
  const kernel = this.kernel.read();
  const tile = native && dense ? chooseTile(x.shape, kernel.shape, padding) : undefined;
  if (tile === undefined && (native || !inTraining())) return stock.call(this, inputs, kwargs);
  const points = tile && filterPoints(kernel, tile); // outside the tidy below, which would take it from other shards
  return tf.tidy(() => {
    const linear = tile
      ? convolveTiled(x, points!, padding, tile)
      : tf.conv2d(x, kernel, strides, padding, "NHWC", dilationRate);
    const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
    return this.activation ? this.activation.apply(y) : y;
  });
};
