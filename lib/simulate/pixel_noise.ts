/**
 * Gaussian noise of a camera in whole counts, made from tables of random bits: one look-up for two pixels.
 *
 * A pixel is a Gaussian rounded to the nearest count and kept inside 8 bits, so it has at most 256 values. Each 16 random bits name an entry of a
 * table in which a pair of values stands as often as its probability times 65,536, rounded down; what rounding leaves over, two pairs in a
 * thousand, is drawn from 32 further bits, so that the distribution is that of two independent Gaussians to some 1e-7. @module
 */

/** Complementary error function, to a relative 1.2e-7 everywhere (Numerical Recipes, 2nd edition, 6.2, `erfcc`). */
function erfc(x: number): number {
  const z = Math.abs(x), t = 1 / (1 + 0.5 * z);
  const terms = [
    ...[-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806],
    ...[0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277],
  ];
  const polynomial = terms.reduceRight((sum, term) => sum * t + term, 0);
  const tail = t * Math.exp(-z * z + polynomial);
  return x >= 0 ? tail : 2 - tail;
}

/** Makes noise; see {@linkcode createPixelNoise}. */
export interface PixelNoise {
  /**
   * Fills all pixels.
   *
   * @param rng Uniform numbers in [0, 1) with 32 random bits; four are taken, as the seed of the bits.
   */
  fill(pixels: Uint8Array, rng: () => number): void;
}

/** Probability of each 8-bit value of a Gaussian rounded to whole counts; what lies outside is at 0 and 255. */
export function pixelProbabilities(mean: number, sigma: number): Float64Array {
  const below = (x: number) => 0.5 * erfc((mean - x) / (sigma * Math.SQRT2));
  return Float64Array.from({ length: 256 }, (_, value) => {
    const low = value === 0 ? 0 : below(value - 0.5), high = value === 255 ? 1 : below(value + 0.5);
    // Above the mean, differences of what is above keep their digits.
    if (value <= mean || value === 255) return Math.max(0, high - low);
    const above = (x: number) => 0.5 * erfc((x - mean) / (sigma * Math.SQRT2));
    return above(value - 0.5) - above(value + 0.5);
  });
}

const WORDS = 65536;

/** Pairs of values by 16 random bits, the first in the low byte; and those that are drawn where the bits name none. */
interface PairTables {
  pairs: Uint16Array;
  /** How many entries are filled. */
  filled: number;
  rarePairs: Uint16Array;
  /** Sum of the rare pairs' probabilities up to each, the last one's 2³². */
  cumulative: Float64Array;
}

function tablesOf(probabilities: Float64Array): PairTables {
  const pairs = new Uint16Array(WORDS),
    rarePairs = new Uint16Array(WORDS),
    cumulative = new Float64Array(WORDS);
  let filled = 0, rare = 0, sum = 0;
  for (let pair = 0; pair < WORDS; pair++) {
    const share = probabilities[pair & 255] * probabilities[pair >>> 8] * WORDS, whole = Math.floor(share);
    pairs.fill(pair, filled, filled + whole);
    filled += whole;
    if (share === whole) continue;
    sum += share - whole;
    rarePairs[rare] = pair;
    cumulative[rare++] = sum;
  }
  const scale = 2 ** 32 / sum;
  return {
    pairs,
    filled,
    rarePairs: rarePairs.slice(0, rare),
    cumulative: cumulative.slice(0, rare).map((share) => share * scale),
  };
}

/** The first place whose sum is above a number. */
function placeOf(cumulative: Float64Array, bits: number): number {
  let low = 0, high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bits < cumulative[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Makes the tables for one mean and σ.
 *
 * @param mean Counts.
 * @param sigma Counts, above 0.
 * @throws {RangeError} If σ is not above 0.
 * @example
 * ```ts
 * import { createRng } from "../base/rng.ts";
 * const pixels = new Uint8Array(1000);
 * createPixelNoise(99, 2).fill(pixels, createRng(1));
 * pixels.every((value) => value > 85 && value < 113); // true
 * ```
 */
export function createPixelNoise(mean: number, sigma: number): PixelNoise {
  if (!(sigma > 0)) {
    throw new RangeError(`Cannot make noise as its σ must be above 0: got ${sigma}`);
  }
  const { pairs, filled, rarePairs, cumulative } = tablesOf(pixelProbabilities(mean, sigma));
  return {
    fill(pixels, rng) {
      const pairOf = (bits: number) =>
        bits < filled ? pairs[bits] : rarePairs[placeOf(cumulative, rng() * 2 ** 32)];
      const fours = pixels.length >>> 2, isAligned = pixels.byteOffset % 4 === 0;
      const out = isAligned
        ? new Uint32Array(pixels.buffer, pixels.byteOffset, fours)
        : new Uint32Array(fours);
      // xoshiro128** as in base/rng.ts, written out: a call for each number would take most of the time.
      let a = rng() * 2 ** 32 | 0, b = rng() * 2 ** 32 | 0, c = rng() * 2 ** 32 | 0, d = rng() * 2 ** 32 | 1;
      for (let i = 0; i < fours; i++) {
        const scaled = Math.imul(b, 5), word = Math.imul((scaled << 7) | (scaled >>> 25), 9);
        const shifted = b << 9;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = (d << 11) | (d >>> 21);
        out[i] = pairOf(word >>> 16) | (pairOf(word & 0xffff) << 16);
      }
      if (!isAligned) pixels.set(new Uint8Array(out.buffer));
      for (let i = 4 * fours; i < pixels.length; i++) pixels[i] = pairOf(rng() * WORDS | 0);
    },
  };
}
