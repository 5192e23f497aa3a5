/**
 * Recoils slowing down in He/CF4 60/40 at one atmosphere: where each ionises, step by step.
 *
 * Electrons follow D. C. Joy's single-scattering Monte Carlo (Monte Carlo Modeling for Electron Microscopy and Microanalysis, OUP 1995):
 * screened Rutherford scattering off every atom, Joy and Luo's stopping power (Scanning 11, 1989, 176), which stays finite
 * below 1 keV and makes the Bragg rise at the end. On top, knock-on electrons above 0.2 keV by Rutherford's 1/T² law
 * (PDG Review, "Passage of particles through matter"), so that the ionisation is uneven.
 *
 * Nuclei (He, C, F) lose energy to electrons by Lindhard and Scharff (Phys. Rev. 124, 1961, 128) and to nuclei by the universal
 * screened potential of Ziegler, Biersack and Littmark (The Stopping and Range of Ions in Solids, 1985), which is what SRIM's
 * tables rest on. What goes to nuclei ionises little: that is the quenching.
 *
 * Not modelled: atomic relaxation (fluorescence, Auger), single hard nuclear collisions with their branching tracks (their mean
 * deflection is), pressure and temperature drifts, impurities.
 * @module
 */
import type { Draws } from "../base/random.ts";

/** A nucleus that can recoil in the gas. */
export type Nucleus = "He" | "C" | "F";

/** Where a recoil left energy in ionisation: positions in mm from the vertex, energies in keV. */
export interface Ionisation {
  /** [3 · n]: x, y, z of each deposit, mm. */
  positionMm: Float64Array;
  /** [n]: ionisation energy of each deposit, keV. */
  energyKeV: Float64Array;
  /** Length of the primary's path, mm. */
  pathMm: number;
}

interface Element {
  name: Nucleus;
  charge: number;
  /** Atomic mass, u. */
  mass: number;
  /** Atoms in a cm³. */
  density: number;
  /** Mean excitation energy, keV (Joy and Luo's formula for elements). */
  excitationKeV: number;
}

/** Loschmidt's number at 20 °C and 101,325 Pa, molecules in a cm³. */
const MOLECULES = 2.5043e19;
const AVOGADRO = 6.02214076e23;

function element(name: Nucleus, charge: number, mass: number, perMolecule: number): Element {
  const excitationKeV = 1e-3 * (9.76 * charge + 58.5 * charge ** -0.19);
  return { name, charge, mass, density: perMolecule * MOLECULES, excitationKeV };
}

/** He/CF4 60/40 by volume, the mixture of every CYGNO detector (Instruments 6 (2022) 6). */
const GAS: readonly Element[] = [
  element("He", 2, 4.0026, 0.6),
  element("C", 6, 12.011, 0.4),
  element("F", 9, 18.998, 1.6),
];

/** Density of the gas, g/cm³. */
export const GAS_DENSITY: number = GAS.reduce((sum, e) => sum + e.density * e.mass / AVOGADRO, 0);

const ELECTRON_KEV = 510.999;
/** Knock-on electrons above this are drawn one by one; below, they are part of the continuous loss. */
const KNOCK_ON_KEV = 0.2;
/** Knock-on electrons above this walk on their own; below, their path is shorter than a pixel. */
const WALKING_KEV = 1;
/** An electron this slow stops where it is (its range is below 10 µm). */
const STOPPED_KEV = 0.15;

/** Mean energy loss of an electron, keV/cm: Joy and Luo 1989, summed over the elements by mass. */
export function electronStopping(energyKeV: number): number {
  let sum = 0;
  for (const { charge, density, excitationKeV } of GAS) {
    sum += density / AVOGADRO * charge *
      Math.log(1.166 * (energyKeV + 0.85 * excitationKeV) / excitationKeV);
  }
  return 78500 * sum / energyKeV;
}

/** Electrons in a gram, divided by Avogadro's number: <Z/A> · density, g/cm³. */
const ELECTRON_DENSITY = GAS.reduce((sum, e) => sum + e.density * e.charge / AVOGADRO, 0);

