/**
 * Which parameters matter.
 *
 * PED-ANOVA: how much the values of the best trials differ from those of all, a parameter at a time (S. Watanabe et al.,
 * "PED-ANOVA", IJCAI 2023), on a grid with kernels of Scott's width as Optuna has it. Permutation: how much worse randomised
 * trees predict the objective once a parameter is shuffled (P. Geurts et al., "Extremely randomized trees", Mach. Learn. 63,
 * 2006; A. Fisher et al., JMLR 20, 2019). @module
 */
import { normalCdf } from "../../base/normal.ts";
import { createRng, drawInteger, shuffle } from "../../base/rng.ts";
import { countOf } from "../combinations.ts";
import type { Dimension, Space } from "../space.ts";
import type { Trial } from "../trial.ts";
import { pointOf, toUnit } from "../unit_cube.ts";

/** Importances by parameter, their sum 1, the greatest first. */
export type Importances = Record<string, number>;

const GRID = 50;

/**
 * PED-ANOVA importances.
 *
 * @param losses Of each trial, small is good; see {@linkcode usable}.
 * @param share Which share of the trials are the best. @default {0.1}
 * @returns All 0 where there are too few trials.
 */
export function pedAnova(
  space: Space,
  trials: readonly Trial[],
  losses: readonly number[],
  share = 0.1,
): Importances {
  const sorted = [...losses].sort((a, b) => a - b);
  const cut = sorted[Math.max(0, Math.ceil(share * losses.length) - 1)];
  const best = trials.filter((_, i) => losses[i] <= cut);
  const raw = space.dimensions.map((dimension): [string, number] => {
    const has = (trial: Trial) => Object.hasOwn(trial.params, dimension.name);
    const [top, all] = [best.filter(has), trials.filter(has)];
    if (top.length === 0 || all.length < 2) return [dimension.name, 0];
    // A parameter that is seldom there matters as often as it is there.
    const weight = all.length / trials.length;
    return [dimension.name, weight * divergence(densityOf(dimension, top), densityOf(dimension, all))];
  });
  return normalize(raw);
}

/** Pearson's: the mean of (p / q - 1)² under q. */
function divergence(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, value, i) => sum + (q[i] + 1e-12) * ((value + 1e-12) / (q[i] + 1e-12) - 1) ** 2, 0);
}

/** The share of each cell of a grid among some trials, smoothed. */
function densityOf(dimension: Dimension, trials: readonly Trial[]): Float64Array {
  const isList = dimension.kind === "choice" && !dimension.ordered;
  const size = isList ? dimension.choices.length : Math.min(GRID, countOf(dimension));
  const counts = new Float64Array(size);
  for (const { params } of trials) {
    const u = toUnit(dimension, params[dimension.name]);
    const isCell = countOf(dimension) <= GRID;
    const index = isCell ? Math.floor(u * size) : Math.ceil(u * (size - 1) - 0.5);
    counts[Math.min(size - 1, Math.max(0, index))]++;
  }
  return isList ? listDensity(counts) : numberDensity(counts);
}

function listDensity(counts: Float64Array): Float64Array {
  const total = counts.reduce((a, b) => a + b, 0), size = counts.length;
  const observed = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  const spread = 1 / (observed + 1); // one kernel a value that occurs, and one for what is known beforehand
  const whole = 1 + size * spread;
  return counts.map((count) =>
    (count * (1 + spread) + (total - count) * spread) / whole / (total + 1) + 1 / size / (total + 1)
  );
}

function numberDensity(counts: Float64Array): Float64Array {
  const size = counts.length, total = counts.reduce((a, b) => a + b, 0);
  const width = scottWidth(counts, total);
  const density = new Float64Array(size);
  const add = (mean: number, width: number, weight: number) => {
    const mass = (from: number, to: number) =>
      normalCdf((to - mean) / width) - normalCdf((from - mean) / width);
    const whole = mass(-0.5, size - 0.5);
    for (let cell = 0; cell < size; cell++) density[cell] += weight * mass(cell - 0.5, cell + 0.5) / whole;
  };
  counts.forEach((count, cell) => count > 0 && add(cell, width, count / (total + 1)));
  add((size - 1) / 2, size, 1 / (total + 1));
  return density;
}

