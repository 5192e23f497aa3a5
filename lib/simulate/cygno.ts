/**
 * A seeded toy of CYGNO's optical TPC: a recoil in He/CF4 60/40, seen by the camera behind three GEMs.
 *
 * The chain is the collaboration's own digitisation (github.com/CYGNUS-RD/digitization, "ConfigFile_new.txt" and "ConfigFile_LIME.txt";
 * model and validation in arXiv:2505.06362): primary electrons, attachment and diffusion on the drift, exponential gain in the first GEM,
 * gain lost to space charge in the third, light, lens, sensor. The detector is LIME (arXiv:2305.06168). A frame is what an event
 * builder cuts out of the sensor around a cluster: 576 × 576 of the 2304 × 2304 pixels, stored as 8-bit grey.
 *
 * Not modelled: what does not come from the recoil (natural radioactivity, cosmic rays, other events in the same exposure), tracks cut by the
 * rolling shutter, electronic noise correlated between pixels, field distortions at the walls, PMT signals, time drifts of gain,
 * gas purity and temperature. Assumed rather than published: the share of hot pixels, how exactly an event is centred.
 * @module
 */
import type { Frame } from "../image/frame.ts";
import { createRng } from "../base/rng.ts";
import { createDraws, type Draws } from "../base/random.ts";
import { type Ionisation, type Nucleus, walkElectron, walkNucleus } from "./he_cf4.ts";
import { type CloudKernel, createCloudKernel } from "./cloud_kernel.ts";
import { createPixelNoise, type PixelNoise } from "./pixel_noise.ts";

/** Nuclear or electron recoil, as the folders of the data set are called. */
export type RecoilKind = "NR" | "ER";

/** σ² of a cloud of electrons, by the drift. */
export interface Diffusion {
  /** Spread at no drift. */
  constantMm2: number;
  /** What each centimetre of drift adds. */
  slopeMm2PerCm: number;
}

/** What {@linkcode DETECTOR} says, each number at its place there. */
export type Detector =
  & Readonly<
    Record<
      | "side"
      | "pixelMm"
      | "pairKeV"
      | "driftMm"
      | "attachmentMm"
      | "gain"
      | "extraction"
      | "saturation"
      | "voxelMm"
      | "scale"
      | "photonsPerElectron"
      | "countsPerPhoton"
      | "acceptance"
      | "lensMm"
      | "fieldMm"
      | "pedestal"
      | "noise"
      | "hotShare"
      | "hotCounts"
      | "centringPixels",
      number
    >
  >
  & Readonly<Record<"transverse" | "longitudinal", Diffusion>>;

/** Every number of the detector. All from CYGNO's digitisation settings unless the line says otherwise. */
export const DETECTOR: Detector = {
  /** Pixels on each side of the frame. The course's frames. */
  side: 576,
  /** Seen by one pixel of the ORCA Fusion in the GEM plane: 346 mm on 2304 pixels. */
  pixelMm: 346 / 2304,
  /** Energy for one primary electron. */
  pairKeV: 0.0462,
  /** Drift of LIME: recoils are uniform along it. arXiv:2305.06168. */
  driftMm: 500,
  /** Mean free path against attachment. */
  attachmentMm: 1400,
  /** σ² of the cloud = constant + slope · drift: transverse and longitudinal, from arXiv:2007.00608. */
  transverse: { constantMm2: 0.1225, slopeMm2PerCm: 0.013225 },
  longitudinal: { constantMm2: 0.0676, slopeMm2PerCm: 0.00978 },
  /** Mean gain of one GEM at 440 V, 0.0347 exp(0.0209 V), and the share of its electrons that leave it, 0.873 exp(-0.002 V). */
  gain: 0.0347 * Math.exp(0.0209 * 440),
  extraction: 0.87319885 * Math.exp(-0.002 * 440),
  /** Space charge: n electrons in a voxel give A n G / (1 + β G n). Voxels of one pixel by one pixel by `voxelMm`. */
  saturation: 1.0e-5,
  voxelMm: 0.1,
  /** A: light measured over light computed. */
  scale: 1.52,
  photonsPerElectron: 0.07,
  countsPerPhoton: 2,
  /** Share of photons that the lens catches: 1 / (4 (m + 1) a)², m = 346 / 14.976 the demagnification, a = f/0.95. */
  acceptance: 1 / (4 * (346 / 14.976 + 1) * 0.95) ** 2,
  /** From the GEMs to the lens, for the fall of light off the axis, cos⁴. arXiv:2305.06168. */
  lensMm: 623,
  /** Clusters are taken within this distance of the axis. LIME's window is 330 mm wide. */
  fieldMm: 150,
  pedestal: 99,
  noise: 2,
  /** Assumed: one pixel in ten thousand is hot, by 40 counts on average, exponentially. */
  hotShare: 1e-4,
  hotCounts: 40,
  /** Assumed: σ of the event's barycentre about the middle of the frame, on each axis. */
  centringPixels: 4,
};

