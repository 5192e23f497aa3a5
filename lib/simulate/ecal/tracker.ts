/**
 * An electron or a photon on its way from the beam to the crystals: it radiates and converts in the tracker's layers, and what is charged bends.
 *
 * Radiation and pairs follow complete screening (PDG, "Passage of particles through matter", equations 34.28 and 34.31); secondary
 * particles keep their parent's direction, as their angles of m/E are far below a crystal. @module
 */
import type { Draws } from "../../base/random.ts";
import { ECAL, LAYERS, SERVICES, trackerMaterial } from "./detector.ts";

/** What a picture is of; `y` in the files is 0 for a photon, 1 for an electron. */
export type EcalParticle = "photon" | "electron";

/** A particle at the crystals' faces. */
export interface Impact {
  /** GeV. */
  energy: number;
  /** Place in crystals: along the beam (η), and around it (φ), from the primary's straight line. */
  row: number;
  column: number;
  charge: number;
}

/** What happened on the way. */
export interface Flight {
  impacts: Impact[];
  /** Share of an electron's energy that it radiated itself; 0 for a photon. */
  radiated: number;
  /** Metres from the beam where a photon became a pair; 0 if it did not, or for an electron. */
  convertedAt: number;
  /** Energy that never reached the crystals, as its charged carrier curled up in the field, GeV. */
  lost: number;
}

interface Moving {
  energy: number;
  charge: number;
  x: number;
  y: number;
  /** Direction across the beam. */
  ux: number;
  uy: number;
  /** Metres along the beam. */
  z: number;
  /** Layer that comes next. */
  next: number;
  primary: boolean;
}

/** Photons below this are part of the electron's own shower, GeV. */
const SOFTEST = 0.03;
/** Particles below this are not followed to the crystals, GeV. */
const LOST_BELOW = 0.02;

/** Layers and services in the order of a track. */
const SURFACES = [
  ...LAYERS.map(([radius, share]) => ({ radius, share, service: false })),
  ...SERVICES.map(([radius, share]) => ({ radius, share, service: true })),
].sort((a, b) => a.radius - b.radius);

/** Moves a particle on its circle to a radius; false if it turns back before. */
function moveTo(particle: Moving, radius: number, slope: number, sinTheta: number): boolean {
  const { x, y, ux, uy, charge } = particle;
  const along = x * ux + y * uy, squared = x * x + y * y;
  const target = radius * radius;
  let s = -along + Math.sqrt(along * along + target - squared);
  if (charge === 0) {
    particle.x = x + s * ux;
    particle.y = y + s * uy;
    particle.z += s * slope;
    return true;
  }
  const curvature = charge * 0.299792458 * ECAL.field / (particle.energy * sinTheta); // 1/m
  for (let i = 0; i < 6; i++) {
    const turn = curvature * s;
    const sine = Math.sin(turn), cosine = Math.cos(turn);
    const forward = sine / curvature, aside = (1 - cosine) / curvature;
    const px = x + forward * ux - aside * uy, py = y + forward * uy + aside * ux;
    const dx = cosine * ux - sine * uy, dy = cosine * uy + sine * ux;
    const outward = px * dx + py * dy;
    if (outward < 0.05 * radius) return false;
    const miss = px * px + py * py - target;
    if (Math.abs(miss) < 1e-6 * target) {
      particle.x = px;
      particle.y = py;
      particle.ux = dx;
      particle.uy = dy;
      particle.z += s * slope;
      return true;
    }
    s -= miss / (2 * outward);
  }
  return false;
}

/** Energy of a radiated photon over its electron's: dN/dy ∝ (4/3 (1 - y) + y²)/y above `least`. */
function drawRadiated(least: number, draws: Draws): number {
  for (;;) {
    const y = least ** draws.uniform();
    if (draws.uniform() * (4 / 3) < 4 / 3 * (1 - y) + y * y) return y;
  }
}

/** Share of the electron in a pair: dN/dx ∝ 1 - 4/3 x (1 - x). */
function drawPairShare(draws: Draws): number {
  for (;;) {
    const x = draws.uniform();
    if (draws.uniform() < 1 - 4 / 3 * x * (1 - x)) return x;
  }
}

