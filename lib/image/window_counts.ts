import type { FrameData } from "./frame.ts";
import type { Croppable } from "./crop_center.ts";

/**
 * Maps counts from [low, high] to [0, 1] and clips what lies outside, as the CYGNO course's `windowing`.
 *
 * Shape: as it comes, any number of channels. Units: counts in, fraction of the window out.
 *
 * @param frame Not modified.
 * @throws {RangeError} If `low` is not below `high`.
 * @example
 * ```ts
 * windowCounts({ data: Uint8Array.of(50, 95, 130), height: 1, width: 3 }, 60, 130).data; // 0, 0.5, 1
 * ```
 */
export function windowCounts<F extends Croppable>(
  frame: F,
  low: number,
  high: number,
): Omit<F, "data"> & { data: Float32Array } {
  if (!(low < high)) {
    throw new RangeError(`Cannot window counts as low must be below high: got ${low} and ${high}`);
  }
  const source: FrameData = frame.data, data = new Float32Array(source.length), range = high - low;
  for (let i = 0; i < data.length; i++) {
    const value = (source[i] - low) / range;
    data[i] = value < 0 ? 0 : value > 1 ? 1 : value; // NaN stays NaN: it must not pass for darkness
  }
  return { ...frame, data };
}
