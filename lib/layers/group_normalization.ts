/** GroupNormalization: moments over all positions and the channels of a group. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, channelsOf, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, scalar, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode GroupNormalization}. */
export interface GroupNormalizationConfig extends LayerConfig {
  /** Groups of channels; -1 makes each channel one. @default {32} */
  groups?: number;
  /** @default {0.001} */
  epsilon?: number;
  /** Whether there is an offset. @default {true} */
  center?: boolean;
  /** Whether there is a factor. @default {true} */
  scale?: boolean;
}

/**
 * (x − mean) / √(variance + epsilon) · gamma + beta, with moments of each group of channels of each example.
 *
 * Shapes: [batch, …, C], the same out. Weights: gamma [C], beta [C].
 * Source: Wu and He, arXiv 1803.08494, as in Keras 3, over the last axis.
 */
export class GroupNormalization extends tf.layers.Layer {
  static className = "GroupNormalization";
  readonly #settings: { groups: number; epsilon: number; center: boolean; scale: boolean };
  #groups = 1;
  #gamma: tf.LayerVariable | undefined;
  #beta: tf.LayerVariable | undefined;

  constructor(config: GroupNormalizationConfig = {}) {
    super(baseConfig(config));
    const { groups = 32, epsilon = 1e-3, center = true, scale = true } = config;
    this.#settings = { groups, epsilon, center, scale };
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const channels = channelsOf(this, onlyShape(inputShape)), { groups, center, scale } = this.#settings;
    this.#groups = groups === -1 ? channels : groups;
    if (!(channels % this.#groups === 0)) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (GroupNormalization) as its ${channels} channels must be a multiple of the groups: got ${groups}`,
      );
    }
    if (scale) this.#gamma = this.addWeight("gamma", [channels], "float32", tf.initializers.ones());
    if (center) this.#beta = this.addWeight("beta", [channels], "float32", tf.initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), channels = x.shape.at(-1)!;
      const grouped = tf.reshape(x, [x.shape[0], -1, this.#groups, channels / this.#groups]);
      const centered = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centered), [1, 3], true);
      let y: tf.Tensor = tf.mul(centered, tf.rsqrt(tf.add(variance, this.#settings.epsilon)));
      y = tf.reshape(y, x.shape);
      if (this.#gamma) y = tf.mul(y, this.#gamma.read());
      return this.#beta ? tf.add(y, this.#beta.read()) : y;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#settings };
  }
}
tf.serialization.registerClass(GroupNormalization);

function emit(site: Site): void {
  const { build, inputs: [input], weights } = site, rest = [...weights];
  const { groups, epsilon, center, scale } = site.layer.getConfig() as unknown as Required<
    GroupNormalizationConfig
  >;
  const x = build.as(input, "last"), channels = input.shape.at(-1)!;
  const count = groups === -1 ? channels : groups;
  const grouped = build.node("Reshape", [x, build.integers([0, -1, count, channels / count])]);
  const mean = (name: string) => build.node("ReduceMean", [name], { axes: [1, 3], keepdims: 1 });
  const centered = build.node("Sub", [grouped, mean(grouped)]);
  const variance = mean(build.node("Mul", [centered, centered]));
  const deviation = build.node("Sqrt", [build.node("Add", [variance, scalar(build, epsilon)])]);
  let y = build.node("Div", [centered, deviation]);
  y = build.node("Reshape", [y, build.node("Shape", [x])]);
  if (scale) y = build.node("Mul", [y, constant(site, "gamma", rest.shift()!)]);
  if (center) y = build.node("Add", [y, constant(site, "beta", rest.shift()!)]);
  set(site, "last", y);
}

export const GROUP_NORMALIZATION: LayerDefinition = {
  className: "GroupNormalization",
  keras: {
    fields: { groups: "integer", epsilon: "number", center: "boolean", scale: "boolean" },
    fixed: {
      axis: -1,
      beta_regularizer: null,
      gamma_regularizer: null,
      beta_constraint: null,
      gamma_constraint: null,
    },
    ignored: ["beta_initializer", "gamma_initializer"],
    create: (settings) => new GroupNormalization(settings),
  },
  onnx: emit,
};
