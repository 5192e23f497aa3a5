/**
 * Pictures of gravitational lenses, and of all else that a search for them meets, in g, r and i: 100 × 100 × 3, background-subtracted counts.
 *
 * A lens is a bright elliptical with arcs or rings: sources behind it, ray-traced through `lens_model.ts`. The others are ellipticals, spirals, mergers with
 * tidal tails, ring galaxies and ellipticals with blue neighbours (both look much like lenses), stars with spikes, and artefacts.
 * Everything stands in the same field of galaxies, group members and stars, with the same seeing and noise.
 *
 * Not modelled: dust, substructure and line-of-sight masses, lensed quasars and variability, several source planes, magnification of the field, sky
 * gradients, differences of astrometry between bands, masks. Shares of the kinds are assumed: no published set says them.
 * @module
 */
import { createDraws, type Draws } from "../../base/random.ts";
import { addNoise, addStars, BANDS, blurByPsf, drawSeeing, type Star } from "./camera.ts";
import { addLensed, addSersic, type Sersic, sersicProfile, SIDE } from "./canvas.ts";
import {
  countsByBand,
  drawElliptical,
  drawField,
  drawFieldStars,
  drawGroup,
  drawLensModel,
  drawSource,
  drawStar,
  type Painted,
} from "./population.ts";

/** What a picture shows in its middle. */
export type SceneKind =
  | "lens"
  | "elliptical"
  | "spiral"
  | "merger"
  | "ring"
  | "neighbour"
  | "star"
  | "artefact";

/** Shares of what is no lens. */
export const OTHER_SHARES: readonly (readonly [SceneKind, number])[] = [
  ["elliptical", 0.27],
  ["spiral", 0.25],
  ["merger", 0.14],
  ["ring", 0.06],
  ["neighbour", 0.08],
  ["star", 0.12],
  ["artefact", 0.08],
];

/** What was there. */
export interface SceneTruth {
  /** What stands there. */
  kind: SceneKind;
  /** Einstein radius in pixels, or 0. */
  einsteinRadius: number;
  /** Axis ratio of the deflector's mass, or 0. */
  massAxisRatio: number;
  /** Strength of the outer shear. */
  shear: number;
  /** Light of the lensed images over the source's own, or 0. */
  magnification: number;
  /** Light of the arcs over the noise of the pixels that they cover, in g; 0 for no lens. */
  arcSignalToNoise: number;
}

/** One picture. */
export interface Scene {
  /** [100, 100, 3], counts. */
  image: Float32Array;
  /** What was drawn. */
  truth: SceneTruth;
}

/** Arcs fainter than this would never have been found, so that no sample of known lenses has them; drawn again. */
const FAINTEST_ARC = 12;

/** Light before optics, by band. */
interface Layers {
  bands: Float32Array[];
  stars: Star[];
}

const PIXELS = SIDE * SIDE;
const single = new Float32Array(PIXELS);

/** Adds one shape in its counts to all bands. */
function paint(layers: Layers, { shape, counts }: Painted): void {
  single.fill(0);
  addSersic(single, shape);
  addScaled(layers, single, counts);
}

function addScaled({ bands }: Layers, layer: Float32Array, counts: readonly number[]): void {
  bands.forEach((band, b) => {
    for (let i = 0; i < PIXELS; i++) band[i] += counts[b] * layer[i];
  });
}

/** Stars, group and field that every picture has. */
function addSurroundings(layers: Layers, draws: Draws): void {
  for (const galaxy of drawField(draws)) paint(layers, galaxy);
  for (const galaxy of drawGroup(draws)) paint(layers, galaxy);
  layers.stars.push(...drawFieldStars(Math.PI * draws.uniform(), draws));
}

