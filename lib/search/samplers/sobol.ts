/**
 * Sobol's sequence: evenly filling points, best in powers of two.
 *
 * Source: directions of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections",
 * SIAM J. Sci. Comput. 30 (2008), the first 40 dimensions of `new-joe-kuo-6.21201`; scrambling as B. Burley, "Practical
 * hash-based Owen scrambling", J. Comput. Graph. Tech. 9 (2020). @module
 */
import { isAllowed } from "../space.ts";
import { paramsAt } from "../unit_cube.ts";
import { haltonPoint } from "./halton.ts";
import { drawParams } from "./random.ts";
import { drawAllowed, rngOf, type Sampler } from "./sampler.ts";

/** For each dimension after the first: the primitive polynomial's bits, and the first direction numbers. */
const DIRECTIONS: readonly (readonly number[])[] = [
  [3, 1],
  [7, 1, 3],
  [11, 1, 3, 1],
  [13, 1, 1, 1],
  [19, 1, 1, 3, 3],
  [25, 1, 3, 5, 13],
  [37, 1, 1, 5, 5, 17],
  [41, 1, 1, 5, 5, 5],
  [47, 1, 1, 7, 11, 19],
  [55, 1, 1, 5, 1, 1],
  [59, 1, 1, 1, 3, 11],
  [61, 1, 3, 5, 5, 31],
  [67, 1, 3, 3, 9, 7, 49],
  [91, 1, 1, 1, 15, 21, 21],
  [97, 1, 3, 1, 13, 27, 49],
  [103, 1, 1, 1, 15, 7, 5],
  [109, 1, 3, 1, 15, 13, 25],
  [115, 1, 1, 5, 5, 19, 61],
  [131, 1, 3, 7, 11, 23, 15, 103],
  [137, 1, 3, 7, 13, 13, 15, 69],
  [143, 1, 1, 3, 13, 7, 35, 63],
  [145, 1, 3, 5, 9, 1, 25, 53],
  [157, 1, 3, 1, 13, 9, 35, 107],
  [167, 1, 3, 1, 5, 27, 61, 31],
  [171, 1, 1, 5, 11, 19, 41, 61],
  [185, 1, 3, 5, 3, 3, 13, 69],
  [191, 1, 1, 7, 13, 1, 19, 1],
  [193, 1, 3, 7, 5, 13, 19, 59],
  [203, 1, 1, 3, 9, 25, 29, 41],
  [211, 1, 3, 5, 13, 23, 1, 55],
  [213, 1, 3, 7, 3, 13, 59, 17],
  [229, 1, 3, 1, 3, 5, 53, 69],
  [239, 1, 1, 5, 5, 23, 33, 13],
  [241, 1, 1, 7, 7, 1, 61, 123],
  [247, 1, 1, 7, 9, 13, 61, 49],
  [253, 1, 3, 3, 5, 3, 55, 33],
  [285, 1, 3, 1, 15, 31, 13, 49, 245],
  [299, 1, 3, 5, 15, 31, 59, 63, 97],
  [301, 1, 3, 1, 11, 11, 11, 77, 249],
];

/** Dimensions that there are directions for. */
export const SOBOL_DIMENSIONS = DIRECTIONS.length + 1;

/** Fills the space with Sobol's points, scrambled by the seed; beyond 40 parameters with Halton's. */
export function sobolSampler(): Sampler {
  return {
    name: "sobol",
    independent: true,
    suggest(history, number) {
      const { space, seed } = history, size = space.dimensions.length;
      const point = size <= SOBOL_DIMENSIONS
        ? sobolPoint(number, size, seed)
        : haltonPoint(number, size, seed);
      const params = paramsAt(space, point);
      if (isAllowed(space, params)) return { params };
      const rng = rngOf(history, number);
      return { params: drawAllowed(space, () => drawParams(space, rng)) };
    },
  };
}

/**
 * Point `n` (from 0) in `dimensions` dimensions, each coordinate in [0, 1) and a multiple of 2⁻³².
 *
 * @param seed Scrambles the points; without one they are Sobol's own, in the order of the Gray code.
 * @example
 * ```ts
 * [...sobolPoint(5, 4)]; // [0.875, 0.875, 0.125, 0.375]
 * ```
 */
export function sobolPoint(n: number, dimensions: number, seed?: number): Float64Array {
  if (dimensions > SOBOL_DIMENSIONS) {
    throw new RangeError(`Cannot make Sobol points in ${dimensions} dimensions: there are directions for 40`);
  }
  const gray = n ^ (n >>> 1);
  return Float64Array.from({ length: dimensions }, (_, d) => {
    const directions = directionsOf(d);
    let bits = 0;
    for (let j = 0; gray >>> j !== 0; j++) if ((gray >>> j) & 1) bits ^= directions[j];
    if (seed !== undefined) bits = scramble(bits, hash(hash(seed) ^ Math.imul(d + 1, 0x9e3779b9)));
    return (bits >>> 0) * 2 ** -32;
  });
}

const known: Int32Array[] = [];

/** 32 direction numbers, their first bit uppermost. */
function directionsOf(dimension: number): Int32Array {
  return known[dimension] ??= makeDirections(dimension);
}

function makeDirections(dimension: number): Int32Array {
  const v = new Int32Array(32);
  if (dimension === 0) return v.map((_, i) => 1 << (31 - i));
  const [polynomial, ...initial] = DIRECTIONS[dimension - 1];
  const degree = initial.length;
  for (let i = 0; i < 32; i++) {
    if (i < degree) {
      v[i] = initial[i] << (31 - i);
      continue;
    }
    v[i] = v[i - degree] ^ (v[i - degree] >>> degree);
    for (let k = 1; k < degree; k++) if ((polynomial >>> (degree - k)) & 1) v[i] ^= v[i - k];
  }
  return v;
}

/** Owen's scrambling: a bit is turned or not by a hash of all bits above it. */
function scramble(bits: number, key: number): number {
  let x = reverse(bits);
  x = (x + key) | 0; // Laine and Karras: each step lets a bit change only higher ones
  x ^= Math.imul(x, 0x6c50b47c);
  x ^= Math.imul(x, 0xb82f1e52);
  x ^= Math.imul(x, 0xc7afe638);
  x ^= Math.imul(x, 0x8d22f6e6);
  return reverse(x);
}

function reverse(x: number): number {
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return (x >>> 16) | (x << 16);
}

function hash(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
