/**
 * A mixture of products: one kernel for each observed point and a wide one for what is known beforehand.
 *
 * In the unit cube: a normal distribution cut off at both ends for a number, its mass over a cell for a number with steps,
 * counts for an unordered list. A parameter that a point does not have is as likely anywhere.
 *
 * Source: J. Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; kernels over all parameters at
 * once as S. Falkner et al., "BOHB", ICML 2018; widths, weights and prior as S. Watanabe, "Tree-structured Parzen
 * estimator", arXiv:2304.11127 (2023) describes Optuna's. @module
 */
import { normalCdf, normalDensity, normalQuantile } from "../../base/normal.ts";
import { countOf } from "../combinations.ts";
import type { Dimension } from "../space.ts";

/** Newest points with full weight; older ones count less, the oldest least. */
const FULL_WEIGHT = 25;

/** Draws points and gives their density. */
export interface Parzen {
  sample(rng: () => number): Float64Array;
  /** Of a point whose parameters marked in `active` are there. */
  logDensity(point: Float64Array, active: readonly boolean[]): number;
}

/** A point of the unit cube; NaN where a parameter is not there. */
export type Observation = Float64Array;

interface Kernel {
  sample(k: number, rng: () => number): number;
  /** Log of the density, or of the mass of the cell, at `u` under kernel `k`. */
  logDensity(k: number, u: number): number;
}

/** Builds the mixture from observations, the oldest first. */
export function buildParzen(dimensions: readonly Dimension[], observations: readonly Observation[]): Parzen {
  const weights = weightsOf(observations.length);
  const logWeights = weights.map(Math.log);
  const kernels = dimensions.map((dimension, d) => {
    const values = Float64Array.from(observations, (observation) => observation[d]);
    const count = countOf(dimension);
    if (dimension.kind === "choice" && !dimension.ordered) return choiceKernels(values, count);
    return numberKernels(values, count);
  });
  const logs = new Float64Array(weights.length);
  return {
    sample(rng) {
      const k = pick(weights, rng());
      return Float64Array.from(kernels, (kernel) => kernel.sample(k, rng));
    },
    logDensity(point, active) {
      logs.set(logWeights);
      for (let d = 0; d < kernels.length; d++) {
        if (!active[d]) continue;
        for (let k = 0; k < logs.length; k++) logs[k] += kernels[d].logDensity(k, point[d]);
      }
      return logSumExp(logs);
    },
  };
}

/** One weight a point and one for the prior, their sum 1. */
function weightsOf(n: number): Float64Array {
  const weights = new Float64Array(n + 1).fill(1);
  const old = n - FULL_WEIGHT;
  for (let i = 0; i < old; i++) weights[i] = old === 1 ? 1 / n : 1 / n + (1 - 1 / n) * i / (old - 1);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function pick(weights: Float64Array, u: number): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) {
    sum += weights[k];
    if (u < sum) return k;
  }
  return weights.length - 1;
}

function logSumExp(logs: Float64Array): number {
  let most = -Infinity;
  for (const value of logs) if (value > most) most = value;
  let sum = 0;
  for (const value of logs) sum += Math.exp(value - most);
  return most + Math.log(sum);
}

/** Kernels of an unordered list: the point's own value, and a share of a count for each other one. */
function choiceKernels(values: Float64Array, count: number): Kernel {
  const kernels = values.length + 1;
  const spread = 1 / kernels;
  const total = 1 + count * spread;
  const [own, other, even] = [Math.log((1 + spread) / total), Math.log(spread / total), Math.log(1 / count)];
  const cellOf = (u: number) => Math.min(count - 1, Math.floor(u * count));
  return {
    sample(k, rng) {
      const isOwn = k < values.length && !Number.isNaN(values[k]) && rng() < 1 / total;
      return isOwn ? values[k] : (Math.min(count - 1, Math.floor(rng() * count)) + 0.5) / count;
    },
    logDensity(k, u) {
      if (k === values.length || Number.isNaN(values[k])) return even;
      return cellOf(u) === cellOf(values[k]) ? own : other;
    },
  };
}

/** Kernels of a number: as wide as the way to the farther neighbour, within limits; the prior in the middle, of width 1. */
function numberKernels(values: Float64Array, count: number): Kernel {
  const kernels = values.length + 1;
  const means = new Float64Array(kernels).fill(0.5);
  const widths = new Float64Array(kernels).fill(1);
  const present = [...values.keys()].filter((k) => !Number.isNaN(values[k])).sort((a, b) =>
    values[a] - values[b]
  );
  const least = 1 / Math.min(100, 1 + kernels);
  present.forEach((k, place) => {
    const mean = values[k];
    const isFirst = place === 0, isLast = place === present.length - 1;
    const left = isFirst ? mean : mean - values[present[place - 1]];
    const right = isLast ? 1 - mean : values[present[place + 1]] - mean;
    let width = Math.max(left, right);
    if (present.length > 1 && isFirst) width = right; // the ends of the range are no neighbours
    if (present.length > 1 && isLast) width = left;
    means[k] = mean;
    widths[k] = Math.min(1, Math.max(least, width));
  });
  const lows = means.map((mean, k) => cdf(-mean / widths[k]));
  const masses = means.map((mean, k) => cdf((1 - mean) / widths[k]) - lows[k]);
  const isUnknown = (k: number) => k < values.length && Number.isNaN(values[k]);
  return {
    sample(k, rng) {
      if (isUnknown(k)) return rng();
      const u = means[k] + widths[k] * normalQuantile(lows[k] + rng() * masses[k]);
      return Math.min(1, Math.max(0, u));
    },
    logDensity(k, u) {
      if (isUnknown(k)) return count === Infinity ? 0 : -Math.log(count);
      if (count === Infinity) {
        const z = (u - means[k]) / widths[k];
        return -0.5 * z * z + LOG_PEAK - Math.log(widths[k] * masses[k]);
      }
      const cell = Math.min(count - 1, Math.floor(u * count));
      const mass = cdf(((cell + 1) / count - means[k]) / widths[k]) -
        cdf((cell / count - means[k]) / widths[k]);
      return Math.log(Math.max(mass, 1e-300) / masses[k]);
    },
  };
}

const LOG_PEAK = Math.log(normalDensity(0));

const REACH = 9, CELLS = 128;
let table: Float64Array | undefined;

/** The normal distribution function from a table, by Hermite's cubic between its points: right to 1e-10. */
function cdf(x: number): number {
  if (x <= -REACH) return 0;
  if (x >= REACH) return 1;
  table ??= Float64Array.from({ length: 2 * REACH * CELLS + 2 }, (_, i) => normalCdf(i / CELLS - REACH));
  const at = Math.floor((x + REACH) * CELLS);
  const left = at / CELLS - REACH;
  const t = (x - left) * CELLS, s = 1 - t;
  const [from, to] = [normalDensity(left) / CELLS, normalDensity(left + 1 / CELLS) / CELLS];
  return (1 + 2 * t) * s * s * table[at] + t * s * s * from + t * t * (3 - 2 * t) * table[at + 1] -
    t * t * s * to;
}
