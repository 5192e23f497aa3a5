/**
 * NSGA-II: generations that cross and change what no other is better than, for several objectives and large budgets.
 *
 * Source: K. Deb et al., IEEE Trans. Evol. Comput. 6 (2002); simulated binary crossing (K. Deb and R. Agrawal, 1995) for
 * numbers, changes by the polynomial of the same authors, choices taken from either parent. @module
 */
import { isAllowed, type Params, type Space } from "../space.ts";
import { isEnded, type Trial } from "../trial.ts";
import { paramsAt, pointOf } from "../unit_cube.ts";
import { type Candidate, orderByDomination } from "./domination.ts";
import { drawParams } from "./random.ts";
import { drawAllowed, type History, lossOf, rngOf, type Sampler, violationOf } from "./sampler.ts";

/** Options for {@linkcode nsga2Sampler}. */
export interface Nsga2Options {
  /** Trials a generation. @default {50} */
  population?: number;
  /** Chance that two parents are crossed. @default {0.9} */
  crossing?: number;
}

const CROSSING_SPREAD = 15, CHANGE_SPREAD = 20;

/** Breeds from the best; any number of objectives. */
export function nsga2Sampler(options: Nsga2Options = {}): Sampler {
  const { population = 50, crossing = 0.9 } = options;
  return {
    name: "nsga2",
    independent: false,
    suggest(history, number) {
      const { space, trials } = history;
      const rng = rngOf(history, number);
      const generation = currentGeneration(trials, population);
      const notes = { generation };
      if (generation === 0) return { params: drawAllowed(space, () => drawParams(space, rng)), notes };
      const parents = bestBefore(history, generation, population);
      if (parents.length < 2) return { params: drawAllowed(space, () => drawParams(space, rng)), notes };
      const pick = () => parents[Math.min(draw(rng, parents.length), draw(rng, parents.length))]; // the better of two
      return { params: drawAllowed(space, () => breed(space, pick(), pick(), crossing, rng)), notes };
    },
  };
}

const draw = (rng: () => number, count: number) => Math.floor(rng() * count);

/** The first one that is not full of trials that are over. */
function currentGeneration(trials: readonly Trial[], population: number): number {
  const counts = new Map<number, number>();
  for (const trial of trials) {
    const generation = trial.notes?.generation;
    if (typeof generation === "number" && isEnded(trial)) {
      counts.set(generation, (counts.get(generation) ?? 0) + 1);
    }
  }
  let generation = 0;
  while ((counts.get(generation) ?? 0) >= population) generation++;
  return generation;
}

/** The best of all generations before this one, in order. */
function bestBefore({ trials, directions }: History, generation: number, population: number): Params[] {
  const earlier = trials.filter(({ state, notes, values }) =>
    state === "complete" && values !== undefined && !(Number(notes?.generation) >= generation)
  );
  // Only the newest few thousand: ranking takes the square of their number.
  const pool = earlier.slice(-20 * population);
  const candidates: Candidate[] = pool.map((trial) => ({
    losses: directions.map((_, i) => lossOf(trial, directions, i)),
    violation: violationOf(trial),
  }));
  return orderByDomination(candidates).slice(0, population).map((i) => pool[i].params);
}

function breed(space: Space, mother: Params, father: Params, crossing: number, rng: () => number): Params {
  const [a, b] = [pointOf(space, mother), pointOf(space, father)];
  const crossed = rng() < crossing;
  const change = Math.max(1 / space.dimensions.length, 0.05);
  const child = Float64Array.from(space.dimensions, (dimension, d) => {
    const isChoice = dimension.kind === "choice" && !dimension.ordered;
    let value = a[d];
    if (crossed) {
      value = isChoice || rng() < 0.5 ? (rng() < 0.5 ? a[d] : b[d]) : crossNumbers(a[d], b[d], rng);
    }
    if (rng() < change) value = isChoice ? rng() : changeNumber(value, rng);
    return Math.min(1, Math.max(0, value));
  });
  const params = paramsAt(space, child);
  return isAllowed(space, params) ? params : drawParams(space, rng);
}

/** One of the two children of the simulated binary crossing. */
function crossNumbers(a: number, b: number, rng: () => number): number {
  const u = rng(), power = 1 / (CROSSING_SPREAD + 1);
  const beta = u <= 0.5 ? (2 * u) ** power : (1 / (2 * (1 - u))) ** power;
  const side = rng() < 0.5 ? 1 : -1;
  return 0.5 * (a + b + side * beta * (a - b));
}

function changeNumber(x: number, rng: () => number): number {
  const u = rng(), power = 1 / (CHANGE_SPREAD + 1);
  return x + (u < 0.5 ? (2 * u) ** power - 1 : 1 - (2 * (1 - u)) ** power);
}
