/**
 * CMA-ES: a normal distribution that moves, grows and turns towards what was good, for tens to hundreds of trials of
 * mostly real parameters.
 *
 * Source: N. Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772, with negative weights; restarted with
 * twice the population where it has come to rest (A. Auger and N. Hansen, "IPOP", CEC 2005). @module
 */
import { createRng, drawNormal } from "../../base/rng.ts";
import { eigenSymmetric } from "../linear_algebra.ts";
import { isAllowed } from "../space.ts";
import { isEnded, type Trial } from "../trial.ts";
import { pointOf } from "../unit_cube.ts";
import { decodePoint, encodePoint, slotsOf } from "./embedding.ts";
import { drawParams } from "./random.ts";
import { drawAllowed, type History, lossOf, rngOf, type Sampler, violationOf } from "./sampler.ts";

/** Options for {@linkcode cmaesSampler}. */
export interface CmaesOptions {
  /** Width of the first distribution, where every parameter goes from 0 to 1. @default {0.15} */
  width?: number;
  /** Trials a generation. @default {4 + 3 · ln of the number of coordinates} */
  population?: number;
}

/** The distribution, and what moves it. */
interface State {
  generation: number;
  /** Since the last restart. */
  age: number;
  population: number;
  mean: Float64Array;
  width: number;
  covariance: Float64Array;
  pathWidth: Float64Array;
  pathCovariance: Float64Array;
  /** Square roots of the eigenvalues, and the eigenvectors as columns. */
  axes: { lengths: Float64Array; vectors: Float64Array };
}

/** Narrower than this it has come to rest. */
const LEAST_WIDTH = 1e-5;

/** Moves a normal distribution; one objective. */
export function cmaesSampler(options: CmaesOptions = {}): Sampler {
  const known = new WeakMap<object, State[]>();
  return {
    name: "cmaes",
    independent: false,
    suggest(history, number) {
      const { space, directions } = history;
      if (directions.length > 1) {
        throw new RangeError(`Cannot use CMA-ES with ${directions.length} objectives: tpe and nsga2 can`);
      }
      const { slots, size } = slotsOf(space);
      const states = known.get(space) ?? [firstState(size, options)];
      known.set(space, states);
      let state = states.at(-1)!;
      for (;;) {
        const generation = membersOf(history.trials, state);
        if (generation.length < state.population) break;
        state = advance(state, generation, history, options);
        states.push(state);
      }
      const rng = rngOf(history, number);
      let point = drawPoint(state, size, rng);
      let params = decodePoint(slots, point);
      for (let i = 0; i < 100 && !isAllowed(space, params); i++) {
        point = drawPoint(state, size, rng);
        params = decodePoint(slots, point);
      }
      if (!isAllowed(space, params)) {
        params = drawAllowed(space, () => drawParams(space, rng));
        point = encodePoint(slots, size, params);
      }
      const text = Array.from(point, (x) => Number(x.toFixed(7))).join(" ");
      return { params, notes: { generation: state.generation, point: text } };
    },
  };
}

function firstState(size: number, options: CmaesOptions): State {
  const { population = 4 + Math.floor(3 * Math.log(size)), width = 0.15 } = options;
  return startAt(new Float64Array(size).fill(0.5), Math.max(4, population), width, 0);
}

function startAt(mean: Float64Array, population: number, width: number, generation: number): State {
  const size = mean.length;
  const covariance = identity(size);
  return {
    generation,
    age: 0,
    population,
    mean,
    width,
    covariance,
    pathWidth: new Float64Array(size),
    pathCovariance: new Float64Array(size),
    axes: { lengths: new Float64Array(size).fill(1), vectors: identity(size) },
  };
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => i % (size + 1) === 0 ? 1 : 0);
}

/** The trials of a generation that are over, not more than make it full. */
function membersOf(trials: readonly Trial[], { generation, population }: State): Trial[] {
  return trials.filter((trial) => isEnded(trial) && trial.notes?.generation === generation).slice(
    0,
    population,
  );
}

/** A point of the distribution inside the cube; after many tries outside, the nearest of the cube. */
function drawPoint(state: State, size: number, rng: () => number): Float64Array {
  const { mean, width, axes: { lengths, vectors } } = state;
  let point = mean;
  for (let tries = 0; tries < 100; tries++) {
    const z = Float64Array.from({ length: size }, (_, i) => lengths[i] * drawNormal(rng));
    point = mean.map((center, i) => {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += vectors[i * size + k] * z[k];
      return center + width * sum;
    });
    if (point.every((x) => x >= 0 && x <= 1)) return point;
  }
  return point.map((x) => Math.min(1, Math.max(0, x)));
}