/** What happened in an event. */
export interface RecoilTruth {
  /** Electron or nuclear. */
  kind: RecoilKind;
  /** What recoiled. */
  particle: "e" | Nucleus;
  /** Kinetic energy of the recoil, keV. */
  energyKeV: number;
  /** From the recoil to the GEMs, mm. */
  driftMm: number;
  /** Distance of the event from the optical axis, mm. */
  axisMm: number;
  /** Length of the recoil's path, mm. */
  pathMm: number;
  /** Primary electrons that reached the GEMs. */
  electrons: number;
  /** Sum of the light above the pedestal, counts. */
  lightCounts: number;
}

/** An event: what the camera saw, and what was there. */
export interface Recoil {
  /** Camera counts. */
  frame: Frame<Uint8Array>;
  /** What was drawn. */
  truth: RecoilTruth;
}

/** Options for {@linkcode simulateRecoil}. */
export interface RecoilOptions {
  /** Which nuclei recoil, drawn by their share of the atoms. @default {["He"], as in CYGNO's own sets} */
  nuclei?: readonly Nucleus[];
  /** Drift in mm. @default {uniform over the detector's drift} */
  driftMm?: number;
  /** Names the camera: which pixels are hot. @default {0} */
  camera?: number;
}

const ATOMS: Record<Nucleus, number> = { He: 0.6, C: 0.4, F: 1.6 };

function pickNucleus(nuclei: readonly Nucleus[], draws: Draws): Nucleus {
  let left = draws.uniform() * nuclei.reduce((sum, name) => sum + ATOMS[name], 0);
  for (const name of nuclei) if ((left -= ATOMS[name]) < 0) return name;
  return nuclei[nuclei.length - 1];
}

/** Primary electrons at the GEM plane: x, y, z in mm, and n after the second GEM; four numbers each. */
function driftElectrons({ positionMm, energyKeV }: Ionisation, driftMm: number, draws: Draws): Float64Array {
  const { pairKeV, attachmentMm, transverse, longitudinal, gain, extraction } = DETECTOR;
  const across = Math.sqrt(transverse.slopeMm2PerCm * driftMm / 10);
  const along = Math.sqrt(longitudinal.slopeMm2PerCm * driftMm / 10);
  const arriving = Math.exp(-driftMm / attachmentMm), later = gain * extraction * gain * extraction;
  const electrons: number[] = [];
  for (let i = 0, wait = draws.exponential() * pairKeV; i < energyKeV.length; i++) {
    let left = energyKeV[i];
    while (wait < left) { // a Poisson process along the ionisation
      left -= wait;
      wait = draws.exponential() * pairKeV;
      if (draws.uniform() >= arriving) continue;
      electrons.push(
        positionMm[3 * i] + across * draws.normal(),
        positionMm[3 * i + 1] + across * draws.normal(),
        positionMm[3 * i + 2] + along * draws.normal(),
        later * draws.exponential(),
      );
    }
    wait -= left;
  }
  return Float64Array.from(electrons);
}

/**
 * Gaussian of width σ over the bins around `at`, in bins: the first bin and the shares, out to 3 σ, summing to 1.
 *
 * From one bin to the next the Gaussian changes by a factor that itself changes by exp(-1/σ²): two exponentials in place of one a bin.
 */
function spread(at: number, sigma: number, into: Float32Array): [first: number, count: number] {
  const first = Math.floor(at - 3 * sigma), count = Math.floor(at + 3 * sigma) - first + 1;
  const from = first + 0.5 - at, perVariance = 1 / (sigma * sigma), change = Math.exp(-perVariance);
  let density = Math.exp(-0.5 * from * from * perVariance);
  let factor = Math.exp(-(from + 0.5) * perVariance), sum = 0;
  for (let i = 0; i < count; i++) {
    into[i] = density;
    sum += density;
    density *= factor;
    factor *= change;
  }
  for (let i = 0; i < count; i++) into[i] /= sum;
  return [first, count];
}

/** Pixels that have light: places in the frame, and mean counts. */
interface Light {
  pixels: number[];
  counts: number[];
}

/** Widths of the cloud in the GEMs, in pixels and in voxels of depth, and the most voxels that it reaches each way. */
const ACROSS = Math.sqrt(DETECTOR.transverse.constantMm2) / DETECTOR.pixelMm;
const ALONG = Math.sqrt(DETECTOR.longitudinal.constantMm2) / DETECTOR.voxelMm;
const MARGIN = Math.ceil(3 * ACROSS) + 1, DEPTH_MARGIN = Math.ceil(3 * ALONG) + 1;

