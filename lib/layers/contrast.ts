/**
 * Contrast of an image by its own values: AutoContrast, ContrastLimitedAdaptiveHistogramEqualization.
 *
 * Input [batch, rows, columns, C] of floats; both work alike in training and without, each image and channel by itself. @module
 */
import { tf, withoutGradient } from "../engine/mod.ts";
import { LAST } from "./_fields.ts";
import {
  type Applied,
  baseConfig,
  checkCount,
  checkKnownSides,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { type GraphBuilder, product, scalar, set, type Site } from "./onnx.ts";

/** Settings of {@linkcode AutoContrast}. */
export interface AutoContrastConfig extends LayerConfig {
  /** Least and largest value that an image may have. @default {[0, 255]} */
  valueRange?: readonly number[];
}

/** Settings of {@linkcode ContrastLimitedAdaptiveHistogramEqualization}. */
export interface AdaptiveEqualizationConfig extends AutoContrastConfig {
  /** Largest height of a histogram, in times of its mean; 0 is none. @default {4} */
  clipLimit?: number;
  /** Tiles along rows and columns. @default {[8, 8]} */
  tileGridSize?: readonly number[];
}

/** The range that Keras computes in, and how many values it tells apart. */
const LEVELS = 256, WHITE = LEVELS - 1;

type Range = readonly [low: number, high: number];

function rangeOf(className: string, valueRange: readonly number[] = [0, WHITE]): Range {
  const [low, high, ...more] = valueRange;
  if (low < high && more.length === 0) return [low, high];
  throw new RangeError(
    `Cannot make ${className} as valueRange must be two numbers, the lower first: got [${valueRange}]`,
  );
}

const isBytes = ([low, high]: Range) => low === 0 && high === WHITE;

/** Values of a range between 0 and 255, as Keras computes them: over [0, 1]. */
function toBytes(x: tf.Tensor, range: Range): tf.Tensor {
  if (isBytes(range)) return x;
  const [low, high] = range;
  return tf.mul(tf.div(tf.sub(x, low), high - low), WHITE);
}

/** Back from 0 to 255. */
function fromBytes(x: tf.Tensor, range: Range): tf.Tensor {
  if (isBytes(range)) return x;
  const [low, high] = range;
  return tf.add(tf.mul(tf.div(x, WHITE), high - low), low);
}

function emitToBytes(build: GraphBuilder, name: string, range: Range): string {
  if (isBytes(range)) return name;
  const [low, high] = range;
  const share = build.node("Div", [build.node("Sub", [name, scalar(build, low)]), scalar(build, high - low)]);
  return build.node("Mul", [share, scalar(build, WHITE)]);
}

function emitFromBytes(build: GraphBuilder, name: string, range: Range): string {
  if (isBytes(range)) return name;
  const [low, high] = range;
  const share = build.node("Div", [name, scalar(build, WHITE)]);
  return build.node("Add", [build.node("Mul", [share, scalar(build, high - low)]), scalar(build, low)]);
}

abstract class Contrast extends tf.layers.Layer {
  readonly range: Range;

  constructor(config: AutoContrastConfig, className: string) {
    super(baseConfig(config));
    this.range = rangeOf(className, config.valueRange);
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    checkRank(this, onlyShape(inputShape), 4);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return onlyShape(inputShape);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), valueRange: [...this.range] };
  }
}

/** Each channel of each image over the whole range; one that is all of one value stays. Source: Keras 3's `AutoContrast`. */
export class AutoContrast extends Contrast {
  static className = "AutoContrast";

  constructor(config: AutoContrastConfig = {}) {
    super(config, "AutoContrast");
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only<tf.Tensor4D>(inputs), bytes = toBytes(x, this.range);
      const low = tf.min(bytes, [1, 2], true), high = tf.max(bytes, [1, 2], true);
      const isFlat = tf.equal(high, low);
      const scale = tf.div(WHITE, tf.where(isFlat, tf.onesLike(low), tf.sub(high, low)));
      const stretched = tf.clipByValue(tf.add(tf.mul(bytes, scale), tf.mul(tf.neg(low), scale)), 0, WHITE);
      return tf.where(isFlat, x, fromBytes(stretched, this.range));
    });
  }
}
tf.serialization.registerClass(AutoContrast as never);

