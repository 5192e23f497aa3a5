/** From light to a picture: point-spread function, noise, stars that are brighter than the camera can bear, and artefacts. @module */
import type { Draws } from "../../base/random.ts";
import { SIDE } from "./canvas.ts";

/** A band of the survey. Magnitudes have their zero point at 30, so that a count is a magnitude of 30. */
export interface Band {
  name: "g" | "r" | "i";
  /** σ of the empty sky, counts. The one real sample. */
  skySigma: number;
  /** Median full width of the point-spread function at half its height, pixels of 0.187 arc seconds. CFHTLS: 0.78, 0.71 and 0.64 arc seconds. */
  fwhm: number;
  /** Mean light of what is too faint to be told apart and was not subtracted, counts. Tuned to the real sample's edges. */
  pedestal: number;
  /** Electrons a count: some 2,500 s of a 3.6 m telescope. For the noise of what is bright. */
  gain: number;
}

/** The bands of the document's pictures: those of the CFHT Legacy Survey. */
export const BANDS: readonly Band[] = [
  { name: "g", skySigma: 0.42, fwhm: 4.2, pedestal: 0.12, gain: 120 },
  { name: "r", skySigma: 0.58, fwhm: 3.8, pedestal: 0.1, gain: 100 },
  { name: "i", skySigma: 0.74, fwhm: 3.4, pedestal: 0.14, gain: 60 },
];

/** Counts of a magnitude. */
export function countsOf(magnitude: number): number {
  return 10 ** (0.4 * (30 - magnitude));
}

/** Seeing of one picture, relative to the median; the same in all bands, and a little for each band alone. */
export function drawSeeing(draws: Draws): number[] {
  const common = Math.exp(0.1 * draws.normal());
  return BANDS.map(() => common * Math.exp(0.04 * draws.normal()));
}

/** Share of the light in the wings, and how much wider they are: two Gaussians in place of Moffat's β = 3 profile. */
const WINGS = 0.2, WIDER = 2.2;

const passed = new Float32Array(SIDE * SIDE);

/** Adds `share` of a layer, blurred by a Gaussian, to another; what leaves the edges is lost. */
function addBlurred(from: Float32Array, into: Float32Array, sigma: number, share: number): void {
  const half = Math.ceil(3.5 * sigma);
  const kernel = Float64Array.from(
    { length: 2 * half + 1 },
    (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2),
  );
  const whole = kernel.reduce((a, b) => a + b, 0);
  for (let i = 0; i < kernel.length; i++) kernel[i] /= whole;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      let sum = 0;
      const first = Math.max(0, column - half), last = Math.min(SIDE - 1, column + half);
      for (let at = first; at <= last; at++) sum += from[row * SIDE + at] * kernel[at - column + half];
      passed[row * SIDE + column] = sum;
    }
  }
  for (let row = 0; row < SIDE; row++) {
    const first = Math.max(0, row - half), last = Math.min(SIDE - 1, row + half);
    for (let at = first; at <= last; at++) {
      const weight = share * kernel[at - row + half];
      for (let column = 0; column < SIDE; column++) {
        into[row * SIDE + column] += weight * passed[at * SIDE + column];
      }
    }
  }
}

/** A layer as the telescope sees it with this seeing. @param fwhm Pixels. */
export function blurByPsf(layer: Float32Array, fwhm: number): Float32Array {
  // The sum of the two is 2.8 % wider at half height than the narrow one.
  const sigma = fwhm / 2.3548 / 1.028, out = new Float32Array(SIDE * SIDE);
  addBlurred(layer, out, sigma, 1 - WINGS);
  addBlurred(layer, out, WIDER * sigma, WINGS);
  return out;
}

/** Share of its neighbours' noise that a pixel has: pictures are resampled before they are added. */
const RESAMPLED = 0.3;
const white = new Float32Array((SIDE + 1) * (SIDE + 1));

/** Adds sky and photon noise, neighbouring pixels a little alike, to a band. */
export function addNoise(picture: Float32Array, band: Band, draws: Draws): void {
  for (let i = 0; i < white.length; i++) white[i] = draws.normal();
  const norm = 1 / Math.sqrt(1 + 2 * RESAMPLED * RESAMPLED), stride = SIDE + 1;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const at = (row + 1) * stride + column + 1;
      const unit = norm * (white[at] + RESAMPLED * (white[at - 1] + white[at - stride]));
      const counts = Math.max(0, picture[row * SIDE + column]);
      picture[row * SIDE + column] += unit * Math.sqrt(band.skySigma ** 2 + counts / band.gain);
    }
  }
}

/** A star in all bands; a bright one has spikes. */
export interface Star {
  x: number;
  y: number;
  /** Counts by band. */
  counts: readonly number[];
  /** Direction of the first of four spikes, radians; the telescope's, the same for all stars of a picture. */
  spikeAngle: number;
}

/** Most counts of a pixel before it overflows along its column. The largest of the real sample are below. */
const FULL = 3500;

/**
 * Adds stars to a blurred band: the point-spread function, a halo falling as the cube of the distance, four spikes for a bright one, and bleeding.
 *
 * @param fwhm Pixels.
 * @param band Index of the band in `counts`.
 */
export function addStars(picture: Float32Array, stars: readonly Star[], fwhm: number, band: number): void {
  for (const star of stars) {
    const counts = star.counts[band], core = fwhm / 2.3548 / 1.028;
    const middle = counts / (2 * Math.PI * core * core), spikes = counts > 2e4 ? 2e-4 * counts : 0;
    const cosine = Math.cos(star.spikeAngle), sine = Math.sin(star.spikeAngle);
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const dx = column - star.x, dy = row - star.y, square = dx * dx + dy * dy;
        let light = 0.95 * middle * Math.exp(-0.5 * square / (core * core));
        light += 0.05 * counts / (2 * Math.PI * 40) / (1 + square / 40) ** 1.5;
        if (spikes > 0) {
          const u = cosine * dx + sine * dy, v = cosine * dy - sine * dx;
          const across = Math.min(Math.abs(u), Math.abs(v)), along = Math.max(Math.abs(u), Math.abs(v));
          light += spikes * Math.exp(-0.5 * (across / 0.9) ** 2) / (1 + along / 6) ** 1.5;
        }
        picture[row * SIDE + column] += light;
      }
    }
  }
  for (let column = 0; column < SIDE; column++) {
    let spilled = 0;
    for (let row = 0; row < SIDE; row++) {
      const at = row * SIDE + column, excess = picture[at] - FULL;
      if (excess > 0) {
        spilled += 0.5 * excess;
        picture[at] = FULL;
      } else if (spilled > 0) {
        const room = Math.min(spilled, FULL - picture[at]) * 0.5;
        picture[at] += room;
        spilled = (spilled - room) * 0.8;
      }
    }
  }
}
