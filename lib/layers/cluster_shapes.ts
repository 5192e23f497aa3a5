/**
 * What an analysis of clusters measures of the bright object in a picture: its light, area, length, width and how concentrated its
 * light is, above several thresholds.
 *
 * The picture v is smoothed twice by a mean over 3 × 3 pixels, which leaves aside pixels beyond its edge. With
 * open = clip(sharpness · (smooth / threshold − 1) + ½, 0, 1), the weights w = open · v have the sum s, the central second
 * moments r = ⟨x² + y²⟩, d = ⟨x² − y²⟩ and c = 2⟨xy⟩, and so the squares of length and width (r ± √(d² + c²)) / 2. @module
 */
import { inFloat32, tf } from "../engine/mod.ts";
import {
  baseConfig,
  checkKnownSides,
  checkPositives,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
} from "./_layer.ts";
import { centralMoments, coordinatePowers, nodesOf, TENSORS } from "./_moments.ts";
import type { LayerDefinition } from "./definition.ts";
import { scalar, set, type Site } from "./onnx.ts";
import { checkOneChannel } from "./tanh_levels.ts";

/** Settings of {@linkcode ClusterShapes}. */
export interface ClusterShapesConfig extends LayerConfig {
  /** In units of the input, positive. */
  thresholds: readonly number[];
  /** How fast the mask opens about a threshold: from shut to open within threshold / sharpness. @default {1} */
  sharpness?: number;
  /** Pixels that make one unit of length. @default {1} */
  unit?: number;
}

/** Numbers for each threshold. */
const MEASURES = 7;
/** Added to sums of light under a logarithm, in units of the input; and the least light, squared length and squared length difference. */
const DARK = 0.1, LEAST_LIGHT = 1e-2, LEAST_SQUARE = 1e-3, LEAST_DIFFERENCE = 1e-8;

/**
 * Shapes of clusters. Shapes: [batch, rows, columns, 1] to [batch, 7 · thresholds]. For each threshold, with the area a = Σ open and
 * q = Σ w v: log(s + 0.1), log(a + 1), length, width, log(length / width), log(q + 0.1), and log(q a / s² + 1), which is large where
 * little of the area has most of the light.
 *
 * @throws {RangeError} If there is no threshold or one is not positive.
 */
export class ClusterShapes extends tf.layers.Layer {
  static className = "ClusterShapes";
  readonly #thresholds: number[];
  readonly #sharpness: number;
  readonly #unit: number;

