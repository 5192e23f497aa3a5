import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { createDraws } from "../../../../lib/base/random.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { ECAL, trackerMaterial } from "../../../../lib/simulate/ecal/detector.ts";
import { type EcalParticle, flyThroughTracker } from "../../../../lib/simulate/ecal/tracker.ts";

const flights = (kind: EcalParticle, eta: number, n: number, charge = 0) =>
  Array.from({ length: n }, (_, i) => flyThroughTracker(kind, eta, charge, createDraws(createRng(11, i))));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

Deno.test("trackerMaterial() is CMS's: 0.4 radiation lengths at η = 0, 1.94 at 1.4, the same on both sides", () => {
  assertClose([0, 1.4, -0.4, 0.6].map(trackerMaterial), [0.4, 1.94, 0.45, 0.575], 1e-9);
});

Deno.test("flyThroughTracker() radiates 33 % of an electron's energy in the published material at η = 0, more here", () => {
  // CMS, arXiv:1502.02701, section 3: about 33 % at η = 0, 86 % at |η| = 1.4; an electron keeps exp(-t) in t radiation lengths.
  for (const [eta, kept] of [[0, 1 - 0.33], [1.2, Math.exp(-1.4)], [1.4, 1 - 0.86]]) {
    const radiated = flights("electron", eta, 1500, -1).map((flight) => flight.radiated);
    assertClose(mean(radiated), 1 - kept ** ECAL.material, 0.05, `η = ${eta}`);
  }
});

Deno.test("flyThroughTracker() converts a photon with 1 - exp(-7/9 t)", () => {
  for (const eta of [0, 1.2]) {
    const n = 3000, converted = flights("photon", eta, n).filter((flight) => flight.convertedAt > 0).length;
    const wanted = 1 - Math.exp(-7 / 9 * ECAL.material * trackerMaterial(eta));
    const sigma = Math.sqrt(wanted * (1 - wanted) / n);
    assert(Math.abs(converted / n - wanted) < 4 * sigma, `η = ${eta}: ${converted / n} for ${wanted}`);
  }
});

Deno.test("flyThroughTracker() loses no energy", () => {
  for (const [kind, charge] of [["photon", 0], ["electron", 1]] as const) {
    for (const { impacts, lost } of flights(kind, 0.7, 50, charge)) {
      const sum = impacts.reduce((all, { energy }) => all + energy, lost);
      assertClose(sum, 50 * Math.cosh(0.7), 1e-9);
    }
  }
});

Deno.test("flyThroughTracker() bends by 0.3 B R / 2 pT, the two charges apart, and photons not at all", () => {
  // An electron that radiates nothing hits at φ = asin(0.299792458 · 3.8 · 1.29 / (2 · 50)) = 0.0146964.
  for (const charge of [1, -1]) {
    const untouched = flights("electron", 0, 1200, charge).filter(({ radiated }) => radiated < 1e-4);
    assert(untouched.length > 5, `${untouched.length} electrons radiated nothing`);
    for (const { impacts } of untouched) {
      const hardest = impacts.reduce((a, b) => a.energy > b.energy ? a : b);
      assertClose(hardest.column * ECAL.crystal, charge * 0.0146964, 2e-3);
    }
  }
  const plain = flights("photon", 0.3, 50).find(({ convertedAt }) => convertedAt === 0)!;
  assertEquals(plain.impacts.map(({ column, charge }) => [column, charge]), [[0, 0]]);
});

Deno.test("flyThroughTracker() sends the halves of a pair to both sides", () => {
  const early = flights("photon", 0, 400).filter(({ convertedAt }) => convertedAt > 0 && convertedAt < 0.2);
  const hardest = (of: number, { impacts }: (typeof early)[number]) =>
    impacts.filter(({ charge }) => charge === of).toSorted((a, b) => b.energy - a.energy).at(0);
  const pairs = early.map((flight) => [hardest(1, flight), hardest(-1, flight)]).filter(([a, b]) => a && b);
  assert(pairs.length > 15, `${pairs.length} pairs`);
  // A photon that one half radiates may become a pair again, whose halves lie round that one.
  const apart = pairs.filter(([positive, negative]) => positive!.column > negative!.column).length;
  assert(apart > 0.9 * pairs.length, `${apart} of ${pairs.length}`);
});
