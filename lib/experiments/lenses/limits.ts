/** From background-subtracted counts to what a network can learn from: limits of each band, given or fitted. @module */
import type { NdArray } from "../../data/source.ts";
import { parsePreprocessing, preprocess, type PreprocessingStep } from "../../image/preprocessing/mod.ts";
import { quantileSorted } from "../../evaluate/mod.ts";

/** Percent of the training pixels that lie below the fitted limits. */
const PERCENTILES = [1, 99.5] as const;
/** Pixels of a band that a fit looks at, at most. */
const MOST_PIXELS = 1_000_000;

/** What {@linkcode cutoutSteps} goes by. */
export interface LimitOptions {
  /** Side of the crop. */
  crop: number;
  /** Pixels each way that become one. @default {1} */
  shrink?: number;
  /** Whether a channel is added that shows what has another colour than the middle. @default {false} */
  residual?: boolean;
  normalize: boolean;
  /** Lowest value of each band; as text separated by commas. @default {fitted} */
  minPixel?: string | readonly number[];
  /** Highest value of each band. @default {fitted} */
  maxPixel?: string | readonly number[];
  /** Percentiles to which limits are fitted. @default {[1, 99.5]} */
  percentiles?: readonly [low: number, high: number];
  stretch: "none" | "asinh";
}

/**
 * Limits as they are written, one a band.
 *
 * @throws {RangeError} If there is not one number for each band.
 * @example
 * ```ts
 * parseLimits("100,100,50", 3, "max-pixel"); // [100, 100, 50]
 * ```
 */
export function parseLimits(text: string, bands: number, name: string): number[] {
  const values = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (values.length === bands && values.every(Number.isFinite)) return values;
  throw new RangeError(
    `Cannot normalise ${bands} bands as --${name} needs a number for each, separated by commas: got "${text}"`,
  );
}

/** Limits as options have them. */
function limitsFor(
  given: string | readonly number[] | undefined,
  bands: number,
  names: { option: string; setting: string },
): readonly number[] | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string") return parseLimits(given, bands, names.option);
  if (given.length === bands && given.every(Number.isFinite)) return given;
  throw new RangeError(
    `Cannot normalise ${bands} bands as ${names.setting} needs a number for each: got [${given.join(", ")}]`,
  );
}

/** Values of one band, sorted; every so many where there are many. */
function sortedBand({ data, shape }: NdArray<Float32Array>, band: number): Float32Array {
  const bands = shape.at(-1)!, pixels = data.length / bands, every = Math.ceil(pixels / MOST_PIXELS);
  const values = new Float32Array(Math.ceil(pixels / every));
  for (let i = 0; i < values.length; i++) values[i] = data[i * every * bands + band];
  return values.sort();
}

/** What a stretch is linear below: a normal distribution's deviation by the median one; 1 where there is none. */
function unitOf(sorted: Float32Array): number {
  const center = quantileSorted(sorted, 0.5);
  const deviations = sorted.map((value) => Math.abs(value - center)).sort();
  const deviation = 1.4826 * quantileSorted(deviations, 0.5);
  return deviation > 0 ? deviation : 1;
}

/** Radius of the middle whose colour is subtracted, in pixels of the cutout. */
const COLOR_RADIUS = 3;

/**
 * Steps before any limit: the middle, shrunk, and the residual of colour.
 *
 * @param bands Bands of a cutout; the first is the bluest, the last the reddest.
 */
export function shapingSteps(bands: number, { crop, shrink = 1, residual = false }: LimitOptions) {
  const side = crop / shrink;
  if (!Number.isInteger(side)) {
    throw new RangeError(
      `Cannot shrink cutouts of ${crop} pixels ${shrink} times as the side must divide evenly`,
    );
  }
  if (residual && bands < 2) {
    throw new RangeError("Cannot subtract the middle's colour as there is one band only: give --no-residual");
  }
  const radius = Math.max(1, COLOR_RADIUS / shrink);
  return parsePreprocessing([
    { op: "cropCenter", size: crop },
    ...(shrink > 1 ? [{ op: "resize", height: side, width: side }] : []),
    ...(residual ? [{ op: "colorResidual", band: 0, minus: bands - 1, radius }] : []),
  ]);
}

