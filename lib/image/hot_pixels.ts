import type { Croppable } from "./crop_center.ts";
import { sameType } from "./frame.ts";

/**
 * Takes single hot pixels out: one that is brighter than all its eight neighbours by more than `above` becomes as bright as the
 * brightest of them. So bytes stay bytes. Light spreads over neighbours, a fault of the sensor does not; which pixels are hot
 * differs from camera to camera, and a network that learned those of one is misled by those of another.
 *
 * The outermost rows and columns stay as they are, and so do two hot pixels side by side. Each channel is looked at by itself.
 *
 * @param frame Not modified; any number of channels.
 * @param above How much brighter than its brightest neighbour a pixel must be, in the frame's units: some six times the noise.
 * @example
 * ```ts
 * const frame = { data: Uint8Array.of(1, 2, 3, 4, 90, 5, 6, 7, 8), height: 3, width: 3 };
 * removeHotPixels(frame, 12).data[4]; // 8
 * ```
 */
export function removeHotPixels<F extends Croppable>(frame: F, above: number): F {
  const { height, width, channels = 1, data } = frame, row = width * channels;
  const out = sameType(data, data.length);
  out.set(data);
  const around = [
    -row - channels,
    -row,
    -row + channels,
    -channels,
    channels,
    row - channels,
    row,
    row + channels,
  ];
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      if (!(data[i] > data[i - channels] + above)) continue; // nearly all pixels end here
      let most = -Infinity;
      for (const step of around) most = Math.max(most, data[i + step]);
      if (data[i] > most + above) out[i] = most;
    }
  }
  return { ...frame, data: out };
}
