/** More examples of a rare class, between neighbours of it. @module */
import { drawInteger } from "../../base/rng.ts";
import type { NdArray } from "../../data/source.ts";

/** Options for {@linkcode smote}. */
export interface SmoteOptions {
  /** Examples to make. */
  count: number;
  /** Nearest neighbours to choose from. @default {5} */
  neighbors?: number;
  rng: () => number;
}

/** Where a made example lies: `base + step · (neighbour − base)`. */
export interface SmoteDraw {
  base: number;
  /** Place among the neighbours, nearest first, from 0. */
  neighbor: number;
  /** From 0 to 1. */
  step: number;
}

/**
 * For each example its nearest others, by Euclidean distance, nearest first; among equals the first.
 *
 * @returns [examples][neighbors].
 */
export function nearestOthers({ data, shape }: NdArray<Float32Array>, neighbors: number): Uint32Array[] {
  const count = shape[0], size = data.length / count;
  const distances = Array.from({ length: count }, () => new Float64Array(count));
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (data[a * size + i] - data[b * size + i]) ** 2;
      distances[a][b] = distances[b][a] = sum;
    }
  }
  return distances.map((row, own) => {
    const others = Array.from(row, (_, i) => i).filter((i) => i !== own);
    others.sort((a, b) => row[a] - row[b] || a - b);
    return Uint32Array.from(others.slice(0, neighbors));
  });
}

/**
 * Makes examples by given draws.
 *
 * @returns [draws, …].
 */
export function applySmote(
  set: NdArray<Float32Array>,
  draws: readonly SmoteDraw[],
  neighbors = 5,
): NdArray<Float32Array> {
  const { data, shape } = set, size = data.length / shape[0];
  const nearest = nearestOthers(set, neighbors), out = new Float32Array(draws.length * size);
  draws.forEach(({ base, neighbor, step }, k) => {
    const from = base * size, to = nearest[base][neighbor] * size;
    for (let i = 0; i < size; i++) {
      out[k * size + i] = data[from + i] + step * (data[to + i] - data[from + i]);
    }
  });
  return { data: out, shape: [draws.length, ...shape.slice(1)] };
}

/**
 * Synthetic minority over-sampling: each new example lies at an even random place on the line from a random example to
 * one of its nearest neighbours. Pixel by pixel, so that objects that are turned or shifted are laid over one another:
 * the document advises against it for images.
 *
 * Source: Chawla et al., arXiv 1106.1813; imbalanced-learn's `SMOTE._make_samples` and its default of 5 neighbours.
 *
 * @param set The rare class, [examples, …]; not modified.
 * @returns What was made, and of which examples.
 * @throws {RangeError} If there are not more examples than neighbours.
 * @example Between two points
 * ```ts
 * import { createRng } from "../../base/rng.ts";
 * const set = { data: Float32Array.of(0, 1), shape: [2, 1] };
 * smote(set, { count: 3, neighbors: 1, rng: createRng(7) }).made.shape; // [3, 1]
 * ```
 */
export function smote(
  set: NdArray<Float32Array>,
  { count, neighbors = 5, rng }: SmoteOptions,
): { made: NdArray<Float32Array>; draws: SmoteDraw[] } {
  const examples = set.shape[0];
  if (examples <= neighbors) {
    throw new RangeError(
      `Cannot oversample as there must be more examples than the ${neighbors} neighbours: got ${examples}`,
    );
  }
  const draws = Array.from({ length: count }, () => ({
    base: drawInteger(rng, examples),
    neighbor: drawInteger(rng, neighbors),
    step: rng(),
  }));
  return { made: applySmote(set, draws, neighbors), draws };
}
