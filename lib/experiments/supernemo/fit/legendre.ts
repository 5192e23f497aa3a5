/**
 * Straight tracks through drift circles by the Legendre transform: each circle votes for the lines that touch it, and the line with most votes is refined.
 *
 * A line is x cos θ + y sin θ = R. A circle of radius r round a wire at (x, y) is touched by the two lines of every θ with R = x cos θ + y sin θ ± r. Votes are
 * collected over θ from 0 to π and R up to ±2,500 mm in 250 × 250 bins, twice again around the best bins with a tenth of the range, and spread over R
 * as far as a bin is coarse, at least by σ = 2 mm (with a kernel (1 − u²)² of that σ instead of a Gaussian). Hits within 6 mm of the line found are its own; by them the line is
 * fitted anew by least squares, each circle on the side that it lies, and the height by those that have one.
 *
 * Source: T. Alexopoulos et al., NIM A 592, 456 (2008); ranges, bins, σ and the 6 mm as in TKEvent (github.com/TomasKrizak/TKEvent), but R counts
 * from the hits' middle, the refinements have fewer bins, and least squares does the rest. @module
 */
import {
  type DriftCircles,
  inSpace,
  mean,
  missesOf,
  type PlaneLine,
  rootMeanSquare,
  type TrackFit,
  type TrackFitter,
  type TrackHint,
  upright,
  vertexOf,
} from "./lines.ts";

/** Options for {@linkcode createTrackFitter}. */
export interface TrackFitOptions {
  /** Radii that vote, mm. @default {[2, 35]} */
  radiiMm?: readonly [low: number, high: number];
  /** Fewest circles that vote. @default {3} */
  fewestHits?: number;
  /** Least spread of a vote, σ, mm. @default {2} */
  sigmaMm?: number;
  /** Farthest that a hit of the track may be from it, mm. @default {6} */
  associationMm?: number;
  /** Lines with this share of the most votes or more are refined. @default {0.75} */
  peakShare?: number;
}

/** Bins along θ and R of each level, and the range of R of the first. */
const LEVEL_BINS = [250, 100, 50], RANGE_MM = 2500, ZOOM = 10;
/** Lines that are refined at most, and bins that they must be apart. */
const MOST_PEAKS = 4, APART = 6;
/** Half of a (1 - u²)² kernel's width in its σ. */
const KERNEL_SIGMAS = Math.sqrt(7);

/** A part of the plane of lines. */
interface Window {
  theta: number;
  r: number;
  thetaWidth: number;
  rWidth: number;
}

interface Peak extends PlaneLine {
  votes: number;
}

/**
 * Makes a fitter, which keeps its memory from fit to fit.
 *
 * @example Three circles touched by the line y = 100 mm
 * ```ts
 * const fit = createTrackFitter();
 * const x = Float64Array.of(22, 66, 110, 154), y = Float64Array.of(88, 110, 88, 110);
 * const radius = Float64Array.of(12, 10, 12, 10), height = Float64Array.of(5, 5, 5, 5);
 * const { vertexYMm, angleDegrees } = fit({ x, y, radius, height })!;
 * Math.round(vertexYMm); // 100
 * Math.round(Math.abs(angleDegrees)); // 0
 * ```
 */
