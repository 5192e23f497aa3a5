import { type Affine, applyAffine, type ApplyAffineOptions, IDENTITY } from "./affine.ts";
import { drawFrom, type Picture, type Range } from "./picture.ts";

/** A turn against the clock, in degrees. */
export type Rotation = Pick<Affine, "degrees">;

/** Draws a turn. */
export function sampleRotation(rng: () => number, degrees: Range): Rotation {
  return { degrees: drawFrom(degrees, rng) };
}

/**
 * Turns a picture about its middle; the sides stay, so corners leave and `fill` comes in.
 *
 * @example A quarter turn
 * ```ts
 * applyRotation({ data: Uint8Array.of(1, 2, 3, 4), height: 2, width: 2 }, { degrees: 90 }).data; // 2, 4, 1, 3
 * ```
 */
export function applyRotation<P extends Picture>(
  picture: P,
  rotation: Rotation,
  options?: ApplyAffineOptions,
): P {
  return applyAffine(picture, { ...IDENTITY, degrees: rotation.degrees }, options);
}
