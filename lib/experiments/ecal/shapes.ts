/**
 * What an analysis without a network measures of a shower.
 *
 * Source: shower shapes as CMS has them (σ_iηiη, σ_iφiφ, R9), from all crystals of the picture. @module
 */
import type { SparseImages } from "../../data/sparse_images.ts";

const SIDE = 32, SEED = 16;
/** Crystals below this share of the whole count nothing in moments with logarithmic weights: e^-4.7. */
const LOG_WEIGHT = 4.7;

/** Names of the shower shapes, in their order. */
export const SHAPE_NAMES = [
  "sum",
  "shareOf1",
  "shareOf9",
  "shareOf25",
  "offsetAlongBeam",
  "offsetAround",
  "absoluteOffsetAround",
  "widthAlongBeam",
  "widthAround",
  "logWidthAlongBeam",
  "logWidthAround",
  "skewAround",
  "absoluteSkewAround",
  "hits",
] as const;

/** Mean, variance and third moment along an axis. */
function moments(weights: Float64Array): { mean: number; variance: number; third: number } {
  let whole = 0, mean = 0, variance = 0, third = 0;
  for (let i = 0; i < SIDE; i++) {
    whole += weights[i];
    mean += weights[i] * (i - SEED);
  }
  if (whole <= 0) return { mean: 0, variance: 0, third: 0 };
  mean /= whole;
  for (let i = 0; i < SIDE; i++) {
    const away = i - SEED - mean;
    variance += weights[i] * away ** 2 / whole;
    third += weights[i] * away ** 3 / whole;
  }
  return { mean, variance, third };
}

/**
 * Measures a shower.
 *
 * @param image [32, 32, (energy, time)], the seed at row and column 16.
 * @returns One number for each of {@linkcode SHAPE_NAMES}; the sum in the image's units, lengths in crystals.
 * @example All energy in one crystal
 * ```ts
 * const image = new Float32Array(2048);
 * image[2 * (16 * 32 + 16)] = 1;
 * measureShower(image)[1]; // 1
 * ```
 */
export function measureShower(image: Float32Array): Float64Array {
  const rows = new Float64Array(SIDE), columns = new Float64Array(SIDE), within = [0, 0, 0];
  let sum = 0, hits = 0;
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const energy = image[2 * pixel];
    if (energy === 0) continue;
    const row = pixel >> 5,
      column = pixel & 31,
      away = Math.max(Math.abs(row - SEED), Math.abs(column - SEED));
    sum += energy;
    hits++;
    rows[row] += energy;
    columns[column] += energy;
    for (let reach = away; reach < 3; reach++) within[reach] += energy;
  }
  const logRows = new Float64Array(SIDE), logColumns = new Float64Array(SIDE);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const energy = image[2 * pixel], row = pixel >> 5;
    if (!(energy > 0) || Math.abs(row - SEED) > 2) continue; // farther rows hold noise alone
    const weight = Math.max(0, LOG_WEIGHT + Math.log(energy / sum));
    logRows[row] += weight;
    logColumns[pixel & 31] += weight;
  }
  const along = moments(rows), around = moments(columns), share = sum > 0 ? 1 / sum : 0;
  return Float64Array.of(
    sum,
    ...within.map((energy) => energy * share),
    along.mean,
    around.mean,
    Math.abs(around.mean),
    along.variance,
    around.variance,
    moments(logRows).variance,
    moments(logColumns).variance,
    Math.cbrt(around.third), // electrons of one charge lean to one side
    Math.cbrt(Math.abs(around.third)),
    hits,
  );
}

/** The shower shapes of some images. */
export function measureShowers(images: SparseImages, rows: ArrayLike<number>): Float64Array[] {
  return Array.from(rows, (row) => measureShower(images.read([row]).data));
}
