/**
 * Two-dimensional convolution layers: by tiles on the native backend where that is faster, or of pictures before they were
 * enlarged, in training off it without the gradient of an image that nobody asked for, and dilated where they say so.
 *
 * TensorFlow.js trains a linear 2-D convolution by its fused op, whose gradient computes that of the input as well,
 * even where the input is the picture itself. A trace prunes it; the other backends would pay an eighth of a step.
 * @module
 */
import { activeNative, state } from "../state.ts";
import { tf } from "../tf.ts";
import { chooseWay, convolve, tileOf } from "../ops/convolution_way.ts";
import { type Tile, transformFilter } from "../ops/winograd.ts";
import { convolveParts, filtersOf, wasEnlarged } from "./enlargement.ts";

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

/** What convolutions make of filters, while shards of one batch share it. */
interface SharedFilters {
  /** As points, by the filter and the tile. */
  points: Map<tf.Tensor, Map<Tile, tf.Tensor3D>>;
  /** In parts, of pictures that were enlarged, by the filter. */
  parts: Map<tf.Tensor, tf.Tensor4D[]>;
}

let shared: SharedFilters | undefined;

/** Runs a layer on several shards, whose filters are transformed once for all of them. */
export function sharingFilters<T>(run: () => T): T {
  const outer = shared;
  shared = { points: new Map(), parts: new Map() };
  try {
    return run();
  } finally {
    shared = outer;
  }
}

function filterPoints(kernel: tf.Tensor4D, tile: Tile): tf.Tensor3D {
  const known = shared?.points.get(kernel) ?? new Map<Tile, tf.Tensor3D>();
  const points = known.get(tile) ?? transformFilter(kernel, tile);
  shared?.points.set(kernel, known.set(tile, points));
  return points;
}

function partFilters(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D[] {
  const filters = shared?.parts.get(kernel) ?? filtersOf(x, kernel);
  shared?.parts.set(kernel, filters);
  return filters;
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
  // Rounded to bfloat16 the points of a tile would lose what rounded pixels keep.
  const way = native && dense && !state.tracer?.isMixed
    ? chooseWay({ x: x.shape, filter: kernel.shape, padding })
    : "direct";
  if (way === "direct" && dense && wasEnlarged(x, kernel, padding)) {
    const filters = partFilters(x, kernel);
    return tf.tidy(() => {
      const y = convolveParts(x, filters, this.bias?.read());
      return this.activation ? this.activation.apply(y) : y;
    });
  }
  const tile = tileOf(way);
  const dilated = dilationRate.some((rate) => rate !== 1); // the fused op has no gradient of these
  const plain = way === "direct" && ((native && !dilated) || !inTraining());
  if (plain) return stock.call(this, inputs, kwargs);
  const points = tile && filterPoints(kernel, tile); // outside the tidy below, which would take it from other shards
  return tf.tidy(() => {
    const linear = way === "direct"
      ? tf.conv2d(x, kernel, strides, padding, "NHWC", dilationRate)
      : convolve(x, kernel, padding, way, points);
    const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
    return this.activation ? this.activation.apply(y) : y;
  });
};

/** What the override reads of TensorFlow.js's depthwise convolution, which forgets its dilation. */
interface DepthwiseLayer extends Omit<ConvolutionLayer, "kernel"> {
  depthwiseKernel: { read(): tf.Tensor4D };
  depthMultiplier: number;
  kernelSize: [number, number];
}

const depthwise = Object.getPrototypeOf(tf.layers.depthwiseConv2d({ kernelSize: 1 })) as {
  call(this: DepthwiseLayer, inputs: tf.Tensor | tf.Tensor[]): tf.Tensor;
  computeOutputShape(this: DepthwiseLayer, inputShape: tf.Shape | tf.Shape[]): tf.Shape;
};

depthwise.call = function (inputs) {
  const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
  const { strides, dilationRate, bias, activation } = this, first = this.dataFormat === "channelsFirst";
  const padding = this.padding === "same" ? "same" : "valid";
  return tf.tidy(() => {
    const image = first ? tf.transpose(x, [0, 2, 3, 1]) : x;
    const linear = tf.depthwiseConv2d(
      image,
      this.depthwiseKernel.read(),
      strides,
      padding,
      "NHWC",
      dilationRate,
    );
    const summed = bias ? tf.add(linear, bias.read()) as tf.Tensor : linear;
    const back = first ? tf.transpose(summed, [0, 3, 1, 2]) : summed;
    return activation ? activation.apply(back) : back;
  });
};

depthwise.computeOutputShape = function (inputShape) {
  const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as tf.Shape;
  const first = this.dataFormat === "channelsFirst", channels = shape[first ? 1 : 3]! * this.depthMultiplier;
  const sides = (first ? shape.slice(2) : shape.slice(1, 3)).map((side, axis) => {
    if (side === null) return null;
    const reach = (this.kernelSize[axis] - 1) * this.dilationRate[axis] + 1;
    return Math.ceil((this.padding === "same" ? side : side - reach + 1) / this.strides[axis]);
  });
  return first ? [shape[0], channels, ...sides] : [shape[0], ...sides, channels];
};

/** What the override reads of TensorFlow.js's 1-D convolution, which knows no causal padding. */
interface SequenceLayer {
  padding: string;
  dataFormat: string;
  kernelSize: [number];
  dilationRate: number | [number];
}

const sequence = Object.getPrototypeOf(tf.layers.conv1d({ filters: 1, kernelSize: 1 })) as {
  call(this: SequenceLayer, inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor | tf.Tensor[];
  computeOutputShape(this: SequenceLayer, inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[];
};
const { call: stockSequence, computeOutputShape: stockShape } = sequence;

/** Runs `fn` while a layer has another padding. */
function withPadding<T>(layer: SequenceLayer, padding: string, fn: () => T): T {
  const own = layer.padding;
  layer.padding = padding;
  try {
    return fn();
  } finally {
    layer.padding = own;
  }
}

const isCausal = ({ padding, dataFormat }: SequenceLayer) =>
  padding === "causal" && dataFormat === "channelsLast";

// Causal: zeros before the first step alone, so that no step sees a later one.
sequence.call = function (inputs, kwargs) {
  if (!isCausal(this)) return stockSequence.call(this, inputs, kwargs);
  const x = Array.isArray(inputs) ? inputs[0] : inputs, [dilation] = [this.dilationRate].flat();
  const zeros = (this.kernelSize[0] - 1) * dilation;
  return tf.tidy(() => {
    const later = tf.pad(x, [[0, 0], [zeros, 0], [0, 0]]);
    return withPadding(this, "valid", () => stockSequence.call(this, later, kwargs));
  });
};

sequence.computeOutputShape = function (inputShape) {
  const shape = () => stockShape.call(this, inputShape);
  return isCausal(this) ? withPadding(this, "same", shape) : shape();
};