function emitAutoContrast(site: Site): void {
  const { build, inputs: [input] } = site, x = build.as(input, "last");
  const { range } = site.layer as AutoContrast;
  const bytes = emitToBytes(build, x, range), axes = [1, 2];
  const low = build.node("ReduceMin", [bytes], { axes }), high = build.node("ReduceMax", [bytes], { axes });
  const isFlat = build.node("Equal", [high, low]);
  const width = build.node("Where", [isFlat, scalar(build, 1), build.node("Sub", [high, low])]);
  const scale = build.node("Div", [scalar(build, WHITE), width]);
  const offset = build.node("Mul", [build.node("Neg", [low]), scale]);
  const sum = build.node("Add", [build.node("Mul", [bytes, scale]), offset]);
  const stretched = build.node("Clip", [sum, scalar(build, 0), scalar(build, WHITE)]);
  set(site, "last", build.node("Where", [isFlat, x, emitFromBytes(build, stretched, range)]));
}

/** Tiles of one axis. */
interface Tiling {
  /** Pixels of the image, and of one tile. */
  side: number;
  tile: number;
  /** How many there are. */
  count: number;
  /** Where each pixel of the tiles comes from: what is beyond the image is its mirror image. */
  from: number[];
  /** The two tiles that each pixel is between, with another of its kind at both ends, and the second one's share. */
  first: number[];
  second: number[];
  share: number[];
}

function tilingOf(side: number, count: number): Tiling {
  const tile = Math.ceil(side / count), all = Array.from({ length: tile * count }, (_, i) => i);
  const mirrored = (i: number) => {
    const turn = i % (2 * side);
    return turn < side ? turn : 2 * side - 1 - turn;
  };
  // As floats of 32 bits, whose rounding decides where a pixel lies on a tile's middle.
  const places = all.map((i) => Math.fround(Math.fround((i - tile / 2) / tile) + 1));
  const bounded = (i: number) => Math.min(Math.max(i, 0), count + 1);
  return {
    side,
    tile,
    count,
    from: all.map(mirrored),
    first: places.map((place) => bounded(Math.floor(place))),
    second: places.map((place) => bounded(Math.floor(place) + 1)),
    share: places.map((place) => Math.fround(place - Math.floor(place))),
  };
}

/** Where each pixel's value stands in the tables of one image, [tiles with ends, channels, levels] flat, for four tiles. */
function placesOf(rows: Tiling, columns: Tiling, channels: number): Int32Array[] {
  const choices = [[rows.first, columns.first], [rows.first, columns.second], [rows.second, columns.first], [
    rows.second,
    columns.second,
  ]];
  return choices.map(([tall, wide]) => {
    const places = new Int32Array(rows.side * columns.side * channels);
    for (let i = 0, at = 0; i < rows.side; i++) {
      for (let j = 0; j < columns.side; j++) {
        const tile = tall[i] * (columns.count + 2) + wide[j];
        for (let c = 0; c < channels; c++) places[at++] = (tile * channels + c) * LEVELS;
      }
    }
    return places;
  });
}

/** The tiles with the first and the last once more. */
const withEnds = (count: number) => [0, ...Array.from({ length: count }, (_, i) => i), count - 1];

/** Some rows and columns, in an order. */
function gatherPixels(x: tf.Tensor, rows: number[], columns: number[]): tf.Tensor {
  return tf.gather(tf.gather(x, tf.tensor1d(rows, "int32"), 1), tf.tensor1d(columns, "int32"), 2);
}

/**
 * Each pixel by the histograms of the tiles around it, whose heights are limited.
 *
 * Source: Keras 3's `ContrastLimitedAdaptiveHistogramEqualization`; no gradient goes through it, as there.
 */
export class ContrastLimitedAdaptiveHistogramEqualization extends Contrast {
  static className = "ContrastLimitedAdaptiveHistogramEqualization";
  readonly #clipLimit: number;
  readonly #grid: [number, number];

  constructor(config: AdaptiveEqualizationConfig = {}) {
    const className = "ContrastLimitedAdaptiveHistogramEqualization";
    super(config, className);
    const { clipLimit = 4, tileGridSize = [8, 8] } = config;
    this.#clipLimit = clipLimit;
    const [tall, wide] = tileGridSize.map((count) => checkCount(className, "tileGridSize", count));
    this.#grid = [tall, wide];
  }

