/** The figures of a set of calorimeter pictures that are known of the published files, and a table of both. @module */
import type { Comparison } from "../simulator.ts";
import type { EcalParticle } from "./tracker.ts";

/**
 * What is published of SinglePhotonPt50_IMGCROPS_n249k_RHv1 and its electrons, in the files' units (50 GeV, 50 ns).
 *
 * Mean and σ of times, and σ of energies, are the normalisation constants of public training scripts, over all pixels of both classes. These have
 * 0.00114 as the mean energy; 0.001224 is what the first batch normalisation of the public ResNet-15 (`models/ecal_resnet.ts`) saw of its last 5,000
 * images, by five filters alike, and what fixed pT and even η give (1.26 GeV of energy for each GeV of pT). The rest is read from the figures of public
 * notebooks (github.com/ekoenig4/ParticleImages), and so known to two digits at best. Of the range of hits and of the largest crystal figures of
 * few images are known: they stand beside what nine images of ten, and all but a tenth, have.
 */
export const ECAL_PUBLISHED = {
  meanEnergy: 0.001224,
  sigmaEnergy: 0.02360118,
  meanTime: -0.00022465,
  sigmaTime: 0.06654396,
  scriptsMeanEnergy: 0.00114013,
  hits: 46,
  fewHits: 30,
  manyHits: 60,
  windowColumns: 10,
  largestCrystal: 0.95,
  largestTime: 2.5,
  peakSum: 1.0,
  largestSum: 1.87,
  centralEnergy: 0.68,
  centralHits: 0.087,
  promptPhoton: 0.914,
  promptElectron: 0.905,
  within5ns: 0.966,
  within10ns: 0.98,
} as const;

/** Width of a bin of the energy sum, for its peak. */
const SUM_BIN = 0.05;
/** Width of a bin of the largest energy, for its quantile. */
const CRYSTAL_BIN = 0.01;
const SIDE = 32, PIXELS = SIDE * SIDE, MIDDLE = 16;

/** Sums over pictures; see {@linkcode createEcalStatistics}. */
export interface EcalStatistics {
  /** Takes pictures of one kind, [n, 32, 32, 2]. */
  add(images: Float32Array, particle: EcalParticle): void;
  /** The table; needs pictures of both kinds. */
  compare(): Comparison[];
}

interface Sums {
  images: number;
  energy: number;
  energySquared: number;
  time: number;
  timeSquared: number;
  hits: number;
  central: number;
  centralHits: number;
  within: [number, number, number];
  /** Columns that are read out in one piece around the middle. */
  columns: number;
  largestTime: number;
}

/** Sums of no image. */
function noSums(): Sums {
  return {
    images: 0,
    energy: 0,
    energySquared: 0,
    time: 0,
    timeSquared: 0,
    hits: 0,
    central: 0,
    centralHits: 0,
    within: [0, 0, 0],
    columns: 0,
    largestTime: 0,
  };
}

/** What is counted of each image. */
interface OfImage {
  /** Sum of its energies. */
  sum: number;
  /** Pixels that are not zero. */
  hits: number;
  /** Its largest energy. */
  largest: number;
}

/** Adds an image to the sums of its kind. */
function addImage(image: Float32Array, into: Sums): OfImage {
  let sum = 0, largest = 0;
  const before = into.hits;
  into.images++;
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const energy = image[2 * pixel], time = image[2 * pixel + 1];
    if (energy === 0) continue;
    sum += energy;
    largest = Math.max(largest, energy);
    into.hits++;
    into.energySquared += energy * energy;
    into.time += time;
    into.timeSquared += time * time;
    const row = pixel >> 5, column = pixel & 31;
    if ((row === 15 || row === 16) && (column === 15 || column === 16)) {
      into.central += energy;
      into.centralHits++;
    }
    const late = Math.abs(time);
    into.largestTime = Math.max(into.largestTime, late);
    if (late < 0.0245) into.within[0] += energy;
    if (late < 0.1) into.within[1] += energy;
    if (late < 0.2) into.within[2] += energy;
  }
  into.energy += sum;
  into.columns += windowColumns(image);
  return { sum, hits: into.hits - before, largest };
}

/** Columns around the middle, next to each other, of which a crystal in the five rows of the window was read out. */
function windowColumns(image: Float32Array): number {
  const isRead = (column: number) =>
    [14, 15, 16, 17, 18].some((row) => image[2 * (SIDE * row + column)] !== 0);
  let first = MIDDLE, last = MIDDLE;
  while (first > 0 && isRead(first - 1)) first--;
  while (last < SIDE - 1 && isRead(last + 1)) last++;
  return last - first + 1;
}

/** What is counted of all images. */
interface Counts {
  /** Images by the sum of their energies, in bins. */
  bins: ReadonlyMap<number, number>;
  largest: number;
  /** Images below 0.9. */
  low: number;
  /** Images by their pixels that are not zero, and by their largest energy in bins. */
  hits: readonly number[];
  crystals: readonly number[];
}

