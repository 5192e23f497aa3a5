/**
 * Convolution layers in training, off the native backend: without the gradient of an image that nobody asked for.
 *
 * TensorFlow.js trains a linear 2-D convolution by its fused op, whose gradient computes that of the input as well,
 * even where the input is the picture itself. A trace prunes it; the other backends would pay an eighth of a step.
 * @module
 */
import { activeNative } from "./state.ts";
import { tf } from "./tf.ts";

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

prototype.call = function (inputs, kwargs) {
  const { rank, dataFormat, padding } = this;
  if (
    activeNative() || !inTraining() || rank !== 2 || dataFormat !== "channelsLast" || padding === "causal"
  ) {
    return stock.call(this, inputs, kwargs);
  }
  return tf.tidy(() => {
    const x = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
    const linear = tf.conv2d(x, this.kernel.read(), this.strides, padding, "NHWC", this.dilationRate);
    const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
    return this.activation ? this.activation.apply(y) : y;
  });
};