export function createTrackFitter(options: TrackFitOptions = {}): TrackFitter {
  const {
    radiiMm: [smallest, largest] = [2, 35],
    fewestHits = 3,
    sigmaMm = 2,
    associationMm = 6,
    peakShare = 0.75,
  } = options;
  const votes = new Float32Array(LEVEL_BINS[0] ** 2);

  /** Collects the votes of a window. */
  function vote(
    { x, y, radius }: DriftCircles,
    voting: readonly number[],
    window: Window,
    bins: number,
  ): void {
    votes.fill(0, 0, bins * bins);
    const { theta: thetaMiddle, r: rMiddle, thetaWidth, rWidth } = window;
    const step = thetaWidth / bins, wide = rWidth / bins, low = rMiddle - rWidth / 2;
    for (let t = 0; t < bins; t++) {
      const theta = thetaMiddle - thetaWidth / 2 + (t + 0.5) * step;
      const cosine = Math.cos(theta), sine = Math.sin(theta), row = t * bins;
      for (const i of voting) {
        const along = y[i] * cosine - x[i] * sine, off = x[i] * cosine + y[i] * sine;
        const variance = sigmaMm ** 2 + (wide / 2) ** 2 + (along * step / 2) ** 2;
        const half = KERNEL_SIGMAS * Math.sqrt(variance);
        for (let sign = -1; sign <= 1; sign += 2) {
          const at = off + sign * radius[i];
          const first = Math.max(0, Math.ceil((at - half - low) / wide - 0.5));
          const last = Math.min(bins - 1, Math.floor((at + half - low) / wide - 0.5));
          for (let bin = first; bin <= last; bin++) {
            const u = (low + (bin + 0.5) * wide - at) / half;
            votes[row + bin] += (1 - u * u) ** 2;
          }
        }
      }
    }
  }

  /** The places with most votes, apart from each other, best first. */
  function peaks(window: Window, bins: number, most: number, allowed: (theta: number, r: number) => boolean) {
    const lineAt = (place: number): Peak => ({
      theta: window.theta + ((Math.floor(place / bins) + 0.5) / bins - 0.5) * window.thetaWidth,
      r: window.r + ((place % bins + 0.5) / bins - 0.5) * window.rWidth,
      votes: votes[place],
    });
    const isAllowed = (place: number) => {
      const { theta, r } = lineAt(place);
      return allowed(theta, r);
    };
    let top = -1, topVotes = 0;
    for (let place = 0; place < bins * bins; place++) {
      if (votes[place] > topVotes && isAllowed(place)) [top, topVotes] = [place, votes[place]];
    }
    if (top < 0) return [];
    const found = [top], least = peakShare * topVotes, candidates: number[] = [];
    if (most > 1) {
      for (let place = 0; place < bins * bins; place++) {
        if (votes[place] > 0 && votes[place] >= least) candidates.push(place);
      }
    }
    const isNear = (a: number, b: number) =>
      Math.abs(Math.floor(a / bins) - Math.floor(b / bins)) < APART && Math.abs(a % bins - b % bins) < APART;
    while (found.length < most) {
      let best = -1;
      for (const place of candidates) {
        if (best >= 0 && votes[place] <= votes[best]) continue;
        if (!found.some((other) => isNear(other, place)) && isAllowed(place)) best = place;
      }
      if (best < 0) break;
      found.push(best);
    }
    return found.map(lineAt);
  }

  return (circles, hint = {}) => {
    const { x, y, radius } = circles;
    const voting = [...radius.keys()].filter((i) => radius[i] > smallest && radius[i] < largest);
    if (voting.length < fewestHits) return undefined;
    const middleX = mean(voting, x), middleY = mean(voting, y);
    const moved = { ...circles, x: x.map((value) => value - middleX), y: y.map((value) => value - middleY) };
    const allowed = hintTest(hint, middleX, middleY);
    const whole: Window = { theta: Math.PI / 2, r: 0, thetaWidth: Math.PI, rWidth: 2 * RANGE_MM };
    vote(moved, voting, whole, LEVEL_BINS[0]);
    let best: Peak | undefined;
    for (const coarse of peaks(whole, LEVEL_BINS[0], MOST_PEAKS, allowed)) {
      let peak = coarse;
      for (let level = 1; level < LEVEL_BINS.length; level++) {
        const scale = ZOOM ** level;
        const window = { ...peak, thetaWidth: Math.PI / scale, rWidth: 2 * RANGE_MM / scale };
        vote(moved, voting, window, LEVEL_BINS[level]);
        peak = peaks(window, LEVEL_BINS[level], 1, allowed)[0] ?? peak;
      }
      if (!best || peak.votes > best.votes) best = peak;
    }
    if (!best) return undefined;
    return describe(moved, best, associationMm, middleX, middleY);
  };
}

/** Whether a line of the moved plane agrees with a hint. */
function hintTest({ angleDegrees, vertexYMm }: TrackHint, middleX: number, middleY: number) {
  if (!angleDegrees && !vertexYMm) return () => true;
  return (theta: number, r: number) => {
    const degrees = (theta - Math.PI / 2) * 180 / Math.PI;
    if (angleDegrees && (degrees < angleDegrees[0] || degrees > angleDegrees[1])) return false;
    if (!vertexYMm) return true;
    const vertex = vertexOf(theta, r, middleX, middleY);
    return vertex >= vertexYMm[0] && vertex <= vertexYMm[1];
  };
}

/** Numbers of circles that a line touches. */
function touched({ x, y, radius }: DriftCircles, { theta, r }: Peak, withinMm: number): number[] {
  const cosine = Math.cos(theta), sine = Math.sin(theta);
  return [...x.keys()].filter((i) =>
    radius[i] >= 0 && Math.abs(Math.abs(x[i] * cosine + y[i] * sine - r) - radius[i]) < withinMm
  );
}

