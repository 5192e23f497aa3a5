/** Points of many dimensions on a plane, neighbours beside neighbours: t-SNE, exact. @module */
import { createRng } from "../base/rng.ts";
import { createDraws } from "../base/random.ts";

/** Options for {@linkcode tsne}. */
export interface TsneOptions {
  /** About how many neighbours a point has. @default {30, or a third of the points where that is less} */
  perplexity?: number;
  /** Steps of the descent. @default {500} */
  steps?: number;
  /** Of the first positions. @default {0} */
  seed?: number;
}

/** Steps in which neighbours are held together more tightly, and by how much: clusters form. */
const EARLY_STEPS = 250, EXAGGERATION = 12;

/** Squared distances between rows, [n · n]. */
function squaredDistances(data: ArrayLike<number>, n: number): Float64Array {
  const size = data.length / n, out = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (data[a * size + i] - data[b * size + i]) ** 2;
      out[a * n + b] = out[b * n + a] = sum;
    }
  }
  return out;
}

/**
 * How near points are to each other, as probabilities: a Gaussian about each, as wide as gives the perplexity; symmetric, of
 * sum 1.
 *
 * @param data [n, …], row-major.
 * @returns [n · n].
 * @example Three points, the first two together
 * ```ts
 * const p = jointProbabilities([0, 1, 9], 3, 1.1);
 * p[1] > p[2]; // true
 * ```
 */
export function jointProbabilities(data: ArrayLike<number>, n: number, perplexity: number): Float64Array {
  const distances = squaredDistances(data, n), rows = new Float64Array(n * n), wanted = Math.log(perplexity);
  for (let a = 0; a < n; a++) {
    const own = distances.subarray(a * n, (a + 1) * n), row = rows.subarray(a * n, (a + 1) * n);
    let nearest = Infinity;
    own.forEach((distance, b) => nearest = b === a ? nearest : Math.min(nearest, distance));
    let beta = 1, low = 0, high = Infinity;
    for (let step = 0; step < 100; step++) {
      let sum = 0, moment = 0;
      for (let b = 0; b < n; b++) {
        row[b] = b === a ? 0 : Math.exp(-beta * (own[b] - nearest));
        sum += row[b];
        moment += row[b] * (own[b] - nearest);
      }
      const entropy = Math.log(sum) + beta * moment / sum;
      for (let b = 0; b < n; b++) row[b] /= sum;
      if (Math.abs(entropy - wanted) < 1e-7) break;
      if (entropy > wanted) low = beta;
      else high = beta;
      beta = high === Infinity ? 2 * beta : (low + high) / 2;
    }
  }
  const out = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      out[a * n + b] = Math.max((rows[a * n + b] + rows[b * n + a]) / (2 * n), 1e-12);
    }
  }
  return out;
}

/** How near places are to each other, [n · n], and the sum. */
function nearness(places: Float64Array): { near: Float64Array; total: number } {
  const n = places.length / 2, near = new Float64Array(n * n);
  let total = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      if (a === b) continue;
      const x = places[2 * a] - places[2 * b], y = places[2 * a + 1] - places[2 * b + 1];
      total += near[a * n + b] = 1 / (1 + x * x + y * y);
    }
  }
  return { near, total };
}

/** Least probability of the plane. */
const LEAST = 1e-12;

/** The Kullback-Leibler divergence from the plane's probabilities to those of the points. @param places [n, 2]. */
export function tsneDivergence(probabilities: Float64Array, places: Float64Array): number {
  const n = places.length / 2, { near, total } = nearness(places);
  let divergence = 0;
  for (let at = 0; at < n * n; at++) {
    if (at % (n + 1) === 0) continue; // a point and itself
    const p = probabilities[at];
    divergence += p * Math.log(p / Math.max(near[at] / total, LEAST));
  }
  return divergence;
}

/** The gradient of {@linkcode tsneDivergence}, [n, 2]. @param places [n, 2]. */
export function tsneGradient(probabilities: Float64Array, places: Float64Array): Float64Array {
  const n = places.length / 2, { near, total } = nearness(places), gradient = new Float64Array(2 * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      if (a === b) continue;
      const at = a * n + b, q = Math.max(near[at] / total, LEAST);
      const pull = 4 * (probabilities[at] - q) * near[at];
      gradient[2 * a] += pull * (places[2 * a] - places[2 * b]);
      gradient[2 * a + 1] += pull * (places[2 * a + 1] - places[2 * b + 1]);
    }
  }
  return gradient;
}

/**
 * Lays points out on a plane. Distances between clusters, and their sizes, mean nothing.
 *
 * Time grows as the square of the points: thousands take minutes.
 * Source: L. van der Maaten and G. Hinton, JMLR 9 (2008) 2579; steps, momentum and gains as scikit-learn's `TSNE(method="exact")`.
 *
 * @param data [n, …], row-major.
 * @returns [n, 2], x beside y.
 * @throws {RangeError} If there are fewer than four points, or the perplexity is not from 1 to less than their number.
 */
export function tsne(data: ArrayLike<number>, n: number, options: TsneOptions = {}): Float64Array {
  const { perplexity = Math.min(30, (n - 1) / 3), steps = 500, seed = 0 } = options;
  if (!(n >= 4 && perplexity >= 1 && perplexity < n)) {
    throw new RangeError(
      `Cannot lay points out as there must be at least 4, and a perplexity from 1 to less than their number: ` +
        `got ${n} points and ${perplexity}`,
    );
  }
  const probabilities = jointProbabilities(data, n, perplexity), draws = createDraws(createRng(seed));
  const places = Float64Array.from({ length: 2 * n }, () => 1e-4 * draws.normal());
  const moved = new Float64Array(2 * n), gains = new Float64Array(2 * n).fill(1);
  const rate = Math.max(50, n / EXAGGERATION / 4);
  const early = probabilities.map((p) => EXAGGERATION * p);
  for (let step = 0; step < steps; step++) {
    const gradient = tsneGradient(step < EARLY_STEPS ? early : probabilities, places);
    const momentum = step < EARLY_STEPS ? 0.5 : 0.8;
    for (let i = 0; i < 2 * n; i++) {
      const against = moved[i] * gradient[i] < 0;
      gains[i] = Math.max(0.01, against ? gains[i] + 0.2 : gains[i] * 0.8);
      moved[i] = momentum * moved[i] - rate * gains[i] * gradient[i];
      places[i] += moved[i];
    }
  }
  return places;
}
