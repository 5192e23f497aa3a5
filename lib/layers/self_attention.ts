/** Self-attention between the pixels of a feature map, as in the self-attention GAN. @module */
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

/** Settings of {@linkcode SelfAttention}. */
export interface SelfAttentionConfig extends LayerConfig {
  /** By how much queries and keys have fewer channels than the input. @default {8} */
  reduction?: number;
}

/**
 * y = x + gamma · softmax(g fᵀ) h, where f and g (C / reduction channels) and h (C channels) are convolutions of single
 * pixels, and gamma is one trained number that starts at 0, so that the layer starts as if it were not there.
 *
 * Shapes: [batch, rows, columns, C], the same out; the map between pixels is [rows · columns, rows · columns], so memory
 * grows with the fourth power of the side. Weights: kernel and bias of f, g and h, [C, c] and [c] each; gamma, [].
 * Source: Zhang et al., SAGAN, arXiv 1805.08318.
 */
export class SelfAttention extends tf.layers.Layer {
  static className = "SelfAttention";
  readonly #reduction: number;
  #weights: tf.LayerVariable[] = [];

  constructor(config: SelfAttentionConfig = {}) {
    super(baseConfig(config));
    this.#reduction = checkCount("SelfAttention", "reduction", config.reduction ?? 8);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkRank(this, shape, 4);
    const channels = channelsOf(this, shape), inner = Math.max(1, Math.floor(channels / this.#reduction));
    const convolution = (name: string, count: number) => [
      this.addWeight(`${name}_kernel`, [channels, count], "float32", tf.initializers.glorotUniform({})),
      this.addWeight(`${name}_bias`, [count], "float32", tf.initializers.zeros()),
    ];
    this.#weights = [
      ...convolution("f", inner),
      ...convolution("g", inner),
      ...convolution("h", channels),
      this.addWeight("gamma", [], "float32", tf.initializers.zeros()),
    ];
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), [, rows, columns, channels] = x.shape;
      const weights = this.#weights.map((weight) => weight.read());
      const flat = tf.reshape(x, [-1, channels]) as tf.Tensor2D;
      const project = (at: number) => {
        const [kernel, bias] = weights.slice(at, at + 2);
        const values = tf.add(tf.matMul(flat, kernel as tf.Tensor2D), bias);
        return tf.reshape(values, [-1, rows * columns, kernel.shape[1]!]) as tf.Tensor3D;
      };
      const map = tf.softmax(tf.matMul(project(2), project(0), false, true)); // [batch, pixels, pixels]
      const seen = tf.reshape(tf.matMul(map, project(4)), [-1, rows, columns, channels]);
      return tf.add(x, tf.mul(seen, weights[6]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), reduction: this.#reduction };
  }
}
tf.serialization.registerClass(SelfAttention);

function emit(site: Site): void {
  const { build, inputs: [input], weights } = site, x = build.as(input, "last");
  const flat = build.node("Reshape", [x, build.integers([0, -1, weights[0].shape[0]])]);
  const [f, g, h] = ["f", "g", "h"].map((name, i) => {
    const product = build.node("MatMul", [flat, constant(site, `${name} kernel`, weights[2 * i])]);
    return build.node("Add", [product, constant(site, `${name} bias`, weights[2 * i + 1])]);
  });
  const scores = build.node("MatMul", [g, build.node("Transpose", [f], { perm: [0, 2, 1] })]);
  const seen = build.node("MatMul", [build.node("Softmax", [scores], { axis: 2 }), h]);
  const weighed = build.node("Mul", [seen, constant(site, "gamma", weights[6])]);
  const whole = build.node("Reshape", [weighed, build.node("Shape", [x])]);
  set(site, "last", build.node("Add", [x, whole]));
}

export const SELF_ATTENTION: LayerDefinition = {
  className: "SelfAttention",
  keras: { fields: { reduction: "integer" }, own: true, create: (settings) => new SelfAttention(settings) },
  onnx: emit,
};
