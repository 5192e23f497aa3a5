/**
 * What preprocessing steps come to as arithmetic on arrays: a short list of operations that a tensor library can run
 * without knowing the steps. Axes are those of one example, without the batch. @module
 */

/** One number for all channels, or one each. */
export type PerChannel = number | readonly number[];

/** One operation on an array whose last axis is its channels. */
export type PrimitiveOp =
  /** Keeps a block. */
  | { op: "slice"; begin: readonly number[]; size: readonly number[] }
  /** Puts a constant around. */
  | { op: "pad"; before: readonly number[]; after: readonly number[]; value: number }
  /** `value · factor + offset`. */
  | { op: "affine"; factor: PerChannel; offset: PerChannel }
  /** Brings values below `low` to `low` and above `high` to `high`; NaN stays NaN. */
  | { op: "clip"; low: number; high: number }
  /** Puts `value` for NaN and the infinities. */
  | { op: "replaceNotFinite"; value: PerChannel }
  /** The sum of the channels, each times its weight: one channel. */
  | { op: "mixChannels"; weights: readonly number[] }
  /** Some of the channels, in this order. */
  | { op: "selectChannels"; channels: readonly number[] }
  /**
   * One more channel: `band − scale · minus`, where in each frame `scale` is the light of `band` over that of `minus` (at least
   * `leastLight`) in the pixels where `middle` [height · width] is 1, from 0 to `mostScale`; what is not finite is no light.
   */
  | {
    op: "appendResidual";
    band: number;
    minus: number;
    middle: Float32Array;
    leastLight: number;
    mostScale: number;
  }
  /** The inverse hyperbolic sine. */
  | { op: "asinh" }
  /** log(1 + value). */
  | { op: "log1p" }
  /** Sums along an axis: new value i is Σ weights[i · old + k] · value k. */
  | { op: "weigh"; axis: number; from: number; to: number; weights: Float32Array }
  /** `white - value` in each frame whose border's mean exceeds white / 2. */
  | { op: "invertIfBright"; white: number }
  /** A pixel brighter than its eight neighbours in its channel by more than `above` becomes the brightest of them; edges stay. */
  | { op: "removeHotPixels"; above: number }
  /**
   * [height, width, (energy, time)] to [frames, height, width, channels]: a pixel is kept in the frames k with
   * `after[k]` < time ≤ `until[k]`, if its energy is finite and exceeds `lowEnergy` and |time| is below `maxAbsTime`; else it
   * is 0.
   */
  | {
    op: "sortByTime";
    after: Float32Array;
    until: Float32Array;
    lowEnergy: number;
    maxAbsTime: number;
    /** Whether time is kept as a second channel. */
    withTime: boolean;
  };
