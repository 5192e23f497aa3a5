import { assert, assertClose, assertEquals, assertThrows } from "../../../assert.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import {
  CONDITIONS,
  drawRunConditions,
  simulateTracker,
  type TrackerEvent,
} from "../../../../lib/simulate/supernemo/event.ts";
import { OPTICAL_MODULES, wireAt } from "../../../../lib/simulate/supernemo/geometry.ts";

const run = drawRunConditions(1);
const events = (tracks: number, n: number, seed = 31): TrackerEvent[] =>
  Array.from({ length: n }, (_, i) => simulateTracker(tracks, run, createRng(seed, i)));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("drawRunConditions() breaks the same cells for a seed: two in a hundred dead, one in two hundred noisy", () => {
  assertEquals(drawRunConditions(1), run);
  const [dead, noisy] = [0, 1].map((i) =>
    mean(Array.from({ length: 60 }, (_, seed) => {
      const { dead, noisy } = drawRunConditions(seed);
      return [dead.size, noisy.length][i] / 2034;
    }))
  );
  assertClose([dead, noisy], [CONDITIONS.deadShare, CONDITIONS.noisyShare], 0.05);
});

Deno.test("simulateTracker() gives the same event for the same numbers, and as many tracks as asked for", () => {
  assertEquals(simulateTracker(3, run, createRng(2, 4)), simulateTracker(3, run, createRng(2, 4)));
  for (const tracks of [1, 2, 5]) {
    assertEquals(events(tracks, 3).map((event) => event.tracks.length), Array(3).fill(tracks));
  }
  for (const tracks of [0, 1.5, 31]) {
    assertThrows(() => simulateTracker(tracks, run, createRng(1)), RangeError, `got ${tracks}`);
  }
});

Deno.test("simulateTracker() fires each cell once, never a dead one, and tells which tracks crossed it", () => {
  let shared = 0, crossed = 0;
  for (const { hits, tracks } of events(4, 300)) {
    assertEquals(new Set(hits.map(({ cell }) => cell)).size, hits.length);
    for (const hit of hits) {
      assert(!run.dead.has(hit.cell) && hit.tracks < 16);
      if (hit.tracks & (hit.tracks - 1)) shared++;
      if (hit.tracks === 0) continue;
      crossed++;
      // Of straight tracks the distance from the wire is known: the nearest of those named is the true radius.
      const own = tracks.filter((_, i) => hit.tracks & (1 << i));
      if (own.some(({ kinkLayer }) => kinkLayer >= 0)) continue;
      const [x, y] = wireAt(hit.side, hit.layer, hit.column);
      const distances = own.map(({ vertexY, slopeY }) =>
        Math.abs(y - vertexY - slopeY * Math.abs(x)) / Math.hypot(1, slopeY)
      );
      assert(own.every(({ side }) => side === hit.side));
      assert(Math.min(...distances) <= hit.trueRadiusMm + 1e-6, `${distances} and ${hit.trueRadiusMm}`);
      if (own.length === 1) assertClose(distances[0], hit.trueRadiusMm, 1e-6);
    }
  }
  assert(shared / crossed > 0.005 && shared / crossed < 0.05, `${shared} of ${crossed} cells are shared`);
});

Deno.test("simulateTracker() measures radii to 0.7 mm, and corners of a cell less often and no larger than the law allows", () => {
  const hits = events(1, 1500).flatMap((event) => event.hits).filter(({ tracks }) => tracks > 0);
  const inner = hits.filter(({ trueRadiusMm: r }) => r > 4 && r < 18);
  const spread = Math.sqrt(mean(inner.map(({ radiusMm, trueRadiusMm }) => (radiusMm - trueRadiusMm) ** 2)));
  assertClose(spread, 0.7, 0.15);
  assert(hits.every(({ radiusMm }) => radiusMm >= 0 && radiusMm < 23.6));
  const corner = hits.filter(({ trueRadiusMm }) => trueRadiusMm > 22).length / hits.length;
  assert(corner > 0.02 && corner < 0.08, `${corner} of the hits are in corners`);
});

Deno.test("simulateTracker() loses one height in ten, writes it as 0, and smears the others by a centimetre", () => {
  const found = events(1, 1500);
  const hits = found.flatMap(({ hits, tracks: [track] }) =>
    hits.filter(({ tracks }) => tracks > 0 && track.kinkLayer < 0 && Math.abs(track.vertexZ) < 900)
      .map((hit) => ({ hit, track }))
  );
  assertClose(mean(hits.map(({ hit }) => hit.heightMm === 0 ? 1 : 0)), CONDITIONS.heightMissing, 0.12);
  const errors = hits.filter(({ hit }) => hit.heightMm !== 0 && Math.abs(hit.heightMm) < 1400).map(
    ({ hit, track }) => {
      const [x, y] = wireAt(hit.side, hit.layer, hit.column);
      const { slopeY, slopeZ, vertexY, vertexZ } = track;
      const foot = (Math.abs(x) + slopeY * (y - vertexY)) / (1 + slopeY * slopeY);
      return hit.heightMm - vertexZ - slopeZ * foot;
    },
  );
  assertClose(Math.sqrt(mean(errors.map((e) => e * e))), CONDITIONS.heightSigmaMm, 0.05);
  assert(Math.abs(mean(errors)) < 0.5);
});

