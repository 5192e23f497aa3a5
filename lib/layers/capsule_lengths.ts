/**
 * What is read of capsules: how long each is, and the longest one alone.
 *
 * Source: Sabour, Frosst and Hinton, Dynamic routing between capsules, arXiv 1710.09829, sections 3 and 4.1. @module
 */
import { tf } from "../engine/mod.ts";
import { baseConfig, checkRank, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { type GraphBuilder, scalar, set } from "./onnx.ts";

/** Keeps the length of a vector of zeros from having no gradient. */
const TINY = 1e-7;

/**
 * Lengths of vectors on the last axis: √(|v|² + 1e-7).
 *
 * @param capsules [batch, …, size].
 */
export function capsuleLengths(capsules: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sqrt(tf.add(tf.sum(tf.square(capsules), -1), TINY)));
}

/** {@linkcode capsuleLengths} as a layer: [batch, capsules, size] to [batch, capsules], the probability that what each stands for is there. */
export class CapsuleLength extends tf.layers.Layer {
  static className = "CapsuleLength";

  constructor(config: LayerConfig = {}) {
    super(baseConfig(config));
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return onlyShape(inputShape).slice(0, -1);
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return capsuleLengths(only(inputs));
  }
}
tf.serialization.registerClass(CapsuleLength);

/**
 * The longest capsule, all others set to 0, in a row: [batch, capsules, size] to [batch, capsules · size]. No gradient asks
 * which one it is.
 */
export class LongestCapsule extends tf.layers.Layer {
  static className = "LongestCapsule";

  constructor(config: LayerConfig = {}) {
    super(baseConfig(config));
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), 3);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, capsules, size] = onlyShape(inputShape);
    return [batch, capsules === null || size === null ? null : capsules * size];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const capsules = only<tf.Tensor3D>(inputs), [batch, count, size] = capsules.shape;
      const squares = tf.sum(tf.square(capsules), 2);
      const chosen = tf.oneHot(tf.cast(tf.argMax(squares, 1), "int32"), count, 1, 0, "float32");
      return tf.reshape(tf.mul(capsules, tf.expandDims(chosen, 2)), [batch, count * size]);
    });
  }
}
tf.serialization.registerClass(LongestCapsule);

const squaresOf = (build: GraphBuilder, capsules: string) =>
  build.node("ReduceSumSquare", [capsules], { axes: [-1], keepdims: 0 });

export const CAPSULE_LENGTHS: readonly LayerDefinition[] = [
  {
    className: "CapsuleLength",
    keras: { fields: {}, own: true, create: (settings) => new CapsuleLength(settings) },
    onnx(site) {
      const { build, inputs: [input] } = site, squares = squaresOf(build, build.as(input, "last"));
      set(site, "last", build.node("Sqrt", [build.node("Add", [squares, scalar(build, TINY)])]));
    },
  },
  {
    className: "LongestCapsule",
    keras: { fields: {}, own: true, create: (settings) => new LongestCapsule(settings) },
    onnx(site) {
      const { build, inputs: [input] } = site, capsules = build.as(input, "last");
      const [, count, size] = input.shape as number[];
      const best = build.node("ArgMax", [squaresOf(build, capsules)], { axis: 1, keepdims: 0 });
      const values = build.floats([0, 1], [2]);
      const chosen = build.node("OneHot", [best, build.integers([count]), values], { axis: -1 });
      const alone = build.node("Mul", [capsules, build.node("Unsqueeze", [chosen, build.integers([2])])]);
      set(site, "last", build.node("Reshape", [alone, build.integers([0, count * size])]));
    },
  },
];