  override apply(inputs: Applied, kwargs?: Record<string, unknown>): Applied {
    const [{ dtype }] = [inputs].flat();
    if (dtype === "float32") return super.apply(inputs, kwargs as never);
    throw new TypeError(
      `its input must be floats, as Keras cuts the result for whole numbers down: got ${dtype}`,
    );
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    super.build(inputShape);
    checkKnownSides(this, onlyShape(inputShape));
  }

  /** Tiles along rows and columns, for an image of these sides. */
  tilings(rows: number, columns: number): [Tiling, Tiling] {
    return [tilingOf(rows, this.#grid[0]), tilingOf(columns, this.#grid[1])];
  }

  /** The height at which histograms of a tile are cut, if any. */
  limit(pixels: number): number | undefined {
    return this.#clipLimit > 0 ? Math.fround(this.#clipLimit * pixels / LEVELS) : undefined;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return withoutGradient(() => this.#equalize(only(inputs)));
  }

  #equalize(x: tf.Tensor4D): tf.Tensor {
    return tf.tidy(() => {
      const [batch, height, width, channels] = x.shape;
      const [rows, columns] = this.tilings(height, width), pixels = rows.tile * columns.tile;
      const bytes = toBytes(x, this.range);
      const levels = tf.cast(tf.clipByValue(bytes, 0, WHITE), "int32");
      const padded = gatherPixels(levels, rows.from, columns.from);
      const tiled = tf.transpose(
        tf.reshape(padded, [batch, rows.count, rows.tile, columns.count, columns.tile, channels]),
        [0, 1, 3, 5, 2, 4],
      );
      const tiles = batch * rows.count * columns.count * channels;
      let heights: tf.Tensor = tf.sum(tf.oneHot(tf.reshape(tiled, [tiles, pixels]).toInt(), LEVELS), 1);
      heights = tf.cast(heights, "float32"); // [tiles, levels]
      const limit = this.limit(pixels);
      if (limit !== undefined) {
        const cut = tf.clipByValue(heights, 0, limit);
        heights = tf.add(cut, tf.div(tf.sum(tf.sub(heights, cut), 1, true), LEVELS));
      }
      const sums = tf.cumsum(heights, 1), least = tf.min(sums, 1, true), rest = tf.sub(pixels, least);
      const whole = tf.where(tf.equal(rest, 0), tf.onesLike(rest), rest);
      const table = tf.clipByValue(tf.div(tf.mul(tf.sub(sums, least), WHITE), whole), 0, WHITE);
      const grid = tf.reshape(table, [batch, rows.count, columns.count, channels * LEVELS]);
      const ended = gatherPixels(grid, withEnds(rows.count), withEnds(columns.count));
      const own = (rows.count + 2) * (columns.count + 2) * channels * LEVELS;
      const image = tf.mul(tf.reshape(tf.range(0, batch, 1, "int32"), [batch, 1]), tf.scalar(own, "int32"));
      const base = tf.add(image, tf.reshape(levels, [batch, -1]));
      const [northWest, northEast, southWest, southEast] = placesOf(rows, columns, channels).map((places) => {
        const at = tf.add(base, tf.tensor(places, [1, places.length], "int32"));
        return tf.reshape(tf.gather(tf.reshape(ended, [-1]), tf.reshape(at, [-1]).toInt()), x.shape);
      });
      const down = tf.tensor(rows.share.slice(0, height), [1, height, 1, 1]);
      const right = tf.tensor(columns.share.slice(0, width), [1, 1, width, 1]);
      const between = (a: tf.Tensor, b: tf.Tensor, share: tf.Tensor) =>
        tf.add(tf.mul(a, tf.sub(1, share)), tf.mul(b, share)) as tf.Tensor;
      const result = between(
        between(northWest, northEast, right),
        between(southWest, southEast, right),
        down,
      );
      return fromBytes(result, this.range);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), clipLimit: this.#clipLimit, tileGridSize: [...this.#grid] };
  }
}
tf.serialization.registerClass(ContrastLimitedAdaptiveHistogramEqualization as never);

const INT64 = 7; // onnx.TensorProto.INT64

function emitAdaptive(site: Site): void {
  const { build, inputs: [input] } = site, layer = site.layer as ContrastLimitedAdaptiveHistogramEqualization;
  const { range } = layer;
  const [, height, width, channels] = input.shape as number[];
  const [rows, columns] = layer.tilings(height, width), pixels = rows.tile * columns.tile;
  const number = (value: number) => scalar(build, value);
  const clip = (name: string, high: number) => build.node("Clip", [name, number(0), number(high)]);
  const shaped = (name: string, shape: number[]) => build.node("Reshape", [name, build.integers(shape)]);
  const gathered = (name: string, tall: number[], wide: number[]) => {
    const rowed = build.node("Gather", [name, build.integers(tall)], { axis: 1 });
    return build.node("Gather", [rowed, build.integers(wide)], { axis: 2 });
  };
  const bytes = clip(emitToBytes(build, build.as(input, "last"), range), WHITE);
  const levels = build.node("Cast", [bytes], { to: INT64 });
  const padded = gathered(levels, rows.from, columns.from);
  const split = shaped(padded, [-1, rows.count, rows.tile, columns.count, columns.tile, channels]);
  const tiled = shaped(build.node("Transpose", [split], { perm: [0, 1, 3, 5, 2, 4] }), [-1, pixels]);
  const hot = build.node("OneHot", [tiled, build.integers([LEVELS]), build.floats([0, 1], [2])]);
  let heights = build.node("ReduceSum", [hot, build.integers([1])], { keepdims: 0 });
  const limit = layer.limit(pixels);
  if (limit !== undefined) {
    const cut = clip(heights, limit);
    const over = build.node("ReduceSum", [build.node("Sub", [heights, cut]), build.integers([-1])]);
    heights = build.node("Add", [cut, build.node("Div", [over, number(LEVELS)])]);
  }
  const alongLevels = build.node("Squeeze", [build.integers([1])]); // a scalar
  const sums = build.node("CumSum", [heights, alongLevels]);
  const least = build.node("ReduceMin", [sums], { axes: [-1] });
  const rest = build.node("Sub", [number(pixels), least]);
  const whole = build.node("Where", [build.node("Equal", [rest, number(0)]), number(1), rest]);
  const above = build.node("Mul", [build.node("Sub", [sums, least]), number(WHITE)]);
  const table = shaped(clip(build.node("Div", [above, whole]), WHITE), [
    -1,
    rows.count,
    columns.count,
    channels * LEVELS,
  ]);
  const size = (rows.count + 2) * (columns.count + 2) * channels * LEVELS;
  const ended = shaped(gathered(table, withEnds(rows.count), withEnds(columns.count)), [-1, size]);
  const own = shaped(levels, [-1, product([height, width, channels])]);
  const [northWest, northEast, southWest, southEast] = placesOf(rows, columns, channels).map((places) => {
    const at = build.node("Add", [own, build.integers([...places])]);
    return shaped(build.node("GatherElements", [ended, at], { axis: 1 }), [-1, height, width, channels]);
  });
  const between = (a: string, b: string, share: readonly number[], shape: readonly number[]) => {
    const rest = build.floats(share.map((one) => Math.fround(1 - one)), shape);
    return build.node("Add", [
      build.node("Mul", [a, rest]),
      build.node("Mul", [b, build.floats(share, shape)]),
    ]);
  };
  const right = columns.share.slice(0, width), acrossShape = [1, 1, width, 1];
  const north = between(northWest, northEast, right, acrossShape);
  const south = between(southWest, southEast, right, acrossShape);
  const result = between(north, south, rows.share.slice(0, height), [1, height, 1, 1]);
  set(site, "last", emitFromBytes(build, result, range));
}

export const CONTRASTS: readonly LayerDefinition[] = [
  {
    className: "AutoContrast",
    keras: {
      fields: { valueRange: "numbers" },
      fixed: LAST,
      preprocesses: true,
      create: (settings) => new AutoContrast(settings as AutoContrastConfig),
    },
    onnx: emitAutoContrast,
  },
  {
    className: "ContrastLimitedAdaptiveHistogramEqualization",
    keras: {
      fields: { valueRange: "numbers", clipLimit: "number", tileGridSize: "integers" },
      fixed: LAST,
      preprocesses: true,
      create: (settings) =>
        new ContrastLimitedAdaptiveHistogramEqualization(settings as AdaptiveEqualizationConfig),
    },
    onnx: emitAdaptive,
  },
];
