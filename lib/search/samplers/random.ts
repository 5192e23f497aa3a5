/** Points drawn evenly, or every combination once in an order fixed by the seed. @module */
import { listCombinations, permuted } from "../combinations.ts";
import type { Params, Space } from "../space.ts";
import { paramsAt } from "../unit_cube.ts";
import { drawAllowed, rngOf, type Sampler } from "./sampler.ts";

/** More combinations than this are drawn from without listing them. */
const MOST_LISTED = 200_000;

/**
 * Draws at random; no combination comes twice where all can be listed, and then there is an end.
 *
 * @example
 * ```ts
 * import { defineSpace } from "../space.ts";
 * const history = { space: defineSpace({ a: [1, 2], b: [1, 2] }), directions: ["minimize" as const], trials: [], seed: 0 };
 * const draws = [0, 1, 2, 3].map((number) => JSON.stringify(randomSampler().suggest(history, number)?.params));
 * new Set(draws).size; // 4
 * ```
 */
export function randomSampler(): Sampler {
  return {
    name: "random",
    independent: true,
    suggest(history, number) {
      const { space, seed } = history;
      const all = listIfFew(space);
      if (all) {
        if (number >= all.length) return undefined;
        return { params: all[permuted(number, all.length, seed)] };
      }
      const rng = rngOf(history, number);
      return { params: drawAllowed(space, () => drawParams(space, rng)) };
    },
  };
}

/** Parameters drawn evenly, constraints aside. */
export function drawParams(space: Space, rng: () => number): Params {
  return paramsAt(space, Float64Array.from(space.dimensions, () => rng()));
}

const few = new WeakMap<Space, readonly Params[] | null>();

/** All combinations where they are not too many to list. */
export function listIfFew(space: Space): readonly Params[] | undefined {
  let all = few.get(space);
  if (all === undefined) {
    all = null;
    try {
      const found = listCombinations(space);
      if (found.length <= MOST_LISTED) all = found;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // too many, or endless
    }
    few.set(space, all);
  }
  return all ?? undefined;
}
