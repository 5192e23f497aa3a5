/**
 * Our own, harder tracks in SuperNEMO's two-sided tracker, with what makes real events hard.
 *
 * Electrons leave the foil in all directions alike, some from one point as in a double beta decay; some are kinked on the way; they end in the optical
 * module whose face they reach first. A cell fires when the track's foot of the perpendicular lies in its square, less often in its corners;
 * its radius comes from a drift time with resolution through the drift law (`drift.ts`); of a cell that several tracks cross, the smallest radius stays.
 * Some cells are dead, some are noisy, some hits are isolated; heights are smeared and sometimes missing, written as 0; now and then a delayed
 * alpha leaves a short track, whose radii are unknown, written as -1. Modules have energy and time with their resolution, and see gammas of no track.
 *
 * Geometry: `geometry.ts`. Resolutions: 8 % (FWHM at 1 MeV) of the main wall, 12 % of the x-walls, 15 % of the veto, 0.25 ns at 1 MeV (SuperNEMO,
 * arXiv:1005.1241); 0.7 mm across and 1 cm along a wire. Assumed, not published: all shares in {@linkcode CONDITIONS}.
 *
 * Not modelled: the magnetic field (the published fits are of straight lines), multiple scattering but for the kinks, energy loss in gas and
 * wires, backscattering, cross-talk of cells, ageing, pile-up of events, and the real energy spectrum (uniform here).
 * @module
 */
import { createDraws, type Draws } from "../../base/random.ts";
import { createRng } from "../../base/rng.ts";
import { type DriftLaw, driftRadius, driftTime, LONGEST_DRIFT_US } from "./drift.ts";
import {
  cellNumber,
  type Heading,
  moduleBehind,
  OPTICAL_MODULES,
  type OpticalModule,
  reachWall,
  TRACKER,
  type Wall,
} from "./geometry.ts";

/** How far the detector is from ideal. */
export const CONDITIONS = {
  /** Chance that a crossed cell fires: inside 22 mm of the wire, and in the corners. */
  efficiency: 0.97,
  cornerEfficiency: 0.6,
  deadShare: 0.02,
  noisyShare: 0.005,
  /** Chance that a noisy cell fires in an event. */
  noisyRate: 0.1,
  /** Mean number of hits of nothing, and the share of them without a radius. */
  isolatedHits: 1.5,
  isolatedDelayed: 0.4,
  /** σ of a drift time: constant, and share of the time, µs. */
  driftSigmaUs: 0.07,
  driftSigmaShare: 0.02,
  heightSigmaMm: 10,
  heightMissing: 0.1,
  /** Share of tracks with a kink, and its angle, degrees. */
  kinkShare: 0.2,
  kinkDegrees: [5, 40],
  /** Chance that a track starts where the first one did. */
  sharedVertex: 0.3,
  /** Chance of a delayed alpha in an event. */
  delayedShare: 0.08,
  /** Mean number of modules that see a gamma. */
  gammas: 0.3,
  /** Energies of electrons, MeV. */
  energyMeV: [0.3, 3],
  /** σ/E at 1 MeV, by wall. */
  resolution: { main: 0.034, "x-wall": 0.051, veto: 0.064 } satisfies Record<Wall, number>,
  timeSigmaNs: 0.25,
  /** A module below this energy is not read. */
  thresholdMeV: 0.05,
} as const;

/** Fewest cells that a track crosses; one with fewer is drawn again. */
const FEWEST_CELLS = 3;

/** What is the same in all events of a run: which cells do not work as they should, and the drift law. */
export interface RunConditions {
  /** Cells that never fire. */
  dead: ReadonlySet<number>;
  /** Cells that fire by themselves. */
  noisy: readonly number[];
  /** By which electrons drift, and radii are told from times. @default {"manchester"} */
  drift?: DriftLaw;
}

/** Stream of random numbers that no event has. */
const RUN_STREAM = 2 ** 52;

