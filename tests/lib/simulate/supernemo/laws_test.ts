// Not counted: its loops are long.
/** The law of each quantity that the harder generator draws, written out once more beside what it makes. @module */
import { createDraws, type Draws } from "../../../../lib/base/random.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { driftRadius, driftTime } from "../../../../lib/simulate/supernemo/drift.ts";
import {
  CONDITIONS,
  type RunConditions,
  simulateTracker,
  type Track,
  type TrackerEvent,
} from "../../../../lib/simulate/supernemo/event.ts";
import { wireAt } from "../../../../lib/simulate/supernemo/geometry.ts";
import { normalCdf } from "../../../../lib/base/normal.ts";
import { assert } from "../../../assert.ts";
import { assertLaw, assertSameLaw } from "./_kolmogorov.ts";

/** A run whose cells all work, so that what is lost or added is drawn for the event. */
const WHOLE: RunConditions = { dead: new Set<number>(), noisy: [] };
const simulated = (tracks: number, n: number, run: RunConditions = WHOLE) =>
  Array.from({ length: n }, (_, i) => simulateTracker(tracks, run, createRng(71, i)));
const one = simulated(1, 4000), straight = one.filter(({ tracks: [track] }) => track.kinkLayer < 0);

const uniform = (low: number, high: number) => (x: number) =>
  Math.min(1, Math.max(0, (x - low) / (high - low)));

/** Vertex and direction of a track, as drawn. */
interface Start {
  y: number;
  z: number;
  /** Cosine of the angle to the foil's normal, and the turn about it. */
  across: number;
  turn: number;
}

const startOf = ({ vertexY, vertexZ, slopeY, slopeZ }: Track): Start => ({
  y: vertexY,
  z: vertexZ,
  across: 1 / Math.hypot(1, slopeY, slopeZ),
  turn: (Math.atan2(slopeZ, slopeY) + 2 * Math.PI) % (2 * Math.PI),
});

/** Cells that a straight track crosses before it reaches the calorimeter, of all that there are. */
function cellsCrossed({ y, z, across, turn }: Start): number {
  const along = Math.sqrt(1 - across * across) / across;
  const slopeY = along * Math.cos(turn), slopeZ = along * Math.sin(turn);
  const end = Math.min(
    435, // where the main wall is; the x-walls and the veto may come first
    (Math.sign(slopeY) * 2505.5 - y) / slopeY,
    (Math.sign(slopeZ) * 1550 - z) / slopeZ,
  );
  let cells = 0;
  for (let layer = 0; layer < 9; layer++) {
    for (let column = 0; column < 113; column++) {
      const [x, wireY] = wireAt(1, layer, column), footX = (x + slopeY * (wireY - y)) / (1 + slopeY * slopeY);
      const isIn = Math.abs(footX - x) < 22 && Math.abs(y + slopeY * footX - wireY) < 22;
      if (isIn && footX >= 0 && footX <= end && Math.abs(z + slopeZ * footX) <= 1515) cells++;
    }
  }
  return cells;
}

Deno.test("simulateTracker() draws vertices on the foil and directions in space alike, given that three cells are crossed", () => {
  const draws = createDraws(createRng(72)), drawn: Start[] = [];
  while (drawn.length < straight.length) {
    const start = {
      y: 2480 * (2 * draws.uniform() - 1),
      z: 1500 * (2 * draws.uniform() - 1),
      across: 0.1 + 0.9 * draws.uniform(),
      turn: 2 * Math.PI * draws.uniform(),
    };
    if (cellsCrossed(start) >= 3) drawn.push(start);
  }
  const made = straight.map(({ tracks: [track] }) => startOf(track));
  for (const name of ["y", "z", "across", "turn"] as const) {
    assertSameLaw(name, made.map((start) => start[name]), drawn.map((start) => start[name]));
  }
});

Deno.test("simulateTracker() draws energies alike from 0.3 to 3 MeV", () => {
  assertLaw("energy", one.map(({ tracks: [{ energyMeV }] }) => energyMeV), uniform(0.3, 3));
});

Deno.test("simulateTracker() kinks by angles alike from 5 to 40 degrees, before layers 1 to 8 alike", () => {
  // Tracks far from along the foil, from its middle, are not drawn again for what their kink does.
  const kinks = simulated(4, 4000).flatMap(({ tracks }) => tracks).filter((track) =>
    track.kinkLayer > 0 && startOf(track).across > 0.75 && Math.abs(track.vertexY) < 2000 &&
    Math.abs(track.vertexZ) < 1150
  );
  assertLaw(
    "angle of the kink",
    kinks.filter(({ kinkLayer }) => kinkLayer > 2).map((t) => t.kinkDegrees),
    uniform(5, 40),
  );
  const layers = kinks.map(({ kinkLayer }) => kinkLayer), expected = layers.length / 8;
  const each = Array.from({ length: 8 }, (_, i) => layers.filter((layer) => layer === i + 1).length);
  const squares = each.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert(squares < 24.3, `χ² of ${each} is ${squares}, beyond 24.3 once in a thousand times`); // 7 degrees of freedom
});

/** Hits of straight tracks. */
const hits = straight.flatMap(({ hits, tracks: [track] }) =>
  hits.filter(({ tracks }) => tracks > 0).map((hit) => ({ hit, track }))
);