/** The grid that a worker keeps between events; all zeros between two. Made when first needed, as is the noise. */
let clouds: CloudKernel | undefined;

/** The avalanches' light, in pixels from the frame's upper left corner. */
function collectLight(electrons: Float64Array, originX: number, originY: number): Light {
  const { side, pixelMm, voxelMm, gain, saturation } = DETECTOR;
  const found: Light = { pixels: [], counts: [] };
  let left: number = side, right = -1, top: number = side, bottom = -1, near = Infinity, far = -Infinity;
  for (let i = 0; i < electrons.length; i += 4) {
    const x = Math.floor(electrons[i] / pixelMm + originX);
    const y = Math.floor(electrons[i + 1] / pixelMm + originY);
    const z = Math.floor(electrons[i + 2] / voxelMm);
    if (x < 0 || y < 0 || x >= side || y >= side) continue;
    left = Math.min(left, x - MARGIN);
    right = Math.max(right, x + MARGIN);
    top = Math.min(top, y - MARGIN);
    bottom = Math.max(bottom, y + MARGIN);
    near = Math.min(near, z - DEPTH_MARGIN);
    far = Math.max(far, z + DEPTH_MARGIN);
  }
  if (right < left) return found;
  const width = right - left + 1, height = bottom - top + 1, depth = far - near + 1;
  clouds ??= createCloudKernel(2 * DEPTH_MARGIN);
  const grid = clouds.voxels(width * height * depth), { inX, inY, inZ } = clouds; // [height, width, depth]
  // Of each column of the grid, the voxels that charge was put into: a long track leaves most of the grid empty.
  const lowest = new Int32Array(width * height).fill(depth), highest = new Int32Array(width * height);
  for (let i = 0; i < electrons.length; i += 4) {
    const x = electrons[i] / pixelMm + originX, y = electrons[i + 1] / pixelMm + originY;
    if (x < 0 || y < 0 || x >= side || y >= side) continue;
    const [x0, countX] = spread(x, ACROSS, inX), [y0, countY] = spread(y, ACROSS, inY);
    const [z0, countZ] = spread(electrons[i + 2] / voxelMm, ALONG, inZ);
    inZ.fill(0, countZ);
    for (let r = 0; r < countY; r++) inY[r] *= electrons[i + 3];
    const low = z0 - near, high = low + countZ, first = (y0 - top) * width + x0 - left;
    clouds.add(first * depth + low, width * depth, depth, countY, countX);
    for (let r = 0; r < countY; r++) {
      const start = first + r * width, end = start + countX;
      for (let column = start; column < end; column++) {
        if (low < lowest[column]) lowest[column] = low;
        if (high > highest[column]) highest[column] = high;
      }
    }
  }
  const light = DETECTOR.scale * DETECTOR.acceptance * DETECTOR.photonsPerElectron *
    DETECTOR.countsPerPhoton;
  for (let column = 0; column < width * height; column++) {
    if (highest[column] === 0) continue;
    let sum = 0;
    const start = column * depth + lowest[column], end = column * depth + highest[column];
    for (let i = start; i < end; i++) sum += gain * grid[i] / (1 + saturation * gain * grid[i]);
    grid.fill(0, start, end);
    const r = top + Math.floor(column / width), c = left + column % width;
    if (r < 0 || r >= side || c < 0 || c >= side) continue;
    found.pixels.push(r * side + c);
    found.counts.push(light * sum);
  }
  return found;
}

/** Stream of random numbers that no event has. */
const HOT_STREAM = 2 ** 52;

/** Pedestal and noise of a frame. */
let noise: PixelNoise | undefined;

let lastHot: { camera: number; pixels: Map<number, number> } | undefined;

/** The camera's hot pixels, the same in each of its frames: places and counts above the others. */
function findHotPixels(camera: number): Map<number, number> {
  if (lastHot?.camera === camera) return lastHot.pixels;
  const draws = createDraws(createRng(camera, HOT_STREAM));
  const pixels = DETECTOR.side ** 2, hot = new Map<number, number>();
  for (let n = draws.poisson(DETECTOR.hotShare * pixels); n > 0; n--) {
    hot.set(Math.floor(draws.uniform() * pixels), DETECTOR.hotCounts * draws.exponential());
  }
  lastHot = { camera, pixels: hot };
  return hot;
}

