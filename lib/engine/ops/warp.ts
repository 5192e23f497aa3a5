/**
 * Reading images at any places, each pixel from its own: elastic deformations, curved fields.
 * @module
 */
import type { AffineOptions } from "./affine.ts";
import { gatherRows } from "./gather_rows.ts";
import { type Border, resampleAt } from "./resample.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";

const BORDERS = {
  constant: "grid-constant",
  nearest: "nearest",
  reflect: "reflect",
  wrap: "grid-wrap",
} as const;

/**
 * Reads every image of a batch at its own places.
 *
 * A value beyond the border is blended with `fillValue` where the fill is constant; `wrap` goes round with the period
 * of the whole side (SciPy's `grid-constant` and `grid-wrap`). Not differentiable.
 *
 * @param images float32 [batch, height, width, channels].
 * @param places float32 [batch, rows, columns, 2]: row and column in pixels from the middle of the upper left one.
 * @returns float32 [batch, rows, columns, channels].
 * @throws {TypeError} If the places do not fit the images.
 * @example Half a pixel to the right
 * ```ts
 * import { startEngine, warp } from "../mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * warp(tf.tensor4d([1, 2, 5], [1, 1, 3, 1]), tf.tensor4d([0, 0.5, 0, 1.5], [1, 1, 2, 2])).dataSync(); // 1.5, 3.5
 * ```
 */
export function warp(images: tf.Tensor4D, places: tf.Tensor4D, options: AffineOptions = {}): tf.Tensor4D {
  const { interpolation = "bilinear", fillMode = "constant", fillValue = 0 } = options;
  const [batch, height, width, channels] = images.shape, [count, rows, columns, two] = places.shape;
  if (count !== batch || two !== 2) {
    throw new TypeError(
      `Cannot warp ${batch} images as places must be [${batch}, rows, columns, 2]: got [${places.shape}]`,
    );
  }
  if (!activeNative()) {
    const source = images.dataSync<"float32">(), at = places.dataSync<"float32">();
    const out = new Float32Array(batch * rows * columns * channels);
    const sampling = {
      order: interpolation === "nearest" ? 0 : 1,
      border: BORDERS[fillMode] as Border,
      value: fillValue,
    } as const;
    for (let i = 0; i < batch; i++) {
      const image = { data: source, at: i * height * width * channels, height, width, channels };
      const pixels = rows * columns;
      resampleAt(image, at, i * pixels * 2, pixels, out, i * pixels * channels, sampling);
    }
    return tf.tensor4d(out, [batch, rows, columns, channels]);
  }
  return tf.tidy(() => {
    const [row, column] = tf.unstack(places, 3); // [batch, rows, columns]
    const flat = tf.reshape(images, [batch * height * width, channels]);
    const first = tf.reshape(tf.range(0, batch, 1, "int32"), [batch, 1, 1]);
    /** Pixels with these whole numbers, [batch, rows, columns, channels]. */
    const pixels = (r: tf.Tensor, c: tf.Tensor): tf.Tensor => {
      const y = inside(r, height, fillMode), x = inside(c, width, fillMode);
      const line = tf.add(tf.mul(first, tf.scalar(height, "int32")), tf.cast(y, "int32"));
      const index = tf.add(tf.mul(line, tf.scalar(width, "int32")), tf.cast(x, "int32"));
      const values = gatherRows(flat, index);
      if (fillMode !== "constant") return values;
      const here = tf.expandDims(tf.logicalAnd(tf.equal(y, r), tf.equal(x, c)), 3);
      return tf.where(here, values, tf.scalar(fillValue));
    };
    if (interpolation === "nearest") {
      return pixels(tf.floor(tf.add(row, 0.5)), tf.floor(tf.add(column, 0.5))) as tf.Tensor4D;
    }
    const top = tf.floor(row), left = tf.floor(column);
    const below = tf.add(top, 1), after = tf.add(left, 1);
    const down = tf.expandDims(tf.sub(row, top), 3), across = tf.expandDims(tf.sub(column, left), 3);
    const blend = (a: tf.Tensor, b: tf.Tensor, share: tf.Tensor) => tf.add(a, tf.mul(share, tf.sub(b, a)));
    const upper = blend(pixels(top, left), pixels(top, after), across);
    const lower = blend(pixels(below, left), pixels(below, after), across);
    return blend(upper, lower, down) as tf.Tensor4D;
  });
}

/** Whole numbers of pixels brought inside by the fill; with a constant one, whatever was outside changes. */
function inside(index: tf.Tensor, length: number, fill: keyof typeof BORDERS): tf.Tensor {
  if (fill === "reflect") {
    const folded = tf.sub(index, tf.mul(tf.floor(tf.div(index, 2 * length)), 2 * length));
    const mirrored = tf.minimum(folded, tf.sub(2 * length - 1, folded));
    return tf.clipByValue(mirrored, 0, length - 1);
  }
  if (fill === "wrap") {
    return tf.clipByValue(tf.sub(index, tf.mul(tf.floor(tf.div(index, length)), length)), 0, length - 1);
  }
  return tf.clipByValue(index, 0, length - 1);
}
