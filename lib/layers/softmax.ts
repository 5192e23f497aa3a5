/** Softmax over any axis, or over several together. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode Softmax}. */
export interface SoftmaxConfig extends LayerConfig {
  /** @default {-1} */
  axis?: number | readonly number[];
}

/** exp(x) / Σ exp(x) over the axes. TensorFlow.js's layer knows the last axis only. Shapes: any, the same out. */
export class Softmax extends tf.layers.Layer {
  static className = "Softmax";
  readonly #axis: number | number[];

  constructor(config: SoftmaxConfig = {}) {
    super(baseConfig(config));
    const { axis = -1 } = config;
    this.#axis = typeof axis === "number" ? axis : [...axis];
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), axes = [this.#axis].flat();
      if (axes.length === 1 && axisIn("last", axes[0], x.rank) === x.rank - 1) return tf.softmax(x);
      return tf.exp(tf.sub(x, tf.logSumExp(x, axes, true)));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), axis: typeof this.#axis === "number" ? this.#axis : [...this.#axis] };
  }
}

tf.serialization.registerClass(Softmax);

function emit(site: Site): void {
  const { build, inputs: [input], settings: { axis } } = site, rank = input.shape.length;
  const layout = build.common([input]), x = build.as(input, layout);
  const axes = [axis].flat().map((one) => axisIn(layout, one, rank));
  if (axes.length === 1) return set(site, layout, build.node("Softmax", [x], { axis: axes[0] }));
  const sum = build.node("ReduceLogSumExp", [x], { axes, keepdims: 1 });
  set(site, layout, build.node("Exp", [build.node("Sub", [x, sum])]));
}

export const SOFTMAX: LayerDefinition = {
  className: "Softmax",
  keras: { fields: { axis: "integers" }, create: (settings) => new Softmax(settings) },
  onnx: emit,
};
