/** Convolutions in groups of channels, which TensorFlow.js's layers lack. @module */
import { tf } from "../engine/mod.ts";
import { type OneOrMany, only, onlyShape } from "./_layer.ts";
import { convolve, stockConvolution } from "./_stock_convolution.ts";

/**
 * The class of convolutions over `rank` axes whose output channels see one group of input channels each.
 *
 * Kernel [window…, in / groups, filters]: the first filters / groups of them belong to the first group.
 */
export function groupedClass(rank: 1 | 2 | 3): new (args: { groups?: number }) => tf.layers.Layer {
  return class Grouped extends stockConvolution(rank) {
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
        const kernels = tf.split(this.kernel!.read(), this.#groups, rank + 1);
        const parts = xs.map((part, i) => convolve(rank, part, kernels[i], this));
        const linear = tf.concat(parts, rank + 1);
        const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
        return this.activation.apply(y);
      });
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { ...super.getConfig(), groups: this.#groups };
    }
  };
}
