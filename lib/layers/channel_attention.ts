/** Channel attention, the first half of a convolutional block attention module (CBAM). @module */
import { tf } from "../engine/mod.ts";
import {
  baseConfig,
  channelsOf,
  checkCount,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode ChannelAttention}. */
export interface ChannelAttentionConfig extends LayerConfig {
  /** By how much the hidden layer has fewer units than there are channels. @default {8} */
  reduction?: number;
}

/**
 * Weighs channels: y = x · sigmoid(f(mean of x) + f(max of x)), where f is Dense(C / reduction, relu), then Dense(C),
 * the same for both.
 *
 * Shapes: [batch, rows, columns, C], the same out. Weights: kernel1 [C, h], bias1 [h], kernel2 [h, C], bias2 [C], kernels
 * by He's normal law. Source: Woo et al., CBAM, arXiv 1807.06521.
 */
export class ChannelAttention extends tf.layers.Layer {
  static className = "ChannelAttention";
  readonly #reduction: number;
  #weights: tf.LayerVariable[] = [];

  constructor(config: ChannelAttentionConfig = {}) {
    super(baseConfig(config));
    this.#reduction = checkCount("ChannelAttention", "reduction", config.reduction ?? 8);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkRank(this, shape, 4);
    const channels = channelsOf(this, shape), hidden = Math.max(1, Math.floor(channels / this.#reduction));
    const kernel = (name: string, sides: number[]) =>
      this.addWeight(name, sides, "float32", tf.initializers.heNormal({}));
    const bias = (name: string, size: number) =>
      this.addWeight(name, [size], "float32", tf.initializers.zeros());
    this.#weights = [
      kernel("kernel1", [channels, hidden]),
      bias("bias1", hidden),
      kernel("kernel2", [hidden, channels]),
      bias("bias2", channels),
    ];
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs);
      const [kernel1, bias1, kernel2, bias2] = this.#weights.map((weight) => weight.read());
      const judge = (pooled: tf.Tensor2D) => {
        const hidden = tf.relu(tf.add(tf.matMul(pooled, kernel1 as tf.Tensor2D), bias1)) as tf.Tensor2D;
        return tf.add(tf.matMul(hidden, kernel2 as tf.Tensor2D), bias2);
      };
      const score = tf.add(judge(tf.mean(x, [1, 2])), judge(tf.max(x, [1, 2]))); // [batch, channels]
      return tf.mul(x, tf.reshape(tf.sigmoid(score), [-1, 1, 1, x.shape[3]]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), reduction: this.#reduction };
  }
}
tf.serialization.registerClass(ChannelAttention);

function emit(site: Site): void {
  const { build, inputs: [input], weights: [kernel1, bias1, kernel2, bias2] } = site;
  const layout = build.common([input]), x = build.as(input, layout);
  const axes = layout === "first" ? [2, 3] : [1, 2];
  const judge = (pooled: string) => {
    const hidden = build.node("Gemm", [
      pooled,
      constant(site, "kernel1", kernel1),
      constant(site, "bias1", bias1),
    ]);
    return build.node("Gemm", [
      build.node("Relu", [hidden]),
      constant(site, "kernel2", kernel2),
      constant(site, "bias2", bias2),
    ]);
  };
  const [mean, most] = ["ReduceMean", "ReduceMax"].map((type) =>
    build.node(type, [x], { axes, keepdims: 0 })
  );
  const score = build.node("Sigmoid", [build.node("Add", [judge(mean), judge(most)])]);
  set(site, layout, build.node("Mul", [x, build.node("Unsqueeze", [score, build.integers(axes)])]));
}

export const CHANNEL_ATTENTION: LayerDefinition = {
  className: "ChannelAttention",
  keras: {
    fields: { reduction: "integer" },
    own: true,
    create: (settings) => new ChannelAttention(settings),
  },
  onnx: emit,
};
