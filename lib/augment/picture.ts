import type { FrameData, Pixels } from "../image/frame.ts";

/** What is augmented: a frame, or a picture of several channels. */
export type Picture<T extends FrameData = FrameData> = Omit<Pixels<T>, "channels"> & { channels?: number };

/** A range that a parameter is drawn from, evenly; a single number stands for itself and its negative. */
export type Range = number | readonly [low: number, high: number];

/** Draws from a range. */
export function drawFrom(range: Range, rng: () => number): number {
  const [low, high] = typeof range === "number" ? [-range, range] : range;
  return low + (high - low) * rng();
}

/** Puts a value into the range of the array's numbers, rounded where they are whole. */
export function fitted(data: FrameData, value: number): number {
  if (data instanceof Float32Array) return value;
  const most = data instanceof Uint8Array ? 255 : 65535;
  return Math.min(most, Math.max(0, Math.round(value)));
}