/** The deflector and its arcs. */
function addLens(layers: Layers, seeing: readonly number[], draws: Draws): SceneTruth {
  const deflector = drawElliptical(draws), model = drawLensModel(deflector, draws);
  const arcs = new Float32Array(PIXELS);
  for (;;) {
    const { shapes, counts } = drawSource(model.einsteinRadius, draws);
    arcs.fill(0);
    const magnification = addLensed(arcs, shapes, model, deflector.shape.x, deflector.shape.y);
    const seen = blurByPsf(arcs, BANDS[0].fwhm * seeing[0]);
    const squares = seen.reduce((sum, share) => sum + (share * counts[0]) ** 2, 0);
    const arcSignalToNoise = Math.sqrt(squares) / BANDS[0].skySigma;
    if (arcSignalToNoise < FAINTEST_ARC) continue;
    addScaled(layers, arcs, counts);
    paint(layers, deflector);
    return {
      kind: "lens",
      einsteinRadius: model.einsteinRadius,
      massAxisRatio: model.axisRatio,
      shear: model.shear,
      magnification,
      arcSignalToNoise,
    };
  }
}

/** A disc with arms and a bulge. */
function addSpiral(layers: Layers, draws: Draws): void {
  const bulge = drawElliptical(draws);
  const share = 0.1 + 0.4 * draws.uniform(), radius = 5 + 8 * draws.uniform();
  const disc: Sersic = {
    ...bulge.shape,
    ...{ index: 1, effectiveRadius: radius, axisRatio: 0.2 + 0.8 * draws.uniform() },
  };
  const whole = 0.5 * bulge.counts[2];
  bulge.shape.effectiveRadius = 0.25 * radius;
  paint(layers, { ...bulge, counts: bulge.counts.map((counts) => 0.5 * share * counts) });
  const profile = sersicProfile(disc);
  const arms = draws.uniform() < 0.8 ? 2 : 3, pitch = Math.tan(0.2 + 0.35 * draws.uniform());
  const strength = 0.3 + 0.6 * draws.uniform(), phase = 2 * Math.PI * draws.uniform();
  const handed = draws.uniform() < 0.5 ? 1 : -1, cosine = Math.cos(disc.angle), sine = Math.sin(disc.angle);
  single.fill(0);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const dx = column - disc.x, dy = row - disc.y;
      const u = cosine * dx + sine * dy, v = (cosine * dy - sine * dx) / disc.axisRatio;
      const distance = Math.hypot(u, v) + 0.5;
      const turn = handed * Math.atan2(v, u) - Math.log(distance) / pitch;
      const crest = Math.max(0, Math.cos(arms * turn + phase)) ** 3;
      // Arms begin outside the bulge.
      const grown = Math.min(1, distance / (0.6 * radius));
      single[row * SIDE + column] = profile(column, row) *
        (1 - 0.4 * strength + 3 * strength * grown * crest);
    }
  }
  const i = 30 - 2.5 * Math.log10(whole * (1 - share));
  addScaled(layers, single, countsByBand(i, 0.55 + 0.15 * draws.normal(), 0.35 + 0.1 * draws.normal()));
}

/** A bent stream of light, from a middle outwards: what is left of two galaxies that passed each other. */
function addTail(layers: Layers, x: number, y: number, counts: readonly number[], draws: Draws): void {
  const start = 2 * Math.PI * draws.uniform(),
    bend = (draws.uniform() < 0.5 ? 1 : -1) * (0.5 + 2 * draws.uniform());
  const length = 14 + 22 * draws.uniform(), near = 3 + 4 * draws.uniform(), knots = 26;
  single.fill(0);
  for (let knot = 0; knot < knots; knot++) {
    const along = (knot + 0.5) / knots, distance = near + along * length, turn = start + bend * along;
    addSersic(single, {
      x: x + distance * Math.cos(turn),
      y: y + distance * Math.sin(turn),
      flux: (1 - 0.6 * along) / knots,
      ...{ effectiveRadius: 1.8 + 1.5 * along, index: 0.7, axisRatio: 1, angle: 0 },
    });
  }
  addScaled(layers, single, counts);
}

