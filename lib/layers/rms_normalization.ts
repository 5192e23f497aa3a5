/** RMSNormalization: vectors of root mean square 1, then a scale. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, scalar, set } from "./onnx.ts";

/** Settings of {@linkcode RmsNormalization}. */
export interface RmsNormalizationConfig extends LayerConfig {
  /** Only the last axis. @default {-1} */
  axis?: number;
  /** @default {1e-6} */
  epsilon?: number;
}

/**
 * x / √(mean x² + epsilon) · scale over the last axis. Shapes: [batch, …, C], the same out. Weight: scale [C].
 *
 * Source: Zhang and Sennrich, arXiv 1910.07467, as Keras 3's `RMSNormalization`.
 */
export class RmsNormalization extends tf.layers.Layer {
  static className = "RMSNormalization";
  readonly #epsilon: number;
  #scale: tf.LayerVariable | undefined;

  constructor(config: RmsNormalizationConfig = {}) {
    super(baseConfig(config));
    this.#epsilon = config.epsilon ?? 1e-6;
    if ((config.axis ?? -1) !== -1) throw new TypeError(`axis must be -1: got ${config.axis}`);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    this.#scale = this.addWeight("scale", [onlyShape(inputShape).at(-1)!], "float32", tf.initializers.ones());
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), square = tf.mean(tf.square(x), -1, true);
      return tf.mul(tf.mul(x, tf.rsqrt(tf.add(square, this.#epsilon))), this.#scale!.read());
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), axis: -1, epsilon: this.#epsilon };
  }
}
tf.serialization.registerClass(RmsNormalization);

export const RMS_NORMALIZATION: LayerDefinition = {
  className: "RMSNormalization",
  keras: {
    fields: { axis: "one", epsilon: "number" },
    create: (settings) => new RmsNormalization(settings as RmsNormalizationConfig),
  },
  onnx(site) {
    const { build, inputs: [input], settings: { epsilon }, weights: [scale] } = site;
    const x = build.as(input, "last"), square = build.node("Mul", [x, x]);
    const mean = build.node("ReduceMean", [square], { axes: [-1], keepdims: 1 });
    const root = build.node("Sqrt", [build.node("Add", [mean, scalar(build, epsilon)])]);
    const unit = build.node("Div", [x, root]);
    set(site, "last", build.node("Mul", [unit, constant(site, "scale", scale)]));
  },
};
