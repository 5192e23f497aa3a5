/** One picture at several gains, so that what is faint and what is bright both have contrast. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, checkRank, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { set } from "./onnx.ts";

/** Settings of {@linkcode TanhLevels}. */
export interface TanhLevelsConfig extends LayerConfig {
  /** Factor of each level. */
  gains: readonly number[];
}

/** tanh(gain · x) for every gain. Shapes: [batch, rows, columns, 1] to [batch, rows, columns, gains]. */
export class TanhLevels extends tf.layers.Layer {
  static className = "TanhLevels";
  readonly #gains: number[];

  constructor(config: TanhLevelsConfig) {
    super(baseConfig(config));
    this.#gains = [...config.gains];
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkOneChannel(this, onlyShape(inputShape));
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return [...onlyShape(inputShape).slice(0, 3), this.#gains.length];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => tf.tanh(tf.mul(only(inputs), tf.tensor1d(this.#gains))));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), gains: [...this.#gains] };
  }
}
tf.serialization.registerClass(TanhLevels);

/** Checks that an input is a picture of one channel. @throws {TypeError} If it is not. */
export function checkOneChannel(layer: tf.layers.Layer, shape: tf.Shape): void {
  checkRank(layer, shape, 4);
  if (shape[3] === 1) return;
  throw new TypeError(
    `Cannot build layer "${layer.name}" (${layer.getClassName()}) as its input must have one channel: got ${
      JSON.stringify(shape)
    }`,
  );
}

export const TANH_LEVELS: LayerDefinition = {
  className: "TanhLevels",
  keras: {
    fields: { gains: "numbers" },
    own: true,
    create: (settings) => new TanhLevels(settings as unknown as TanhLevelsConfig),
  },
  onnx({ build, layer, inputs: [input], ...site }) {
    const { gains } = layer.getConfig() as { gains: number[] };
    const picture = build.as(input, "first"); // one channel in: the order in memory is the same
    const scaled = build.node("Mul", [picture, build.floats(gains, [gains.length, 1, 1])]);
    set({ build, layer, inputs: [input], ...site }, "first", build.node("Tanh", [scaled]));
  },
};
