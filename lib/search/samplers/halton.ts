/**
 * Halton's sequence: evenly filling points, number by number.
 *
 * Source: J. H. Halton, "On the efficiency of certain quasi-random sequences", Numer. Math. 2 (1960); digits permuted at
 * random as A. B. Owen, "A randomized Halton algorithm in R", arXiv:1706.02808 (2017). @module
 */
import { createRng, shuffle } from "../../base/rng.ts";
import { isAllowed } from "../space.ts";
import { paramsAt } from "../unit_cube.ts";
import { drawParams } from "./random.ts";
import { drawAllowed, rngOf, type Sampler } from "./sampler.ts";

/** Fills the space with Halton's points, their digits permuted by the seed. */
export function haltonSampler(): Sampler {
  return {
    name: "halton",
    independent: true,
    suggest(history, number) {
      const { space, seed } = history;
      const params = paramsAt(space, haltonPoint(number, space.dimensions.length, seed));
      if (isAllowed(space, params)) return { params };
      const rng = rngOf(history, number); // a point that is not allowed is replaced by one that is
      return { params: drawAllowed(space, () => drawParams(space, rng)) };
    },
  };
}

/** Point `n` (from 0) of the scrambled sequence in `dimensions` dimensions, each coordinate in [0, 1). */
export function haltonPoint(n: number, dimensions: number, seed: number): Float64Array {
  const bases = firstPrimes(dimensions);
  return Float64Array.from(bases, (base, d) => {
    const rng = createRng(seed, d);
    let rest = n, scale = 1 / base, value = 0;
    // Digits beyond the last one of n are permuted too, down to what a double holds.
    while (scale > 2 ** -52) {
      const digits = shuffle(Uint32Array.from({ length: base }, (_, i) => i), rng);
      value += digits[rest % base] * scale;
      rest = Math.floor(rest / base);
      scale /= base;
    }
    return Math.min(value, 1 - 2 ** -53);
  });
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes;
}