/**
 * Simulates one recoil and the picture of it.
 *
 * The frame is 576 × 576 pixels of 8 bits: a pedestal of 99 counts with σ = 2, the light on top, so that the window (60, 130) holds all
 * but the brightest pixels. The event's barycentre is within a few pixels of the middle; where on the sensor the frame was cut out is random,
 * and with it the vignetting.
 *
 * @param kind Nuclear or electron recoil.
 * @param energyKeV Kinetic energy, keV, in (0, 200].
 * @param rng Uniform random numbers; all that is random comes from here, but for the hot pixels.
 * @param options What recoils, and where.
 * @throws {RangeError} If the energy or the drift is out of range.
 * @example A helium recoil of 20 keV
 * ```ts
 * import { createRng } from "../base/rng.ts";
 * const { frame, truth } = simulateRecoil("NR", 20, createRng(7));
 * frame.width === 576 && truth.particle === "He"; // true
 * ```
 */
export function simulateRecoil(
  kind: RecoilKind,
  energyKeV: number,
  rng: () => number,
  options: RecoilOptions = {},
): Recoil {
  const { side, centringPixels, fieldMm, pixelMm } = DETECTOR;
  const { nuclei = ["He"], camera = 0 } = options;
  const draws = createDraws(rng);
  const driftMm = options.driftMm ?? draws.uniform() * DETECTOR.driftMm;
  if (!(driftMm >= 0 && driftMm <= DETECTOR.driftMm)) {
    throw new RangeError(
      `Cannot simulate a recoil as the drift must be in [0, ${DETECTOR.driftMm}] mm: got ${driftMm}`,
    );
  }
  if (kind === "NR" && nuclei.length === 0) {
    throw new RangeError("Cannot simulate a nuclear recoil as no nucleus is named");
  }
  const particle: RecoilTruth["particle"] = kind === "ER" ? "e" : pickNucleus(nuclei, draws);
  const track = particle === "e" ? walkElectron(energyKeV, draws) : walkNucleus(particle, energyKeV, draws);
  const electrons = driftElectrons(track, driftMm, draws);
  const [middleX, middleY] = middleOf(electrons);
  const light = collectLight(
    electrons,
    side / 2 + centringPixels * draws.normal() - middleX / pixelMm,
    side / 2 + centringPixels * draws.normal() - middleY / pixelMm,
  );
  const axisMm = fieldMm * Math.sqrt(draws.uniform()), turn = 2 * Math.PI * draws.uniform();
  const data = new Uint8Array(side * side), hot = findHotPixels(camera);
  noise ??= createPixelNoise(DETECTOR.pedestal, DETECTOR.noise);
  noise.fill(data, rng);
  const lightCounts = expose(data, light, [axisMm * Math.cos(turn), axisMm * Math.sin(turn)], draws);
  for (const [pixel, counts] of hot) {
    data[pixel] = Math.min(255, Math.round(data[pixel] + counts));
  }
  const truth: RecoilTruth = {
    kind,
    particle,
    energyKeV,
    driftMm,
    axisMm,
    pathMm: track.pathMm,
    electrons: electrons.length / 4,
    lightCounts,
  };
  return { frame: { data, height: side, width: side }, truth };
}

/** Mean place of electrons, mm; four numbers each. */
function middleOf(electrons: ArrayLike<number>): [x: number, y: number] {
  const count = electrons.length / 4;
  let x = 0, y = 0;
  for (let i = 0; i < electrons.length; i += 4) {
    x += electrons[i] / count;
    y += electrons[i + 1] / count;
  }
  return [x, y];
}

/**
 * Puts the photons that the lens lets through onto a frame.
 *
 * @param axis Where the middle of the frame lies from the lens's axis, mm.
 * @returns Counts in all.
 */
function expose(
  data: Uint8Array,
  light: ReturnType<typeof collectLight>,
  [axisX, axisY]: readonly [x: number, y: number],
  draws: Draws,
): number {
  const { side, countsPerPhoton, lensMm, pixelMm } = DETECTOR;
  let lightCounts = 0;
  for (let i = 0; i < light.pixels.length; i++) {
    if (light.counts[i] <= 1e-4) continue;
    const pixel = light.pixels[i], r = Math.floor(pixel / side), c = pixel % side;
    const x = axisX + (c - side / 2) * pixelMm, y = axisY + (r - side / 2) * pixelMm;
    const slant = 1 + (x * x + y * y) / (lensMm * lensMm), vignetting = 1 / (slant * slant); // cos⁴
    const counts = countsPerPhoton * draws.poisson(light.counts[i] * vignetting / countsPerPhoton);
    lightCounts += counts;
    data[pixel] = Math.min(255, data[pixel] + counts); // whole counts, so that they add to rounded noise
  }
  return lightCounts;
}