/** Turns a unit vector by a polar angle (given as its cosine) around a random azimuth. */
function turned(u: number, v: number, w: number, cosine: number, azimuth: number): [number, number, number] {
  const sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
  const across = Math.cos(azimuth) * sine, along = Math.sin(azimuth) * sine;
  const flat = Math.sqrt(u * u + v * v);
  if (flat < 1e-6) return [across, along, w > 0 ? cosine : -cosine];
  return [
    u * cosine + (u * w * across - v * along) / flat,
    v * cosine + (v * w * across + u * along) / flat,
    w * cosine - flat * across,
  ];
}

/**
 * Follows an electron until it stops, its knock-on electrons too.
 *
 * Elastic steps are drawn from Joy's total cross-section 5.21e-21 (Z/E)² 4π/(α(1+α)) ((E+511)/(E+1024))² cm² with
 * α = 3.4e-3 Z^0.67/E, E in keV; the angle from cos θ = 1 − 2αR/(1+α−R).
 *
 * @param energyKeV Kinetic energy at the vertex, keV.
 * @param draws Random numbers.
 * @throws {RangeError} If the energy is not positive, or above 200 keV, where the formulas end.
 */
export function walkElectron(energyKeV: number, draws: Draws): Ionisation {
  if (!(energyKeV > 0 && energyKeV <= 200)) {
    throw new RangeError(`Cannot follow an electron as its energy must be in (0, 200] keV: got ${energyKeV}`);
  }
  const positions: number[] = [], energies: number[] = [];
  const deposit = (x: number, y: number, z: number, keV: number) => {
    positions.push(x, y, z);
    energies.push(keV);
  };
  const [u0, v0, w0] = draws.direction();
  const waiting: number[][] = [[0, 0, 0, u0, v0, w0, energyKeV]];
  const sections = new Float64Array(GAS.length);
  let pathMm = 0;
  for (let primary = true; waiting.length > 0; primary = false) {
    let [x, y, z, u, v, w, energy] = waiting.pop()!;
    while (energy > STOPPED_KEV) {
      const total = elasticSections(energy, sections);
      const stopping = electronStopping(energy);
      // A step ends at the next elastic collision, or where 5 % of the energy is gone.
      const elastic = draws.exponential() / total, cm = Math.min(elastic, 0.05 * energy / stopping);
      const stepMm = 10 * cm;
      const beta2 = 1 - 1 / (1 + energy / ELECTRON_KEV) ** 2;
      const rutherford = 153.5 * ELECTRON_DENSITY / beta2, hardest = energy / 2; // keV/cm
      let continuous = stopping * cm, knocked = 0;
      if (hardest > KNOCK_ON_KEV) {
        continuous -= rutherford * cm * Math.log(hardest / KNOCK_ON_KEV);
        knocked = draws.poisson(rutherford * cm * (1 / KNOCK_ON_KEV - 1 / hardest));
      }
      const loss = Math.min(energy, Math.max(0, continuous));
      const at = draws.uniform() * stepMm;
      if (loss > 0) deposit(x + at * u, y + at * v, z + at * w, loss);
      energy -= loss;
      x += stepMm * u;
      y += stepMm * v;
      z += stepMm * w;
      if (primary) pathMm += stepMm;
      for (let k = 0; k < knocked && energy > 2 * KNOCK_ON_KEV; k++) {
        const keV = knockedEnergy(Math.min(hardest, energy / 2), draws);
        if (keV > WALKING_KEV) {
          const cosine = Math.sqrt(keV / energy * (energy + 2 * ELECTRON_KEV) / (keV + 2 * ELECTRON_KEV));
          waiting.push([x, y, z, ...turned(u, v, w, cosine, 2 * Math.PI * draws.uniform()), keV]);
        } else deposit(x, y, z, keV);
        energy -= keV;
      }
      if (cm === elastic) {
        const cosine = elasticCosine(energy, sections, total, draws);
        [u, v, w] = turned(u, v, w, cosine, 2 * Math.PI * draws.uniform());
      }
    }
    deposit(x, y, z, energy);
  }
  return { positionMm: Float64Array.from(positions), energyKeV: Float64Array.from(energies), pathMm };
}

