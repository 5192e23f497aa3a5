/** The figures of the one real sample of lenses that is known, and a table of them beside simulated ones. @module */
import type { Comparison } from "../simulator.ts";
import { BANDS } from "./camera.ts";
import { SIDE } from "./canvas.ts";

/** Figures of one band over all pixels of a set. */
export interface BandFigures {
  /** Of all pixels. */
  median: number;
  /** Median of the distances from the median. */
  mad: number;
  /** 99 % of the pixels are below. */
  high: number;
  /** Of 20 pictures. */
  largest: number;
  /**
   * σ of the sky: 1.4826 times the median distance below the median of a picture's outermost pixels, where no light adds to it; the median over
   * pictures.
   */
  skySigma: number;
  /** Share of the pixels below zero. */
  negativeShare: number;
  /** Median within 3 pixels of the middle. */
  centre: number;
  /** Median between 45 and 50 pixels from the middle. */
  edge: number;
  /** Share of pixels above 100, where the document's normalisation ends. */
  above100: number;
}

/**
 * Measured on `docs/source/lenses.npy` of github.com/Professor-G/pyBIA, 20 lenses of 100 × 100 × 3: 200,000 pixels a band, but of only 20
 * objects, so the tails are those of one or two of them.
 */
export const LENSES_PUBLISHED: Readonly<Record<"g" | "r" | "i", BandFigures>> = {
  g: {
    ...{ median: 0.378, mad: 0.430, high: 31.9, largest: 3476.8, skySigma: 0.44, negativeShare: 0.21 },
    ...{ centre: 3.7, edge: 0.26, above100: 0.002 },
  },
  r: {
    ...{ median: 0.723, mad: 0.788, high: 119, largest: 1371.5, skySigma: 0.65, negativeShare: 0.17 },
    ...{ centre: 14.2, edge: 0.45, above100: 0.012 },
  },
  i: {
    ...{ median: 1.146, mad: 1.175, high: 210, largest: 1480.7, skySigma: 0.85, negativeShare: 0.14 },
    ...{ centre: 35.0, edge: 0.67, above100: 0.022 },
  },
};

function quantile(sorted: Float32Array, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))];
}

/** Largest value of 20 pictures, as many as the real sample has: the median over all such groups. */
function medianLargest(images: Float32Array, band: number): number {
  const group = 20 * SIDE * SIDE * BANDS.length, largest: number[] = [];
  for (let first = 0; first < images.length; first += group) {
    let most = -Infinity;
    for (let i = first + band; i < Math.min(images.length, first + group); i += BANDS.length) {
      most = Math.max(most, images[i]);
    }
    largest.push(most);
  }
  return quantile(Float32Array.from(largest).sort(), 0.5);
}

function medianSky(images: Float32Array, band: number): number {
  const size = SIDE * SIDE * BANDS.length, sigmas: number[] = [];
  for (let first = 0; first < images.length; first += size) {
    const outer: number[] = [];
    for (let at = 0; at < SIDE * SIDE; at++) {
      if (isEdge(at)) outer.push(images[first + at * BANDS.length + band]);
    }
    const sorted = Float32Array.from(outer).sort(), median = quantile(sorted, 0.5);
    sigmas.push(1.4826 * (median - quantile(sorted, 0.25)));
  }
  return quantile(Float32Array.from(sigmas).sort(), 0.5);
}

const MIDDLE = (SIDE - 1) / 2;

function distanceOf(at: number): number {
  return Math.hypot(Math.floor(at / SIDE) - MIDDLE, at % SIDE - MIDDLE);
}

function isEdge(at: number): boolean {
  const distance = distanceOf(at);
  return distance >= 45 && distance < 50;
}

/** Figures of each band of pictures [n, 100, 100, 3], in the order of `BANDS`. */
export function measureBands(images: Float32Array): BandFigures[] {
  const channels = BANDS.length, pixels = images.length / channels;
  return BANDS.map((_, band) => {
    const values = new Float32Array(pixels), inner: number[] = [], outer: number[] = [];
    for (let i = 0; i < pixels; i++) {
      const value = images[i * channels + band];
      values[i] = value;
      const at = i % (SIDE * SIDE);
      if (distanceOf(at) < 3) inner.push(value);
      else if (isEdge(at)) outer.push(value);
    }
    const sorted = values.sort(), median = quantile(sorted, 0.5);
    const mad = quantile(sorted.map((value) => Math.abs(value - median)).sort(), 0.5);
    const edges = Float32Array.from(outer).sort(), edge = quantile(edges, 0.5);
    return {
      median,
      mad,
      high: quantile(sorted, 0.99),
      largest: medianLargest(images, band),
      skySigma: medianSky(images, band),
      negativeShare: sorted.findIndex((value) => value >= 0) / pixels,
      centre: quantile(Float32Array.from(inner).sort(), 0.5),
      edge,
      above100: sorted.filter((value) => value > 100).length / pixels,
    };
  });
}

/**
 * Names of the figures for people, and how far a set may be off, in shares of the published value: widely where 20 objects say little, as for tails
 * and for middles, which span a factor of a hundred.
 */
const FIGURES: readonly (readonly [keyof BandFigures, string, number])[] = [
  ["median", "median", 0.3],
  ["mad", "MAD", 0.3],
  ["high", "99 %", 0.6],
  ["largest", "largest of 20 pictures", 0.9],
  ["skySigma", "sky σ", 0.15],
  ["negativeShare", "negative pixels, share", 0.5],
  ["centre", "median within 3 pixels of the middle", 1.2],
  ["edge", "median 45 to 50 pixels from it", 0.45],
  ["above100", "pixels above 100, share", 0.9],
];

/** Compares pictures of lenses, [n, 100, 100, 3], with the real sample. */
export function compareLenses(images: Float32Array): Comparison[] {
  return measureBands(images).flatMap((figures, band) => {
    const { name } = BANDS[band], published = LENSES_PUBLISHED[name];
    return FIGURES.map(([figure, words, share]) => ({
      quantity: `${name}: ${words}`,
      published: published[figure],
      simulated: figures[figure],
      tolerance: share * published[figure],
    }));
  });
}
