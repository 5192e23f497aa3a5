/** Spatial attention, the second half of a convolutional block attention module (CBAM). @module */
import { tf } from "../engine/mod.ts";
import {
  baseConfig,
  checkCount,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, turnKernel } from "./onnx.ts";

/** Settings of {@linkcode SpatialAttention}. */
export interface SpatialAttentionConfig extends LayerConfig {
  /** Side of the convolution's window, odd. @default {7} */
  kernelSize?: number;
}

/**
 * Weighs pixels: y = x · sigmoid(convolution of [mean over channels, max over channels]), without a bias.
 *
 * Shapes: [batch, rows, columns, C], the same out. Weight: kernel [k, k, 2, 1], by He's normal law.
 * Source: Woo et al., CBAM, arXiv 1807.06521.
 */
export class SpatialAttention extends tf.layers.Layer {
  static className = "SpatialAttention";
  readonly #kernelSize: number;
  #kernel: tf.LayerVariable | undefined;

  constructor(config: SpatialAttentionConfig = {}) {
    super(baseConfig(config));
    this.#kernelSize = checkCount("SpatialAttention", "kernelSize", config.kernelSize ?? 7);
    if (this.#kernelSize % 2 === 0) {
      throw new RangeError(`Cannot make SpatialAttention as kernelSize must be odd: got ${this.#kernelSize}`);
    }
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), 4);
    const side = this.#kernelSize;
    this.#kernel = this.addWeight("kernel", [side, side, 2, 1], "float32", tf.initializers.heNormal({}));
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs);
      const views = tf.concat([tf.mean(x, 3, true), tf.max(x, 3, true)], 3) as tf.Tensor4D;
      return tf.mul(x, tf.sigmoid(tf.conv2d(views, this.#kernel!.read() as tf.Tensor4D, 1, "same")));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), kernelSize: this.#kernelSize };
  }
}
tf.serialization.registerClass(SpatialAttention);

export const SPATIAL_ATTENTION: LayerDefinition = {
  className: "SpatialAttention",
  keras: {
    fields: { kernelSize: "integer" },
    own: true,
    create: (settings) => new SpatialAttention(settings),
  },
  onnx(site) {
    const { build, inputs: [input], weights: [kernel] } = site, x = build.as(input, "first");
    const views = ["ReduceMean", "ReduceMax"].map((type) =>
      build.node(type, [x], { axes: [1], keepdims: 1 })
    );
    const margin = (kernel.shape[0] - 1) / 2;
    const map = build.node("Conv", [
      build.node("Concat", views, { axis: 1 }),
      constant(site, "kernel", turnKernel(kernel)),
    ], { kernel_shape: kernel.shape.slice(0, 2), pads: Array(4).fill(margin) });
    set(site, "first", build.node("Mul", [x, build.node("Sigmoid", [map])]));
  },
};