/** The cells of a seed's run that are dead or noisy. */
export function drawRunConditions(seed: number): RunConditions {
  const rng = createRng(seed, RUN_STREAM), dead = new Set<number>(), noisy: number[] = [];
  for (let cell = 0; cell < TRACKER.cells; cell++) {
    const draw = rng();
    if (draw < CONDITIONS.deadShare) dead.add(cell);
    else if (draw < CONDITIONS.deadShare + CONDITIONS.noisyShare) noisy.push(cell);
  }
  return { dead, noisy };
}

/** A cell that fired. */
export interface Hit {
  /** 0 or 1, of the foil. */
  side: number;
  /** From the foil, 0 to 8. */
  layer: number;
  /** Along the foil, 0 to 112. */
  column: number;
  /** Number of the cell. */
  cell: number;
  /** Measured distance from the wire, mm; -1 if delayed. */
  radiusMm: number;
  /** Measured height, mm; exactly 0 if missing. */
  heightMm: number;
  /** Truth: bit i is set if track i crossed the cell; 0 for noise and delayed hits. */
  tracks: number;
  /** Truth: distance of the nearest track, mm; -1 where there is none. */
  trueRadiusMm: number;
}

/** An electron, as it was. */
export interface Track {
  /** 0 or 1, of the foil. */
  side: number;
  /** On the foil, mm. */
  vertexY: number;
  /** Height on the foil, mm. */
  vertexZ: number;
  /** dy/d|x| and dz/d|x| where it leaves the foil. */
  slopeY: number;
  /** dz/d|x| where it leaves the foil. */
  slopeZ: number;
  /** Layer before which it is kinked, 1 to 8, or -1. */
  kinkLayer: number;
  /** 0 if there is none. */
  kinkDegrees: number;
  /** Kinetic energy. */
  energyMeV: number;
  /** Number of the module that it reaches. */
  module: number;
  /** Cells that it crosses, dead ones too. */
  cells: number;
}

/** A module that was hit. */
export interface ModuleHit {
  /** Which one. */
  module: OpticalModule;
  /** Energy that it measured. */
  energyMeV: number;
  /** Since the electrons left the foil, ns. */
  timeNs: number;
  /** Truth: bit i is set if track i ended here; 0 for a gamma. */
  tracks: number;
}

/** One event. */
export interface TrackerEvent {
  /** Cells that fired. */
  hits: Hit[];
  /** Electrons as they were. */
  tracks: Track[];
  /** Optical modules that were hit. */
  modules: ModuleHit[];
}

/** A straight piece of a track in |x|, y, z; directions are unit vectors. */
interface Piece extends Heading {
  /** Length until the next piece, or to the face. */
  length: number;
}

/** Crossed cells of one track: number to true radius and height. */
type Crossings = Map<number, { layer: number; column: number; radiusMm: number; heightMm: number }>;

/** Adds the cells that a piece crosses. */
function crossCells(piece: Piece, side: number, into: Crossings): void {
  const { pitch, layers, columns, firstWire, sensitive } = TRACKER;
  const { x, y, z, dx, dy, dz, length } = piece;
  const across = dx * dx + dy * dy;
  const end = x + dx * length;
  const firstLayer = Math.max(0, Math.floor((x - firstWire) / pitch));
  const lastLayer = Math.min(layers - 1, Math.ceil((end - firstWire) / pitch));
  for (let layer = firstLayer; layer <= lastLayer; layer++) {
    const wireX = firstWire + pitch * layer;
    const at = (edge: number) => Math.min(length, Math.max(0, (edge - x) / dx));
    const from = y + dy * at(wireX - pitch / 2), to = y + dy * at(wireX + pitch / 2);
    const first = Math.max(0, Math.floor(Math.min(from, to) / pitch + 55));
    const last = Math.min(columns - 1, Math.ceil(Math.max(from, to) / pitch + 57));
    for (let column = first; column <= last; column++) {
      const wireY = pitch * (column - 56);
      const foot = ((wireX - x) * dx + (wireY - y) * dy) / across; // path length at the foot
      if (foot < 0 || foot > length) continue;
      const offX = x + dx * foot - wireX, offY = y + dy * foot - wireY;
      if (!(Math.abs(offX) < pitch / 2 && Math.abs(offY) < pitch / 2)) continue;
      const heightMm = z + dz * foot;
      if (Math.abs(heightMm) > sensitive / 2) continue;
      const radiusMm = Math.hypot(offX, offY), cell = cellNumber(side, layer, column);
      const before = into.get(cell);
      if (!before || radiusMm < before.radiusMm) into.set(cell, { layer, column, radiusMm, heightMm });
    }
  }
}

