import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { ECAL } from "../../../../lib/simulate/ecal/detector.ts";
import { simulateEcal } from "../../../../lib/simulate/ecal/event.ts";
import type { EcalParticle } from "../../../../lib/simulate/ecal/tracker.ts";

const events = (kind: EcalParticle, n: number, seed = 21) =>
  Array.from({ length: n }, (_, i) => simulateEcal(kind, createRng(seed, i)));

/** How often a value of `a` is above one of `b`. */
function separation(a: number[], b: number[]): number {
  const all = [...a.map((value) => ({ value, of: 1 })), ...b.map((value) => ({ value, of: 0 }))]
    .sort((x, y) => x.value - y.value);
  let below = 0, wins = 0;
  for (const { of } of all) of ? wins += below : below++;
  return wins / (a.length * b.length);
}

/** Width in φ over width in η, by logarithmic weights in 5 rows: the best single shape here. */
function widthRatio(image: Float32Array): number {
  const total = image.reduce((sum, value, i) => i % 2 ? sum : sum + value, 0);
  let w = 0, x = 0, y = 0, xx = 0, yy = 0;
  for (let r = 14; r <= 18; r++) {
    for (let c = 0; c < 32; c++) {
      const weight = Math.max(0, 4.7 + Math.log(image[2 * (r * 32 + c)] / total));
      w += weight, x += weight * c, y += weight * r, xx += weight * c * c, yy += weight * r * r;
    }
  }
  return (xx / w - (x / w) ** 2) / (yy / w - (y / w) ** 2 + 1e-3);
}

Deno.test("simulateEcal() gives the same picture for the same numbers, another for others", () => {
  const [a, b] = [simulateEcal("electron", createRng(1, 5)), simulateEcal("electron", createRng(1, 5))];
  simulateEcal("photon", createRng(9)); // nothing is left over from one event to the next
  assertEquals(simulateEcal("electron", createRng(1, 5)), a);
  assertEquals(a, b);
  assert(simulateEcal("electron", createRng(1, 6)).truth.eta !== a.truth.eta);
});

Deno.test("simulateEcal() puts the largest energy at (16, 16), reads five rows, and gives no time without energy", () => {
  let isolated = 0;
  for (const { image, truth } of [...events("photon", 100), ...events("electron", 100)]) {
    assertEquals(image.length, 2048);
    const seed = image[2 * (16 * 32 + 16)];
    for (let pixel = 0; pixel < 1024; pixel++) {
      const energy = image[2 * pixel], time = image[2 * pixel + 1];
      assert(energy <= seed && energy >= 0);
      assert(energy > 0 || time === 0);
      assert(Math.abs(time) <= 2.5);
      if (energy > 0 && Math.abs((pixel >> 5) - 16) > 2) {
        isolated++;
        assert(energy * 50 > 2.6 * 0.04, `an isolated crystal of ${energy * 50} GeV`);
      }
    }
    assertClose(truth.energyGeV, 50 * Math.cosh(truth.eta), 1e-9);
  }
  assert(isolated > 200 && isolated < 1600, `${isolated} isolated crystals in 200 pictures`);
});

Deno.test("simulateEcal() gives electrons of one charge and photons that convert, all over the barrel", () => {
  const electrons = events("electron", 400).map(({ truth }) => truth);
  assert(electrons.every(({ charge }) => charge === ECAL.charge));
  const etas = electrons.map(({ eta }) => eta);
  assert(Math.min(...etas) < -1 && Math.max(...etas) > 1 && etas.every((eta) => Math.abs(eta) < 1.2));
  const photons = events("photon", 400).map(({ truth }) => truth);
  const converted = photons.filter(({ convertedAt }) => convertedAt > 0).length;
  assert(
    converted > 140 && converted < 240 && photons.every(({ charge, radiated }) => charge + radiated === 0),
  );
});

Deno.test("simulateEcal() measures an unconverted photon's energy to about a per cent", () => {
  // The stochastic term is 2.8 %/√E, 0.37 % at 58 GeV; what leaks out of the read-out window, noise and other collisions come on top.
  const ratios = events("photon", 900).filter(({ truth }) => truth.convertedAt === 0).map((
    { image, truth },
  ) => 50 * image.reduce((sum, value, i) => i % 2 ? sum : sum + value, 0) / truth.energyGeV).sort((a, b) =>
    a - b
  );
  const at = (share: number) => ratios[Math.floor(share * (ratios.length - 1))];
  const spread = (at(0.84) - at(0.16)) / 2;
  assert(spread > 0.004 && spread < 0.02, `half of the middle 68 % is ${spread}`);
  assert(at(0.5) > 0.95 && at(0.5) < 1.03, `the median is ${at(0.5)}`);
});

Deno.test("simulateEcal() is as hard as the published pictures: no shape alone tells much, the energy nothing", () => {
  const [electrons, photons] = [events("electron", 2500), events("photon", 2500)];
  const by = (measure: (image: Float32Array) => number) =>
    separation(electrons.map(({ image }) => measure(image)), photons.map(({ image }) => measure(image)));
  const sum = (image: Float32Array) => image.reduce((all, value, i) => i % 2 ? all : all + value, 0);
  // Of 20,000: 0.650 and 0.504; gradient-boosted trees on 19 shapes 0.754, with the cells 0.772 (the published best, a ResNet, 0.816).
  assertClose(by(widthRatio), 0.65, 0.04);
  assertClose(by(sum), 0.5, 0.05);
});