/** Scott's rule, by the smaller of quartile distance and standard deviation, in cells. */
function scottWidth(counts: Float64Array, total: number): number {
  const cells = [...counts.keys()].filter((cell) => counts[cell] > 0);
  const mean = cells.reduce((sum, cell) => sum + cell * counts[cell], 0) / total;
  const squares = cells.reduce((sum, cell) => sum + counts[cell] * (cell - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, total - 1));
  let sum = 0;
  const cumulated = cells.map((cell) => sum += counts[cell]);
  const first = cumulated.findIndex((c) => c >= Math.floor(total / 4));
  const third = cumulated.findIndex((c) => c > Math.floor(total * 3 / 4));
  const range = (third < 0 ? cells.at(-1)! : cells[third]) - cells[Math.max(0, first)];
  return Math.max(1.059 * Math.min(range / 1.34, deviation) * total ** -0.2, 0.5 / 1.64);
}

function normalize(raw: readonly [string, number][]): Importances {
  const total = raw.reduce((sum, [, value]) => sum + value, 0);
  const shares = raw.map(([name, value]): [string, number] => [name, total > 0 ? value / total : 0]);
  return Object.fromEntries(shares.sort((a, b) => b[1] - a[1]));
}

const TREES = 48, LEAST_LEAF = 3, MOST_LEARNED = 2000;

/** Permutation importances, by randomised trees. */
export function permutationImportance(
  space: Space,
  trials: readonly Trial[],
  losses: readonly number[],
  seed = 0,
): Importances {
  const names = space.dimensions.map(({ name }) => name);
  const rng = createRng(seed);
  const rows = shuffle(Uint32Array.from(trials.keys()), rng).slice(0, MOST_LEARNED);
  const ranks = ranksOf([...rows].map((row) => losses[row])); // so that a few bad trials do not count for all
  const points = [...rows].map((row) => pointOf(space, trials[row].params));
  if (points.length < 8) return normalize(names.map((name) => [name, 0]));
  const gains = new Float64Array(names.length);
  for (let t = 0; t < TREES; t++) {
    const order = shuffle(Uint32Array.from(points.keys()), rng);
    const held = [...order.subarray(0, points.length >> 2)],
      learned = [...order.subarray(points.length >> 2)];
    const tree = growTree(points, ranks, learned, rng);
    const error = (predictions: readonly number[]) =>
      held.reduce((sum, i, at) => sum + (predictions[at] - ranks[i]) ** 2, 0);
    const plain = error(held.map((i) => tree(points[i])));
    for (let d = 0; d < names.length; d++) {
      const other = shuffle([...held], rng);
      gains[d] += error(held.map((i, at) => {
        const point = points[i].slice();
        point[d] = points[other[at]][d];
        return tree(point);
      })) - plain;
    }
  }
  return normalize(names.map((name, d) => [name, Math.max(0, gains[d])]));
}

function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  order.forEach((i, rank) => ranks[i] = rank / Math.max(1, values.length - 1));
  return ranks;
}

type Tree = (point: Float64Array) => number;

/** Each split the best of one random threshold a parameter. */
function growTree(
  points: readonly Float64Array[],
  values: readonly number[],
  rows: readonly number[],
  rng: () => number,
): Tree {
  const mean = rows.reduce((sum, i) => sum + values[i], 0) / rows.length;
  if (rows.length < 2 * LEAST_LEAF) return () => mean;
  let best: { d: number; at: number; score: number } | undefined;
  for (let d = 0; d < points[0].length; d++) {
    const [a, b] = [rows[drawInteger(rng, rows.length)], rows[drawInteger(rng, rows.length)]];
    const at = (points[a][d] + points[b][d]) / 2;
    let low = 0, lowCount = 0, high = 0, highCount = 0;
    for (const i of rows) {
      if (points[i][d] <= at) {
        low += values[i];
        lowCount++;
      } else {
        high += values[i];
        highCount++;
      }
    }
    if (lowCount < LEAST_LEAF || highCount < LEAST_LEAF) continue;
    const score = low * low / lowCount + high * high / highCount;
    if (!best || score > best.score) best = { d, at, score };
  }
  if (!best) return () => mean;
  const { d, at } = best;
  const left = growTree(points, values, rows.filter((i) => points[i][d] <= at), rng);
  const right = growTree(points, values, rows.filter((i) => points[i][d] > at), rng);
  return (point) => point[d] <= at ? left(point) : right(point);
}
