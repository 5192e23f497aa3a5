/**
 * Lines through drift circles: what fits take and give, and how a line of a side's plane is seen from the foil.
 *
 * A line is x cos θ + y sin θ = r, in mm, in a plane that may be moved so that its origin lies among the hits. @module
 */

/** Hits of one side of the foil: [n] each, mm. */
export interface DriftCircles {
  /** Of the wire, away from the foil. */
  readonly x: Float64Array;
  /** Of the wire, along the foil. */
  readonly y: Float64Array;
  readonly radius: Float64Array;
  /** 0 where it is missing. */
  readonly height: Float64Array;
}

/** A line seen from above. */
export interface TrackLine {
  /** Angle to the foil's normal, degrees from -90 to 90: the arctangent of dy/dx. */
  angleDegrees: number;
  /** Where it leaves the foil, x = 0, mm. */
  vertexYMm: number;
}

/** A line in space. */
export interface SpaceLine extends TrackLine {
  /** Height on the foil; NaN where fewer than two hits have a height. */
  vertexZMm: number;
  /** dz/dx; NaN where fewer than two hits have a height. */
  slopeZ: number;
}

/** A fitted track. */
export interface TrackFit extends SpaceLine {
  /** Its image on the other side of the wires, where all of them lie on a line, so that circles alone cannot tell the two apart. */
  mirror?: SpaceLine;
  /** Standard deviations of angle and place, where the fit knows them. */
  sigma?: { angleDegrees: number; vertexYMm: number };
  /** Numbers of the hits that are its own. */
  hits: number[];
  /** Votes over own hits: 1 where all circles are touched exactly. */
  confidence: number;
  /** Root mean square of distance from the wire less radius over its own hits, mm. */
  residualMm: number;
}

/** A track of an event: which side it is on, and its hits by their numbers in the event. */
export interface EventTrack extends TrackFit {
  side: number;
}

/** What is known of a track beforehand. */
export interface TrackHint {
  /** Range of its angle to the foil's normal, degrees. @default {[-90, 90]} */
  angleDegrees?: readonly [low: number, high: number];
  /** Range of where it leaves the foil, mm. @default {anywhere} */
  vertexYMm?: readonly [low: number, high: number];
}

/** Fits one track to circles; nothing where too few circles vote. */
export type TrackFitter = (circles: DriftCircles, hint?: TrackHint) => TrackFit | undefined;

/** A line of the plane. */
export interface PlaneLine {
  /** Direction of its normal, radians. */
  theta: number;
  /** Distance from the origin along it, mm. */
  r: number;
}

/** Mean of some values. */
export function mean(chosen: readonly number[], values: Float64Array): number {
  return chosen.reduce((sum, i) => sum + values[i], 0) / chosen.length;
}

/** Where a line of the moved plane crosses the foil. */
export function vertexOf(theta: number, r: number, middleX: number, middleY: number): number {
  return middleY + (r + middleX * Math.cos(theta)) / Math.sin(theta);
}

/** By how much a line misses its circles, mm. */
export function missesOf(
  { x, y, radius }: DriftCircles,
  { theta, r }: PlaneLine,
  own: readonly number[],
): number[] {
  const cosine = Math.cos(theta), sine = Math.sin(theta);
  return own.map((i) => Math.abs(x[i] * cosine + y[i] * sine - r) - radius[i]);
}

/** Root of the mean square. */
export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

/** Angle and place on the foil of a line of the moved plane. */
export function seenFromFoil({ theta, r }: PlaneLine, middleX: number, middleY: number): TrackLine {
  let degrees = (theta - Math.PI / 2) * 180 / Math.PI; // dy/dx = -cos θ / sin θ = tan(θ - 90°)
  if (degrees > 90) degrees -= 180;
  if (degrees < -90) degrees += 180;
  return { angleDegrees: degrees, vertexYMm: vertexOf(theta, r, middleX, middleY) };
}

/** The same line with θ from 0 to π. */
export function upright<L extends PlaneLine>(line: L): L {
  const half = Math.floor(line.theta / Math.PI);
  return { ...line, theta: line.theta - half * Math.PI, r: half % 2 === 0 ? line.r : -line.r };
}

/** A line with its heights, by those of its hits that have one. */
export function inSpace(
  { x, y, height }: DriftCircles,
  line: PlaneLine,
  hits: readonly number[],
  middleX: number,
  middleY: number,
): SpaceLine {
  const cosine = Math.cos(line.theta), sine = Math.sin(line.theta);
  const high = hits.filter((i) => height[i] !== 0);
  const along = (i: number) => y[i] * cosine - x[i] * sine;
  const { slope, at } = fitLine(high.map(along), high.map((i) => height[i]));
  const seen = seenFromFoil(line, middleX, middleY);
  const vertexAlong = (seen.vertexYMm - middleY) * cosine + middleX * sine;
  return {
    ...seen,
    vertexZMm: at + slope * vertexAlong,
    slopeZ: -slope / sine, // a step of 1 along x is one of -1 / sin θ along the line
  };
}

/** Least squares of v = at + slope · u; NaN for fewer than two places. */
function fitLine(u: readonly number[], v: readonly number[]): { slope: number; at: number } {
  const n = u.length, meanU = u.reduce((a, b) => a + b, 0) / n, meanV = v.reduce((a, b) => a + b, 0) / n;
  let uu = 0, uv = 0;
  for (let i = 0; i < n; i++) {
    uu += (u[i] - meanU) ** 2;
    uv += (u[i] - meanU) * (v[i] - meanV);
  }
  const slope = n > 1 && uu > 0 ? uv / uu : NaN;
  return { slope, at: meanV - slope * meanU };
}
