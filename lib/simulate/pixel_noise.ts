/**
 * Gaussian noise of a camera in whole counts, made from tables of random bits: one look-up a pixel.
 *
 * A pixel is a Gaussian rounded to the nearest count and kept inside 8 bits, so it has at most 256 values. Each 16 random bits name an entry of a
 * table in which a value stands as often as its probability times 65,536, rounded down; what rounding leaves over is drawn from 32 further
 * bits, so that the distribution is that of the Gaussian to some 1e-7. @module
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
  const probabilities = pixelProbabilities(mean, sigma);
  const table = new Uint8Array(WORDS), leftOver = new Float64Array(256);
  let filled = 0;
  for (let value = 0; value < 256; value++) {
    const share = probabilities[value] * WORDS, whole = Math.floor(share);
    table.fill(value, filled, filled + whole);
    filled += whole;
    leftOver[value] = share - whole;
  }
  const all = leftOver.reduce((a, b) => a + b, 0);
  let sum = 0;
  const cumulative = leftOver.map((share) => (sum += share) / all * 2 ** 32);

  return {
    fill(pixels, rng) {
      const rare = () => {
        const bits = rng() * 2 ** 32;
        let value = 0;
        while (value < 255 && bits >= cumulative[value]) value++;
        return value;
      };
      // xoshiro128** as in base/rng.ts, written out: a call a pixel would take most of the time.
      let a = rng() * 2 ** 32 | 0, b = rng() * 2 ** 32 | 0, c = rng() * 2 ** 32 | 0, d = rng() * 2 ** 32 | 1;
      const pairs = pixels.length & ~1;
      for (let i = 0; i < pairs; i += 2) {
        const scaled = Math.imul(b, 5), word = Math.imul((scaled << 7) | (scaled >>> 25), 9);
        const shifted = b << 9;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = (d << 11) | (d >>> 21);
        const first = word >>> 16, second = word & 0xffff;
        pixels[i] = first < filled ? table[first] : rare();
        pixels[i + 1] = second < filled ? table[second] : rare();
      }
      if (pairs < pixels.length) {
        const word = rng() * WORDS | 0;
        pixels[pairs] = word < filled ? table[word] : rare();
      }
    },
  };
}
