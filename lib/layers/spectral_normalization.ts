/** SpectralNormalization: a layer whose kernel is kept at a largest singular value of 1. @module */
import { inFloat32, tf } from "../engine/mod.ts";
import {
  baseConfig,
  checkCount,
  innerConfig,
  type LayerConfig,
  type OneOrMany,
  onlyShape,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import type { Site } from "./onnx.ts";

/** Settings of {@linkcode SpectralNormalization}. */
export interface SpectralNormalizationConfig extends LayerConfig {
  /** The layer, with a kernel: dense or a convolution. */
  layer: tf.layers.Layer;
  /** Steps of the power iteration in each training step. @default {1} */
  powerIterations?: number;
}

interface Inner extends tf.layers.Layer {
  kernel?: tf.LayerVariable;
}

/** A vector of length 1. */
function unit(vector: tf.Tensor2D): tf.Tensor2D {
  return tf.div(vector, tf.maximum(tf.norm(vector), 1e-12));
}

/**
 * In training the inner layer's kernel, as a matrix [rest, out], is divided by its largest singular value first, which a
 * power iteration follows from step to step; otherwise the layer is run as it is.
 *
 * Shapes: the inner layer's. Weights: the inner layer's, then the vector of the iteration [1, out], not trained.
 * Source: Miyato et al., arXiv 1802.05957, as in Keras 3's `SpectralNormalization`: the kernel itself is changed.
 */
export class SpectralNormalization extends tf.layers.Layer {
  static className = "SpectralNormalization";
  readonly layer: Inner;
  readonly #powerIterations: number;
  #vector: tf.LayerVariable | undefined;

  constructor(config: SpectralNormalizationConfig) {
    super(baseConfig({ name: config.name, inputShape: config.inputShape }));
    this.layer = config.layer;
    this.#powerIterations = checkCount(
      "SpectralNormalization",
      "powerIterations",
      config.powerIterations ?? 1,
    );
    if (config.trainable !== undefined) this.trainable = config.trainable;
  }

  override get trainable(): boolean {
    return this.layer?.trainable ?? true;
  }

  override set trainable(value: boolean) {
    if (this.layer) this.layer.trainable = value;
  }

  override get trainableWeights(): tf.LayerVariable[] {
    return this.layer.trainableWeights;
  }

  override get nonTrainableWeights(): tf.LayerVariable[] {
    return [...this.layer.nonTrainableWeights, ...(this.#vector ? [this.#vector] : [])];
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    if (!this.layer.built) {
      this.layer.build(inputShape);
      this.layer.built = true;
    }
    const { kernel } = this.layer;
    if (!kernel) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (SpectralNormalization) as the layer inside must have a kernel: got ${this.layer.getClassName()}`,
      );
    }
    this.#vector = this.addWeight(
      "vector_u",
      [1, kernel.shape.at(-1)!],
      "float32",
      tf.initializers.truncatedNormal({ stddev: 0.02 }),
      undefined,
      false,
    );
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): OneOrMany<tf.Shape> {
    return this.layer.computeOutputShape(onlyShape(inputShape));
  }

  override call(inputs: OneOrMany<tf.Tensor>, kwargs: { training?: boolean }): OneOrMany<tf.Tensor> {
    return tf.tidy(() => {
      if (kwargs.training) inFloat32(() => this.#normalize());
      return this.layer.call(inputs, kwargs);
    });
  }

  /** One step of the iteration; kernel and vector are written. */
  #normalize(): void {
    const kernel = this.layer.kernel!, values = kernel.read();
    const matrix = tf.reshape(values, [-1, values.shape.at(-1)!]) as tf.Tensor2D;
    let u = this.#vector!.read() as tf.Tensor2D, v = unit(tf.matMul(u, matrix, false, true));
    for (let i = 0; i < this.#powerIterations; i++) {
      if (i > 0) v = unit(tf.matMul(u, matrix, false, true));
      u = unit(tf.matMul(v, matrix));
    }
    const largest = tf.sum(tf.mul(tf.matMul(v, matrix), u));
    this.#vector!.write(u);
    kernel.write(tf.div(values, tf.maximum(largest, 1e-12)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const layer = innerConfig(this.layer);
    return { ...super.getConfig(), layer, powerIterations: this.#powerIterations };
  }
}
tf.serialization.registerClass(
  SpectralNormalization as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>,
);

function emit(site: Site): void {
  const { layer } = site.layer as SpectralNormalization;
  site.emitInner(layer, "layer", site.inputs, site.outputs);
}

export const SPECTRAL_NORMALIZATION: LayerDefinition = {
  className: "SpectralNormalization",
  keras: {
    fields: { layer: "layer", powerIterations: "integer" },
    // Keras keeps the kernel a second time, in front of the vector.
    parts(layer) {
      const { layer: inner } = layer as SpectralNormalization;
      const count = inner.getWeights().length || undefined;
      return [
        { path: "layer", owner: inner, count },
        { path: "", owner: layer, repeats: [0] },
      ];
    },
    create: (settings) => new SpectralNormalization(settings as unknown as SpectralNormalizationConfig),
  },
  onnx: emit,
};