  constructor(config: ClusterShapesConfig) {
    super(baseConfig(config));
    this.#thresholds = checkPositives("ClusterShapes", "thresholds", config.thresholds);
    this.#sharpness = config.sharpness ?? 1;
    this.#unit = config.unit ?? 1;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkOneChannel(this, shape);
    checkKnownSides(this, shape);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return [onlyShape(inputShape)[0], MEASURES * this.#thresholds.length];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const picture = only<tf.Tensor4D>(inputs), [, rows, columns] = picture.shape, pixels = rows * columns;
      const blur = (x: tf.Tensor4D) => tf.avgPool(x, 3, 1, "same");
      const smooth = tf.reshape(blur(blur(picture)), [-1, 1, pixels]);
      const slopes = this.#thresholds.map((threshold) => this.#sharpness / threshold);
      const steep = tf.mul(smooth, tf.tensor(slopes, [1, slopes.length, 1]));
      const open = tf.clipByValue(tf.sub(steep, this.#sharpness - 0.5), 0, 1); // [batch, thresholds, pixels]
      const values = tf.reshape(picture, [-1, 1, pixels]), light = tf.mul(open, values);
      const powers = tf.tensor2d(coordinatePowers(rows, columns, this.#unit, { ones: true }), [pixels, 6]);
      const rowsOfLight = tf.reshape(light, [-1, pixels]) as tf.Tensor2D;
      const sums = inFloat32(() => tf.matMul(rowsOfLight, powers));
      const [sum, ...powerSums] = tf.split(sums, 6, 1), s = tf.maximum(sum, LEAST_LIGHT);
      const { r, d, c } = centralMoments(TENSORS, powerSums, (sum) => tf.div(sum, s));
      const apart = tf.sqrt(tf.add(tf.add(tf.square(d), tf.square(c)), LEAST_DIFFERENCE));
      const axis = (twice: tf.Tensor) => tf.sqrt(tf.maximum(tf.mul(twice, 0.5), LEAST_SQUARE));
      const length = axis(tf.add(r, apart)), width = axis(tf.sub(r, apart));
      const area = tf.reshape(tf.sum(open, 2), [-1, 1]);
      const squares = tf.reshape(tf.sum(tf.mul(light, values), 2), [-1, 1]);
      const concentration = tf.div(tf.mul(squares, area), tf.square(s));
      const measures = tf.concat([
        tf.log(tf.add(s, DARK)),
        tf.log(tf.add(area, 1)),
        length,
        width,
        tf.log(tf.div(length, width)),
        tf.log(tf.add(squares, DARK)),
        tf.log(tf.add(concentration, 1)),
      ], 1);
      return tf.reshape(measures, [-1, MEASURES * this.#thresholds.length]);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      thresholds: [...this.#thresholds],
      sharpness: this.#sharpness,
      unit: this.#unit,
    };
  }
}
tf.serialization.registerClass(ClusterShapes);

function emit(site: Site): void {
  const { build, layer, inputs: [input] } = site;
  const { thresholds, sharpness, unit } = layer.getConfig() as {
    thresholds: number[];
    sharpness: number;
    unit: number;
  };
  const [, rows, columns] = input.shape as number[], pixels = rows * columns;
  const nodes = nodesOf(build), { add, sub, mul, div, square } = nodes;
  const number = (value: number) => scalar(build, value);
  const log = (x: string, shift: number) => build.node("Log", [add(x, number(shift))]);
  const picture = build.as(input, "first"); // one channel: the order in memory is the same
  const blur = (x: string) =>
    build.node("AveragePool", [x], {
      kernel_shape: [3, 3],
      strides: [1, 1],
      pads: [1, 1, 1, 1],
      count_include_pad: 0,
    });
  const flat = (x: string) => build.node("Reshape", [x, build.integers([0, 1, pixels])]);
  const slopes = build.floats(thresholds.map((threshold) => sharpness / threshold), [thresholds.length, 1]);
  const steep = sub(mul(flat(blur(blur(picture))), slopes), number(sharpness - 0.5));
  const open = build.node("Clip", [steep, number(0), number(1)]);
  const values = flat(picture), light = mul(open, values);
  const powers = build.floats(coordinatePowers(rows, columns, unit, { ones: true }), [pixels, 6]);
  const sums = build.nodes("Split", [build.node("MatMul", [light, powers])], { axis: 2 }, 6); // [batch, thresholds, 1] each
  const [sum, ...powerSums] = sums, s = build.node("Max", [sum, number(LEAST_LIGHT)]);
  const { r, d, c } = centralMoments(nodes, powerSums, (sum) => div(sum, s));
  const apart = build.node("Sqrt", [add(add(square(d), square(c)), number(LEAST_DIFFERENCE))]);
  const axis = (twice: string) =>
    build.node("Sqrt", [build.node("Max", [mul(twice, number(0.5)), number(LEAST_SQUARE)])]);
  const length = axis(add(r, apart)), width = axis(sub(r, apart));
  const total = (x: string) => build.node("ReduceSum", [x, build.integers([2])], { keepdims: 1 });
  const area = total(open), squares = total(mul(light, values));
  const measures = build.node("Concat", [
    log(s, DARK),
    log(area, 1),
    length,
    width,
    build.node("Log", [div(length, width)]),
    log(squares, DARK),
    log(div(mul(squares, area), square(s)), 1),
  ], { axis: 2 });
  set(site, "last", build.node("Flatten", [measures], { axis: 1 }));
}

export const CLUSTER_SHAPES: LayerDefinition = {
  className: "ClusterShapes",
  keras: {
    fields: { thresholds: "numbers", sharpness: "number", unit: "number" },
    own: true,
    create: (settings) => new ClusterShapes(settings as unknown as ClusterShapesConfig),
  },
  onnx: emit,
};
