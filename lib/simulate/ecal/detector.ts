/**
 * Every number of the simulated calorimeter: the barrel of CMS's ECAL and what stands in front of it.
 *
 * Sources, by their short names below: "CMS": The CMS experiment at the CERN LHC, JINST 3 (2008) S08004. "electrons": CMS, Performance of
 * electron reconstruction, arXiv:1502.02701. "photons": CMS, Performance of photon reconstruction, arXiv:1502.02702. "time": CMS, Time
 * reconstruction and performance of the ECAL, arXiv:0911.4044. "PDG": Review of particle physics, Passage of particles through matter.
 * "tuned": no published number is known; chosen so that the published files' own statistics come out. @module
 */

/** The barrel, its read-out and the beam. Energies in GeV, lengths in metres, times in ns. */
export const ECAL = {
  /** Crystals on each side of a picture, and where its largest energy stands. The published files. */
  side: 32,
  seedAt: 16,
  /** What energies and times are divided by in the files. */
  scaleGeV: 50,
  scaleNs: 50,
  /** Transverse momentum of every particle. The published files' name. */
  ptGeV: 50,
  /** Tesla. CMS. */
  field: 3.8,
  /** Distance of the crystals' faces from the beam. CMS. */
  radius: 1.29,
  /** Δη and Δφ of a crystal. CMS. */
  crystal: 0.0174,
  /** Largest |η| of a crop's middle: crystal 85 ends the barrel, and a crop needs 16 more. CMS. */
  etaMax: 1.2,
  /**
   * The charge of every electron in the direction of the columns. The published network scores pictures whose electrons bend this way
   * higher than their mirror images, so the published ones have one charge, as a gun of electrons gives.
   */
  charge: 1,
  /**
   * Times the published material (`trackerMaterial`), for what is not modelled of a track's way: scattering, deltas, soft photons that convert.
   * Tuned to the covariances of neighbouring crystals.
   */
  material: 1.25,
  /** Noise of one crystal, some 40 MeV. CMS. */
  noiseGeV: 0.04,
  /** Stochastic term of the resolution, 2.8 % (CMS, test beam), here all in the crystals' light; and the spread of their calibration, assumed. */
  stochastic: 0.028,
  calibration: 0.004,
  /** Share of an energy that its neighbour on the same read-out card sees. Tuned; CMS requires less than 1 %. */
  crossTalk: 0.003,
  /** What a calibrated energy stands above the light in its crystal, since the scale is set on sums of 5 × 5. Tuned. */
  scale: 0.985,
  /** A crystal outside the read-out window is kept above this many σ of noise. Tuned to the isolated cells of the pictures. */
  isolatedSigmas: 2.6,
  /** Rows on each side of the seed that are read out, and columns beyond the outermost domino. The published pictures; tuned. */
  windowRows: 2,
  windowColumns: 1,
  /** A domino of 1 × 3 crystals joins its neighbour above the first energy, any above the second, up to so many columns away. electrons. */
  dominoGeV: 0.1,
  seedGeV: 0.35,
  dominoReach: 10,
  /** Resolution of the time: N/(A/σ) and a constant, ns. time, 35.1 ns and 0.02; in situ 0.2. */
  timeNoise: 35.1,
  timeConstant: 0.2,
  /** Below this A/σ the time knows no more than the window of the fit. Tuned. */
  timeFloor: 1.7,
  /** Largest time that is written. The published pictures. */
  timeMax: 125,
  /** Offset of all times. Tuned to the published mean. */
  timeBias: -0.28,
  /** Collisions in the same crossing, and ns between crossings, in 2012. */
  pileUp: 21,
  crossingNs: 50,
  /**
   * Photons above what the zero suppression passes that reach a crop from one collision, and their mean energy, exponential. Tuned to the isolated
   * cells; minimum bias has some 0.2 photons a crop of all energies.
   */
  pileUpPhotons: 0.02,
  pileUpGeV: 0.4,
} as const;

/**
 * The tracker's layers that a straight track meets: metres from the beam (CMS, chapter 3: beam pipe, 3 of pixels, 4 of TIB, 6 of TOB, and what stands
 * between these and the crystals), and each one's share of the barrel's material. The shares are estimates; only their sum is published as a number.
 */
export const LAYERS: readonly (readonly [radius: number, share: number])[] = [
  [0.029, 0.01],
  [0.044, 0.055],
  [0.073, 0.055],
  [0.102, 0.055],
  [0.255, 0.095],
  [0.339, 0.095],
  [0.419, 0.08],
  [0.498, 0.08],
  [0.608, 0.075],
  [0.692, 0.075],
  [0.780, 0.06],
  [0.868, 0.06],
  [0.965, 0.06],
  [1.08, 0.06],
  [1.18, 0.085],
];

/** Cables and supports at larger η, as if met at two radii: between TIB and TOB, and at the end of TOB. The shares are estimates. */
export const SERVICES: readonly (readonly [radius: number, share: number])[] = [[0.56, 0.55], [0.79, 0.45]];

/** Radiation lengths between the beam and the crystals by |η|: 0.4 at 0 and 1.94 at 1.4. electrons, photons (figure 1). */
const BUDGET: readonly (readonly [eta: number, radiationLengths: number])[] = [
  [0, 0.40],
  [0.4, 0.45],
  [0.8, 0.70],
  [1.0, 1.02],
  [1.2, 1.40],
  [1.4, 1.94],
];

/**
 * Radiation lengths in front of the crystals.
 *
 * @param eta Pseudorapidity, |η| up to 1.4.
 * @example
 * ```ts
 * trackerMaterial(-0.4); // 0.45
 * ```
 */
export function trackerMaterial(eta: number): number {
  const at = Math.abs(eta);
  let i = 0;
  while (i < BUDGET.length - 2 && at > BUDGET[i + 1][0]) i++;
  const [[low, from], [high, to]] = [BUDGET[i], BUDGET[i + 1]];
  return from + (at - low) / (high - low) * (to - from);
}
