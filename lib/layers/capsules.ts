/**
 * Capsules: vectors in the place of neurons, whose length is a probability and whose direction a state.
 *
 * Source: Sabour, Frosst and Hinton, Dynamic routing between capsules, arXiv 1710.09829. Gradients flow through all
 * routings, as in the authors' code. @module
 */
import { convolveStrided, tf } from "../engine/mod.ts";
import {
  baseConfig,
  checkCount,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
  perAxis,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, type GraphBuilder, paddings, scalar, set, toLast, turnKernel } from "./onnx.ts";

/** Keeps the length of a vector of zeros from having no gradient. */
const TINY = 1e-7;

/**
 * Shortens vectors on the last axis to a length below 1: |s|² / (1 + |s|²) · s / √(|s|² + 1e-7).
 *
 * @param s [batch, …, size].
 */
export function squash(s: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const square = tf.sum(tf.square(s), -1, true);
    return tf.mul(s, tf.div(square, tf.mul(tf.add(square, 1), tf.sqrt(tf.add(square, TINY)))));
  });
}

/** The gradient of what was squashed by that of what came of it, [batch, …, size] both. */
function squashGradient(s: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const square = tf.sum(tf.square(s), -1, true), above = tf.add(square, 1), kept = tf.add(square, TINY);
  const scale = tf.div(1, tf.mul(above, tf.sqrt(kept))), factor = tf.mul(square, scale);
  const falls = tf.add(tf.div(1, above), tf.div(0.5, kept));
  const slope = tf.sub(scale, tf.mul(factor, falls)); // of the factor by the square of the length
  const along = tf.sum(tf.mul(s, dy), -1, true);
  return tf.add(tf.mul(factor, dy), tf.mul(s, tf.mul(tf.mul(2, slope), along)));
}

/** One look at the agreement: shares of the votes, [batch, above, below], and their sum, [batch, above, size]. */
interface Look {
  shares: tf.Tensor;
  sum: tf.Tensor;
}

/** Votes weighed and added up for each capsule above, [batch, above, size]. */
const weigh = (weights: tf.Tensor, votes: tf.Tensor) =>
  tf.squeeze(tf.matMul(tf.expandDims(weights, 2), votes), [2]);

/** How far each vote points along a vector of the capsule above, [batch, above, below]. */
const along = (votes: tf.Tensor, vectors: tf.Tensor) =>
  tf.squeeze(tf.matMul(votes, tf.expandDims(vectors, 3)), [3]);

/** Each look in turn. Products of matrices, as what is multiplied one by one is as large as the votes themselves. */
function lookAt(votes: tf.Tensor4D, routings: number): Look[] {
  const looks: Look[] = [];
  let logits: tf.Tensor = tf.zeros(votes.shape.slice(0, 3));
  for (let i = 0; i < routings; i++) {
    // Softmax over the capsules above, which stand last for it.
    const shares = tf.transpose(tf.softmax(tf.transpose(logits, [0, 2, 1])), [0, 2, 1]);
    const sum = weigh(shares, votes);
    looks.push({ shares, sum });
    if (i < routings - 1) logits = tf.add(logits, along(votes, squash(sum)));
  }
  return looks;
}

/** The gradient of the votes: all that reaches them is one product of matrices, not one as large as they are for every look. */
function votesGradient(votes: tf.Tensor, looks: readonly Look[], dy: tf.Tensor): tf.Tensor {
  const weights: tf.Tensor[] = [], vectors: tf.Tensor[] = [];
  let dOut = dy, dLogits: tf.Tensor | undefined;
  for (let i = looks.length - 1; i >= 0; i--) {
    const { shares, sum } = looks[i];
    if (dLogits) { // the agreement with what came of this look
      dOut = weigh(dLogits, votes);
      weights.push(dLogits);
      vectors.push(squash(sum));
    }
    const dSum = squashGradient(sum, dOut);
    weights.push(shares);
    vectors.push(dSum);
    if (i === 0) break; // shares are even before the first look
    const dShares = along(votes, dSum), mean = tf.sum(tf.mul(shares, dShares), 1, true);
    const ofSoftmax = tf.mul(shares, tf.sub(dShares, mean));
    dLogits = dLogits ? tf.add(dLogits, ofSoftmax) : ofSoftmax;
  }
  return tf.matMul(tf.stack(weights, 3), tf.stack(vectors, 2));
}

/**
 * What capsules agree on: each capsule below gives its vote to those above that turn out as it voted.
 *
 * @param votes [batch, above, below, size].
 * @param routings How often the agreement is looked at; 3 in the paper.
 * @returns [batch, above, size], squashed.
 */
export function routeByAgreement(votes: tf.Tensor4D, routings: number): tf.Tensor3D {
  const route = tf.customGrad((votes, save) => {
    const looks = lookAt(votes as tf.Tensor4D, routings);
    (save as tf.GradSaveFunc)([votes as tf.Tensor, ...looks.flatMap(({ shares, sum }) => [shares, sum])]);
    return {
      value: squash(looks[routings - 1].sum),
      gradFunc: (dy: tf.Tensor, [votes, ...saved]: tf.Tensor[]) => {
        const kept = looks.map((_, i): Look => ({ shares: saved[2 * i], sum: saved[2 * i + 1] }));
        return tf.tidy(() => votesGradient(votes, kept, dy));
      },
    };
  });
  return route(votes) as tf.Tensor3D;
}