/** Turns a direction by an angle about a random axis across it. */
function turned([u, v, w]: readonly number[], radians: number, draws: Draws): [number, number, number] {
  // Two vectors across the direction, from the axis that is least along it.
  const helper = Math.abs(u) < 0.6 ? [1, 0, 0] : [0, 1, 0];
  let a = [
    v * helper[2] - w * helper[1],
    w * helper[0] - u * helper[2],
    u * helper[1] - v * helper[0],
  ];
  const size = Math.hypot(a[0], a[1], a[2]);
  a = a.map((value) => value / size);
  const b = [v * a[2] - w * a[1], w * a[0] - u * a[2], u * a[1] - v * a[0]];
  const turn = 2 * Math.PI * draws.uniform(), sine = Math.sin(radians), cosine = Math.cos(radians);
  const p = sine * Math.cos(turn), q = sine * Math.sin(turn);
  return [
    u * cosine + a[0] * p + b[0] * q,
    v * cosine + a[1] * p + b[1] * q,
    w * cosine + a[2] * p + b[2] * q,
  ];
}

/** A direction away from the foil, isotropic but for those nearly along it. */
function drawDirection(draws: Draws): [number, number, number] {
  const across = 0.1 + 0.9 * draws.uniform(), turn = 2 * Math.PI * draws.uniform();
  const along = Math.sqrt(1 - across * across);
  return [across, along * Math.cos(turn), along * Math.sin(turn)];
}

interface Flown {
  track: Track;
  crossings: Crossings;
  module: OpticalModule;
  pathMm: number;
}

function drawTrack(first: Track | undefined, draws: Draws): Flown {
  for (;;) {
    const shared = first !== undefined && draws.uniform() < CONDITIONS.sharedVertex;
    const vertexY = shared ? first.vertexY : 2480 * (2 * draws.uniform() - 1);
    const vertexZ = shared ? first.vertexZ : 1500 * (2 * draws.uniform() - 1);
    const side = draws.uniform() < 0.5 ? 0 : 1;
    const direction = drawDirection(draws);
    const start = { x: 0, y: vertexY, z: vertexZ, dx: direction[0], dy: direction[1], dz: direction[2] };
    let { length, wall } = reachWall(start);
    const pieces: Piece[] = [{ ...start, length }];
    let kinkLayer = -1, kinkDegrees = 0;
    if (draws.uniform() < CONDITIONS.kinkShare) {
      kinkLayer = 1 + Math.floor(8 * draws.uniform());
      const [least, most] = CONDITIONS.kinkDegrees;
      kinkDegrees = least + (most - least) * draws.uniform();
      const before = (TRACKER.firstWire - TRACKER.pitch / 2 + TRACKER.pitch * kinkLayer) / direction[0];
      if (before >= length) continue; // it would be kinked outside
      pieces[0].length = before;
      const [dx, dy, dz] = turned(direction, kinkDegrees * Math.PI / 180, draws);
      if (dx < 0.05) continue;
      const after = {
        x: start.x + direction[0] * before,
        y: start.y + direction[1] * before,
        z: start.z + direction[2] * before,
        ...{ dx, dy, dz },
      };
      ({ length, wall } = reachWall(after));
      pieces.push({ ...after, length });
    }
    const crossings: Crossings = new Map();
    for (const piece of pieces) crossCells(piece, side, crossings);
    if (crossings.size < FEWEST_CELLS) continue;
    const last = pieces.at(-1)!, sign = 2 * side - 1;
    const module = moduleBehind(
      wall,
      sign * (last.x + last.dx * last.length),
      last.y + last.dy * last.length,
      last.z + last.dz * last.length,
    );
    const [low, high] = CONDITIONS.energyMeV;
    return {
      track: {
        ...{ side, vertexY, vertexZ, kinkLayer, kinkDegrees },
        slopeY: direction[1] / direction[0],
        slopeZ: direction[2] / direction[0],
        energyMeV: low + (high - low) * draws.uniform(),
        module: module.id,
        cells: crossings.size,
      },
      crossings,
      module,
      pathMm: pieces.reduce((sum, piece) => sum + piece.length, 0),
    };
  }
}

