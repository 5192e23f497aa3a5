import { type BandedFrame, checkFrame, type Frame, type FrameData } from "./frame.ts";

/** What red, green and blue count in a grey value. */
export const GREY_WEIGHTS: readonly [red: number, green: number, blue: number] = [0.299, 0.587, 0.114];

/**
 * Turns a picture of 1 to 4 channels into a grey frame; an alpha channel is left out.
 *
 * Shapes: [height, width, channels] in, [height, width] out. Units: as they come.
 * Source: ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B, as Pillow's `convert("L")` (there rounded, here not).
 *
 * @param pixels Not modified.
 * @throws {TypeError} If there are not 1 to 4 channels, or the values do not fit the sides.
 * @example
 * ```ts
 * toGrey({ data: Uint8Array.of(255, 0, 0), height: 1, width: 1, channels: 3 }).data; // 76.245
 * ```
 */
export function toGrey(pixels: BandedFrame): Frame<Float32Array> {
  const { height, width, channels } = pixels, source: FrameData = pixels.data;
  if (![1, 2, 3, 4].includes(channels)) {
    throw new TypeError(`Cannot turn a picture grey as it must have 1 to 4 channels: it has ${channels}`);
  }
  checkFrame(pixels, "turn a picture grey", channels);
  const data = new Float32Array(height * width), [red, green, blue] = GREY_WEIGHTS;
  for (let i = 0, at = 0; i < data.length; i++, at += channels) {
    data[i] = channels < 3 ? source[at] : red * source[at] + green * source[at + 1] + blue * source[at + 2];
  }
  return { data, height, width };
}
