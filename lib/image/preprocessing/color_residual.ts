import { z } from "../../base/zod.ts";
import { axesOf, type Pixels, sizeOf } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/**
 * Adds a channel: one band less another, scaled so that nothing is left of what is in the middle. An object of one colour is gone
 * from it, and what has another colour, as arcs about a galaxy have, is all that it shows.
 *
 * Source: RINGFINDER of Gavazzi et al., arXiv 1403.1041, which subtracts the redder band so and searches what is left for
 * blue rings.
 */
export interface ColorResidualStep {
  op: "colorResidual";
  /** The band that is kept, counted from 0. */
  band: number;
  /** The band that is scaled and subtracted. */
  minus: number;
  /** Pixels from the middle within which nothing is to be left. */
  radius: number;
}

/** Times that the subtracted band is scaled, at most: the middle may be dark in it. */
export const MOST_SCALE = 10;
/** Least light of the subtracted band's middle. */
export const LEAST_LIGHT = 1e-3;

/** The middle of late, as the pictures of a set have one size. */
let last: { key: string; middle: Float32Array } = { key: "", middle: new Float32Array(0) };

/** 1 within a radius of the middle, else 0; [height · width]. Not to be written to. */
export function middleOf(height: number, width: number, radius: number): Float32Array {
  const key = `${height} ${width} ${radius}`;
  if (last.key !== key) last = { key, middle: makeMiddle(height, width, radius) };
  return last.middle;
}

function makeMiddle(height: number, width: number, radius: number): Float32Array {
  return Float32Array.from({ length: height * width }, (_, at) => {
    const row = Math.floor(at / width) - (height - 1) / 2, column = at % width - (width - 1) / 2;
    return Math.hypot(row, column) <= radius ? 1 : 0;
  });
}

/** The step "colorResidual". */
export const colorResidual: StepKind<ColorResidualStep> = {
  op: "colorResidual",
  schema: () =>
    z.strictObject({
      op: z.literal("colorResidual"),
      band: z.number().int().nonnegative(),
      minus: z.number().int().nonnegative(),
      radius: z.number().min(1),
    }).refine(({ band, minus }) => band !== minus, "band and minus must differ"),
  pointwise: false,
  shapeAfter({ band, minus }, shape) {
    const { before, height, width, channels } = axesOf(shape);
    const missing = [band, minus].find((one) => one >= channels);
    if (missing !== undefined) {
      throw new RangeError(
        `Cannot apply "colorResidual" to band ${missing}: there are ${channels}, counted from 0`,
      );
    }
    return [...before, height, width, channels + 1];
  },
  whiteAfter: () => NaN,
  apply({ band, minus, radius }, { data, shape }): Pixels {
    const { before, height, width, channels } = axesOf(shape), pixels = height * width;
    const middle = middleOf(height, width, radius);
    const out = new Float32Array(data.length / channels * (channels + 1));
    for (let frame = 0; frame < sizeOf(before); frame++) {
      const from = frame * pixels * channels, to = frame * pixels * (channels + 1);
      let light = 0, subtracted = 0;
      for (let p = 0; p < pixels; p++) {
        if (middle[p] === 0) continue;
        const at = from + p * channels;
        if (Number.isFinite(data[at + band])) light += data[at + band];
        if (Number.isFinite(data[at + minus])) subtracted += data[at + minus];
      }
      const scale = Math.min(MOST_SCALE, Math.max(0, light / Math.max(LEAST_LIGHT, subtracted)));
      for (let p = 0; p < pixels; p++) {
        const at = from + p * channels, into = to + p * (channels + 1);
        for (let channel = 0; channel < channels; channel++) out[into + channel] = data[at + channel];
        out[into + channels] = data[at + band] - scale * data[at + minus];
      }
    }
    return { data: out, shape: [...before, height, width, channels + 1] };
  },
  ops({ band, minus, radius }, shape) {
    const { height, width } = axesOf(shape), middle = middleOf(height, width, radius);
    return [{ op: "appendResidual", band, minus, middle, leastLight: LEAST_LIGHT, mostScale: MOST_SCALE }];
  },
};
