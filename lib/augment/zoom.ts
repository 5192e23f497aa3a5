import { type Affine, applyAffine, type ApplyAffineOptions, IDENTITY, sampleAffine } from "./affine.ts";
import type { Picture, Range } from "./picture.ts";

/** A magnification. */
export type Zoom = Pick<Affine, "zoom">;

/** Draws a magnification, evenly in its logarithm; 1.2 stands for [1 / 1.2, 1.2]. */
export function sampleZoom(rng: () => number, zoom: Range): Zoom {
  return { zoom: sampleAffine(rng, { zoom }).zoom };
}

/**
 * Magnifies a picture about its middle; the sides stay. No widening of the filter: meant for factors near 1.
 *
 * @throws {RangeError} If the zoom is not positive.
 * @example
 * ```ts
 * applyZoom({ data: Uint8Array.of(1, 5, 9), height: 1, width: 3 }, { zoom: 2 }).data; // 3, 5, 7
 * ```
 */
export function applyZoom<P extends Picture>(picture: P, zoom: Zoom, options?: ApplyAffineOptions): P {
  return applyAffine(picture, { ...IDENTITY, zoom: zoom.zoom }, options);
}