/** Speed over that of light of an electron of this kinetic energy. */
function electronSpeed(energyMeV: number): number {
  const rest = 0.510999;
  return Math.sqrt(energyMeV * (energyMeV + 2 * rest)) / (energyMeV + rest);
}

/** The measured radius of a cell that a track crossed at `trueMm`. */
function measureRadius(trueMm: number, law: DriftLaw | undefined, draws: Draws): number {
  const time = driftTime(trueMm, law);
  const sigma = CONDITIONS.driftSigmaUs + CONDITIONS.driftSigmaShare * time;
  return driftRadius(Math.min(LONGEST_DRIFT_US, Math.max(0, time + sigma * draws.normal())), law);
}

/** The measured height: smeared, inside the wire, or 0 where it is missing. */
function measureHeight(trueMm: number, draws: Draws): number {
  if (draws.uniform() < CONDITIONS.heightMissing) return 0;
  const half = TRACKER.sensitive / 2;
  return Math.max(-half, Math.min(half, trueMm + CONDITIONS.heightSigmaMm * draws.normal()));
}

function fires(trueMm: number, draws: Draws): boolean {
  const chance = trueMm < TRACKER.pitch / 2 ? CONDITIONS.efficiency : CONDITIONS.cornerEfficiency;
  return draws.uniform() < chance;
}

/**
 * Simulates an event with a given number of electrons.
 *
 * @param tracks 1 to 30.
 * @param run Dead and noisy cells, of {@linkcode drawRunConditions}.
 * @param rng Uniform random numbers; all else that is random comes from here.
 * @throws {RangeError} If the number of tracks is none of 1 to 30.
 * @example
 * ```ts
 * import { createRng } from "../../base/rng.ts";
 * const event = simulateTracker(2, drawRunConditions(1), createRng(1, 7));
 * event.tracks.length; // 2
 * ```
 */
export function simulateTracker(tracks: number, run: RunConditions, rng: () => number): TrackerEvent {
  if (!(Number.isInteger(tracks) && tracks >= 1 && tracks <= 30)) {
    throw new RangeError(`Cannot simulate an event as it needs 1 to 30 tracks: got ${tracks}`);
  }
  const draws = createDraws(rng);
  const flown: Flown[] = [];
  for (let i = 0; i < tracks; i++) flown.push(drawTrack(flown[0]?.track, draws));
  const hits = new Map<number, Hit>();
  flown.forEach(({ track, crossings }, index) =>
    addTrackHits(hits, index, track.side, crossings, run, draws)
  );
  if (draws.uniform() < CONDITIONS.delayedShare) addDelayed(hits, flown[0].track, run, draws);
  addNoise(hits, run, draws);
  return {
    hits: [...hits.values()].sort((a, b) => a.cell - b.cell),
    tracks: flown.map(({ track }) => track),
    modules: measureModules(flown, draws),
  };
}

function addTrackHits(
  hits: Map<number, Hit>,
  index: number,
  side: number,
  crossings: Crossings,
  run: RunConditions,
  draws: Draws,
): void {
  for (const [cell, { layer, column, radiusMm: trueRadiusMm, heightMm: trueHeight }] of crossings) {
    if (run.dead.has(cell) || !fires(trueRadiusMm, draws)) continue;
    const before = hits.get(cell), tracks = (before?.tracks ?? 0) | (1 << index);
    if (before && before.trueRadiusMm <= trueRadiusMm) {
      before.tracks = tracks;
      continue;
    }
    const radiusMm = measureRadius(trueRadiusMm, run.drift, draws),
      heightMm = measureHeight(trueHeight, draws);
    hits.set(cell, { side, layer, column, cell, radiusMm, heightMm, tracks, trueRadiusMm });
  }
}

