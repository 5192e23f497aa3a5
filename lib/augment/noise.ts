import type { FrameData } from "../image/frame.ts";
import { createRng, drawInteger, drawNormal } from "../base/rng.ts";
import { drawFrom, fitted, type Picture } from "./picture.ts";

/** Noise of a given strength; the seed makes it the same whenever it is applied. */
export interface Noise {
  /** Standard deviation, in the picture's units. */
  sigma: number;
  /** Seed of its values. */
  seed: number;
}

/** Draws the strength and the seed of noise. */
export function sampleNoise(rng: () => number, sigma: readonly [low: number, high: number]): Noise {
  return { sigma: drawFrom(sigma, rng), seed: drawInteger(rng, 2 ** 32) };
}

/**
 * Adds normally distributed noise, independent for every value. Whole numbers are rounded and kept in their range.
 *
 * @param picture Not modified; any number of channels.
 * @example
 * ```ts
 * const frame = { data: new Uint8Array(4).fill(99), height: 2, width: 2 };
 * applyNoise(frame, { sigma: 2, seed: 7 }).data; // the same four values each time
 * ```
 */
export function applyNoise<P extends Picture>(picture: P, { sigma, seed }: Noise): P {
  const rng = createRng(seed), source: FrameData = picture.data;
  const data = source.map((value) => fitted(source, value + sigma * drawNormal(rng)));
  return { ...picture, data };
}
