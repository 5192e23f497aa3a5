/**
 * A Gaussian process: what a function may be between the points where it is known.
 *
 * Kernel: Matérn 5/2 with a length for each group of coordinates. Lengths, scale and noise are the most likely ones under
 * priors that keep them sane with few points. Source: C. Rasmussen and C. Williams, "Gaussian processes for machine
 * learning" (2006), equations 2.25, 2.26, 5.8 and 5.9; priors that grow with the dimension as C. Hvarfner et al.,
 * "Vanilla Bayesian optimization performs great in high dimensions", ICML 2024. @module
 */
import { cholesky, solveLower, solveUpper } from "../linear_algebra.ts";
import { minimizeSmooth } from "../lbfgs.ts";

/** Lengths, scale and noise; of values with mean 0 and variance 1. */
export interface Kernel {
  /** One a group of coordinates. */
  lengths: Float64Array;
  /** Variance of the function. */
  scale: number;
  /** Variance of what is added to it. */
  noise: number;
}

/** A process that knows some points. */
export interface Process {
  readonly kernel: Kernel;
  /** Mean and variance of the function at a point. */
  predict(x: Float64Array): { mean: number; variance: number };
}

const ROOT5 = Math.sqrt(5);
const LEAST_NOISE = 1e-6;

/**
 * The most likely kernel for some points.
 *
 * @param points [n] of [coordinates].
 * @param values [n], of mean 0 and variance 1.
 * @param groups For each coordinate the number of its group.
 */
export function fitKernel(
  points: readonly Float64Array[],
  values: Float64Array,
  groups: readonly number[],
): Kernel {
  const count = Math.max(...groups) + 1;
  const n = points.length;
  const squares = squaresOf(points, groups, count);
  const middle = Math.log(0.3) + 0.5 * Math.log(count);
  const prior = [...new Array(count).fill([middle, 1]), [0, 1], [Math.log(1e-4), 2]] as [number, number][];
  const loss = (x: Float64Array) => likelihood(x, squares, values, n, count, prior);
  let best: { x: Float64Array; value: number } | undefined;
  for (const shift of [0, -1]) {
    const start = Float64Array.from(prior, ([mean], i) => i < count ? mean + shift : mean);
    const found = minimizeSmooth(loss, start, 30);
    if (!best || found.value < best.value) best = found;
  }
  return kernelOf(best!.x, count);
}

function kernelOf(x: Float64Array, count: number): Kernel {
  return {
    lengths: x.slice(0, count).map(Math.exp),
    scale: Math.exp(x[count]),
    noise: Math.exp(x[count + 1]) + LEAST_NOISE,
  };
}

/** Squared differences of each pair (i > j) in each group: [pairs, groups]. */
function squaresOf(points: readonly Float64Array[], groups: readonly number[], count: number): Float64Array {
  const n = points.length;
  const squares = new Float64Array(n * (n - 1) / 2 * count);
  let pair = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      for (let d = 0; d < groups.length; d++) {
        const difference = points[i][d] - points[j][d];
        squares[pair * count + groups[d]] += difference * difference;
      }
    }
  }
  return squares;
}

/** Minus the logarithm of the likelihood and the priors, with its gradient by the logarithms of lengths, scale and noise. */
function likelihood(
  x: Float64Array,
  squares: Float64Array,
  values: Float64Array,
  n: number,
  count: number,
  prior: readonly (readonly [number, number])[],
): { value: number; gradient: Float64Array } {
  const { lengths, scale, noise } = kernelOf(x, count);
  const inverse = lengths.map((length) => 1 / length ** 2);
  const matrix = new Float64Array(n * n);
  const slopes = new Float64Array(n * (n - 1) / 2);
  let pair = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      let r2 = 0;
      for (let g = 0; g < count; g++) r2 += squares[pair * count + g] * inverse[g];
      const r = ROOT5 * Math.sqrt(r2), decay = scale * Math.exp(-r);
      matrix[i * n + j] = matrix[j * n + i] = (1 + r + 5 / 3 * r2) * decay;
      slopes[pair] = 5 / 3 * (1 + r) * decay;
    }
    matrix[i * n + i] = scale + noise;
  }
  const gradient = new Float64Array(count + 2);
  const l = cholesky(matrix, n);
  if (!l) return { value: Infinity, gradient };
  const alpha = solveUpper(l, solveLower(l, values, n), n);
  const inverted = invertFrom(l, n);
  let value = 0;
  for (let i = 0; i < n; i++) value += 0.5 * values[i] * alpha[i] + Math.log(l[i * n + i]);
  pair = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++, pair++) {
      const w = inverted[i * n + j] - alpha[i] * alpha[j];
      for (let g = 0; g < count; g++) {
        gradient[g] += w * slopes[pair] * squares[pair * count + g] * inverse[g];
      }
      gradient[count] += w * matrix[i * n + j];
    }
    const w = inverted[i * n + i] - alpha[i] * alpha[i];
    gradient[count] += 0.5 * w * scale;
    gradient[count + 1] += 0.5 * w * (noise - LEAST_NOISE);
  }
  prior.forEach(([mean, deviation], i) => {
    const z = (x[i] - mean) / deviation;
    value += 0.5 * z * z;
    gradient[i] += z / deviation;
  });
  return { value, gradient };
}

/** The inverse of L · Lᵀ, [n, n]; only the lower triangle is filled. */
function invertFrom(l: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n); // the inverse of L, by rows
  for (let i = 0; i < n; i++) {
    const scale = 1 / l[i * n + i];
    for (let k = 0; k < i; k++) {
      const factor = l[i * n + k];
      if (factor === 0) continue;
      for (let j = 0; j <= k; j++) lower[i * n + j] -= factor * lower[k * n + j];
    }
    for (let j = 0; j < i; j++) lower[i * n + j] *= scale;
    lower[i * n + i] = scale;
  }
  const result = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) {
      const factor = lower[k * n + i];
      for (let j = 0; j <= i; j++) result[i * n + j] += factor * lower[k * n + j];
    }
  }
  return result;
}

/**
 * A process that knows some points.
 *
 * @throws {RangeError} If the points with this kernel make no positive definite matrix, which noise prevents.
 */
export function conditionProcess(
  kernel: Kernel,
  points: readonly Float64Array[],
  values: Float64Array,
  groups: readonly number[],
): Process {
  const n = points.length;
  const inverse = Float64Array.from(groups, (group) => 1 / kernel.lengths[group] ** 2);
  const { scale, noise } = kernel;
  const covariance = (a: Float64Array, b: Float64Array) => {
    let r2 = 0;
    for (let d = 0; d < a.length; d++) {
      const difference = a[d] - b[d];
      r2 += difference * difference * inverse[d];
    }
    const r = ROOT5 * Math.sqrt(r2);
    return scale * (1 + r + 5 / 3 * r2) * Math.exp(-r);
  };
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) matrix[i * n + j] = matrix[j * n + i] = covariance(points[i], points[j]);
    matrix[i * n + i] = scale + noise;
  }
  const l = cholesky(matrix, n);
  if (!l) throw new RangeError(`Cannot condition a process on ${n} points: too little noise`);
  const alpha = solveUpper(l, solveLower(l, values, n), n);
  return {
    kernel,
    predict(x) {
      const k = Float64Array.from(points, (point) => covariance(x, point));
      let mean = 0;
      for (let i = 0; i < n; i++) mean += k[i] * alpha[i];
      const v = solveLower(l, k, n);
      let explained = 0;
      for (let i = 0; i < n; i++) explained += v[i] * v[i];
      return { mean, variance: Math.max(1e-12, scale - explained) };
    },
  };
}