/** One step of the tutorial's figure 6, in its words: m, σ, C, p_σ, p_c, with w, μ_eff, c_σ, d_σ, c_c, c_1 and c_μ. */
function advance(state: State, members: readonly Trial[], history: History, options: CmaesOptions): State {
  const { mean: m, width: sigma, covariance: C, population: lambda } = state;
  const n = m.length;
  const { w, mu, muEff, c1, cMu, cC, cSigma, dSigma, chiN } = settingsOf(n, lambda);
  const ordered = [...members].sort((a, b) =>
    violationOf(a) - violationOf(b) || compare(lossOf(a, history.directions), lossOf(b, history.directions))
  );
  const y = ordered.map((trial) => {
    const x = pointIn(trial, history);
    return x.map((value, i) => (value - m[i]) / sigma);
  });
  const yW = new Float64Array(n);
  for (let i = 0; i < mu; i++) for (let k = 0; k < n; k++) yW[k] += w[i] * y[i][k];
  const mean = m.map((value, k) => value + sigma * yW[k]);
  const whitened = whiten(state, yW);
  const pathWidth = state.pathWidth.map((p, k) =>
    (1 - cSigma) * p + Math.sqrt(cSigma * (2 - cSigma) * muEff) * whitened[k]
  );
  const length = norm(pathWidth);
  const width = sigma * Math.exp(Math.min(1, cSigma / dSigma * (length / chiN - 1)));
  const isShort = length / Math.sqrt(1 - (1 - cSigma) ** (2 * (state.age + 1))) < (1.4 + 2 / (n + 1)) * chiN;
  const h = isShort ? 1 : 0;
  const pathCovariance = state.pathCovariance.map((p, k) =>
    (1 - cC) * p + h * Math.sqrt(cC * (2 - cC) * muEff) * yW[k]
  );
  const total = w.reduce((a, b) => a + b, 0);
  const keep = 1 + c1 * (1 - h) * cC * (2 - cC) - c1 - cMu * total;
  const covariance = C.map((value, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return keep * value + c1 * pathCovariance[i] * pathCovariance[j];
  });
  y.forEach((yi, rank) => {
    const weight = w[rank] >= 0 ? w[rank] : w[rank] * n / (norm(whiten(state, yi)) ** 2 + 1e-12);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) covariance[i * n + j] += cMu * weight * yi[i] * yi[j];
    }
  });
  const { values, vectors } = eigenSymmetric(covariance, n);
  const lengths = values.map((value) => Math.sqrt(Math.max(value, 1e-20)));
  const generation = state.generation + 1;
  if (width * Math.max(...lengths) < LEAST_WIDTH || !Number.isFinite(width)) {
    const rng = createRng(history.seed, 2 ** 40 + generation);
    return startAt(mean.map(() => rng()), 2 * lambda, options.width ?? 0.15, generation);
  }
  return {
    ...state,
    generation,
    age: state.age + 1,
    mean,
    width,
    covariance,
    pathWidth,
    pathCovariance,
    axes: { lengths, vectors },
  };
}

/** Table 1 of the tutorial. */
function settingsOf(n: number, lambda: number) {
  const raw = Array.from({ length: lambda }, (_, i) => Math.log((lambda + 1) / 2) - Math.log(i + 1));
  const mu = Math.floor(lambda / 2);
  const effective = (list: readonly number[]) => sum(list) ** 2 / sum(list.map((x) => x * x));
  const muEff = effective(raw.slice(0, mu)), muEffMinus = effective(raw.slice(mu));
  const c1 = 2 / ((n + 1.3) ** 2 + muEff);
  const cMu = Math.min(1 - c1 - 1e-8, 2 * (muEff - 2 + 1 / muEff) / ((n + 2) ** 2 + muEff));
  const alpha = Math.min(1 + c1 / cMu, 1 + 2 * muEffMinus / (muEff + 2), (1 - c1 - cMu) / (n * cMu));
  const positive = sum(raw.filter((x) => x > 0)), negative = -sum(raw.filter((x) => x < 0));
  const w = raw.map((x) => x >= 0 ? x / positive : alpha * x / negative);
  const cSigma = (muEff + 2) / (n + muEff + 5);
  const dSigma = 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + cSigma;
  const cC = (4 + muEff / n) / (n + 4 + 2 * muEff / n);
  const chiN = Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
  return { w, mu, muEff, c1, cMu, cC, cSigma, dSigma, chiN };
}

/** C to the power of -1/2, times y. */
function whiten({ axes: { lengths, vectors } }: State, y: Float64Array): Float64Array {
  const n = y.length;
  const inside = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += vectors[i * n + k] * y[i];
    inside[k] = sum / lengths[k];
  }
  return y.map((_, i) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += vectors[i * n + k] * inside[k];
    return sum;
  });
}

function pointIn({ params, notes }: Trial, { space }: History): Float64Array {
  if (typeof notes?.point === "string") return Float64Array.from(notes.point.split(" "), Number);
  return pointOf(space, params);
}

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
const norm = (list: Float64Array) => Math.sqrt(list.reduce((total, x) => total + x * x, 0));
const compare = (a: number, b: number) => a === b ? 0 : a < b ? -1 : 1;