/** α of the screened nucleus of an element. */
const screeningOf = (charge: number, energyKeV: number) => 3.4e-3 * charge ** 0.67 / energyKeV;

/** Elastic collisions a cm with each element, put into `sections`, and their sum. */
function elasticSections(energyKeV: number, sections: Float64Array): number {
  const speed = ((energyKeV + 511) / (energyKeV + 1024)) ** 2;
  let total = 0;
  for (let i = 0; i < GAS.length; i++) {
    const { charge, density } = GAS[i];
    const screening = screeningOf(charge, energyKeV);
    sections[i] = density * 5.21e-21 * (charge / energyKeV) ** 2 * 4 * Math.PI /
      (screening * (1 + screening)) * speed;
    total += sections[i];
  }
  return total;
}

/** Cosine of the angle of an elastic collision, with an element drawn by its share. */
function elasticCosine(energyKeV: number, sections: Float64Array, total: number, draws: Draws): number {
  let pick = draws.uniform() * total, i = 0;
  while (i < GAS.length - 1 && (pick -= sections[i]) > 0) i++;
  const screening = screeningOf(GAS[i].charge, energyKeV), random = draws.uniform();
  return 1 - 2 * screening * random / (1 + screening - random);
}

/** Energy of a knock-on electron, keV: falls with its square, up to `top`. */
function knockedEnergy(top: number, draws: Draws): number {
  const share = draws.uniform();
  return 1 / ((1 - share) / KNOCK_ON_KEV + share / top);
}

const NUCLEI: Record<Nucleus, Element> = { He: GAS[0], C: GAS[1], F: GAS[2] };

/** Loss of a nucleus to electrons, keV/cm: Lindhard and Scharff 1961, 8π e² a₀ = 19.15 eV cm²/10¹⁵ atoms. */
export function electronicStopping(nucleus: Nucleus, energyKeV: number): number {
  const { charge, mass } = NUCLEI[nucleus];
  const speed = Math.sqrt(energyKeV / (24.98 * mass)); // in units of Bohr's
  let sum = 0;
  for (const target of GAS) {
    const screening = (charge ** (2 / 3) + target.charge ** (2 / 3)) ** 1.5;
    sum += target.density * 19.15 * charge ** (7 / 6) * target.charge / screening;
  }
  return 1e-18 * sum * speed;
}

/** Loss of a nucleus to one element's nuclei, keV/cm: Ziegler, Biersack and Littmark 1985. */
function nuclearStoppingBy(target: Element, { charge, mass }: Element, energyKeV: number): number {
  const screening = charge ** 0.23 + target.charge ** 0.23;
  const masses = mass + target.mass;
  const reduced = 32.53 * target.mass * energyKeV / (charge * target.charge * masses * screening);
  const universal = reduced > 30 ? Math.log(reduced) / (2 * reduced) : Math.log(1 + 1.1383 * reduced) /
    (2 * (reduced + 0.01321 * reduced ** 0.21226 + 0.19593 * Math.sqrt(reduced)));
  return 1e-18 * target.density * 8.462 * charge * target.charge * mass / (masses * screening) * universal;
}

/** Loss of a nucleus to nuclei of the gas, keV/cm. */
export function nuclearStopping(nucleus: Nucleus, energyKeV: number): number {
  return GAS.reduce((sum, target) => sum + nuclearStoppingBy(target, NUCLEI[nucleus], energyKeV), 0);
}

/** Largest energy that a nucleus can hand to another in one collision, as a share of its own. */
function transfer(a: Element, b: Element): number {
  return 4 * a.mass * b.mass / (a.mass + b.mass) ** 2;
}