/** Every image of a set through some steps. */
export function applyToAll(
  { data, shape }: NdArray<Float32Array>,
  steps: readonly PreprocessingStep[],
): NdArray<Float32Array> {
  const size = data.length / shape[0];
  let out: Float32Array | undefined, sides: readonly number[] = [];
  for (let i = 0; i < shape[0]; i++) {
    const pixels = { data: data.subarray(i * size, (i + 1) * size), shape: shape.slice(1) };
    const done = preprocess(steps, pixels, { white: 255 });
    out ??= new Float32Array(shape[0] * done.data.length);
    out.set(done.data, i * done.data.length);
    sides = done.shape;
  }
  return { data: out ?? new Float32Array(0), shape: [shape[0], ...sides] };
}

/**
 * Steps from a cutout to a network's input: the middle, shrunk, with the residual of colour, stretched where asked for,
 * and each band from its limits to 0 and 1.
 *
 * What is not given is fitted: limits to percentiles of the pixels, the stretch's unit to 1.4826 median deviations.
 *
 * @param training Crops of the training examples alone, [images, crop, crop, bands].
 * @throws {RangeError} If limits are not one a band, or a minimum is not below its maximum.
 */
export function cutoutSteps(training: NdArray<Float32Array>, options: LimitOptions): PreprocessingStep[] {
  const { normalize, stretch, minPixel, maxPixel, percentiles: [least, most] = PERCENTILES } = options;
  const bands = training.shape.at(-1)!, shaping = shapingSteps(bands, options);
  if (!normalize) return shaping;
  if (!(least >= 0 && least < most && most <= 100)) {
    throw new RangeError(
      `Cannot normalise by percentiles as they must go upwards from 0 to 100: got ${least} and ${most}`,
    );
  }
  const min = limitsFor(minPixel, bands, { option: "min-pixel", setting: "minPixel" });
  const max = limitsFor(maxPixel, bands, { option: "max-pixel", setting: "maxPixel" });
  const stretched = stretch === "asinh";
  const shaped = shaping.length > 1 ? applyToAll(training, shaping.slice(1)) : training;
  const fitted = Array.from({ length: shaped.shape.at(-1)! }, (_, band) => {
    const low = min?.[band], high = max?.[band];
    if (low !== undefined && high !== undefined && !stretched) return { low, high, unit: 1 };
    const sorted = sortedBand(shaped, band);
    return {
      low: low ?? quantileSorted(sorted, least / 100),
      high: high ?? quantileSorted(sorted, most / 100),
      unit: stretched ? unitOf(sorted) : 1,
    };
  });
  fitted.forEach(({ low, high }, band) => {
    if (low < high) return;
    throw new RangeError(
      `Cannot normalise band ${band} as its minimum must be below its maximum: got ${low} and ${high}`,
    );
  });
  const at = (value: number, unit: number) => stretched ? Math.asinh(value / unit) : value;
  return parsePreprocessing([
    ...shaping,
    ...(stretched ? [{ op: "asinh", scale: fitted.map(({ unit }) => unit) }] : []),
    {
      op: "bandLimits",
      min: fitted.map(({ low, unit }) => at(low, unit)),
      max: fitted.map(({ high, unit }) => at(high, unit)),
    },
  ]);
}

/** Largest size of a value that a network with usual initial weights learns from. */
const LARGEST_UNSCALED = 10;

/**
 * The document's warning, where training data are not normalised.
 *
 * @returns Undefined where values are small enough.
 */
export function unscaledWarning({ data }: NdArray<Float32Array>): string | undefined {
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  if (largest <= LARGEST_UNSCALED) return undefined;
  return `The data are not normalised and reach ${
    largest.toPrecision(3)
  }: gradients are likely to explode or vanish`;
}
