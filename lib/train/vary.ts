/**
 * Random variations of whole batches by ops of the compiled step: shift, turn, zoom, shear and flip as one affine
 * transform an image, and squares blotted out. Each image has its own draw, each step new ones.
 * @module
 */
import { affine, random, tf } from "../engine/mod.ts";

/** Largest variations for {@linkcode varyAffine}; each is drawn evenly between minus and plus its value. */
export interface VaryAffineOptions {
  /** Pixels, along both axes; whole ones where this is whole and nothing else blends pixels. @default {0} */
  shift?: number;
  /** Degrees. @default {0} */
  turn?: number;
  /** Share: 0.1 scales by 0.9 to 1.1. @default {0} */
  zoom?: number;
  /** Tangent of the shear angle, along the rows. @default {0} */
  shear?: number;
  /** Mirror left and right in half of the images. @default {false} */
  flip?: boolean;
}

/**
 * Moves every image of a batch by its own random transform, interpolated linearly; what comes in from outside is 0.
 *
 * Shapes: [batch, height, width, channels] in and out.
 *
 * @example A batch of two
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { varyAffine } from "./vary.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * varyAffine(tf.ones([2, 8, 8, 1]), { shift: 2, turn: 10 }).shape; // [2, 8, 8, 1]
 * ```
 */
export function varyAffine(images: tf.Tensor, options: VaryAffineOptions): tf.Tensor {
  const { shift = 0, turn = 0, zoom = 0, shear = 0, flip = false } = options;
  return tf.tidy(() => {
    const [batch, height, width] = images.shape as [number, number, number, number];
    const draw = (most: number): tf.Tensor =>
      most === 0 ? tf.zeros([batch]) : random.uniform([batch], -most, most);
    const angle = draw(turn * Math.PI / 180), scale = tf.add(draw(zoom), 1), slant = draw(shear);
    const side: tf.Tensor = flip
      ? tf.sub(tf.mul(tf.cast(tf.less(random.uniform([batch]), 0.5), "float32"), 2), 1)
      : tf.ones([batch]);
    // The op maps output to input; the inverse of a random transform is as random as the transform itself.
    const c = tf.mul(tf.cos(angle), scale), s = tf.mul(tf.sin(angle), scale);
    const a = tf.mul(c, side), b = tf.sub(tf.mul(c, slant), s); // x' = a x + b y
    const d = tf.mul(s, side), e = tf.add(tf.mul(s, slant), c); // y' = d x + e y
    const middleX = (width - 1) / 2, middleY = (height - 1) / 2;
    // Blending neighbours would blur every image, in training only: on the grid there is no need for it.
    const onGrid = shift > 0 && Number.isInteger(shift) && turn === 0 && zoom === 0 && shear === 0;
    const drawShift = () => onGrid ? tf.clipByValue(tf.round(draw(shift + 0.5)), -shift, shift) : draw(shift);
    const offset = (p: tf.Tensor, q: tf.Tensor, middle: number) =>
      tf.add(tf.sub(middle, tf.add(tf.mul(p, middleX), tf.mul(q, middleY))), drawShift());
    const none = tf.zeros([batch]);
    const transforms = tf.stack([a, b, offset(a, b, middleX), d, e, offset(d, e, middleY), none, none], 1);
    return affine(images as tf.Tensor4D, transforms as tf.Tensor2D);
  });
}

/**
 * Sets a square of every image to zero, its middle anywhere in the image, so that it may be cut by the border.
 *
 * Shapes: [batch, height, width, channels] in and out.
 * Source: DeVries and Taylor, arXiv 1708.04552.
 *
 * @param size Side of the square in pixels.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { varyCutout } from "./vary.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * varyCutout(tf.ones([2, 8, 8, 1]), 4).shape; // [2, 8, 8, 1]
 * ```
 */
export function varyCutout(images: tf.Tensor, size: number): tf.Tensor {
  return tf.tidy(() => {
    const [batch, height, width] = images.shape as [number, number, number, number];
    const outside = (length: number, shape: [number, number, number]) => {
      const middle = random.uniform([batch, 1, 1], 0, length);
      const pixels = tf.add(tf.reshape(tf.range(0, length), shape), 0.5);
      return tf.cast(tf.greater(tf.abs(tf.sub(pixels, middle)), size / 2), "float32");
    };
    const kept = tf.maximum(outside(height, [1, height, 1]), outside(width, [1, 1, width])); // [batch, height, width]
    return tf.mul(images, tf.expandDims(kept, 3));
  });
}
