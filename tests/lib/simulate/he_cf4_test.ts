import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { createDraws } from "../../../lib/base/random.ts";
import {
  GAS_DENSITY,
  type Ionisation,
  quenching,
  walkElectron,
  walkNucleus,
} from "../../../lib/simulate/he_cf4.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
const mean = (n: number, draw: () => number) => sum(Array.from({ length: n }, draw)) / n;

/** Distance from the first deposit to the last, over the path: 1 for a straight track. */
function straightness({ positionMm: p, pathMm }: Ionisation): number {
  const last = p.length - 3;
  return Math.hypot(p[last] - p[0], p[last + 1] - p[1], p[last + 2] - p[2]) / pathMm;
}

Deno.test("GAS_DENSITY is that of He/CF4 60/40 at 20 °C and one atmosphere", () => {
  assertClose(GAS_DENSITY, 1.564e-3, 1e-3); // (0.6 · 4.0026 + 0.4 · 88.003) g/mol over 24.05 l/mol
});

Deno.test("walkElectron() deposits the electron's energy, no more and no less", () => {
  const draws = createDraws(createRng(1));
  for (const keV of [0.1, 1, 7, 30]) assertClose(sum(walkElectron(keV, draws).energyKeV), keV, 1e-9);
});

Deno.test("walkElectron() goes as far as ESTAR's tables say", () => {
  // CSDA range in carbon, NIST ESTAR: 2.8e-4 g/cm² at 10 keV, 2.0e-3 at 30. Helium and fluorine in place of carbon change it by less than a quarter.
  const draws = createDraws(createRng(2));
  for (const [keV, range] of [[10, 2.8e-4], [30, 2.0e-3]]) {
    const path = mean(60, () => walkElectron(keV, draws).pathMm) / 10 * GAS_DENSITY;
    assertClose(path, range, 0.25, `${keV} keV`);
  }
});

Deno.test("walkElectron() ionises most densely where it ends", () => {
  const draws = createDraws(createRng(3));
  let early = 0, late = 0;
  for (let i = 0; i < 40; i++) {
    const { positionMm: p, energyKeV } = walkElectron(30, draws), last = p.length - 3;
    for (let k = 0; k < energyKeV.length; k++) {
      const to = (from: number) =>
        Math.hypot(p[3 * k] - p[from], p[3 * k + 1] - p[from + 1], p[3 * k + 2] - p[from + 2]);
      if (to(0) < 1) early += energyKeV[k];
      if (to(last) < 1) late += energyKeV[k];
    }
  }
  assert(late > 2 * early, `within 1 mm of the end ${late} keV, of the start ${early} keV`);
});

Deno.test("walkNucleus() is short and nearly straight, walkElectron() long and winding", () => {
  const draws = createDraws(createRng(4));
  const nucleus = mean(60, () => walkNucleus("He", 30, draws).pathMm);
  const electron = mean(60, () => walkElectron(30, draws).pathMm);
  assert(nucleus < 1 && electron > 10, `paths of ${nucleus} and ${electron} mm`);
  const straight = mean(60, () => straightness(walkNucleus("He", 30, draws)));
  const winding = mean(60, () => straightness(walkElectron(30, draws)));
  assert(straight > 0.65 && winding < 0.45, `straightness ${straight} and ${winding}`);
});

Deno.test("walkNucleus() ionises with the quenched energy", () => {
  const draws = createDraws(createRng(5));
  for (const nucleus of ["He", "C", "F"] as const) {
    assertClose(sum(walkNucleus(nucleus, 20, draws).energyKeV), 20 * quenching(nucleus, 20), 0.005, nucleus);
  }
});

Deno.test("quenching() rises with energy, and falls with the mass of the nucleus", () => {
  for (const keV of [3, 10, 30]) {
    const [he, c, f] = (["He", "C", "F"] as const).map((nucleus) => quenching(nucleus, keV));
    assert(he > c && c > f && f > 0 && he < 1, `${keV} keV: ${he}, ${c}, ${f}`);
    assert(quenching("He", keV + 1) > he);
  }
  // SRIM's for helium recoils in He/CF4 60/40 rises through 0.7 to 0.8 at 10 keV (CYGNO, Instruments 6 (2022) 6, fig. 10).
  assertClose(quenching("He", 10), 0.75, 0.08);
});

Deno.test("walkElectron() and walkNucleus() refuse energies that their formulas do not cover", () => {
  const draws = createDraws(createRng(6));
  assertThrows(() => walkElectron(0, draws), RangeError, "(0, 200] keV: got 0");
  assertThrows(() => walkNucleus("C", 300, draws), RangeError, "quenching of C");
  assertEquals(walkNucleus("C", 0.01, draws).energyKeV.length, 0);
});