const FINENESS = 0.02, TOP_KEV = 200;
/** Ionisation by a nucleus and all that it sets moving, keV, at n · FINENESS keV; filled from below. */
const ionisationTables: Record<Nucleus, Float64Array> = (() => {
  const length = Math.round(TOP_KEV / FINENESS) + 1;
  const tables = { He: new Float64Array(length), C: new Float64Array(length), F: new Float64Array(length) };
  for (let i = 1; i < length; i++) {
    const middle = (i - 0.5) * FINENESS;
    for (const own of GAS) {
      const electronic = electronicStopping(own.name, middle);
      let ionising = electronic, all = electronic;
      for (const target of GAS) {
        const nuclear = nuclearStoppingBy(target, own, middle);
        // For scattering off a screened charge, dσ ∝ T^-1.5, the mean T weighted by T is a third of the largest.
        const struck = transfer(own, target) * middle / 3;
        const below = Math.floor(struck / FINENESS);
        ionising += below > 0 ? nuclear * tables[target.name][below] / (below * FINENESS) : 0;
        all += nuclear;
      }
      tables[own.name][i] = tables[own.name][i - 1] + FINENESS * ionising / all;
    }
  }
  return tables;
})();

/**
 * Share of a nucleus' energy that ionises, as an electron's all does.
 *
 * From the ratio of the stopping powers along the track, plus what the struck nuclei ionise in turn (each as at the mean transfer).
 * At 30 keV: He 0.88, C 0.64, F 0.53; at 3 keV: 0.57, 0.33, 0.28.
 *
 * @param energyKeV Kinetic energy of the recoil, in (0, 200] keV.
 */
export function quenching(nucleus: Nucleus, energyKeV: number): number {
  if (!(energyKeV > 0 && energyKeV <= TOP_KEV)) {
    throw new RangeError(
      `Cannot give the quenching of ${nucleus} as the energy must be in (0, 200] keV: got ${energyKeV}`,
    );
  }
  const table = ionisationTables[nucleus], place = energyKeV / FINENESS;
  const below = Math.min(table.length - 2, Math.floor(place));
  return (table[below] + (place - below) * (table[below + 1] - table[below])) / energyKeV;
}

/**
 * Follows a nucleus until it stops, in steps of 4 % of its energy.
 *
 * A step that loses ΔE to nuclei of mass M turns a nucleus of mass m and energy E by an angle of mean square M ΔE / (m E), the
 * small-angle relation between transfer and deflection in an elastic collision.
 *
 * @param nucleus What recoils.
 * @param energyKeV Kinetic energy at the vertex, keV.
 * @param draws Random numbers.
 * @throws {RangeError} If the energy is outside (0, 200] keV.
 */
export function walkNucleus(nucleus: Nucleus, energyKeV: number, draws: Draws): Ionisation {
  quenching(nucleus, energyKeV); // checks the range
  const own = NUCLEI[nucleus];
  const positions: number[] = [], energies: number[] = [];
  let [u, v, w] = draws.direction();
  let x = 0, y = 0, z = 0, energy = energyKeV, pathMm = 0;
  while (energy > 0.02) {
    const loss = Math.min(energy, Math.max(0.04 * energy, 0.01));
    let all = electronicStopping(nucleus, energy), turning = 0;
    for (const target of GAS) {
      const nuclear = nuclearStoppingBy(target, own, energy);
      all += nuclear;
      turning += nuclear * target.mass / own.mass;
    }
    const stepMm = 10 * loss / all;
    x += stepMm * u, y += stepMm * v, z += stepMm * w;
    pathMm += stepMm;
    positions.push(x, y, z);
    const left = energy - loss;
    energies.push(
      energy * quenching(nucleus, energy) - (left > FINENESS ? left * quenching(nucleus, left) : 0),
    );
    // A Gaussian in the plane each way: the polar angle squared is exponential.
    const meanSquare = turning / all * loss / energy;
    const angle = Math.min(Math.PI, Math.sqrt(meanSquare * draws.exponential()));
    [u, v, w] = turned(u, v, w, Math.cos(angle), 2 * Math.PI * draws.uniform());
    energy = left;
  }
  return { positionMm: Float64Array.from(positions), energyKeV: Float64Array.from(energies), pathMm };
}