Deno.test("simulateTracker() smears drift times by a Gaussian of 0.07 µs and 2 %", () => {
  const pulls = hits.filter(({ hit: { trueRadiusMm: r } }) => r > 6 && r < 17).map(({ hit }) => {
    const time = driftTime(hit.trueRadiusMm);
    return (driftTime(hit.radiusMm) - time) / (0.07 + 0.02 * time);
  });
  assertLaw("pulls of drift times", pulls, normalCdf);
});

Deno.test("simulateTracker() smears heights by a Gaussian of a centimetre", () => {
  const errors = hits.flatMap(({ hit, track: { vertexY, vertexZ, slopeY, slopeZ } }) => {
    const [x, y] = wireAt(hit.side, hit.layer, hit.column);
    const true_ = vertexZ + slopeZ * (Math.abs(x) + slopeY * (y - vertexY)) / (1 + slopeY * slopeY);
    return hit.heightMm === 0 || Math.abs(true_) > 1450 ? [] : [(hit.heightMm - true_) / 10];
  });
  assertLaw("errors of heights", errors, normalCdf);
});

Deno.test("simulateTracker() adds isolated hits by Poisson's law, of any height, drift times by the square of a number", () => {
  // Those with a radius are 60 % of 1.5 an event; alphas have none. A cell that a track has already is no hit of nothing.
  const found = one.map(({ hits }) => hits.filter(({ tracks, radiusMm }) => tracks === 0 && radiusMm >= 0));
  const mean = 0.6 * 1.5 * (1 - hits.length / straight.length / 2034), n = found.length;
  const expected = [0, 1, 2, 3].map((k) => n * Math.exp(-mean) * mean ** k / [1, 1, 2, 6][k]);
  const seen = [0, 1, 2, 3].map((k) => found.filter(({ length }) => length === k).length);
  const squares = seen.reduce((sum, count, k) => sum + (count - expected[k]) ** 2 / expected[k], 0);
  assert(squares < 18.5, `χ² of ${seen} is ${squares}, beyond 18.5 once in a thousand times`); // 4 degrees of freedom
  const all = found.flat();
  assertLaw(
    "heights of isolated hits",
    all.filter(({ heightMm }) => heightMm !== 0).map((h) => h.heightMm),
    uniform(-1515, 1515),
  );
  const shares = all.filter(({ radiusMm }) => radiusMm < driftRadius(9)).map(({ radiusMm }) =>
    driftTime(radiusMm)
  );
  assertLaw("drift times of isolated hits", shares, (t) => Math.sqrt(Math.min(1, Math.max(0, t / 9))));
});

/** Standard deviation of a module's energy of 1 MeV. */
const { resolution } = CONDITIONS;

Deno.test("simulateTracker() measures energies by a Gaussian of each wall's resolution", () => {
  const pulls = one.flatMap(({ tracks: [track], modules }) =>
    modules.filter(({ tracks }) => tracks === 1).map(({ module, energyMeV }) =>
      (energyMeV - track.energyMeV) / (resolution[module.wall] * Math.sqrt(track.energyMeV))
    )
  );
  assertLaw("pulls of energies", pulls, normalCdf);
});

Deno.test("simulateTracker() adds gammas of an exponential's energy, at any module and from 1 to 10 ns", () => {
  const gammas = simulated(1, 9000).flatMap(({ modules }) => modules.filter(({ tracks }) => tracks === 0));
  const draws = createDraws(createRng(73)), energies = gammas.map(() => gammaEnergy(draws));
  assertSameLaw("energies of gammas", gammas.map(({ energyMeV }) => energyMeV), energies);
  assertLaw("modules of gammas", gammas.map(({ module }) => module.id), uniform(-0.5, 711.5));
  const late = gammas.filter(({ energyMeV }) => energyMeV > 0.3).map(({ timeNs }) => timeNs);
  // Smeared by 0.25 ns / √E, at most 0.46 ns: none of that is seen from 2 to 9 ns.
  assertLaw("times of gammas", late.filter((ns) => ns > 2.4 && ns < 8.6), uniform(2.4, 8.6));
});

/** An energy that a module reads of a gamma: drawn again where it is below threshold. */
function gammaEnergy(draws: Draws): number {
  for (;;) {
    const wall = draws.uniform() * 712, share = wall < 520 ? 0.034 : wall < 648 ? 0.051 : 0.064;
    const energy = 0.05 + 0.5 * draws.exponential(),
      measured = energy + share * Math.sqrt(energy) * draws.normal();
    if (measured > 0.05) return measured;
  }
}

Deno.test("simulateTracker() loses a height in ten, and hits of corners more often than others", () => {
  const count = (events: readonly TrackerEvent[]) =>
    events.reduce((sum, { tracks: [t] }) => sum + t.cells, 0);
  const inner = hits.filter(({ hit }) => hit.trueRadiusMm < 22).length, corners = hits.length - inner;
  const missing = hits.filter(({ hit }) => hit.heightMm === 0).length / hits.length;
  assert(Math.abs(missing - 0.1) < 3.3 * Math.sqrt(0.1 * 0.9 / hits.length), `${missing} of the heights`);
  // Cells that were crossed are those that fired over the chance of each.
  const crossed = count(straight), guessed = inner / 0.97 + corners / 0.6;
  const sigma = Math.sqrt(inner * 0.03 / 0.97 ** 2 + corners * 0.4 / 0.6 ** 2);
  assert(
    Math.abs(crossed - guessed) < 3.3 * sigma,
    `${crossed} cells were crossed, ${guessed} by what fired`,
  );
});
