/**
 * Bayesian optimisation: where a Gaussian process expects the most improvement. For small budgets of dear trials.
 *
 * Trials that still run are believed to give what the process expects (Kriging believer), so workers side by side try
 * different things. Constraints: times the probability that they are met. Several objectives: a weighting of them drawn
 * for each trial (J. Knowles, "ParEGO", IEEE Trans. Evol. Comput. 10, 2006). @module
 */
import { normalCdf, normalDensity } from "../../base/normal.ts";
import { drawNormal } from "../../base/rng.ts";
import { isAllowed, type Params, type Space } from "../space.ts";
import { isEnded, type Trial } from "../trial.ts";
import { paramsAt } from "../unit_cube.ts";
import { decodePoint, encodePoint, type Slot, slotsOf } from "./embedding.ts";
import { conditionProcess, fitKernel, type Process } from "./gaussian_process.ts";
import { drawParams } from "./random.ts";
import { drawAllowed, type History, lossOf, rngOf, type Sampler } from "./sampler.ts";
import { SOBOL_DIMENSIONS, sobolPoint } from "./sobol.ts";

/** Options for {@linkcode gpSampler}. */
export interface GpOptions {
  /** Trials that fill the space evenly before anything is learned from. @default {10} */
  startup?: number;
  /** Points spread over the space, the best of which are improved. @default {600} */
  candidates?: number;
}

/** A process knows no more points than this: the best third, and the newest. */
const MOST_POINTS = 240;

/** Learns a Gaussian process from all trials. */
export function gpSampler(options: GpOptions = {}): Sampler {
  const { startup = 10, candidates = 600 } = options;
  return {
    name: "gp",
    independent: false,
    suggest(history, number) {
      const { space, seed } = history;
      const rng = rngOf(history, number);
      const { slots, size } = slotsOf(space);
      const learned = history.trials.filter((trial) =>
        isEnded(trial) && trial.state !== "failed" && trial.values !== undefined
      );
      if (learned.length < startup) {
        const at = space.dimensions.length <= SOBOL_DIMENSIONS
          ? paramsAt(space, sobolPoint(number, space.dimensions.length, seed))
          : undefined;
        if (at && isAllowed(space, at)) return { params: at };
        return { params: drawAllowed(space, () => drawParams(space, rng)) };
      }
      const score = acquisitionOf(history, learned, slots, size, rng);
      return { params: maximize(score, history, learned, slots, size, candidates, number, rng) };
    },
  };
}

type Score = (point: Float64Array) => number;

/** How much improvement is expected at a point, as a logarithm. */
function acquisitionOf(
  history: History,
  learned: readonly Trial[],
  slots: readonly Slot[],
  size: number,
  rng: () => number,
): Score {
  const groups = slots.flatMap(({ size }, group) => new Array<number>(size).fill(group));
  const losses = scalarize(history, learned, rng);
  const kept = chosen(losses);
  const points = kept.map((i) => encodePoint(slots, size, learned[i].params));
  const values = standardize(warp(kept.map((i) => losses[i])));
  const running = history.trials.filter(({ state }) => state === "running")
    .map(({ params }) => encodePoint(slots, size, params));
  const { process, expected } = believe(points, values, groups, running);
  const constraints = (learned[0].constraints ?? []).map((_, c) => {
    const raw = kept.map((i) => learned[i].constraints?.[c] ?? 0);
    const deviation = Math.sqrt(variance(raw)) || 1, center = mean(raw);
    const scaled = Float64Array.from(raw, (value) => (value - center) / deviation);
    return { process: believe(points, scaled, groups, running).process, edge: -center / deviation };
  });
  const feasible = kept.map((i, k) => [i, k]).filter(([i]) =>
    (learned[i].constraints ?? []).every((c) => c <= 0)
  );
  // What running trials are believed to give is no improvement any more.
  const known = feasible.length > 0 ? feasible.map(([, k]) => values[k]) : [Math.max(...values)];
  const best = Math.min(...known, ...expected);
  return (point) => {
    const { mean, variance } = process.predict(point);
    let score = logExpectedImprovement(best - mean, Math.sqrt(variance));
    for (const { process, edge } of constraints) {
      const { mean, variance } = process.predict(point);
      score += Math.log(Math.max(1e-30, normalCdf((edge - mean) / Math.sqrt(variance))));
    }
    return score;
  };
}

/** Fits a process, and lets it believe what it expects where trials run. */
function believe(
  points: readonly Float64Array[],
  values: Float64Array,
  groups: readonly number[],
  running: readonly Float64Array[],
): { process: Process; expected: readonly number[] } {
  const kernel = fitKernel(points, values, groups);
  const process = conditionProcess(kernel, points, values, groups);
  if (running.length === 0) return { process, expected: [] };
  const expected = running.map((point) => process.predict(point).mean);
  const all = Float64Array.of(...values, ...expected);
  return { process: conditionProcess(kernel, [...points, ...running], all, groups), expected };
}

