import { type Affine, applyAffine, type ApplyAffineOptions, IDENTITY } from "./affine.ts";
import { drawFrom, type Picture, type Range } from "./picture.ts";

/** A shift, in pixels: downwards and to the right. */
export type Shift = Pick<Affine, "rows" | "columns">;

/** Draws a shift; give whole pixels (`whole: true`) where values must stay as they are. */
export function sampleShift(
  rng: () => number,
  pixels: { rows: Range; columns: Range; whole?: boolean },
): Shift {
  const rows = drawFrom(pixels.rows, rng), columns = drawFrom(pixels.columns, rng);
  return pixels.whole ? { rows: Math.round(rows), columns: Math.round(columns) } : { rows, columns };
}

/**
 * Shifts a picture; what comes in from outside is `fill`.
 *
 * @example
 * ```ts
 * applyShift({ data: Uint8Array.of(1, 2, 3), height: 1, width: 3 }, { rows: 0, columns: 1 }).data; // 0, 1, 2
 * ```
 */
export function applyShift<P extends Picture>(picture: P, shift: Shift, options?: ApplyAffineOptions): P {
  return applyAffine(picture, { ...IDENTITY, rows: shift.rows, columns: shift.columns }, options);
}
