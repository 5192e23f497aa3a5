/** Convolutions in groups of channels, which TensorFlow.js's layers lack. @module */
import { tf } from "../engine/mod.ts";
import { type OneOrMany, only, onlyShape } from "./_layer.ts";

/** What this file uses of TensorFlow.js's convolution layers. */
interface Convolution extends tf.layers.Layer {
  filters: number;
  kernel: tf.LayerVariable;
  bias: tf.LayerVariable | null;
  strides: number[];
  padding: "same" | "valid" | "causal";
  dilationRate: number[];
  activation: { apply(x: tf.Tensor): tf.Tensor } | null;
}

type Make = new (args: object) => Convolution;

/** One convolution over `rank` axes, strides and dilations a number an axis. */
export function convolve(
  rank: number,
  x: tf.Tensor,
  kernel: tf.Tensor,
  layer: Pick<Convolution, "strides" | "padding" | "dilationRate">,
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

/**
 * The class of convolutions over `rank` axes whose output channels see one group of input channels each.
 *
 * Kernel [window…, in / groups, filters]: the first filters / groups of them belong to the first group.
 */
export function groupedClass(rank: 1 | 2 | 3): new (args: { groups?: number }) => tf.layers.Layer {
  const builders = tf.layers as unknown as Record<string, (args: object) => object>;
  const Stock = builders[`conv${rank}d`]({ filters: 1, kernelSize: 1 }).constructor as Make;
  return class Grouped extends Stock {
    static className = `Conv${rank}D`;
    readonly #groups: number;

    constructor(args: { groups?: number }) {
      super(args);
      this.#groups = args.groups ?? 1;
    }

    override build(inputShape: OneOrMany<tf.Shape>): void {
      const shape = onlyShape(inputShape), channels = shape.at(-1)!;
      if (channels % this.#groups !== 0 || this.filters % this.#groups !== 0) {
        throw new TypeError(
          `Cannot build layer "${this.name}" as ${channels} channels and ${this.filters} filters must be multiples of ${this.#groups} groups`,
        );
      }
      super.build([...shape.slice(0, -1), channels / this.#groups]);
      this.inputSpec = [new tf.InputSpec({ ndim: rank + 2, axes: { [rank + 1]: channels } })];
    }

    override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
      return tf.tidy(() => {
        const x = only(inputs), xs = tf.split(x, this.#groups, rank + 1);
        const kernels = tf.split(this.kernel.read(), this.#groups, rank + 1);
        const parts = xs.map((part, i) => convolve(rank, part, kernels[i], this));
        const linear = tf.concat(parts, rank + 1);
        const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
        return this.activation ? this.activation.apply(y) : y;
      });
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { ...super.getConfig(), groups: this.#groups };
    }
  };
}