Deno.test("simulateTracker() adds hits of nothing, delayed ones with radius -1", () => {
  const found = events(2, 1500);
  const noise = found.map(({ hits }) => hits.filter(({ tracks }) => tracks === 0));
  const expected = CONDITIONS.isolatedHits + CONDITIONS.noisyRate * run.noisy.length;
  const count = mean(noise.map((hits) => hits.length));
  assert(count > 0.93 * expected && count < 1.4 * expected, `${count} for ${expected} and alphas`);
  const delayed = noise.flat().filter(({ radiusMm }) => radiusMm === -1).length / noise.flat().length;
  assert(delayed > 0.35 && delayed < 0.65, `${delayed} of them are delayed`);
  const bursts = noise.filter((hits) => hits.filter(({ radiusMm }) => radiusMm === -1).length >= 4).length;
  assert(bursts / 1500 > 0.02 && bursts / 1500 < 0.12, `${bursts} alphas`);
});

Deno.test("simulateTracker() ends each track in a module behind the point that it reaches, with its energy and flight time", () => {
  let energy = 0, seen = 0;
  for (const { tracks, modules } of events(2, 800)) {
    tracks.forEach((track, i) => {
      const hit = modules.find(({ tracks }) => tracks & (1 << i));
      if (!hit) return; // below threshold
      assertEquals(hit.module.id, track.module);
      assertEquals(hit.module, OPTICAL_MODULES[track.module]);
      if (hit.tracks === 1 << i && hit.module.wall === "main") {
        energy += ((hit.energyMeV - track.energyMeV) / Math.sqrt(track.energyMeV)) ** 2;
        seen++;
      }
      assert(hit.timeNs > 0.3 && hit.timeNs < 25, `${hit.timeNs} ns`);
      if (track.kinkLayer >= 0 || hit.module.wall !== "main") return;
      const y = track.vertexY + 435 * track.slopeY, z = track.vertexZ + 435 * track.slopeZ;
      assert(Math.abs(y - hit.module.y) <= 129.6 || Math.abs(y) > 2460, `${y} and ${hit.module.y}`);
      assert(Math.abs(z - hit.module.z) <= 129.6, `${z} and ${hit.module.z}`);
    });
  }
  assertClose(Math.sqrt(energy / seen), CONDITIONS.resolution.main, 0.06);
});

Deno.test("simulateTracker() gives a module the flight time of its electron, and of the first one where two end in it", () => {
  // β of an electron of E MeV is √(1 - (0.510999 / (E + 0.510999))²); light goes 299.792 mm in a ns.
  const flight = ({ slopeY, slopeZ, energyMeV }: TrackerEvent["tracks"][number]) =>
    435 * Math.hypot(1, slopeY, slopeZ) / 299.792 / Math.sqrt(1 - (0.510999 / (energyMeV + 0.510999)) ** 2);
  const pulls: number[] = [];
  let doubles = 0;
  for (const { tracks, modules } of events(6, 1200)) {
    for (const hit of modules) {
      const own = tracks.filter((_, i) => hit.tracks & (1 << i));
      if (hit.module.wall !== "main" || own.length === 0) continue;
      if (own.some(({ kinkLayer }) => kinkLayer >= 0)) continue;
      if (own.length === 1) {
        pulls.push((hit.timeNs - flight(own[0])) / CONDITIONS.timeSigmaNs * Math.sqrt(own[0].energyMeV));
        continue;
      }
      doubles++;
      const [first, second] = own.map(flight).sort((a, b) => a - b);
      assert(hit.timeNs < first + 2, `${hit.timeNs} ns for ${first} and ${second}`);
      const energy = own.reduce((sum, { energyMeV }) => sum + energyMeV, 0);
      assert(Math.abs(hit.energyMeV - energy) < 0.6, `${hit.energyMeV} MeV for ${energy}`);
    }
  }
  assert(doubles > 10, `${doubles} modules have two electrons`);
  // A gamma in the same module now and then comes earlier.
  pulls.sort((a, b) => a - b);
  const at = (share: number) => pulls[Math.floor(share * (pulls.length - 1))];
  assertClose([at(0.5), (at(0.84) - at(0.16)) / 2], [0, 1], 0.05);
});

Deno.test("simulateTracker() kinks a sixth of the tracks, shares vertices, uses both sides and leaves in all directions alike", () => {
  const tracks = events(3, 1500).flatMap((event) => event.tracks);
  const share = (test: (t: typeof tracks[number]) => boolean) => tracks.filter(test).length / tracks.length;
  // A kink beyond the tracker's end is drawn again, so somewhat fewer than the chance.
  const kinked = share(({ kinkLayer }) => kinkLayer >= 0);
  assert(kinked > 0.14 && kinked < 0.2, `${kinked} are kinked`);
  assertClose(share(({ side }) => side === 0), 0.5, 0.05);
  const together = mean(events(2, 1500).map(({ tracks: [a, b] }) => a.vertexY === b.vertexY ? 1 : 0));
  assertClose(together, CONDITIONS.sharedVertex, 0.12);
  assertClose(share(({ slopeY }) => slopeY > 0), 0.5, 0.05);
  assertClose(share(({ slopeZ }) => slopeZ > 0), 0.5, 0.05);
});