/** One number a trial, to be made small. */
function scalarize({ directions }: History, learned: readonly Trial[], rng: () => number): number[] {
  if (directions.length === 1) return learned.map((trial) => lossOf(trial, directions));
  const raw = directions.map(() => -Math.log(1 - rng()));
  const total = raw.reduce((a, b) => a + b, 0);
  const columns = directions.map((_, i) => {
    const losses = learned.map((trial) => lossOf(trial, directions, i));
    const low = Math.min(...losses), width = Math.max(...losses) - low || 1;
    return losses.map((loss) => raw[i] / total * (loss - low) / width);
  });
  return learned.map((_, t) => {
    const parts = columns.map((column) => column[t]);
    return Math.max(...parts) + 0.05 * parts.reduce((a, b) => a + b, 0);
  });
}

/** Which points the process knows. */
function chosen(losses: readonly number[]): number[] {
  const all = losses.map((_, i) => i).filter((i) => Number.isFinite(losses[i]));
  if (all.length <= MOST_POINTS) return all;
  const best = [...all].sort((a, b) => losses[a] - losses[b]).slice(0, MOST_POINTS / 3);
  const newest = all.slice(-(MOST_POINTS - best.length));
  return [...new Set([...best, ...newest])].sort((a, b) => a - b);
}

/** Draws what is far worse than the middle nearer, by a logarithm, so that it does not drown what matters. */
function warp(losses: readonly number[]): number[] {
  const sorted = [...losses].sort((a, b) => a - b);
  const low = sorted[0], middle = sorted[sorted.length >> 1];
  const width = middle - low;
  if (!(width > 0)) return [...losses];
  return losses.map((loss) => Math.log1p((loss - low) / width));
}

const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const variance = (list: readonly number[]) => {
  const center = mean(list);
  return mean(list.map((x) => (x - center) ** 2));
};

function standardize(list: readonly number[]): Float64Array {
  const center = mean(list), deviation = Math.sqrt(variance(list)) || 1;
  return Float64Array.from(list, (x) => (x - center) / deviation);
}

/**
 * The logarithm of s · (z Φ(z) + φ(z)) with z = gain / s, which does not vanish far from anything good.
 *
 * Source: S. Ament et al., "Unexpected improvements to expected improvement", NeurIPS 2023; below z = -6 by φ(z) / z².
 */
function logExpectedImprovement(gain: number, s: number): number {
  const z = gain / s;
  if (z > -6) return Math.log(s) + Math.log(z * normalCdf(z) + normalDensity(z));
  return Math.log(s) - 0.5 * z * z - 0.9189385332046727 - 2 * Math.log(-z); // ln √(2π)
}

/** Looks all over the space, then around the best points. */
function maximize(
  score: Score,
  { space, directions }: History,
  learned: readonly Trial[],
  slots: readonly Slot[],
  size: number,
  candidates: number,
  number: number,
  rng: () => number,
): Params {
  const rate = (params: Params) => ({ params, score: score(encodePoint(slots, size, params)) });
  const spread = Array.from({ length: candidates }, (_, i) => spreadParams(space, i, number, rng));
  const best = [...learned].sort((a, b) => lossOf(a, directions) - lossOf(b, directions)).slice(0, 5);
  const near = best.flatMap(({ params }) =>
    Array.from({ length: 20 }, () => nudge(slots, size, params, 0.1, rng))
  );
  const rated = [...spread, ...near].filter((params) => isAllowed(space, params)).map(rate);
  rated.sort((a, b) => b.score - a.score);
  let winner = rated[0] ?? rate(drawAllowed(space, () => drawParams(space, rng)));
  for (const start of rated.slice(0, 6)) {
    let here = start;
    for (let width = 0.1, i = 0; i < 60; i++) {
      const params = nudge(slots, size, here.params, width, rng);
      const there = isAllowed(space, params) ? rate(params) : here;
      if (there.score > here.score) here = there;
      else width = Math.max(1e-4, width * 0.9);
    }
    if (here.score > winner.score) winner = here;
  }
  return winner.params;
}

function spreadParams(space: Space, i: number, number: number, rng: () => number): Params {
  const size = space.dimensions.length;
  return size <= SOBOL_DIMENSIONS ? paramsAt(space, sobolPoint(i, size, number + 1)) : drawParams(space, rng);
}

/** Changes some coordinates a little, and now and then a choice. */
function nudge(
  slots: readonly Slot[],
  size: number,
  params: Params,
  width: number,
  rng: () => number,
): Params {
  const point = encodePoint(slots, size, params);
  const share = Math.max(0.3, 1 / slots.length);
  for (const { dimension, at, size: count, oneHot } of slots) {
    if (rng() > share) continue;
    if (oneHot) {
      if (rng() < 0.3) point[at + Math.floor(rng() * count)] = 2;
      continue;
    }
    const cells = dimension.kind === "choice" ? dimension.choices.length : 0;
    const step = Math.max(width, cells > 0 ? 1 / cells : 0);
    point[at] = Math.min(1, Math.max(0, point[at] + step * drawNormal(rng)));
  }
  return decodePoint(slots, point);
}
