/**
 * What a survey's pictures show, drawn at random: deflectors, sources, galaxies of the field and of groups, stars.
 *
 * Magnitudes are g, r, i. Colours of ellipticals are those of redshifts 0.4 to 0.7, of sources those of star-forming galaxies beyond 1 (SL2S, More et al.,
 * arXiv:1109.1821, whose lenses have Einstein radii of 1 to 8 arc seconds); numbers of faint galaxies follow the counts of the
 * CFHT Legacy Survey, N ∝ 10^(0.35 m). Brightness of deflectors and stars: tuned to the one real sample (see `statistics.ts`). @module
 */
import type { Draws } from "../../base/random.ts";
import { countsOf, type Star } from "./camera.ts";
import { type Sersic, SIDE } from "./canvas.ts";
import type { LensModel } from "./lens_model.ts";

/** A galaxy and its counts in each band; the shape's own flux is 1. */
export interface Painted {
  shape: Sersic;
  counts: number[];
}

/** Middle of a picture, pixels. */
const MIDDLE = (SIDE - 1) / 2;

function clamped(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Counts of g, r, i from an i magnitude and two colours. */
export function countsByBand(i: number, gMinusR: number, rMinusI: number): number[] {
  return [i + rMinusI + gMinusR, i + rMinusI, i].map(countsOf);
}

function redColours(draws: Draws): [gMinusR: number, rMinusI: number] {
  return [1.62 + 0.14 * draws.normal(), 0.95 + 0.12 * draws.normal()];
}

function blueColours(draws: Draws): [gMinusR: number, rMinusI: number] {
  return [0.3 + 0.25 * draws.normal(), 0.2 + 0.2 * draws.normal()];
}

/** The bright elliptical in the middle: a lens' deflector, or one that lenses nothing. */
export function drawElliptical(draws: Draws): Painted {
  const bright = draws.uniform() < 0.36;
  const i = clamped((bright ? 16.4 : 21.9) + (bright ? 0.5 : 0.7) * draws.normal(), 15.4, 23);
  return {
    shape: {
      x: MIDDLE + 0.5 * draws.normal(),
      y: MIDDLE + 0.5 * draws.normal(),
      flux: 1,
      effectiveRadius: clamped(9 * 10 ** (-0.17 * (i - 18)) * Math.exp(0.25 * draws.normal()), 1.8, 26),
      index: clamped((bright ? 1.7 : 3) + 0.5 * draws.normal(), 1, 6),
      axisRatio: clamped(0.82 + 0.1 * draws.normal(), 0.5, 1),
      angle: Math.PI * draws.uniform(),
    },
    counts: countsByBand(i, ...redColours(draws)),
  };
}

/** The mass of a deflector: about as its light, with the shear of its surroundings; brighter ones are heavier. */
export function drawLensModel({ shape, counts }: Painted, draws: Draws): LensModel {
  // At one distance θ_E ∝ σ² ∝ L^½ (Faber and Jackson, 1976); much of the brightness is nearness, so a weaker power is assumed.
  const typical = 9.5 * (counts[2] / countsOf(20.5)) ** 0.15;
  return {
    einsteinRadius: clamped(typical * Math.exp(0.35 * draws.normal()), 5, 28),
    axisRatio: clamped(shape.axisRatio + 0.06 * draws.normal(), 0.45, 1),
    angle: shape.angle + 0.15 * draws.normal(),
    shear: Math.min(0.2, 0.05 * draws.exponential()),
    shearAngle: Math.PI * draws.uniform(),
  };
}

/** A star-forming galaxy far behind, with clumps; the first shape is the whole, places are from the deflector's middle. */
export function drawSource(einsteinRadius: number, draws: Draws): { shapes: Sersic[]; counts: number[] } {
  const radius = 0.5 * einsteinRadius * Math.sqrt(draws.uniform()), turn = 2 * Math.PI * draws.uniform();
  const size = clamped(1.6 * Math.exp(0.4 * draws.normal()), 0.6, 4);
  const [x, y] = [radius * Math.cos(turn), radius * Math.sin(turn)];
  const clumps = Math.floor(4 * draws.uniform()), inClumps = clumps === 0 ? 0 : 0.4 * draws.uniform();
  const shapes: Sersic[] = [{
    ...{ x, y, flux: 1 - inClumps, effectiveRadius: size, index: 0.8 + 0.6 * draws.uniform() },
    axisRatio: 0.35 + 0.65 * draws.uniform(),
    angle: Math.PI * draws.uniform(),
  }];
  for (let clump = 0; clump < clumps; clump++) {
    shapes.push({
      x: x + 0.8 * size * draws.normal(),
      y: y + 0.8 * size * draws.normal(),
      ...{ flux: inClumps / clumps, effectiveRadius: 0.25 * size, index: 1, axisRatio: 1, angle: 0 },
    });
  }
  const i = clamped(23.6 + 0.9 * draws.normal(), 21, 25.5);
  return { shapes, counts: countsByBand(i, ...blueColours(draws)) };
}

/** i magnitude between two limits, N ∝ 10^(slope m). */
function drawMagnitude(brightest: number, faintest: number, slope: number, draws: Draws): number {
  const low = 10 ** (slope * brightest), high = 10 ** (slope * faintest);
  return Math.log10(low + (high - low) * draws.uniform()) / slope;
}

/** A place anywhere in the picture, or a little outside. */
function anywhere(draws: Draws): { x: number; y: number } {
  return { x: (SIDE + 20) * draws.uniform() - 10, y: (SIDE + 20) * draws.uniform() - 10 };
}

/** Galaxies that are there by chance. */
export function drawField(draws: Draws): Painted[] {
  return Array.from({ length: draws.poisson(7) }, () => {
    const i = drawMagnitude(19, 25.5, 0.3, draws), red = draws.uniform() < 0.35;
    return {
      shape: {
        ...anywhere(draws),
        flux: 1,
        effectiveRadius: clamped(2.4 * 10 ** (-0.12 * (i - 22.5)) * Math.exp(0.3 * draws.normal()), 0.6, 9),
        index: red ? 3.5 : 1,
        axisRatio: 0.3 + 0.7 * draws.uniform(),
        angle: Math.PI * draws.uniform(),
      },
      counts: countsByBand(i, ...(red ? redColours(draws) : blueColours(draws))),
    };
  });
}

/** Members of a group, as red as the galaxy in the middle. */
export function drawGroup(draws: Draws): Painted[] {
  return Array.from({ length: draws.poisson(1.2) }, () => {
    const i = drawMagnitude(18, 22, 0.2, draws);
    return {
      shape: {
        x: MIDDLE + 22 * draws.normal(),
        y: MIDDLE + 22 * draws.normal(),
        flux: 1,
        effectiveRadius: clamped(5 * 10 ** (-0.16 * (i - 19)) * Math.exp(0.25 * draws.normal()), 1, 12),
        index: 3.5,
        axisRatio: 0.5 + 0.5 * draws.uniform(),
        angle: Math.PI * draws.uniform(),
      },
      counts: countsByBand(i, ...redColours(draws)),
    };
  });
}

/** A star of this magnitude. */
export function drawStar(i: number, spikeAngle: number, draws: Draws): Star {
  const gMinusI = clamped(0.9 + 0.9 * draws.normal(), -0.5, 3.2);
  return { ...anywhere(draws), counts: countsByBand(i, 0.65 * gMinusI, 0.35 * gMinusI), spikeAngle };
}

/** Stars that are there by chance: few, but some are bright. */
export function drawFieldStars(spikeAngle: number, draws: Draws): Star[] {
  return Array.from(
    { length: draws.poisson(0.4) },
    () => drawStar(drawMagnitude(17.9, 23, 0.1, draws), spikeAngle, draws),
  );
}
