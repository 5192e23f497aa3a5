import { type FrameData, sameType } from "../image/frame.ts";
import type { Picture } from "./picture.ts";

/** Which sides change places. */
export interface Flip {
  /** Left and right. */
  horizontal: boolean;
  /** Top and bottom. */
  vertical: boolean;
}

/** Draws a flip: each allowed one with probability ½. Always two numbers are drawn. */
export function sampleFlip(rng: () => number, allowed: Partial<Flip> = {}): Flip {
  const { horizontal = true, vertical = true } = allowed;
  const first = rng() < 0.5, second = rng() < 0.5;
  return { horizontal: horizontal && first, vertical: vertical && second };
}

/**
 * Flips a picture, values unchanged; masks follow by the same call.
 *
 * @param picture Not modified; any number of channels.
 * @example
 * ```ts
 * const picture = { data: Uint8Array.of(1, 2, 3, 4), height: 2, width: 2 };
 * applyFlip(picture, { horizontal: true, vertical: false }).data; // 2, 1, 4, 3
 * ```
 */
export function applyFlip<P extends Picture>(picture: P, { horizontal, vertical }: Flip): P {
  const { height, width, channels = 1 } = picture, source: FrameData = picture.data;
  const data = sameType(source, source.length), line = width * channels;
  for (let row = 0; row < height; row++) {
    const from = (vertical ? height - 1 - row : row) * line, to = row * line;
    if (!horizontal) {
      data.set(source.subarray(from, from + line), to);
      continue;
    }
    for (let column = 0; column < width; column++) {
      const pixel = from + (width - 1 - column) * channels;
      for (let c = 0; c < channels; c++) data[to + column * channels + c] = source[pixel + c];
    }
  }
  return { ...picture, data };
}
