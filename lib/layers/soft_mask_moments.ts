/**
 * How long and wide the bright object of a picture is, and where it points to: second moments of soft masks.
 *
 * A mask is a softmax over all pixels of contrast · tanh(gain · x), so its weights p sum to 1. Its central moments are
 * r = ⟨x² + y²⟩ − ⟨x⟩² − ⟨y⟩², d = ⟨x² − y²⟩ − ⟨x⟩² + ⟨y⟩² and c = 2 (⟨xy⟩ − ⟨x⟩⟨y⟩). With λ and λ' the variances along and
 * across, r = λ + λ' and d² + c² = (λ − λ')²: r² and d² + c² do not change when the picture is turned. @module
 */
import { inFloat32, tf } from "../engine/mod.ts";
import { baseConfig, checkKnownSides, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import { centralMoments, coordinatePowers, nodesOf, TENSORS } from "./_moments.ts";
import type { LayerDefinition } from "./definition.ts";
import { scalar, set, type Site } from "./onnx.ts";
import { checkOneChannel } from "./tanh_levels.ts";

/** Settings of {@linkcode SoftMaskMoments}. */
export interface SoftMaskMomentsConfig extends LayerConfig {
  /** Gain of the tanh under each mask: which brightness it is about. */
  gains: readonly number[];
  /** By how much a pixel of the object outweighs one of the background, as a power of e. @default {8} */
  contrast?: number;
  /** Pixels that make one unit of length. @default {1} */
  unit?: number;
}

/** Second moments of soft masks. Shapes: [batch, rows, columns, 1] to [batch, 5 · gains]: r, d, c, r², d² + c² for each gain. */
export class SoftMaskMoments extends tf.layers.Layer {
  static className = "SoftMaskMoments";
  readonly #gains: number[];
  readonly #contrast: number;
  readonly #unit: number;

  constructor(config: SoftMaskMomentsConfig) {
    super(baseConfig(config));
    this.#gains = [...config.gains];
    this.#contrast = config.contrast ?? 8;
    this.#unit = config.unit ?? 1;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkOneChannel(this, shape);
    checkKnownSides(this, shape);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return [onlyShape(inputShape)[0], 5 * this.#gains.length];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), [, rows, columns] = x.shape;
      const pixels = tf.reshape(x, [-1, 1, rows * columns]);
      const gains = tf.reshape(tf.tensor1d(this.#gains), [1, -1, 1]);
      const masks = tf.softmax(tf.mul(tf.tanh(tf.mul(pixels, gains)), this.#contrast)); // [batch, gains, pixels]
      const flat = tf.reshape(masks, [-1, rows * columns]) as tf.Tensor2D;
      const powers = tf.tensor2d(coordinatePowers(rows, columns, this.#unit), [rows * columns, 5]);
      const { r, d, c } = centralMoments(TENSORS, tf.split(inFloat32(() => tf.matMul(flat, powers)), 5, 1));
      const moments = tf.concat([r, d, c, tf.square(r), tf.add(tf.square(d), tf.square(c))], 1);
      return tf.reshape(moments, [-1, 5 * this.#gains.length]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      gains: [...this.#gains],
      contrast: this.#contrast,
      unit: this.#unit,
    };
  }
}
tf.serialization.registerClass(SoftMaskMoments);

function emit(site: Site): void {
  const { build, layer, inputs: [input] } = site;
  const { gains, contrast, unit } = layer.getConfig() as { gains: number[]; contrast: number; unit: number };
  const [, rows, columns] = input.shape as number[], count = rows * columns;
  const nodes = nodesOf(build), { add, mul, square } = nodes;
  const pixels = build.node("Reshape", [build.as(input, "last"), build.integers([0, 1, count])]);
  const levels = build.node("Tanh", [mul(pixels, build.floats(gains, [1, gains.length, 1]))]);
  const masks = build.node("Softmax", [mul(levels, scalar(build, contrast))], { axis: 2 });
  const powers = build.floats(coordinatePowers(rows, columns, unit), [count, 5]);
  const means = build.nodes("Split", [build.node("MatMul", [masks, powers])], { axis: 2 }, 5); // [batch, gains, 1] each
  const { r, d, c } = centralMoments(nodes, means);
  const moments = build.node("Concat", [r, d, c, square(r), add(square(d), square(c))], { axis: 2 });
  set(site, "last", build.node("Flatten", [moments], { axis: 1 }));
}

export const SOFT_MASK_MOMENTS: LayerDefinition = {
  className: "SoftMaskMoments",
  keras: {
    fields: { gains: "numbers", contrast: "number", unit: "number" },
    own: true,
    create: (settings) => new SoftMaskMoments(settings as unknown as SoftMaskMomentsConfig),
  },
  onnx: emit,
};
