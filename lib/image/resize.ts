import type { Croppable } from "./crop_center.ts";

/** Options for {@linkcode resize}. */
export interface ResizeOptions {
  /**
   * "bilinear" weighs by a triangle that widens with the step when shrinking; "area" takes the mean of what a new pixel
   * covers, parts of pixels by their part, so that light is conserved. Neither skips a pixel (no aliasing).
   *
   * @default {"bilinear"}
   */
  filter?: "bilinear" | "area";
}

/**
 * Changes a picture's size.
 *
 * Shapes: [h, w] or [h, w, channels] in, [height, width(, channels)] out. Units: as they come.
 * Source: bilinear is Pillow's `Image.resize(…, BILINEAR)`; pixels are areas, the first has its middle at 0.5. (Keras and tf.image differ from it by not widening unless `antialias` is set.)
 *
 * @param frame Not modified.
 * @throws {RangeError} If a new side is not a positive integer.
 * @example
 * ```ts
 * resize({ data: Uint8Array.of(0, 10, 20, 30), height: 1, width: 4 }, 1, 2, { filter: "area" }).data; // 5, 25
 * ```
 */
export function resize<F extends Croppable>(
  frame: F,
  height: number,
  width: number,
  options: ResizeOptions = {},
): Omit<F, "data"> & { data: Float32Array } {
  const { filter = "bilinear" } = options;
  for (const side of [height, width]) {
    if (!(Number.isInteger(side) && side > 0)) {
      throw new RangeError(`Cannot resize to ${height} × ${width} as sides must be positive whole numbers`);
    }
  }
  const { data, channels = 1 } = frame;
  const across = weights(frame.width, width, filter), down = weights(frame.height, height, filter);
  const middle = new Float32Array(frame.height * width * channels);
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, factors } = across[x];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < factors.length; k++) {
          sum += factors[k] * data[(y * frame.width + first + k) * channels + c];
        }
        middle[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const out = new Float32Array(height * width * channels), line = width * channels;
  for (let y = 0; y < height; y++) {
    const { first, factors } = down[y];
    for (let i = 0; i < line; i++) {
      let sum = 0;
      for (let k = 0; k < factors.length; k++) sum += factors[k] * middle[(first + k) * line + i];
      out[y * line + i] = sum;
    }
  }
  return { ...frame, data: out, height, width };
}

/**
 * What every old pixel of a line counts in every new one, [to, from] row by row, for the bilinear filter.
 *
 * @example
 * ```ts
 * resizeWeights(4, 2); // 0.42857…, 0.42857…, 0.14285…, 0, 0, 0.14285…, 0.42857…, 0.42857…
 * ```
 */
export function resizeWeights(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  weights(from, to, "bilinear").forEach(({ first, factors }, i) => matrix.set(factors, i * from + first));
  return matrix;
}

/** For every new pixel: the first old pixel it looks at and the factors of that one and those after it, of sum 1. */
function weights(
  from: number,
  to: number,
  filter: "bilinear" | "area",
): { first: number; factors: number[] }[] {
  const step = from / to, stretch = Math.max(1, step);
  return Array.from({ length: to }, (_, i) => {
    const start = i * step, stop = (i + 1) * step, center = (start + stop) / 2;
    const reach = filter === "area" ? step / 2 : stretch;
    const first = Math.max(0, Math.floor(center - reach)), end = Math.min(from, Math.ceil(center + reach));
    const factors = Array.from({ length: end - first }, (_, k) => {
      const left = first + k;
      return filter === "area"
        ? Math.max(0, Math.min(stop, left + 1) - Math.max(start, left))
        : Math.max(0, 1 - Math.abs(left + 0.5 - center) / stretch);
    });
    const sum = factors.reduce((a, b) => a + b, 0);
    return { first, factors: factors.map((factor) => factor / sum) };
  });
}
