import type { Croppable } from "./crop_center.ts";
import type { FrameData } from "./frame.ts";

/**
 * Swaps dark and bright: `white - value`.
 *
 * @param frame Not modified; any number of channels.
 * @param white The brightest value: 255, 65,535, or 1 after windowing.
 * @example
 * ```ts
 * invert({ data: Float32Array.of(0, 0.25), height: 1, width: 2 }, 1).data; // 1, 0.75
 * ```
 */
export function invert<F extends Croppable>(
  frame: F,
  white: number,
): Omit<F, "data"> & { data: Float32Array } {
  const source: FrameData = frame.data;
  return { ...frame, data: Float32Array.from(source, (value) => white - value) };
}

/**
 * Inverts a picture whose border is bright, so that drawings on white paper look like the bright-on-dark ones a model
 * was trained on; another picture comes back as it is, in 32-bit floating point.
 *
 * Bright means that the mean of the outermost rows and columns exceeds half of `white`.
 *
 * @param frame Not modified; any number of channels.
 */
export function invertIfBright<F extends Croppable>(
  frame: F,
  white: number,
): Omit<F, "data"> & { data: Float32Array } {
  const { height, width, channels = 1 } = frame, data: FrameData = frame.data;
  let sum = 0, count = 0;
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      for (let c = 0; c < channels; c++) sum += data[(y * width + x) * channels + c];
      count += channels;
    }
  }
  return sum / count > white / 2 ? invert(frame, white) : { ...frame, data: Float32Array.from(data) };
}
