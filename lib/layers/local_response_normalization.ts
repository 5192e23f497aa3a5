/** Local response normalisation over neighbouring channels, as AlexNet has it. @module */
import { inFloat32, tf } from "../engine/mod.ts";
import { baseConfig, channelsOf, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { scalar, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode LocalResponseNormalization}. */
export interface LocalResponseNormalizationConfig extends LayerConfig {
  /** Neighbours on each side. @default {5} */
  depthRadius?: number;
  /** @default {1} */
  bias?: number;
  /** Weight of one square. @default {1} */
  alpha?: number;
  /** @default {0.5} */
  beta?: number;
}

/**
 * y = x / (bias + alpha · Σ x²)^beta, the sum over the channel and `depthRadius` neighbours on each side.
 *
 * Shapes: [batch, …, channels], the same out. AlexNet: radius 5, bias 2, alpha 1e-4, beta 0.75.
 * Source: Krizhevsky et al., NIPS 2012; settings and their defaults as in TensorFlow's `local_response_normalization`.
 */
export class LocalResponseNormalization extends tf.layers.Layer {
  static className = "LocalResponseNormalization";
  readonly #settings: { depthRadius: number; bias: number; alpha: number; beta: number };

  constructor(config: LocalResponseNormalizationConfig = {}) {
    super(baseConfig(config));
    const { depthRadius = 5, bias = 1, alpha = 1, beta = 0.5 } = config;
    if (!Number.isInteger(depthRadius) || depthRadius < 0) {
      throw new RangeError(
        `Cannot make LocalResponseNormalization as depthRadius must be a whole number from 0 on: got ${depthRadius}`,
      );
    }
    this.#settings = { depthRadius, bias, alpha, beta };
  }

  override build(shape: OneOrMany<tf.Shape>): void {
    channelsOf(this, onlyShape(shape));
    super.build(shape);
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    const { depthRadius, bias, alpha, beta } = this.#settings;
    return tf.tidy(() => {
      const x = only(inputs), channels = x.shape.at(-1)!;
      // A product with a matrix of ones about the diagonal adds the neighbours, on every backend and with gradients.
      const ones = tf.tensor2d(neighbours(channels, depthRadius), [channels, channels]);
      const rows = tf.reshape(tf.square(x), [-1, channels]);
      const sums = tf.reshape(inFloat32(() => tf.matMul(rows as tf.Tensor2D, ones)), x.shape);
      return tf.div(x, powerOf(tf.add(tf.mul(sums, alpha), bias), beta));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...this.#settings };
  }
}
tf.serialization.registerClass(LocalResponseNormalization);

/** A power; those that roots make, AlexNet's three quarters among them, take a tenth of the time that way. */
function powerOf(base: tf.Tensor, exponent: number): tf.Tensor {
  if (exponent !== 0.5 && exponent !== 0.75) return tf.pow(base, exponent);
  const root = tf.sqrt(base);
  return exponent === 0.5 ? root : tf.mul(root, tf.sqrt(root));
}

/** A matrix with ones where two channels are at most `radius` apart, row by row. */
function neighbours(channels: number, radius: number): Float32Array {
  return Float32Array.from(
    { length: channels * channels },
    (_, i) => Math.abs(Math.floor(i / channels) - i % channels) <= radius ? 1 : 0,
  );
}

function emit(site: Site): void {
  const { build, inputs: [input] } = site, rank = input.shape.length;
  const { depthRadius, bias, alpha, beta } = site.layer.getConfig() as Record<string, number>;
  if (rank === 4) {
    const size = 2 * depthRadius + 1;
    const name = build.node("LRN", [build.as(input, "first")], {
      size,
      alpha: { float: alpha * size }, // there alpha is for the mean of the squares
      beta: { float: beta },
      bias: { float: bias },
    });
    return set(site, "first", name);
  }
  const x = build.as(input, "last"), channels = input.shape[rank - 1]!;
  const ones = build.floats(neighbours(channels, depthRadius), [channels, channels]);
  const sums = build.node("MatMul", [build.node("Mul", [x, x]), ones]);
  const base = build.node("Add", [build.node("Mul", [sums, scalar(build, alpha)]), scalar(build, bias)]);
  set(site, "last", build.node("Div", [x, build.node("Pow", [base, scalar(build, beta)])]));
}

export const LOCAL_RESPONSE_NORMALIZATION: LayerDefinition = {
  className: "LocalResponseNormalization",
  keras: {
    fields: { depthRadius: "integer", bias: "number", alpha: "number", beta: "number" },
    own: true,
    create: (settings) => new LocalResponseNormalization(settings),
  },
  onnx: emit,
};
