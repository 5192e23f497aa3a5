/** Light on a grid of pixels before any optics: Sérsic galaxies and what a lens makes of them. @module */
import { createLens, type LensModel } from "./lens_model.ts";

/** Pixels on each side of a picture. The document's. */
export const SIDE = 100;

/** An elliptical galaxy with Sérsic's profile exp(-b (R/Rₑ)^(1/n)). */
export interface Sersic {
  /** Middle in pixels; 49.5 is a picture's. */
  x: number;
  y: number;
  /** Light within everything, counts. */
  flux: number;
  /** Radius that holds half of the light, on the geometric mean of the axes, pixels. */
  effectiveRadius: number;
  /** 1 is a disc, 4 an elliptical. */
  index: number;
  axisRatio: number;
  /** Direction of the major axis, radians. */
  angle: number;
}

/** Lanczos' approximation of the gamma function, good to 1e-10 for what is needed here (C. Lanczos, SIAM J. Numer. Anal. 1, 1964). */
function gamma(z: number): number {
  const terms = [
    ...[676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059],
    ...[12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7],
  ];
  const x = z - 1, t = x + 7.5;
  const sum = terms.reduce((all, term, i) => all + term / (x + i + 1), 0.99999999999980993);
  return Math.sqrt(2 * Math.PI) * t ** (x + 0.5) * Math.exp(-t) * sum;
}

/** b of a profile, so that half of the light is within the effective radius (Ciotti and Bertin, arXiv:astro-ph/9911078). */
function halfLight(n: number): number {
  return 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n * n);
}

/** Effective radii beyond which a profile is taken as dark: less than 1e-9 of a disc is there, less than a hundredth of an elliptical. */
function reachOf({ index }: Sersic): number {
  return index < 2 ? 14 * index : 28;
}

/** A profile as a function of place, counts a pixel. */
export function sersicProfile(galaxy: Sersic): (x: number, y: number) => number {
  const { flux, effectiveRadius, index: n, axisRatio, angle } = galaxy;
  const b = halfLight(n);
  const middle = flux * b ** (2 * n) / (2 * Math.PI * n * effectiveRadius ** 2 * gamma(2 * n));
  const cosine = Math.cos(angle) / effectiveRadius, sine = Math.sin(angle) / effectiveRadius;
  const stretch = Math.sqrt(axisRatio), power = 0.5 / n;
  const limit = reachOf(galaxy) ** 2;
  return (x, y) => {
    const dx = x - galaxy.x, dy = y - galaxy.y;
    const u = (cosine * dx + sine * dy) * stretch, v = (cosine * dy - sine * dx) / stretch;
    const square = u * u + v * v;
    return square > limit ? 0 : middle * Math.exp(-b * square ** power);
  };
}

/** Samples a pixel on each axis within this many pixels of a galaxy's middle, where profiles are steep. */
const FINE = 7, FINE_REACH = 2.5;

/** Adds a galaxy to a layer of [100, 100]; steep middles are integrated over the pixel. */
export function addSersic(layer: Float32Array, galaxy: Sersic): void {
  const profile = sersicProfile(galaxy);
  const reach = reachOf(galaxy) * galaxy.effectiveRadius / Math.sqrt(galaxy.axisRatio) + 1;
  const first = (middle: number) => Math.max(0, Math.ceil(middle - reach));
  const last = (middle: number) => Math.min(SIDE - 1, Math.floor(middle + reach));
  for (let row = first(galaxy.y); row <= last(galaxy.y); row++) {
    for (let column = first(galaxy.x); column <= last(galaxy.x); column++) {
      const near = Math.abs(row - galaxy.y) < FINE_REACH && Math.abs(column - galaxy.x) < FINE_REACH;
      layer[row * SIDE + column] += near ? integrate(profile, column, row) : profile(column, row);
    }
  }
}

function integrate(profile: (x: number, y: number) => number, column: number, row: number): number {
  let sum = 0;
  for (let r = 0; r < FINE; r++) {
    for (let c = 0; c < FINE; c++) {
      sum += profile(column + (c + 0.5) / FINE - 0.5, row + (r + 0.5) / FINE - 0.5);
    }
  }
  return sum / (FINE * FINE);
}

/** Rays a pixel on each axis. */
const RAYS = 2;
const traced = new Float64Array(2);

/**
 * Adds the lensed images of sources to a layer of [100, 100]. Surface brightness is kept, so their fluxes are magnified.
 *
 * @param sources In the source plane, places from the deflector's middle.
 * @param x The deflector's middle, pixels.
 * @returns Magnification: light added over the sources' own.
 */
export function addLensed(
  layer: Float32Array,
  sources: readonly Sersic[],
  lens: LensModel,
  x: number,
  y: number,
): number {
  const trace = createLens(lens), profiles = sources.map(sersicProfile);
  let light = 0;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      let sum = 0;
      for (let r = 0; r < RAYS; r++) {
        for (let c = 0; c < RAYS; c++) {
          trace(column + (c + 0.5) / RAYS - 0.5 - x, row + (r + 0.5) / RAYS - 0.5 - y, traced);
          for (const profile of profiles) sum += profile(traced[0], traced[1]);
        }
      }
      layer[row * SIDE + column] += sum / (RAYS * RAYS);
      light += sum / (RAYS * RAYS);
    }
  }
  return light / sources.reduce((all, { flux }) => all + flux, 0);
}