/** Moves a line to where it touches its circles best: Gauss-Newton on θ and R, each circle on the side that it lies. */
function polish({ x, y, radius }: DriftCircles, line: Peak, own: readonly number[]): Peak {
  let { theta, r } = line;
  if (own.length < 3) return line;
  for (let turn = 0; turn < 5; turn++) {
    const cosine = Math.cos(theta), sine = Math.sin(theta);
    let aa = 0, ab = 0, av = 0, bv = 0;
    for (const i of own) {
      const distance = x[i] * cosine + y[i] * sine - r, sign = distance < 0 ? -1 : 1;
      const slope = y[i] * cosine - x[i] * sine, miss = sign * radius[i] - distance;
      aa += slope * slope;
      ab -= slope;
      av += slope * miss;
      bv -= miss;
    }
    const determinant = aa * own.length - ab * ab;
    if (!(determinant > 1e-9 * aa * own.length)) break;
    theta += (av * own.length - bv * ab) / determinant;
    r += (bv * aa - av * ab) / determinant;
  }
  return { ...line, theta, r };
}

/** Smallest miss by which a circle may count as another track's, mm: below, it is resolution. */
const CLEAR_MISS_MM = 1;

/** Polishes by all own circles, then without those that are missed by three times as much as is usual. */
function polishRobustly(circles: DriftCircles, line: Peak, own: readonly number[]): Peak {
  const first = polish(circles, line, own);
  const sizes = missesOf(circles, first, own).map(Math.abs);
  const usual = [...sizes].sort((a, b) => a - b)[sizes.length >> 1];
  const clear = own.filter((_, k) => sizes[k] <= Math.max(CLEAR_MISS_MM, 3 * usual));
  return polish(circles, first, clear);
}

/** How much worse a mirror image may touch its circles to count as one, mm. */
const MIRROR_RESIDUAL_MM = 0.5;

/**
 * The mirror image of a line on the other side of its wires, where it touches the same circles as well.
 *
 * Circles whose wires lie on one line say nothing of the side: a line and its reflection about the wires are touched alike.
 */
function mirrorOf(circles: DriftCircles, line: Peak, own: readonly number[]): Peak | undefined {
  if (own.length < 3) return undefined;
  const { x, y } = circles, middleX = mean(own, x), middleY = mean(own, y);
  let xx = 0, xy = 0, yy = 0;
  for (const i of own) {
    xx += (x[i] - middleX) ** 2;
    xy += (x[i] - middleX) * (y[i] - middleY);
    yy += (y[i] - middleY) ** 2;
  }
  const normal = Math.atan2(2 * xy, xx - yy) / 2 + Math.PI / 2; // of the line through the wires
  const offset = middleX * Math.cos(normal) + middleY * Math.sin(normal);
  const image = {
    ...line,
    theta: 2 * normal - line.theta,
    r: 2 * offset * Math.cos(normal - line.theta) - line.r,
  };
  const best = upright(polish(circles, image, own));
  const same = Math.abs(Math.sin(best.theta - line.theta)) < 1e-3 && Math.abs(best.r - line.r) < 0.5;
  const worse = rootMeanSquare(missesOf(circles, best, own)) - rootMeanSquare(missesOf(circles, line, own));
  return same || worse > MIRROR_RESIDUAL_MM ? undefined : best;
}

/** The track of a line: its own hits, fitted by them, its mirror image, and its height. */
function describe(
  moved: DriftCircles,
  line: Peak,
  associationMm: number,
  middleX: number,
  middleY: number,
): TrackFit {
  const polished = polishRobustly(moved, line, touched(moved, line, associationMm));
  const ranAway = Math.abs(polished.theta - line.theta) > 0.1 || Math.abs(polished.r - line.r) > 50;
  const best = upright(ranAway ? line : polished);
  const hits = touched(moved, best, associationMm);
  const mirror = mirrorOf(moved, best, hits);
  return {
    ...inSpace(moved, best, hits, middleX, middleY),
    ...(mirror && { mirror: inSpace(moved, mirror, hits, middleX, middleY) }),
    hits,
    confidence: hits.length > 0 ? line.votes / hits.length : 0,
    residualMm: rootMeanSquare(missesOf(moved, best, hits)),
  };
}
