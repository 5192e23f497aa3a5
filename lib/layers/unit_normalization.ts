/** UnitNormalization: vectors of length 1. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, scalar, set } from "./onnx.ts";

/** Settings of {@linkcode UnitNormalization}. */
export interface UnitNormalizationConfig extends LayerConfig {
  /** Axes whose values are one vector. @default {the last} */
  axis?: number | readonly number[];
}

/** Smallest square of a length that is divided by. */
const EPSILON = 1e-12;

/** x / √max(Σ x², 1e-12) over the axes. Shapes: any, the same out. Source: Keras 3's `UnitNormalization`. */
export class UnitNormalization extends tf.layers.Layer {
  static className = "UnitNormalization";
  readonly #axis: number[];

  constructor(config: UnitNormalizationConfig = {}) {
    super(baseConfig(config));
    this.#axis = [config.axis ?? -1].flat();
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), square = tf.sum(tf.square(x), this.#axis, true);
      return tf.mul(x, tf.rsqrt(tf.maximum(square, EPSILON)));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), axis: this.#axis.length === 1 ? this.#axis[0] : [...this.#axis] };
  }
}
tf.serialization.registerClass(UnitNormalization);

export const UNIT_NORMALIZATION: LayerDefinition = {
  className: "UnitNormalization",
  keras: { fields: { axis: "integers" }, create: (settings) => new UnitNormalization(settings) },
  onnx(site) {
    const { build, inputs: [input], settings: { axis } } = site, x = build.as(input, "last");
    const axes = [axis].flat().map((one) => axisIn("last", one, input.shape.length));
    const square = build.node("ReduceSumSquare", [x], { axes, keepdims: 1 });
    const length = build.node("Sqrt", [build.node("Max", [square, scalar(build, EPSILON)])]);
    set(site, "last", build.node("Div", [x, length]));
  },
};
