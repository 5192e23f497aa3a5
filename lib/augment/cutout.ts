import { drawInteger } from "../base/rng.ts";
import type { FrameData } from "../image/frame.ts";
import { fitted, type Picture } from "./picture.ts";

/** A rectangle of pixels, which may stick out of the picture. */
export interface Cutout {
  /** First row. */
  top: number;
  /** First column. */
  left: number;
  /** Rows. */
  height: number;
  /** Columns. */
  width: number;
}

/**
 * Draws where a square of `size` pixels is blanked, its middle anywhere in the picture.
 *
 * Source: T. DeVries, G. W. Taylor, "Improved regularization of convolutional neural networks with cutout"
 * (arXiv:1708.04552).
 */
export function sampleCutout(
  rng: () => number,
  size: number,
  picture: { height: number; width: number },
): Cutout {
  const half = Math.floor(size / 2);
  const top = drawInteger(rng, picture.height) - half, left = drawInteger(rng, picture.width) - half;
  return { top, left, height: size, width: size };
}

/**
 * Blanks a rectangle.
 *
 * @param picture Not modified; any number of channels.
 * @param fill Value of the blank: the pedestal of a camera, the mean of a set. @default {0}
 * @example
 * ```ts
 * const picture = { data: Uint8Array.of(1, 2, 3, 4), height: 2, width: 2 };
 * applyCutout(picture, { top: -1, left: 0, height: 2, width: 1 }).data; // 0, 2, 3, 4
 * ```
 */
export function applyCutout<P extends Picture>(picture: P, cutout: Cutout, fill = 0): P {
  const { height, width, channels = 1 } = picture, data: FrameData = picture.data.slice();
  const left = Math.max(0, cutout.left), right = Math.min(width, cutout.left + cutout.width);
  const value = fitted(data, fill);
  for (
    let row = Math.max(0, cutout.top);
    row < Math.min(height, cutout.top + cutout.height) && left < right;
    row++
  ) {
    data.fill(value, (row * width + left) * channels, (row * width + right) * channels);
  }
  return { ...picture, data };
}