function addMerger(layers: Layers, draws: Draws): void {
  const first = drawElliptical(draws), second = drawElliptical(draws);
  const apart = 5 + 12 * draws.uniform(), turn = 2 * Math.PI * draws.uniform();
  second.shape.x += apart * Math.cos(turn);
  second.shape.y += apart * Math.sin(turn);
  const mixed = 0.3 + 0.7 * draws.uniform();
  paint(layers, first);
  paint(layers, { ...second, counts: second.counts.map((counts) => mixed * counts) });
  for (let tails = 1 + Math.floor(2 * draws.uniform()); tails > 0; tails--) {
    const i = 20.8 + 0.8 * draws.normal();
    addTail(layers, first.shape.x, first.shape.y, countsByBand(i, 0.6, 0.35), draws);
  }
}

/** A ring of young stars about a red middle. */
function addRing(layers: Layers, draws: Draws): void {
  const middle = drawElliptical(draws);
  paint(layers, middle);
  const radius = 6 + 9 * draws.uniform(), width = 1.2 + 1.5 * draws.uniform();
  const axisRatio = 0.5 + 0.5 * draws.uniform(), angle = Math.PI * draws.uniform();
  const cosine = Math.cos(angle), sine = Math.sin(angle);
  const uneven = 0.6 * draws.uniform(), phase = 2 * Math.PI * draws.uniform();
  let sum = 0;
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const dx = column - middle.shape.x, dy = row - middle.shape.y;
      const u = cosine * dx + sine * dy, v = (cosine * dy - sine * dx) / axisRatio;
      const off = (Math.hypot(u, v) - radius) / width;
      const light = Math.exp(-0.5 * off * off) * (1 + uneven * Math.cos(Math.atan2(v, u) + phase));
      single[row * SIDE + column] = light;
      sum += light;
    }
  }
  for (let i = 0; i < PIXELS; i++) single[i] /= sum;
  addScaled(layers, single, countsByBand(20.6 + 0.7 * draws.normal(), 0.3 + 0.2 * draws.normal(), 0.2));
}

/** An elliptical with faint blue galaxies about it, stretched by nothing. */
function addNeighbours(layers: Layers, draws: Draws): void {
  const middle = drawElliptical(draws);
  paint(layers, middle);
  for (let n = 1 + draws.poisson(1); n > 0; n--) {
    const distance = 6 + 12 * draws.uniform(), turn = 2 * Math.PI * draws.uniform();
    paint(layers, {
      shape: {
        x: middle.shape.x + distance * Math.cos(turn),
        y: middle.shape.y + distance * Math.sin(turn),
        flux: 1,
        ...{ effectiveRadius: 1.5 + 2.5 * draws.uniform(), index: 1 },
        ...{ axisRatio: 0.25 + 0.6 * draws.uniform(), angle: Math.PI * draws.uniform() },
      },
      counts: countsByBand(
        21.8 + 0.7 * draws.normal(),
        0.3 + 0.25 * draws.normal(),
        0.2 + 0.2 * draws.normal(),
      ),
    });
  }
}

function addMiddleStar(layers: Layers, draws: Draws): void {
  const star = drawStar(15.5 + 5 * draws.uniform(), Math.PI * draws.uniform(), draws);
  layers.stars.push({ ...star, x: (SIDE - 1) / 2 + draws.normal(), y: (SIDE - 1) / 2 + draws.normal() });
}

