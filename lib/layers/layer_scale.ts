/** LayerScale: a trained factor a channel, as ConvNeXt has it. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set } from "./onnx.ts";

/** Settings of {@linkcode LayerScale}. */
export interface LayerScaleConfig extends LayerConfig {
  /** Channels. */
  projectionDim: number;
  /** Factor at the start. @default {1e-6} */
  initValues?: number;
}

/**
 * y = gamma · x over the last axis. Shapes: [batch, …, C], the same out. Weight: gamma [C].
 *
 * Source: Liu et al., arXiv 2201.03545, as in `keras.applications.convnext`.
 */
export class LayerScale extends tf.layers.Layer {
  static className = "LayerScale";
  readonly #projectionDim: number;
  readonly #initValues: number;
  #gamma: tf.LayerVariable | undefined;

  constructor(config: LayerScaleConfig) {
    super(baseConfig(config));
    this.#projectionDim = config.projectionDim;
    this.#initValues = config.initValues ?? 1e-6;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const start = tf.initializers.constant({ value: this.#initValues });
    this.#gamma = this.addWeight("gamma", [this.#projectionDim], "float32", start);
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => tf.mul(only(inputs), this.#gamma!.read()));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), projectionDim: this.#projectionDim, initValues: this.#initValues };
  }
}
tf.serialization.registerClass(
  LayerScale as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>,
);

export const LAYER_SCALE: LayerDefinition = {
  className: "LayerScale",
  keras: {
    module: "keras.src.applications.convnext",
    fields: { projectionDim: "integer", initValues: "number" },
    create: (settings) => new LayerScale(settings as unknown as LayerScaleConfig),
  },
  onnx(site) {
    const { build, inputs: [input], weights: [gamma] } = site;
    set(site, "last", build.node("Mul", [build.as(input, "last"), constant(site, "gamma", gamma)]));
  },
};
