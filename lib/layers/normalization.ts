/** Normalization: by a mean and a variance that were measured once. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { axisIn, constant, set } from "./onnx.ts";

/** Settings of {@linkcode Normalization}. */
export interface NormalizationConfig extends LayerConfig {
  /** Axes that keep a mean and a variance each. @default {the last} */
  axis?: number | readonly number[] | null;
  /** Whether to go back: x · deviation + mean. @default {false} */
  invert?: boolean;
  /** Mean, if it is a setting and not a weight. @default {a weight} */
  mean?: number | readonly number[] | null;
  /** Variance, likewise. @default {a weight} */
  variance?: number | readonly number[] | null;
}

/** Keras's smallest deviation. */
const EPSILON = 1e-7;

/**
 * (x − mean) / max(√variance, 1e-7), over the axes that are named.
 *
 * Shapes: [batch, …], the same out. Weights, not trained: mean and variance of the sides of the axes, and a count; or
 * none, if mean and variance are settings. Source: Keras 3's `Normalization`.
 */
export class Normalization extends tf.layers.Layer {
  static className = "Normalization";
  readonly #axis: number[];
  readonly #invert: boolean;
  readonly #given: { mean: readonly number[]; variance: readonly number[] } | undefined;
  #weights: tf.LayerVariable[] = [];
  /** The shape in which mean and variance broadcast. */
  #shape: number[] = [];

  constructor(config: NormalizationConfig = {}) {
    super(baseConfig(config));
    const { axis = -1, invert = false, mean, variance } = config;
    this.#axis = axis === null ? [] : typeof axis === "number" ? [axis] : [...axis];
    this.#invert = invert;
    if (mean !== undefined && mean !== null && variance !== undefined && variance !== null) {
      this.#given = { mean: [mean].flat(), variance: [variance].flat() };
    }
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape), rank = shape.length;
    const axes = this.#axis.map((axis) => axisIn("last", axis, rank)).sort((a, b) => a - b);
    const sides = axes.map((axis) => shape[axis]);
    if (sides.includes(null)) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (Normalization) as the sides of its axes must be known: got ${
          JSON.stringify(shape)
        }`,
      );
    }
    this.#shape = shape.map((side, i) => axes.includes(i) ? side as number : 1);
    if (!this.#given) {
      const weight = (name: string, shape: number[], start: tf.serialization.Serializable) =>
        this.addWeight(name, shape, "float32", start as never, undefined, false);
      this.#weights = [
        weight("mean", sides as number[], tf.initializers.zeros()),
        weight("variance", sides as number[], tf.initializers.ones()),
        weight("count", [], tf.initializers.zeros()),
      ];
    }
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs);
      const [mean, variance] = this.#given
        ? [this.#given.mean, this.#given.variance].map((values) => broadcast(values, this.#shape))
        : this.#weights.slice(0, 2).map((weight) => tf.reshape(weight.read(), this.#shape));
      const deviation = tf.maximum(tf.sqrt(variance), EPSILON);
      return this.#invert ? tf.add(mean, tf.mul(x, deviation)) : tf.div(tf.sub(x, mean), deviation);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const mean = this.#given ? [...this.#given.mean] : null;
    const variance = this.#given ? [...this.#given.variance] : null;
    return { ...super.getConfig(), axis: [...this.#axis], invert: this.#invert, mean, variance };
  }
}
tf.serialization.registerClass(Normalization);

/** One number, or as many as the shape has, as a tensor that broadcasts. */
function broadcast(values: readonly number[], shape: readonly number[]): tf.Tensor {
  return values.length === 1 ? tf.scalar(values[0]) : tf.tensor([...values], [...shape]);
}

export const NORMALIZATION: LayerDefinition = {
  className: "Normalization",
  keras: {
    fields: { axis: "integers?", invert: "boolean", mean: "numbers?", variance: "numbers?" },
    create: (settings) => new Normalization(settings as NormalizationConfig),
  },
  onnx(site) {
    const { build, inputs: [input], weights } = site, rank = input.shape.length;
    const { axis, invert, mean, variance } = site.layer.getConfig() as {
      axis: number[];
      invert: boolean;
      mean: number[] | null;
      variance: number[] | null;
    };
    const axes = axis.map((one) => axisIn("last", one, rank));
    const shape = input.shape.map((side, i) => axes.includes(i) ? side as number : 1);
    const values = mean && variance ? [mean, variance] : [weights[0].data, weights[1].data];
    const [middle, spread] = values.map((list) => Float32Array.from(list as ArrayLike<number>));
    const deviation = spread.map((value) => Math.max(Math.sqrt(value), EPSILON));
    const [m, d] = [middle, deviation].map((data, i) =>
      constant(site, i === 0 ? "mean" : "deviation", { data, shape: data.length === 1 ? [] : shape })
    );
    const x = build.as(input, "last");
    const y = invert
      ? build.node("Add", [build.node("Mul", [x, d]), m])
      : build.node("Div", [build.node("Sub", [x, m]), d]);
    set(site, "last", y);
  },
};
