/**
 * What an analysis without a network measures of a shower, and the line that parts two kinds best by it.
 *
 * Source: shower shapes as CMS has them (σ_iηiη, σ_iφiφ, R9), from all crystals of the picture; R. A. Fisher, Ann. Eugenics 7 (1936) 179.
 * @module
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
    Math.cbrt(Math.abs(around.third)),
    hits,
  );
}

/** The shower shapes of some images. */
export function measureShowers(images: SparseImages, rows: ArrayLike<number>): Float64Array[] {
  return Array.from(rows, (row) => measureShower(images.read([row]).data));
}

/** Each number, its square, and the product of each two: a curved cut in the numbers is a straight one in these. */
function expand(values: ArrayLike<number>): number[] {
  const out: number[] = [];
  for (let i = 0; i < values.length; i++) {
    out.push(values[i]);
    for (let j = 0; j <= i; j++) out.push(values[i] * values[j]);
  }
  return out;
}

/**
 * Fits Fisher's discriminant in the numbers, their squares and products: the quadratic score that parts two classes best.
 *
 * @param features Numbers of each example, at least a few times as many examples as squares and products.
 * @param labels 0 or 1 of each.
 * @returns The score of an example; higher for 1.
 * @throws {RangeError} If one class is missing.
 * @example
 * ```ts
 * const score = fitDiscriminant([[0], [1], [2], [3]].map((x) => Float64Array.from(x)), [0, 0, 1, 1]);
 * score([3]) > score([0]); // true
 * ```
 */
export function fitDiscriminant(
  features: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
): (values: ArrayLike<number>) => number {
  const counts = [0, 1].map((label) => features.filter((_, i) => labels[i] === label).length);
  if (counts.includes(0)) {
    throw new RangeError("Cannot fit a discriminant as there must be examples of both classes");
  }
  const scale = standardScale(features);
  const rows = features.map((values) => expand(scale(values))), size = rows[0].length;
  const means = [new Float64Array(size), new Float64Array(size)];
  rows.forEach((row, i) => row.forEach((value, k) => means[labels[i]][k] += value / counts[labels[i]]));
  const scatter = Array.from({ length: size }, () => new Float64Array(size));
  rows.forEach((row, i) => {
    const mean = means[labels[i]];
    for (let a = 0; a < size; a++) {
      const away = row[a] - mean[a];
      for (let b = 0; b <= a; b++) scatter[a][b] += away * (row[b] - mean[b]) / rows.length;
    }
  });
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < a; b++) scatter[b][a] = scatter[a][b];
    scatter[a][a] = scatter[a][a] * 1.001 + 1e-9; // products of alike shapes are nearly the same number
  }
  const weights = solveSymmetric(scatter, means[1].map((mean, k) => mean - means[0][k]));
  return (values) => expand(scale(values)).reduce((sum, value, k) => sum + value * weights[k], 0);
}

/** Brings numbers to mean 0 and spread 1 over some examples, none farther than six spreads. */
function standardScale(features: readonly ArrayLike<number>[]): (values: ArrayLike<number>) => number[] {
  const columns = Array.from({ length: features[0].length }, (_, k) => {
    const mean = features.reduce((sum, values) => sum + values[k], 0) / features.length;
    const square = features.reduce((sum, values) => sum + (values[k] - mean) ** 2, 0) / features.length;
    return { mean, spread: Math.sqrt(square) || 1 };
  });
  return (values) =>
    columns.map(({ mean, spread }, k) => Math.max(-6, Math.min(6, (values[k] - mean) / spread)));
}

/** Solves A x = b for a symmetric A with positive eigenvalues, by Cholesky's way; A is overwritten. */
function solveSymmetric(a: Float64Array[], b: Float64Array): Float64Array {
  const size = b.length, x = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i][j];
      for (let k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
      a[i][j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / a[j][j];
    }
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= a[i][k] * x[k];
    x[i] /= a[i][i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= a[k][i] * x[k];
    x[i] /= a[i][i];
  }
  return x;
}