/**
 * Follows a particle of pT 50 GeV and all that it makes to the crystals.
 *
 * @param kind What it is.
 * @param eta Its pseudorapidity.
 * @param charge Of the electron, 1 or -1; a photon's is 0.
 * @param draws Random numbers.
 */
export function flyThroughTracker(
  kind: EcalParticle,
  eta: number,
  charge: number,
  draws: Draws,
): Flight {
  const perSin = Math.cosh(eta), energy = ECAL.ptGeV * perSin;
  const barrel = ECAL.material * trackerMaterial(0) * perSin;
  const services = Math.max(0, ECAL.material * trackerMaterial(eta) - barrel);
  const flight: Flight = { impacts: [], radiated: 0, convertedAt: 0, lost: 0 };
  const start = { x: 0, y: 0, ux: 1, uy: 0, z: 0, next: 0, primary: true };
  const waiting: Moving[] = [{ ...start, energy, charge: kind === "electron" ? charge : 0 }];
  const way: Way = { slope: Math.sinh(eta), sinTheta: 1 / perSin, barrel, services, energy, flight, waiting };
  while (waiting.length > 0) {
    const particle = waiting.pop()!, ended = cross(particle, way, draws);
    if (ended === "converted") continue;
    if (
      ended === "lost" || particle.energy < LOST_BELOW ||
      !moveTo(particle, ECAL.radius, way.slope, way.sinTheta)
    ) {
      flight.lost += particle.energy;
      continue;
    }
    flight.impacts.push({
      energy: particle.energy,
      row: (Math.asinh(particle.z / ECAL.radius) - eta) / ECAL.crystal,
      column: Math.atan2(particle.y, particle.x) / ECAL.crystal,
      charge: particle.charge,
    });
  }
  return flight;
}

/** What all particles of an event have in common. */
interface Way {
  slope: number;
  sinTheta: number;
  /** Radiation lengths in all, as met at this angle, of the layers and of the services. */
  barrel: number;
  services: number;
  /** The first particle's at its start, GeV. */
  energy: number;
  flight: Flight;
  /** Particles that are still to be followed. */
  waiting: Moving[];
}

/** Follows a particle through the layers, and says where it ended if it did not come out. */
function cross(particle: Moving, way: Way, draws: Draws): "lost" | "converted" | undefined {
  while (particle.next < SURFACES.length) {
    const { radius, share, service } = SURFACES[particle.next++];
    if (!moveTo(particle, radius, way.slope, way.sinTheta)) return "lost";
    const thickness = share * (service ? way.services : way.barrel);
    if (thickness === 0) continue;
    if (particle.charge !== 0) radiate(particle, thickness, way, draws);
    else if (draws.uniform() < 1 - Math.exp(-7 / 9 * thickness)) {
      if (particle.primary) way.flight.convertedAt = radius;
      convert(particle, way, draws);
      return "converted";
    }
  }
  return undefined;
}

/** A photon becomes an electron and a positron. */
function convert(photon: Moving, { waiting }: Way, draws: Draws): void {
  const first = drawPairShare(draws);
  for (const [part, sign] of [[first, 1], [1 - first, -1]]) {
    waiting.push({ ...photon, energy: part * photon.energy, charge: sign, primary: false });
  }
}

/** An electron gives some of its energy to photons. */
function radiate(particle: Moving, thickness: number, { flight, waiting, energy: whole }: Way, draws: Draws) {
  const least = SOFTEST / particle.energy;
  if (least >= 1) return;
  // thickness · ∫ (4/3 (1 - y) + y²)/y dy from `least` to 1
  const mean = thickness * (4 / 3 * (-Math.log(least) - 1 + least) + (1 - least * least) / 2);
  for (let n = draws.poisson(mean); n > 0; n--) {
    const energy = particle.energy * drawRadiated(Math.min(0.999, SOFTEST / particle.energy), draws);
    particle.energy -= energy;
    if (particle.primary) flight.radiated += energy / whole;
    waiting.push({ ...particle, energy, charge: 0, primary: false });
    if (particle.energy <= SOFTEST) break;
  }
}
