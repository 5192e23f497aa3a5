/** GroupNormalization: moments over all positions and the channels of a group. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, channelsOf, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, scalar, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode GroupNormalization}. */
export interface GroupNormalizationConfig extends LayerConfig {
  /** Groups of channels; -1 makes each channel one. @default {32} */
  groups?: number;
  /** Axis of the channels. @default {-1} */
  axis?: number;
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
 * Shapes: any with C channels, the same out. Weights: gamma [C], beta [C].
 * Source: Wu and He, arXiv 1803.08494, as in Keras 3.
 */
export class GroupNormalization extends tf.layers.Layer {
  static className = "GroupNormalization";
  readonly #settings: { groups: number; axis: number; epsilon: number; center: boolean; scale: boolean };
  #groups = 1;
  #gamma: tf.LayerVariable | undefined;
  #beta: tf.LayerVariable | undefined;

  constructor(config: GroupNormalizationConfig = {}) {
    super(baseConfig(config));
    const { groups = 32, axis = -1, epsilon = 1e-3, center = true, scale = true } = config;
    this.#settings = { groups, axis, epsilon, center, scale };
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const { groups, center, scale, axis } = this.#settings, shape = onlyShape(inputShape);
    const channels = channelsOf(this, [shape.at(axis)!]);
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
      const given = only(inputs), turned = channelsLast(this.#settings.axis, given.rank);
      const x = turned ? tf.transpose(given, turned) : given, channels = x.shape.at(-1)!;
      const grouped = tf.reshape(x, [x.shape[0], -1, this.#groups, channels / this.#groups]);
      const centered = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
      const variance = tf.mean(tf.square(centered), [1, 3], true);
      let y: tf.Tensor = tf.mul(centered, tf.rsqrt(tf.add(variance, this.#settings.epsilon)));
      y = tf.reshape(y, x.shape);
      if (this.#gamma) y = tf.mul(y, this.#gamma.read());
      if (this.#beta) y = tf.add(y, this.#beta.read());
      return turned ? tf.transpose(y, inverse(turned)) : y;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#settings };
  }
}
tf.serialization.registerClass(GroupNormalization);

/** The order of axes that puts one of them last; undefined where it is. */
function channelsLast(axis: number, rank: number): number[] | undefined {
  const place = axis < 0 ? axis + rank : axis;
  if (place === rank - 1) return undefined;
  return [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== place), place];
}

/** The order that undoes another one. */
const inverse = (order: readonly number[]) => order.map((_, i) => order.indexOf(i));

function emit(site: Site): void {
  const { build, inputs: [input], weights } = site, rest = [...weights];
  const { groups, axis, epsilon, center, scale } = site.layer.getConfig() as unknown as Required<
    GroupNormalizationConfig
  >;
  const turned = channelsLast(axis, input.shape.length), given = build.as(input, "last");
  const x = turned ? build.node("Transpose", [given], { perm: turned }) : given;
  const channels = input.shape.at(axis)!;
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
  if (turned) y = build.node("Transpose", [y], { perm: inverse(turned) });
  set(site, "last", y);
}

export const GROUP_NORMALIZATION: LayerDefinition = {
  className: "GroupNormalization",
  keras: {
    fields: { groups: "integer", axis: "one", epsilon: "number", center: "boolean", scale: "boolean" },
    fixed: {
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