/** The first number at which so large a share of the images is reached. */
function quantile(counts: readonly number[], share: number): number {
  const wanted = share * counts.reduce((a, b) => a + b, 0);
  let images = 0;
  return counts.findIndex((count) => (images += count) >= wanted);
}

const row = (quantity: string, published: number, simulated: number, tolerance: number): Comparison => ({
  quantity,
  published,
  simulated,
  tolerance,
});

/** Each quantity beside what is published of it, and how far it may be from that. */
function comparisons(
  { photon, electron }: Readonly<Record<EcalParticle, Sums>>,
  { bins, largest, low, hits: hitCounts, crystals }: Counts,
): Comparison[] {
  const both = (pick: (s: Sums) => number) => pick(photon) + pick(electron);
  const images = both((s) => s.images), pixels = images * PIXELS;
  const energy = both((s) => s.energy), hits = both((s) => s.hits);
  const meanEnergy = energy / pixels, meanTime = both((s) => s.time) / pixels;
  const sigma = (squares: number, mean: number) => Math.sqrt(squares / pixels - mean * mean);
  const peak = [...bins].reduce((best, bin) => bin[1] > best[1] ? bin : best, [0, 0])[0];
  const { meanEnergy: publishedMean, ...published } = ECAL_PUBLISHED;
  const latest = Math.max(photon.largestTime, electron.largestTime);
  return [
    row("energy sum, mean / 50 GeV", publishedMean * PIXELS, energy / images, 0.03),
    row("energy sum, peak / 50 GeV", published.peakSum, (peak + 0.5) * SUM_BIN, 0.05),
    row("energy sum, largest / 50 GeV", published.largestSum, largest, 0.15),
    row("energy sum below 0.9, share", 0, low / images, 0.03),
    row("energy of a pixel, mean", publishedMean, meanEnergy, 3e-5),
    row("the same, training scripts' constant", published.scriptsMeanEnergy, meanEnergy, 1e-4),
    row(
      "energy of a pixel, σ",
      published.sigmaEnergy,
      sigma(both((s) => s.energySquared), meanEnergy),
      8e-4,
    ),
    row("time of a pixel, mean", published.meanTime, meanTime, 4e-4),
    row("time of a pixel, σ", published.sigmaTime, sigma(both((s) => s.timeSquared), meanTime), 3e-3),
    row("time of a pixel, largest", published.largestTime, latest, 0.8),
    row("pixels not zero", published.hits, hits / images, 2.5),
    row("pixels not zero, fewest but for 5 %", published.fewHits, quantile(hitCounts, 0.05), 4),
    row("pixels not zero, most but for 5 %", published.manyHits, quantile(hitCounts, 0.95), 12),
    row("columns of the read-out window", published.windowColumns, both((s) => s.columns) / images, 1),
    row(
      "largest crystal but for 10 %, / 50 GeV",
      published.largestCrystal,
      (quantile(crystals, 0.9) + 0.5) * CRYSTAL_BIN,
      0.06,
    ),
    row("middle 2 × 2, share of energy", published.centralEnergy, both((s) => s.central) / energy, 0.06),
    row("middle 2 × 2, share of pixels", published.centralHits, both((s) => s.centralHits) / hits, 0.006),
    row("energy within 1.2 ns, photons", published.promptPhoton, photon.within[0] / photon.energy, 0.012),
    row(
      "energy within 1.2 ns, electrons",
      published.promptElectron,
      electron.within[0] / electron.energy,
      0.012,
    ),
    row("energy within 5 ns", published.within5ns, both((s) => s.within[1]) / energy, 0.01),
    row("energy within 10 ns", published.within10ns, both((s) => s.within[2]) / energy, 0.01),
  ];
}

/**
 * Makes an empty set of sums.
 *
 * @example
 * ```ts
 * import { createRng } from "../../base/rng.ts";
 * import { simulateEcal } from "./event.ts";
 * const statistics = createEcalStatistics();
 * for (const particle of ["photon", "electron"] as const) {
 *   statistics.add(simulateEcal(particle, createRng(1)).image, particle);
 * }
 * statistics.compare()[0].quantity; // "energy sum, mean / 50 GeV"
 * ```
 */
export function createEcalStatistics(): EcalStatistics {
  const sums: Record<EcalParticle, Sums> = { photon: noSums(), electron: noSums() };
  const bins = new Map<number, number>(), hits: number[] = [], crystals: number[] = [];
  const count = (counts: number[], at: number) => {
    while (counts.length <= at) counts.push(0);
    counts[at]++;
  };
  let largest = 0, low = 0;
  return {
    add(images, particle) {
      const size = 2 * PIXELS;
      for (let at = 0; at + size <= images.length; at += size) {
        const { sum, hits: own, largest: crystal } = addImage(images.subarray(at, at + size), sums[particle]);
        largest = Math.max(largest, sum);
        count(hits, own);
        count(crystals, Math.floor(crystal / CRYSTAL_BIN));
        if (sum < 0.9) low++;
        const bin = Math.floor(sum / SUM_BIN);
        bins.set(bin, (bins.get(bin) ?? 0) + 1);
      }
    },
    compare: () => comparisons(sums, { bins, largest, low, hits, crystals }),
  };
}
