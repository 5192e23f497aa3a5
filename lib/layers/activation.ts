/** Activations as layers of their own: Activation, ReLU, LeakyReLU, ELU, PReLU. @module */
import { tf } from "../engine/mod.ts";
import { stock, trained } from "./_fields.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only } from "./_layer.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, each, scalar, transpose } from "./onnx.ts";

const ACTIVATION: LayerDefinition = {
  className: "Activation",
  keras: { fields: { activation: "activation" }, create: stock("activation") },
  onnx: each((site, name, layout) => activate(site, name, activationOf(site), layout)),
};

/** Settings of {@linkcode SlopedReLU}. */
export interface SlopedReluConfig extends LayerConfig {
  maxValue?: number | null;
  /** Slope below the threshold. @default {0} */
  negativeSlope?: number;
  /** Values from here on stay what they are. @default {0} */
  threshold?: number;
}

/** x from the threshold on, below it `negativeSlope · (x - threshold)`; at most `maxValue`. Source: Keras 3's `ReLU`. */
export class SlopedReLU extends tf.layers.Layer {
  static className = "ReLU";
  readonly #settings: { maxValue: number | null; negativeSlope: number; threshold: number };

  constructor(config: SlopedReluConfig = {}) {
    super(baseConfig(config));
    const { maxValue = null, negativeSlope = 0, threshold = 0 } = config;
    this.#settings = { maxValue, negativeSlope, threshold };
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    const { maxValue, negativeSlope, threshold } = this.#settings;
    return tf.tidy(() => {
      const x = only(inputs), over = tf.cast(tf.greater(x, threshold), "float32");
      const under = tf.cast(tf.less(x, threshold), "float32"); // between them both slopes are 0
      const kept = tf.mul(x, over);
      const above = maxValue === null ? kept : tf.minimum(kept, maxValue);
      const below = tf.mul(tf.mul(tf.sub(x, threshold), negativeSlope), under);
      return negativeSlope === 0 ? above : tf.add(above, below);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#settings };
  }
}
tf.serialization.registerClass(SlopedReLU);

const RELU: LayerDefinition = {
  className: "ReLU",
  keras: {
    fields: { maxValue: "number?", negativeSlope: "number", threshold: "number" },
    create: ({ negativeSlope = 0, threshold = 0, ...settings }) =>
      negativeSlope === 0 && threshold === 0
        ? stock("reLU")(settings)
        : new SlopedReLU({ ...settings, negativeSlope, threshold } as SlopedReluConfig),
  },
  onnx: each(({ build, layer, settings: { maxValue } }, name) => {
    const { negativeSlope = 0, threshold = 0 } = layer.getConfig() as SlopedReluConfig;
    const most = maxValue === null || maxValue === undefined ? "" : scalar(build, maxValue);
    if (negativeSlope === 0 && threshold === 0) {
      return most === "" ? build.node("Relu", [name]) : build.node("Clip", [name, scalar(build, 0), most]);
    }
    const edge = scalar(build, threshold), over = build.node("Greater", [name, edge]);
    const above = most === "" ? name : build.node("Min", [name, most]);
    const below = build.node("Mul", [build.node("Sub", [name, edge]), scalar(build, negativeSlope)]);
    return build.node("Where", [over, above, below]);
  }),
};

const LEAKY_RELU: LayerDefinition = {
  className: "LeakyReLU",
  keras: { fields: { alpha: "number" }, names: { alpha: "negative_slope" }, create: stock("leakyReLU") },
  onnx: each(({ build, settings: { alpha } }, name) =>
    build.node("LeakyRelu", [name], { alpha: { float: alpha } })
  ),
};

/** Settings of {@linkcode ScaledELU}. */
export interface ScaledEluConfig extends LayerConfig {
  /** What the values tend to below. @default {1} */
  alpha?: number;
}

/** x above 0, alpha · (exp(x) - 1) below. TensorFlow.js's own layer knows an alpha of 1 only. Source: Keras 3's `ELU`. */
export class ScaledELU extends tf.layers.Layer {
  static className = "ELU";
  readonly #alpha: number;

  constructor(config: ScaledEluConfig = {}) {
    super(baseConfig(config));
    this.#alpha = config.alpha ?? 1;
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs), above = tf.relu(x);
      return tf.add(above, tf.mul(tf.elu(tf.sub(x, above)), this.#alpha));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), alpha: this.#alpha };
  }
}
tf.serialization.registerClass(ScaledELU);

const ELU: LayerDefinition = {
  className: "ELU",
  keras: {
    fields: { alpha: "number" },
    create: ({ alpha = 1, ...settings }) =>
      alpha === 1 ? stock("elu")(settings) : new ScaledELU({ ...settings, alpha } as ScaledEluConfig),
  },
  onnx: each(({ build, settings: { alpha } }, name) =>
    build.node("Elu", [name], { alpha: { float: alpha } })
  ),
};

const PRELU: LayerDefinition = {
  className: "PReLU",
  keras: { fields: { ...trained("alpha"), sharedAxes: "integers?" }, create: stock("prelu") },
  onnx: each((site, name, layout) => {
    const { build, weights: [alpha] } = site;
    if (layout === "last" || alpha.shape.length < 2) {
      return build.node("PRelu", [name, constant(site, "alpha", alpha)]);
    }
    const rank = alpha.shape.length, order = [rank - 1, ...alpha.shape.slice(0, -1).map((_, i) => i)];
    const turned = {
      data: transpose(alpha.data, alpha.shape, order),
      shape: order.map((axis) => alpha.shape[axis]),
    };
    return build.node("PRelu", [name, constant(site, "alpha channels first", turned)]);
  }),
};

export const ACTIVATION_LAYERS: readonly LayerDefinition[] = [
  ACTIVATION,
  RELU,
  LEAKY_RELU,
  ELU,
  PRELU,
];
