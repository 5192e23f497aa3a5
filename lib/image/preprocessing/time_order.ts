/**
 * Hits of a calorimeter in the order of their time: a picture of energy and time becomes a film.
 *
 * Source: `timeordered_BC` of the end-to-end calorimeter analysis, its defaults kept. @module
 */
import { z } from "../../base/zod.ts";
import { axesOf, shapeText } from "./pixels.ts";
import type { PrimitiveOp } from "./primitive_op.ts";
import type { StepKind } from "./step.ts";

/**
 * [height, width, (energy, time)] to [frames, height, width, (energy) or (energy, time)]; what is not a finite number is in
 * no frame.
 */
export interface TimeOrderStep {
  op: "timeOrder";
  /** Time at which the first frame begins. */
  minTime: number;
  /** Time at which the frames end. */
  maxTime: number;
  /** Length of a frame. */
  step: number;
  /** Whether a frame holds what came until its end, and not only during it. */
  cumulative: boolean;
  /** Whether hits of `lowEnergy` and less, or 100 and more away in time, are left out. */
  removeEmpty: boolean;
  /** Least energy of a hit, itself excluded. */
  lowEnergy: number;
  /** What becomes of hits before `minTime` and after `maxTime`. */
  outside: "drop" | "clamp";
  /** What a frame shows of a hit. */
  channels: "energy" | "both";
  /**
   * "right": every frame is filled, and a hit at `minTime` is in the first one. "document": as the analysis does it:
   * the last frame is never filled, a hit at `minTime` is in none, and cumulative frames have no lower bound.
   */
  like: "right" | "document";
}

/** A longer film is a mistake in the times. */
const MAX_FRAMES = 4096;

/** The step "timeOrder"; the analysis's defaults but for `like`: "right". */
export const timeOrder: StepKind<TimeOrderStep> = {
  op: "timeOrder",
  schema: () =>
    z.strictObject({
      op: z.literal("timeOrder"),
      minTime: z.number(),
      maxTime: z.number(),
      step: z.number().positive().default(0.0099),
      cumulative: z.boolean().default(false),
      removeEmpty: z.boolean().default(true),
      lowEnergy: z.number().default(0.005),
      outside: z.enum(["drop", "clamp"]).default("drop"),
      channels: z.enum(["energy", "both"]).default("both"),
      like: z.enum(["right", "document"]).default("right"),
    })
      .refine((step) => step.minTime < step.maxTime, "minTime must be below maxTime")
      .refine((step) => frameCount(step) <= MAX_FRAMES, `there must be at most ${MAX_FRAMES} frames`)
      .refine(
        ({ like, outside }) => like === "right" || outside === "drop",
        'like "document" cannot clamp hits outside',
      ),
  pointwise: true,
  shapeAfter(step, shape) {
    if (shape.length !== 3 || shape[2] !== 2) {
      throw new TypeError(
        `Cannot apply "timeOrder" as the picture must be [height, width, (energy, time)]: got ${
          shapeText(shape)
        }`,
      );
    }
    return [frameCount(step), shape[0], shape[1], channelCount(step)];
  },
  whiteAfter: () => NaN,
  apply(step, { data, shape }) {
    const { height, width } = axesOf(shape), channels = channelCount(step), frames = frameCount(step);
    const { after, until, lowEnergy, maxAbsTime } = bounds(step);
    const pixels = height * width, out = new Float32Array(frames * pixels * channels);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const energy = data[2 * pixel], time = data[2 * pixel + 1];
      if (energy === 0 && time === 0) continue; // nine pixels of ten: they stay zero wherever they belong
      const isHit = energy > lowEnergy && energy < Infinity && Math.abs(time) < maxAbsTime;
      if (!isHit) continue;
      for (let frame = firstFrame(until, time); frame < frames && time > after[frame]; frame++) {
        const at = (frame * pixels + pixel) * channels;
        out[at] = energy;
        if (channels === 2) out[at + 1] = time;
      }
    }
    return { data: out, shape: [frames, height, width, channels] };
  },
  ops: (step) => [{ op: "sortByTime", ...bounds(step), withTime: step.channels === "both" }],
};

/** NumPy's number of edges from `minTime` to before `maxTime`: each begins a frame. */
function frameCount({ minTime, maxTime, step, like }: TimeOrderStep): number {
  const frames = (maxTime - minTime) / step;
  // In the right form a rounding error of the division does not make a frame.
  return Math.ceil(like === "right" ? frames - 1e-9 : frames);
}

function channelCount({ channels }: TimeOrderStep): 1 | 2 {
  return channels === "both" ? 2 : 1;
}

type Bounds = Pick<
  Extract<PrimitiveOp, { op: "sortByTime" }>,
  "after" | "until" | "lowEnergy" | "maxAbsTime"
>;

/** Every bound in 32 bits, as the times are: a hit on an edge is on the same side wherever it is sorted. */
function bounds(step: TimeOrderStep): Bounds {
  const { minTime, maxTime, cumulative, removeEmpty, like, outside } = step;
  const frames = frameCount(step), length = minTime + step.step - minTime; // as NumPy's arange
  const edges = Float32Array.from({ length: frames + 1 }, (_, k) => minTime + k * length);
  let lowest = -Infinity;
  if (like === "right") {
    edges[frames] = outside === "clamp" ? Infinity : maxTime;
    if (outside === "drop") lowest = justBelow(minTime);
    edges[0] = lowest;
  }
  const after = edges.slice(0, frames), until = edges.slice(1);
  if (cumulative) after.fill(lowest);
  if (like === "document") {
    after[frames - 1] = Infinity; // nothing comes after that
    until[frames - 1] = Infinity;
  }
  return {
    after,
    until,
    lowEnergy: removeEmpty ? Math.fround(step.lowEnergy) : -Infinity,
    maxAbsTime: removeEmpty ? 100 : Infinity,
  };
}

/** The greatest 32-bit number below `value`. */
function justBelow(value: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, value);
  if (bits.getFloat32(0) === 0) return -(2 ** -149);
  bits.setInt32(0, bits.getInt32(0) + (value > 0 ? -1 : 1));
  return bits.getFloat32(0);
}

/** The first frame that ends at or after a time. */
function firstFrame(until: Float32Array, time: number): number {
  let low = 0, high = until.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (until[middle] >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}
