/**
 * Draws from the distributions that detector toys need, on top of any uniform generator.
 * @module
 */

/** Draws from one stream of random numbers; every method advances it. */
export interface Draws {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Gaussian with mean 0 and standard deviation 1. */
  normal(): number;
  /** Exponential with mean 1. */
  exponential(): number;
  /** Poisson with the given mean; Gaussian, rounded, above a mean of 60. */
  poisson(mean: number): number;
  /** Direction of a unit vector, uniform on the sphere. */
  direction(): [x: number, y: number, z: number];
}

/** Marsaglia and Tsang's ziggurat (J. Stat. Softw. 5(8), 2000) with 128 layers: edges, and densities at them. */
const LAYERS = 128, TAIL = 3.442619855899, AREA = 9.91256303526217e-3;
const EDGE = new Float64Array(LAYERS + 1), DENSITY = new Float64Array(LAYERS + 1);
{
  const density = (x: number) => Math.exp(-0.5 * x * x);
  EDGE[0] = AREA / density(TAIL); // the base layer is widened to hold the tail's area
  EDGE[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) {
    EDGE[i] = Math.sqrt(-2 * Math.log(AREA / EDGE[i - 1] + density(EDGE[i - 1])));
  }
  EDGE[LAYERS] = 0;
  for (let i = 0; i <= LAYERS; i++) DENSITY[i] = density(EDGE[i]);
}

/**
 * Gives the distributions over a uniform generator.
 *
 * @param rng Uniform numbers in [0, 1) with at least 32 random bits.
 * @example A Gaussian with mean 99 and standard deviation 2
 * ```ts
 * import { createRng } from "./rng.ts";
 * const draws = createDraws(createRng(7));
 * const counts = 99 + 2 * draws.normal();
 * ```
 */
export function createDraws(rng: () => number): Draws {
  function normal(): number {
    for (;;) {
      const scaled = rng() * (2 * LAYERS);
      const layer = scaled >>> 1;
      const x = (2 * (scaled - 2 * layer) - 2) * 0.5 * EDGE[layer]; // the fraction left over, in [-1, 1)
      if (Math.abs(x) < EDGE[layer + 1]) return x;
      if (layer === 0) {
        for (;;) { // Marsaglia's tail beyond the last edge
          const a = -Math.log(1 - rng()) / TAIL, b = -Math.log(1 - rng());
          if (2 * b > a * a) return x < 0 ? -TAIL - a : TAIL + a;
        }
      }
      const low = DENSITY[layer], high = DENSITY[layer + 1];
      if (low + rng() * (high - low) < Math.exp(-0.5 * x * x)) return x;
    }
  }
  function poisson(mean: number): number {
    if (mean <= 0) return 0;
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const stop = Math.exp(-mean);
    let product = rng(), count = 0;
    while (product > stop) {
      product *= rng();
      count++;
    }
    return count;
  }
  return {
    uniform: rng,
    normal,
    exponential: () => -Math.log(1 - rng()),
    poisson,
    direction() {
      const cosine = 2 * rng() - 1, turn = 2 * Math.PI * rng();
      const sine = Math.sqrt(1 - cosine * cosine);
      return [sine * Math.cos(turn), sine * Math.sin(turn), cosine];
    },
  };
}