/** Trails, cosmic rays, bad columns and ghosts: after the optics, most of them in one band, as bands are taken one after the other. */
function addArtefact(pictures: Float32Array[], draws: Draws): void {
  const band = Math.floor(BANDS.length * draws.uniform()), picture = pictures[band];
  const bright = BANDS[band].skySigma * (8 + 60 * draws.uniform() ** 2);
  const which = draws.uniform();
  if (which < 0.35) { // a satellite's trail
    const angle = Math.PI * draws.uniform(), width = 1.5 + 1.5 * draws.uniform();
    const offset = 30 * (draws.uniform() - 0.5);
    forEachPixel((dx, dy, at) => {
      const across = Math.sin(angle) * dx - Math.cos(angle) * dy - offset;
      picture[at] += bright * Math.exp(-0.5 * (across / width) ** 2);
    });
  } else if (which < 0.6) { // cosmic rays
    for (let n = 2 + draws.poisson(4); n > 0; n--) {
      let x = SIDE * draws.uniform(), y = SIDE * draws.uniform();
      const angle = Math.PI * draws.uniform();
      for (let step = 1 + draws.poisson(6); step > 0; step--) {
        const column = Math.floor(x), row = Math.floor(y);
        if (column >= 0 && column < SIDE && row >= 0 && row < SIDE) {
          picture[row * SIDE + column] += 6 * bright * draws.exponential();
        }
        x += Math.cos(angle);
        y += Math.sin(angle);
      }
    }
  } else if (which < 0.75) { // a bad column
    const column = Math.floor(SIDE * draws.uniform());
    const sign = draws.uniform() < 0.5 ? 1 : -0.3;
    for (let row = 0; row < SIDE; row++) picture[row * SIDE + column] += sign * bright;
  } else { // a ghost: light of a bright star, reflected twice, a ring out of focus
    const radius = 12 + 25 * draws.uniform(), x = 25 * draws.normal(), y = 25 * draws.normal();
    for (const [b, each] of pictures.entries()) {
      const light = 0.15 * bright * (1 + 0.3 * b);
      forEachPixel((dx, dy, at) => {
        const distance = Math.hypot(dx - x, dy - y);
        each[at] += light * Math.exp(-0.5 * ((distance - radius) / 2.5) ** 2) +
          (distance < radius ? 0.3 * light : 0);
      });
    }
  }
}

/** Calls with the place from the middle. */
function forEachPixel(call: (dx: number, dy: number, at: number) => void): void {
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      call(column - (SIDE - 1) / 2, row - (SIDE - 1) / 2, row * SIDE + column);
    }
  }
}

/** One of the kinds that are no lens, by their shares. */
function drawOtherKind(draws: Draws): SceneKind {
  let left = draws.uniform();
  for (const [kind, share] of OTHER_SHARES) if ((left -= share) < 0) return kind;
  return OTHER_SHARES[0][0];
}

/**
 * Simulates one picture.
 *
 * @param kind What it shows; "other" draws one of the kinds that are no lens.
 * @param rng Uniform random numbers; all that is random comes from here.
 * @example
 * ```ts
 * import { createRng } from "../../base/rng.ts";
 * const { image, truth } = simulateScene("lens", createRng(7));
 * image.length; // 30000
 * truth.einsteinRadius > 3; // true
 * ```
 */
export function simulateScene(kind: SceneKind | "other", rng: () => number): Scene {
  const draws = createDraws(rng), shown = kind === "other" ? drawOtherKind(draws) : kind;
  const layers: Layers = { bands: BANDS.map(() => new Float32Array(PIXELS)), stars: [] };
  const seeing = drawSeeing(draws);
  let truth: SceneTruth = {
    kind: shown,
    ...{ einsteinRadius: 0, massAxisRatio: 0, shear: 0, magnification: 0, arcSignalToNoise: 0 },
  };
  addSurroundings(layers, draws);
  if (shown === "lens") truth = addLens(layers, seeing, draws);
  else if (shown === "spiral") addSpiral(layers, draws);
  else if (shown === "merger") addMerger(layers, draws);
  else if (shown === "ring") addRing(layers, draws);
  else if (shown === "neighbour") addNeighbours(layers, draws);
  else if (shown === "star") addMiddleStar(layers, draws);
  else paint(layers, drawElliptical(draws)); // an artefact, too, lies over something

  const left = Math.exp(0.15 * draws.normal()); // how much light was not subtracted, alike in all bands
  const pictures = BANDS.map((band, b) => {
    const fwhm = band.fwhm * seeing[b], picture = blurByPsf(layers.bands[b], fwhm);
    addStars(picture, layers.stars, fwhm, b);
    for (let i = 0; i < PIXELS; i++) picture[i] += band.pedestal * left;
    return picture;
  });
  if (shown === "artefact") addArtefact(pictures, draws);
  const image = new Float32Array(PIXELS * BANDS.length);
  pictures.forEach((picture, b) => {
    addNoise(picture, BANDS[b], draws);
    for (let i = 0; i < PIXELS; i++) image[i * BANDS.length + b] = picture[i];
  });
  return { image, truth };
}
