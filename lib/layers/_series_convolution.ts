/** Convolutions over one axis that TensorFlow.js lacks, made of its own over rows and columns, one row high. @module */
import { tf } from "../engine/mod.ts";
import { asBias, askedAs, asKernel } from "./_asked_weights.ts";
import { type OneOrMany, only, onlyShape } from "./_layer.ts";
import { type StockConvolution, stockConvolution, type StockConvolutionClass } from "./_stock_convolution.ts";

/** Settings that all of them have, besides what is said of the weights. */
export interface SeriesConfig {
  filters: number;
  kernelSize: number | number[];
  [setting: string]: unknown;
}

const Stock: StockConvolutionClass = stockConvolution(1);

/** One row of a series, and back. */
const asRow = (x: tf.Tensor) => tf.expandDims(x, 1) as tf.Tensor4D;
const asSeries = (x: tf.Tensor) => tf.squeeze(x, [1]);

/** A convolution over one axis with a kernel of another shape. */
abstract class Series extends Stock {
  declare padding: "same" | "valid";

  /** The kernel's shape, given how many channels come in. */
  protected abstract kernelShape(channels: number): number[];
  /** How many channels come out. */
  protected abstract channelsOut(channels: number): number;
  /** The convolution itself. */
  protected abstract convolve(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor;

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const channels = onlyShape(inputShape).at(-1)!;
    this.kernel = this.addWeight("kernel", ...asKernel(this, this.kernelShape(channels)));
    this.buildMore(channels);
    if (this.useBias) this.bias = this.addWeight("bias", ...asBias(this, [this.channelsOut(channels)]));
    this.built = true;
  }

  /** Further weights between kernel and bias. */
  protected buildMore(_channels: number): void {}

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const kernel = tf.expandDims(this.kernel!.read(), 0) as tf.Tensor4D;
      const linear = asSeries(this.convolve(asRow(only(inputs)), kernel));
      const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
      return this.activation.apply(y);
    });
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, steps] = super.computeOutputShape(inputShape) as tf.Shape;
    return [batch, steps, this.channelsOut(onlyShape(inputShape).at(-1)!)];
  }
}

/** Transposed convolution over one axis: kernel [window, out, in]. Source: Keras 3's `Conv1DTranspose`. */
export class Conv1DTranspose extends Series {
  static className = "Conv1DTranspose";

  protected override kernelShape(channels: number): number[] {
    return [this.kernelSize[0], this.filters, channels];
  }

  protected override channelsOut(): number {
    return this.filters;
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, steps] = onlyShape(inputShape);
    return [batch, steps === null ? null : this.#stepsOut(steps), this.filters];
  }

  #stepsOut(steps: number): number {
    const [size] = this.kernelSize, [stride] = this.strides;
    return this.padding === "same" ? steps * stride : steps * stride + Math.max(size - stride, 0);
  }

  protected override convolve(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor {
    const shape: [number, number, number, number] = [x.shape[0], 1, this.#stepsOut(x.shape[2]), this.filters];
    return tf.conv2dTranspose(x, kernel, shape, [1, this.strides[0]], this.padding);
  }
}
tf.serialization.registerClass(Conv1DTranspose as never);

/** One convolution a channel, over one axis: kernel [window, in, times]. Source: Keras 3's `DepthwiseConv1D`. */
export class DepthwiseConv1D extends Series {
  static className = "DepthwiseConv1D";
  protected readonly times: number;

  constructor(config: Omit<SeriesConfig, "filters"> & { depthMultiplier?: number; filters?: number }) {
    const { depthMultiplier = 1, filters = 1 } = config;
    super({ ...config, filters } as SeriesConfig);
    this.times = depthMultiplier;
  }

  protected override kernelShape(channels: number): number[] {
    return [this.kernelSize[0], channels, this.times];
  }

  protected override channelsOut(channels: number): number {
    return channels * this.times;
  }

  protected override convolve(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor {
    const [stride] = this.strides, [dilation] = this.dilationRate; // kernels want the same for rows, of which there is one
    return tf.depthwiseConv2d(x, kernel, [stride, stride], this.padding, "NHWC", [dilation, dilation]);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), depthMultiplier: this.times };
  }
}
tf.serialization.registerClass(DepthwiseConv1D as never);

/**
 * A depthwise convolution over one axis, then one of single steps over all channels: kernels [window, in, times] and
 * [1, in · times, out]. Source: Keras 3's `SeparableConv1D`.
 */
export class SeparableConv1D extends DepthwiseConv1D {
  static override className = "SeparableConv1D";
  /** Knows how the second kernel starts and what is asked of it. */
  readonly #pointwise: StockConvolution;
  #joining: tf.LayerVariable | undefined;

  constructor(config: SeriesConfig & { depthMultiplier?: number }) {
    super(config);
    const asked = askedAs("kernel", "pointwise", config);
    this.#pointwise = new Stock({ ...asked, filters: config.filters, kernelSize: 1 });
  }

  protected override buildMore(channels: number): void {
    this.#joining = this.addWeight(
      "pointwise",
      ...asKernel(this.#pointwise, [1, channels * this.times, this.filters]),
    );
  }

  protected override channelsOut(): number {
    return this.filters;
  }

  protected override convolve(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor {
    const apart = super.convolve(x, kernel) as tf.Tensor4D;
    return tf.conv2d(apart, tf.expandDims(this.#joining!.read(), 0) as tf.Tensor4D, 1, "valid");
  }

  override getConfig(): tf.serialization.ConfigDict {
    const asked = askedAs("pointwise", "kernel", this.#pointwise.getConfig());
    return { ...super.getConfig(), ...asked as tf.serialization.ConfigDict };
  }
}
tf.serialization.registerClass(SeparableConv1D as never);
