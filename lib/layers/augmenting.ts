/**
 * Layers of Keras that change images in training only: flips, shifts, turns, zooms, shears, contrast and brightness.
 *
 * Each draws for every image of the batch, whatever its shards, from the laws that Keras has; its other augmenting
 * layers are read, scored and written, and refuse to be trained. Source: Keras 3.15,
 * `layers/preprocessing/image_preprocessing`. @module
 */
import { affine, type AffineOptions, random, tf } from "../engine/mod.ts";
import type { Json, JsonObject } from "./keras_settings.ts";

/** Changes images, [batch, height, width, channels]. */
export type Change = (images: tf.Tensor4D) => tf.Tensor;

type Range = readonly [low: number, high: number];

/** A range as Keras has it: two numbers, or one for both sides of 0. */
function rangeOf(value: Json | undefined, lowest = -1): Range {
  if (Array.isArray(value)) {
    const [low, high] = value.map(Number).toSorted((a, b) => a - b);
    return [low, high];
  }
  const size = Math.abs(Number(value));
  return [Math.max(-size, lowest), size];
}

/** A number of each image, of a shape that its pixels take. */
function drawEach({ shape: [batch] }: tf.Tensor4D, [low, high]: Range): tf.Tensor {
  return random.uniform([batch, 1, 1, 1], low, high);
}

/** The same, shaped as a column of transforms. */
function drawColumn({ shape: [batch] }: tf.Tensor4D, [low, high]: Range): tf.Tensor {
  return random.uniform([batch, 1], low, high);
}

function flip({ mode = "horizontal_and_vertical" }: JsonObject): Change {
  return (images) => {
    const isFlipped = tf.lessEqual(drawEach(images, [0, 1]), 0.5); // both ways together, as in Keras
    let x: tf.Tensor4D = images;
    if (mode !== "vertical") x = tf.where(isFlipped, tf.reverse(x, 2), x);
    if (mode !== "horizontal") x = tf.where(isFlipped, tf.reverse(x, 1), x);
    return x;
  };
}

/** The first six numbers of each image's transform; one number stands for all. */
type Columns = (tf.Tensor | number)[];

/** Moves images by what is drawn; no gradient is known for what stands in front. */
function moving(kept: JsonObject, draw: (images: tf.Tensor4D) => Columns): Change {
  const options = {
    interpolation: kept.interpolation ?? "bilinear",
    fillMode: kept.fill_mode ?? "reflect",
    fillValue: kept.fill_value ?? 0,
  } as AffineOptions;
  const move = tf.customGrad((x, transforms) => ({
    value: affine(x as tf.Tensor4D, transforms as tf.Tensor2D, options),
    gradFunc: () => {
      throw new TypeError("Cannot train what stands in front of a layer that moves images: freeze it");
    },
  }));
  return (images) => {
    const { shape: [batch] } = images;
    const columns = [...draw(images), 0, 0].map((value) =>
      typeof value === "number" ? tf.fill([batch, 1], value) : value
    );
    return move(images, tf.concat(columns, 1));
  };
}

function translation(kept: JsonObject): Change {
  const [down, right] = [rangeOf(kept.height_factor), rangeOf(kept.width_factor)];
  return moving(kept, (images) => {
    const { shape: [, height, width] } = images;
    const y = tf.mul(drawColumn(images, down), height), x = tf.mul(drawColumn(images, right), width);
    return [1, 0, tf.neg(x), 0, 1, tf.neg(y)];
  });
}

function rotation(kept: JsonObject): Change {
  const [low, high] = rangeOf(kept.factor);
  return moving(kept, (images) => {
    const { shape: [, height, width] } = images, middleX = (width - 1) / 2, middleY = (height - 1) / 2;
    const angle = tf.mul(drawColumn(images, [low * 360, high * 360]), Math.PI / 180);
    const cos = tf.cos(angle), sin = tf.sin(angle);
    const x = tf.sub(middleX, tf.sub(tf.mul(cos, middleX), tf.mul(sin, middleY)));
    const y = tf.sub(middleY, tf.add(tf.mul(sin, middleX), tf.mul(cos, middleY)));
    return [cos, tf.neg(sin), x, sin, cos, y];
  });
}

function zoom(kept: JsonObject): Change {
  const above = ([low, high]: Range): Range => [1 + low, 1 + high];
  const tall = above(rangeOf(kept.height_factor));
  const wide = kept.width_factor === null || kept.width_factor === undefined
    ? undefined
    : above(rangeOf(kept.width_factor));
  return moving(kept, (images) => {
    const { shape: [, height, width] } = images;
    const rows = drawColumn(images, tall), columns = wide ? drawColumn(images, wide) : rows;
    const rest = (zooms: tf.Tensor, side: number) => tf.mul(tf.sub(1, zooms), (side - 1) / 2);
    return [columns, 0, rest(columns, width), 0, rows, rest(rows, height)];
  });
}

function shear(kept: JsonObject): Change {
  const [across, along] = [rangeOf(kept.x_factor ?? 0), rangeOf(kept.y_factor ?? 0)];
  return moving(kept, (images) => {
    const isTurned = tf.greater(drawColumn(images, [0, 1]), 0.5);
    const signed = (shears: tf.Tensor) => tf.where(isTurned, tf.neg(shears), shears);
    return [1, signed(drawColumn(images, across)), 0, signed(drawColumn(images, along)), 1, 0];
  });
}

function contrast(kept: JsonObject): Change {
  const [less, more] = rangeOf(kept.factor, 0), [low, high] = rangeOf(kept.value_range ?? [0, 255]);
  return (images) => {
    const mean = tf.mean(images, [1, 2], true);
    const factor = drawEach(images, [1 - less, 1 + more]);
    return tf.clipByValue(tf.add(tf.mul(tf.sub(images, mean), factor), mean), low, high);
  };
}

function brightness(kept: JsonObject): Change {
  const factors = rangeOf(kept.factor), [low, high] = rangeOf(kept.value_range ?? [0, 255]);
  return (images) => {
    const added = tf.mul(drawEach(images, factors), high - low);
    return tf.clipByValue(tf.add(images, added), low, high);
  };
}

/** What Keras's augmenting layers do in training, from their settings as Keras writes them, as far as it is done here. */
export const CHANGES: Readonly<Record<string, (kept: JsonObject) => Change>> = {
  RandomFlip: flip,
  RandomTranslation: translation,
  RandomRotation: rotation,
  RandomZoom: zoom,
  RandomShear: shear,
  RandomContrast: contrast,
  RandomBrightness: brightness,
};
