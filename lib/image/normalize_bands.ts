import { type BandedFrame, checkFrame, type FrameData } from "./frame.ts";

/** Options for {@linkcode normalizeBands}. */
export interface NormalizeBandsOptions {
  /** What becomes 0, for all bands or one each. @default {0} */
  min?: number | readonly number[];
  /** What becomes 1, for all bands or one each. */
  max: number | readonly number[];
}

/**
 * Scales every band of a sky image from [min, max] to [0, 1] and clips what lies outside (min-max normalisation).
 *
 * Shape: [height, width, bands] in and out. Units: the bands' own in, fractions out. What is not a finite number, as of
 * pixels without data, becomes 0, +∞ too.
 * Source: pyBIA's `process_class` with `min_pixel` and one `max_pixel` a band.
 *
 * @param pixels Not modified.
 * @throws {RangeError} If there is not one limit a band, or a minimum is not below its maximum.
 * @throws {TypeError} If the values do not fit the sides.
 * @example
 * ```ts
 * const sky = { data: Float32Array.of(-5, 50, 100, 300), height: 1, width: 2, channels: 2 };
 * normalizeBands(sky, { max: [100, 200] }).data; // 0, 0.25, 1, 1
 * ```
 */
export function normalizeBands(
  pixels: BandedFrame,
  options: NormalizeBandsOptions,
): BandedFrame<Float32Array> {
  const { height, width, channels } = pixels, source: FrameData = pixels.data;
  const { min = 0, max } = options;
  checkFrame(pixels, "normalise bands", channels);
  const limits = (value: number | readonly number[]) =>
    typeof value === "number" ? new Array<number>(channels).fill(value) : value;
  const low = limits(min), high = limits(max);
  if (low.length !== channels || high.length !== channels || low.some((value, c) => !(value < high[c]))) {
    throw new RangeError(
      `Cannot normalise ${channels} bands as each needs a minimum below its maximum: got [${low}] and [${high}]`,
    );
  }
  const data = new Float32Array(source.length);
  low.forEach((from, c) => {
    const factor = 1 / (high[c] - from);
    for (let i = c; i < data.length; i += channels) {
      const value = (source[i] - from) * factor;
      data[i] = value > 0 && value < Infinity ? Math.min(value, 1) : 0;
    }
  });
  return { data, height, width, channels };
}
