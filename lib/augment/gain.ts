import type { FrameData } from "../image/frame.ts";
import { drawFrom, fitted, type Picture } from "./picture.ts";

/** A change of a detector's response: value · factor + offset. */
export interface Gain {
  /** Values a value. */
  factor: number;
  /** In the picture's units. */
  offset: number;
}

/** Draws a gain and an offset, evenly. */
export function sampleGain(
  rng: () => number,
  ranges: { factor?: readonly [low: number, high: number]; offset?: readonly [low: number, high: number] },
): Gain {
  const { factor = [1, 1], offset = [0, 0] } = ranges;
  return { factor: drawFrom(factor, rng), offset: drawFrom(offset, rng) };
}

/**
 * Applies a gain about a pedestal: `pedestal + (value - pedestal) · factor + offset`. Whole numbers are rounded and kept in
 * their range.
 *
 * @param picture Not modified; any number of channels.
 * @param pedestal The value of no light, which the factor leaves as it is. @default {0}
 * @example
 * ```ts
 * applyGain({ data: Uint8Array.of(99, 109), height: 1, width: 2 }, { factor: 2, offset: 0 }, 99).data; // 99, 119
 * ```
 */
export function applyGain<P extends Picture>(picture: P, { factor, offset }: Gain, pedestal = 0): P {
  const source: FrameData = picture.data;
  const data = source.map((value) => fitted(source, pedestal + (value - pedestal) * factor + offset));
  return { ...picture, data };
}