/** An alpha some microseconds later: a few layers, radii unknown; half of them where the first electron left. */
function addDelayed(hits: Map<number, Hit>, first: Track, run: RunConditions, draws: Draws): void {
  const near = draws.uniform() < 0.5;
  const y = near ? first.vertexY : 2480 * (2 * draws.uniform() - 1);
  const z = near ? first.vertexZ : 1500 * (2 * draws.uniform() - 1);
  const side = draws.uniform() < 0.5 ? 0 : 1, [dx, dy, dz] = drawDirection(draws);
  const range = 80 + 170 * draws.uniform(); // mm of helium, with which the tracker is filled
  const { length } = reachWall({ x: 0, y, z, dx, dy, dz });
  const crossings: Crossings = new Map();
  crossCells({ x: 0, y, z, dx, dy, dz, length: Math.min(range, length) }, side, crossings);
  for (const [cell, { layer, column, radiusMm, heightMm }] of crossings) {
    if (run.dead.has(cell) || hits.has(cell) || !fires(radiusMm, draws)) continue;
    const height = measureHeight(heightMm, draws);
    hits.set(cell, {
      ...{ side, layer, column, cell, radiusMm: -1, heightMm: height, tracks: 0, trueRadiusMm: -1 },
    });
  }
}

/** Isolated hits, and the noisy cells. */
function addNoise(hits: Map<number, Hit>, run: RunConditions, draws: Draws): void {
  const fired = run.noisy.filter(() => draws.uniform() < CONDITIONS.noisyRate);
  for (let n = draws.poisson(CONDITIONS.isolatedHits); n > 0; n--) {
    fired.push(Math.floor(TRACKER.cells * draws.uniform()));
  }
  for (const cell of fired) {
    const delayed = draws.uniform() < CONDITIONS.isolatedDelayed;
    const radiusMm = delayed ? -1 : driftRadius(LONGEST_DRIFT_US * draws.uniform() ** 2, run.drift);
    const heightMm = measureHeight(TRACKER.sensitive * (draws.uniform() - 0.5), draws);
    if (run.dead.has(cell) || hits.has(cell)) continue;
    const layer = cell % TRACKER.layers, column = Math.floor(cell / TRACKER.layers) % TRACKER.columns;
    const side = Math.floor(cell / (TRACKER.layers * TRACKER.columns));
    hits.set(cell, { side, layer, column, cell, radiusMm, heightMm, tracks: 0, trueRadiusMm: -1 });
  }
}

/** What the modules read: energies in one add up, the earliest time counts. */
function measureModules(flown: readonly Flown[], draws: Draws): ModuleHit[] {
  const seen = new Map<number, ModuleHit>();
  const add = (module: OpticalModule, trueMeV: number, trueNs: number, tracks: number) => {
    const energyMeV = trueMeV + CONDITIONS.resolution[module.wall] * Math.sqrt(trueMeV) * draws.normal();
    const timeNs = trueNs + CONDITIONS.timeSigmaNs / Math.sqrt(trueMeV) * draws.normal();
    const before = seen.get(module.id);
    if (before) {
      before.energyMeV += energyMeV;
      before.timeNs = Math.min(before.timeNs, timeNs);
      before.tracks |= tracks;
    } else if (energyMeV > CONDITIONS.thresholdMeV) {
      seen.set(module.id, { module, energyMeV, timeNs, tracks });
    }
  };
  flown.forEach(({ track, module, pathMm }, index) => {
    const ns = pathMm / (299.792458 * electronSpeed(track.energyMeV));
    add(module, track.energyMeV, ns, 1 << index);
  });
  for (let n = draws.poisson(CONDITIONS.gammas); n > 0; n--) {
    const module = OPTICAL_MODULES[Math.floor(OPTICAL_MODULES.length * draws.uniform())];
    add(module, CONDITIONS.thresholdMeV + 0.5 * draws.exponential(), 1 + 9 * draws.uniform(), 0);
  }
  return [...seen.values()].sort((a, b) => a.module.id - b.module.id);
}
