import { checkFrame, type Frame, type FrameData, sameType } from "./frame.ts";

/** Options for {@linkcode removeIsolatedHits}. */
export interface RemoveIsolatedHitsOptions {
  /** A pixel is a hit if its value exceeds this. @default {0} */
  threshold?: number;
  /** Hits that there must be around a hit for it to stay. @default {1} */
  neighbours?: number;
  /** How far around, in pixels, diagonals included. @default {1} */
  reach?: number;
}

/**
 * Sets hits that stand alone to zero: noise in a tracker or a hot pixel, where a track leaves its hits side by side.
 *
 * Shape: [height, width] in and out. Every hit is judged by the frame as it came, so the order does not matter.
 *
 * @param frame Not modified.
 * @returns A new frame of the same number type.
 * @throws {TypeError} If the values do not fit the sides.
 * @example
 * ```ts
 * removeIsolatedHits({ data: Uint8Array.of(1, 0, 0, 1, 1), height: 1, width: 5 }).data; // 0, 0, 0, 1, 1
 * ```
 */
export function removeIsolatedHits<T extends FrameData>(
  frame: Frame<T>,
  options: RemoveIsolatedHitsOptions = {},
): Frame<T> {
  const { height, width } = frame, data: FrameData = frame.data;
  const { threshold = 0, neighbours = 1, reach = 1 } = options;
  checkFrame(frame, "remove isolated hits");
  const out = sameType(frame.data, data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      out[at] = data[at];
      if (!(data[at] > threshold)) continue;
      let found = -1; // the hit itself is counted below
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) {
          if (data[v * width + u] > threshold) found++;
        }
      }
      if (found < neighbours) out[at] = 0;
    }
  }
  return { data: out, height, width };
}