/** {@linkcode squash} as a layer. */
export class Squash extends tf.layers.Layer {
  static className = "Squash";

  constructor(config: LayerConfig = {}) {
    super(baseConfig(config));
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return squash(only(inputs));
  }
}
tf.serialization.registerClass(Squash);

/** Settings of {@linkcode PrimaryCapsule}. */
export interface PrimaryCapsuleConfig extends LayerConfig {
  /** Capsules at each pixel. */
  capsules: number;
  /** Size of each vector. */
  size: number;
  /** @default {9} */
  kernelSize?: number | readonly number[];
  /** @default {2} */
  strides?: number | readonly number[];
  /** @default {"valid"} */
  padding?: "same" | "valid";
}

/**
 * The first capsules: a convolution whose channels are taken as vectors and squashed.
 *
 * Shapes: [batch, rows, columns, C] to [batch, rows' · columns' · capsules, size]. Weights: kernel [k, k, C, capsules · size],
 * bias [capsules · size].
 */
export class PrimaryCapsule extends tf.layers.Layer {
  static className = "PrimaryCapsule";
  readonly #capsules: number;
  readonly #size: number;
  readonly #kernelSize: number[];
  readonly #strides: number[];
  readonly #padding: "same" | "valid";
  #kernel: tf.LayerVariable | undefined;
  #bias: tf.LayerVariable | undefined;

