/**
 * Straight tracks through drift circles by maximum likelihood, with both sides of every wire and with hits of other tracks in it.
 *
 * A radius r of a wire that a line passes at distance d is a sum of two Gaussians around d and -d, as a circle does not say on which side it is touched,
 * and, for a share of the hits, anything up to a cell's width: another track's, or noise. The line is moved to where all radii are likeliest together
 * (expectation and maximisation: each hit's chance to be the track's, then weighted least squares), from what the Legendre transform finds and from its mirror
 * image; the likelier of the two is taken. The curvature there gives the standard deviations.
 *
 * Source: the fit that newer TKEvent (2024) recommends in place of the transform alone; ours in detail. @module
 */
import { CELL_MM } from "../../../image/tracker_events.ts";
import { createTrackFitter, type TrackFitOptions } from "./legendre.ts";
import {
  type DriftCircles,
  inSpace,
  mean,
  missesOf,
  type PlaneLine,
  rootMeanSquare,
  type TrackFitter,
  type TrackLine,
  upright,
} from "./lines.ts";

/** Options for {@linkcode createLikelihoodFitter}. */
export interface LikelihoodFitOptions extends TrackFitOptions {
  /** Standard deviation of a radius, mm. @default {0.7} */
  resolutionMm?: number;
  /** Share of the hits near a track that are not its own. @default {0.05} */
  strangers?: number;
}

/** Steps at most, and the change of θ below which they end. */
const STEPS = 30, ENOUGH = 1e-9;

/** A line at its likeliest. */
interface Likeliest {
  line: PlaneLine;
  logLikelihood: number;
  /** Chance of each hit to be the track's. */
  chances: Float64Array;
  /** Inverse of the covariance of θ and r. */
  information: readonly [tt: number, tr: number, rr: number];
}

/**
 * Makes a fitter by maximum likelihood.
 *
 * @example Three circles touched by the line y = 100 mm
 * ```ts
 * const fit = createLikelihoodFitter();
 * const x = Float64Array.of(22, 66, 110, 154), y = Float64Array.of(88, 110, 88, 110);
 * const radius = Float64Array.of(12, 10, 12, 10), height = Float64Array.of(5, 5, 5, 5);
 * const { vertexYMm, sigma } = fit({ x, y, radius, height })!;
 * Math.round(vertexYMm); // 100
 * sigma!.vertexYMm < 1; // true
 * ```
 */
export function createLikelihoodFitter(options: LikelihoodFitOptions = {}): TrackFitter {
  const { resolutionMm = 0.7, strangers = 0.05 } = options;
  const start = createTrackFitter(options), { radiiMm: [, largest] = [2, 35] } = options;

  /** What a line says of all circles, and how it is to be moved. */
  function judge({ x, y, radius }: DriftCircles, known: readonly number[], { theta, r }: PlaneLine) {
    const cosine = Math.cos(theta), sine = Math.sin(theta), chances = new Float64Array(x.length);
    const height = (1 - strangers) / (Math.sqrt(2 * Math.PI) * resolutionMm);
    let logLikelihood = 0, tt = 0, tr = 0, rr = 0, t = 0, s = 0;
    for (const i of known) {
      const distance = x[i] * cosine + y[i] * sine - r;
      const ofSide = (side: number) =>
        height * Math.exp(-0.5 * ((radius[i] - side * distance) / resolutionMm) ** 2);
      // A stranger's radius is anything within a cell.
      const right = ofSide(1), left = ofSide(-1), all = right + left + strangers / CELL_MM;
      logLikelihood += Math.log(all);
      chances[i] = (right + left) / all;
      const slope = y[i] * cosine - x[i] * sine;
      for (const [side, density] of [[1, right], [-1, left]] as const) {
        const weight = density / all / resolutionMm ** 2, miss = side * radius[i] - distance;
        tt += weight * slope * slope;
        tr -= weight * slope;
        rr += weight;
        t += weight * slope * miss;
        s -= weight * miss;
      }
    }
    return { logLikelihood, chances, information: [tt, tr, rr] as const, gradient: [t, s] as const };
  }

  /** Moves a line until it is at its likeliest. */
  function maximise(circles: DriftCircles, known: readonly number[], from: PlaneLine): Likeliest {
    let line = from, state = judge(circles, known, line);
    for (let step = 0; step < STEPS; step++) {
      const { information: [tt, tr, rr], gradient: [t, s] } = state;
      const determinant = tt * rr - tr * tr;
      if (!(determinant > 1e-9 * tt * rr)) break;
      const turn = (t * rr - s * tr) / determinant;
      const next = { theta: line.theta + turn, r: line.r + (s * tt - t * tr) / determinant };
      const there = judge(circles, known, next);
      if (there.logLikelihood < state.logLikelihood) break;
      [line, state] = [next, there];
      if (Math.abs(turn) < ENOUGH) break;
    }
    return { line: upright(line), ...state };
  }

  return (circles, hint) => {
    const found = start(circles, hint);
    if (!found) return undefined;
    const { x, y, radius } = circles,
      known = [...radius.keys()].filter((i) => radius[i] >= 0 && radius[i] < largest);
    const middleX = mean(found.hits, x), middleY = mean(found.hits, y);
    const moved = { ...circles, x: x.map((value) => value - middleX), y: y.map((value) => value - middleY) };
    const images = [found, ...(found.mirror ? [found.mirror] : [])].map((line) =>
      maximise(moved, known, inPlane(line, middleX, middleY))
    );
    const best = images.reduce((a, b) => b.logLikelihood > a.logLikelihood ? b : a);
    const other = images.find((image) => image !== best);
    const hits = known.filter((i) => best.chances[i] > 0.5);
    if (hits.length < 3) return found;
    const track = inSpace(moved, best.line, hits, middleX, middleY);
    const misses = missesOf(moved, best.line, hits);
    return {
      ...track,
      ...(other && { mirror: inSpace(moved, other.line, hits, middleX, middleY) }),
      hits,
      sigma: sigmasOf(best, middleX),
      confidence: mean(hits, best.chances),
      residualMm: rootMeanSquare(misses),
    };
  };
}

/** A line as seen from the foil, in a plane moved by its middle. */
function inPlane({ angleDegrees, vertexYMm }: TrackLine, middleX: number, middleY: number): PlaneLine {
  const theta = angleDegrees * Math.PI / 180 + Math.PI / 2;
  return { theta, r: -middleX * Math.cos(theta) + (vertexYMm - middleY) * Math.sin(theta) };
}

/** Standard deviations of the angle and of the place on the foil. */
function sigmasOf({ line: { theta, r }, information: [tt, tr, rr] }: Likeliest, middleX: number) {
  const determinant = tt * rr - tr * tr, cosine = Math.cos(theta), sine = Math.sin(theta);
  const varianceTheta = rr / determinant, varianceR = tt / determinant, covariance = -tr / determinant;
  // The place is (r + middleX cos θ) / sin θ beyond the middle.
  const byTheta = -(middleX + r * cosine) / sine ** 2, byR = 1 / sine;
  const variance = byTheta ** 2 * varianceTheta + 2 * byTheta * byR * covariance + byR ** 2 * varianceR;
  return { angleDegrees: Math.sqrt(varianceTheta) * 180 / Math.PI, vertexYMm: Math.sqrt(variance) };
}
