/**
 * Seeded random numbers: everything that draws takes `rng: () => number`; a task turns its seed into one, once.
 *
 * Source: xoshiro128** 1.1 and its seeding by SplitMix64, D. Blackman and S. Vigna, "Scrambled linear pseudorandom
 * number generators", ACM Trans. Math. Softw. 47 (2021). @module
 */

/**
 * Makes a generator of uniform numbers in [0, 1), each a multiple of 2⁻³². The same seed gives the same numbers on
 * every machine; the period is 2¹²⁸ - 1.
 *
 * @param seed A whole number from 0 to 2⁵³ - 1.
 * @param stream Number of an independent sequence under the same seed, such as an event's index.
 * @throws {RangeError} If seed or stream is not such a number.
 * @example
 * ```ts
 * const rng = createRng(7);
 * rng(); // 0.41935052…
 * ```
 */
export function createRng(seed: number, stream = 0): () => number {
  for (const [what, value] of [["seed", seed], ["stream", stream]] as const) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(
        `Cannot make a generator as ${what} must be a whole number from 0 to 2⁵³ - 1: got ${value}`,
      );
    }
  }
  let counter = BigInt(seed) ^ finalize(BigInt(stream)); // finalize(0) is 0: stream 0 is the plain seed
  const next = () => finalize(counter = (counter + 0x9e3779b97f4a7c15n) & MASK64);
  const first = next(), second = next();
  let a = Number(first & MASK32) | 0, b = Number(first >> 32n) | 0;
  let c = Number(second & MASK32) | 0, d = Number(second >> 32n) | 0;
  return () => {
    const scaled = Math.imul(b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return (result >>> 0) * 2 ** -32;
  };
}

const MASK64 = (1n << 64n) - 1n, MASK32 = (1n << 32n) - 1n;

/** SplitMix64's output function. */
function finalize(z: bigint): bigint {
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK64;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK64;
  return z ^ (z >> 31n);
}

/** Draws a whole number from 0 to before `below`, which may be up to 2³². */
export function drawInteger(rng: () => number, below: number): number {
  return Math.floor(rng() * below);
}

/** Draws from the normal distribution of mean 0 and standard deviation 1 (Box and Muller, 1958; one of the pair). */
export function drawNormal(rng: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
}

/** Shuffles in place (Fisher and Yates), every order equally likely, and gives the array back. */
export function shuffle<T extends { length: number; [index: number]: unknown }>(
  values: T,
  rng: () => number,
): T {
  for (let last = values.length - 1; last > 0; last--) {
    const other = drawInteger(rng, last + 1), kept = values[last];
    values[last] = values[other];
    values[other] = kept;
  }
  return values;
}