  constructor(config: PrimaryCapsuleConfig) {
    super(baseConfig(config));
    this.#capsules = checkCount("PrimaryCapsule", "capsules", config.capsules);
    this.#size = checkCount("PrimaryCapsule", "size", config.size);
    this.#kernelSize = perAxis(config.kernelSize, 2, 9);
    this.#strides = perAxis(config.strides, 2, 2);
    this.#padding = config.padding ?? "valid";
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape), filters = this.#capsules * this.#size;
    checkRank(this, shape, 4);
    const sides = [...this.#kernelSize, shape[3]!, filters];
    this.#kernel = this.addWeight("kernel", sides, "float32", tf.initializers.glorotUniform({}));
    this.#bias = this.addWeight("bias", [filters], "float32", tf.initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, ...sides] = onlyShape(inputShape);
    const [rows, columns] = this.#kernelSize.map((window, i) => {
      const side = sides[i];
      if (side === null) return null;
      return Math.ceil((this.#padding === "same" ? side : side - window + 1) / this.#strides[i]);
    });
    const count = rows === null || columns === null ? null : rows * columns * this.#capsules;
    return [batch, count, this.#size];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), strides = this.#strides as [number, number];
      const y = convolveStrided(x, this.#kernel!.read() as tf.Tensor4D, strides, this.#padding);
      return squash(tf.reshape(tf.add(y, this.#bias!.read()), [x.shape[0], -1, this.#size]));
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      capsules: this.#capsules,
      size: this.#size,
      kernelSize: [...this.#kernelSize],
      strides: [...this.#strides],
      padding: this.#padding,
    };
  }
}
tf.serialization.registerClass(PrimaryCapsule);

/** Settings of {@linkcode RoutingByAgreement}. */
export interface RoutingConfig extends LayerConfig {
  /** How often the agreement is looked at. @default {3} */
  routings?: number;
}

/** {@linkcode routeByAgreement} as a layer: votes [batch, above, below, size] to [batch, above, size]. */
export class RoutingByAgreement extends tf.layers.Layer {
  static className = "RoutingByAgreement";
  readonly #routings: number;

  constructor(config: RoutingConfig = {}) {
    super(baseConfig(config));
    this.#routings = checkCount("RoutingByAgreement", "routings", config.routings ?? 3);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    const [batch, above, , size] = onlyShape(inputShape);
    return [batch, above, size];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return routeByAgreement(only<tf.Tensor4D>(inputs), this.#routings);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), routings: this.#routings };
  }
}
tf.serialization.registerClass(RoutingByAgreement);

/** Settings of {@linkcode SecondaryCapsule}. */
export interface SecondaryCapsuleConfig extends RoutingConfig {
  /** Capsules above: the classes. */
  capsules: number;
  /** Size of each vector. */
  size: number;
}

/**
 * Capsules over capsules: each below votes through a matrix of its own for each above, and the votes are routed by
 * agreement.
 *
 * Shapes: [batch, below, d] to [batch, capsules, size]. Weight: kernel [capsules, below, size, d].
 */
export class SecondaryCapsule extends tf.layers.Layer {
  static className = "SecondaryCapsule";
  readonly #capsules: number;
  readonly #size: number;
  readonly #routings: number;
  #kernel: tf.LayerVariable | undefined;

  constructor(config: SecondaryCapsuleConfig) {
    super(baseConfig(config));
    this.#capsules = checkCount("SecondaryCapsule", "capsules", config.capsules);
    this.#size = checkCount("SecondaryCapsule", "size", config.size);
    this.#routings = checkCount("SecondaryCapsule", "routings", config.routings ?? 3);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkRank(this, shape, 3);
    const [, below, inner] = shape as number[];
    if (!(below > 0 && inner > 0)) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (SecondaryCapsule) as the number of capsules below must be known: got ${
          JSON.stringify(shape)
        }`,
      );
    }
    const sides = [this.#capsules, below, this.#size, inner];
    this.#kernel = this.addWeight("kernel", sides, "float32", tf.initializers.glorotUniform({}));
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return [onlyShape(inputShape)[0], this.#capsules, this.#size];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const u = only<tf.Tensor3D>(inputs), [batch, below, inner] = u.shape;
      const above = this.#capsules, size = this.#size;
      const rows = tf.transpose(u, [1, 0, 2]) as tf.Tensor3D; // [below, batch, inner]
      const matrices = tf.transpose(this.#kernel!.read(), [1, 3, 0, 2]);
      const all = tf.matMul(rows, tf.reshape(matrices, [below, inner, above * size]));
      const votes = tf.transpose(tf.reshape(all, [below, batch, above, size]), [1, 2, 0, 3]);
      return routeByAgreement(votes as tf.Tensor4D, this.#routings);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      capsules: this.#capsules,
      size: this.#size,
      routings: this.#routings,
    };
  }
}
tf.serialization.registerClass(SecondaryCapsule);

function writeSquash(build: GraphBuilder, s: string): string {
  const square = build.node("ReduceSumSquare", [s], { axes: [-1], keepdims: 1 });
  const root = build.node("Sqrt", [build.node("Add", [square, scalar(build, TINY)])]);
  const below = build.node("Mul", [build.node("Add", [square, scalar(build, 1)]), root]);
  return build.node("Mul", [s, build.node("Div", [square, below])]);
}

/** Writes the routing of votes [batch, above, below, size]. */
function writeRouting(build: GraphBuilder, votes: string, routings: number): string {
  const sumOver = (axis: number, name: string) =>
    build.node("ReduceSum", [name, build.integers([axis])], { keepdims: 0 });
  let logits = build.node("Mul", [sumOver(3, votes), scalar(build, 0)]), out = "";
  for (let i = 0; i < routings; i++) {
    const shares = build.node("Softmax", [logits], { axis: 1 });
    const shared = build.node("Mul", [build.node("Unsqueeze", [shares, build.integers([3])]), votes]);
    out = writeSquash(build, sumOver(2, shared));
    if (i === routings - 1) break;
    const agreement = build.node("Mul", [votes, build.node("Unsqueeze", [out, build.integers([2])])]);
    logits = build.node("Add", [logits, sumOver(3, agreement)]);
  }
  return out;
}

export const CAPSULES: readonly LayerDefinition[] = [
  {
    className: "Squash",
    keras: { fields: {}, own: true, create: (settings) => new Squash(settings) },
    onnx: (site) => set(site, "last", writeSquash(site.build, site.build.as(site.inputs[0], "last"))),
  },
  {
    className: "PrimaryCapsule",
    keras: {
      fields: {
        capsules: "integer",
        size: "integer",
        kernelSize: "integers",
        strides: "integers",
        padding: "padding",
      },
      own: true,
      create: (settings) => new PrimaryCapsule(settings as unknown as PrimaryCapsuleConfig),
    },
    onnx(site) {
      const { build, inputs: [input], weights: [kernel, bias] } = site;
      const { kernelSize, strides, size } = site.layer.getConfig() as {
        kernelSize: number[];
        strides: number[];
        size: number;
      };
      const inputs = [
        build.as(input, "first"),
        constant(site, "kernel", turnKernel(kernel)),
        constant(site, "bias", bias),
      ];
      const map = build.node("Conv", inputs, {
        kernel_shape: kernelSize,
        strides,
        ...paddings(site, kernelSize, [1, 1]),
      });
      const last = build.node("Transpose", [map], { perm: toLast(4) });
      const vectors = build.node("Reshape", [last, build.integers([0, -1, size])]);
      set(site, "last", writeSquash(build, vectors));
    },
  },
  {
    className: "RoutingByAgreement",
    keras: {
      fields: { routings: "integer" },
      own: true,
      create: (settings) => new RoutingByAgreement(settings),
    },
    onnx(site) {
      const { routings } = site.layer.getConfig() as { routings: number };
      set(site, "last", writeRouting(site.build, site.build.as(site.inputs[0], "last"), routings));
    },
  },
  {
    className: "SecondaryCapsule",
    keras: {
      fields: { capsules: "integer", size: "integer", routings: "integer" },
      own: true,
      create: (settings) => new SecondaryCapsule(settings as unknown as SecondaryCapsuleConfig),
    },
    onnx(site) {
      const { build, inputs: [input], weights: [kernel] } = site;
      const { routings } = site.layer.getConfig() as { routings: number };
      const votes = build.node("Einsum", [build.as(input, "last"), constant(site, "kernel", kernel)], {
        equation: "bid,jied->bjie",
      });
      set(site, "last", writeRouting(build, votes, routings));
    },
  },
];
