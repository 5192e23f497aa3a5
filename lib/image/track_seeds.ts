/**
 * Straight lines that an event's hits agree on, found one after the other: what a network that takes tracks apart is told beforehand.
 *
 * A line touches the circles of two hits, on either side of each, and passes both heights; of many such pairs the line that most hits confirm is
 * taken, its hits are put aside, and the next is looked for. As RANSAC (Fischler and Bolles, 1981), scored as MSAC (Torr and Zisserman, 2000). The pairs
 * are drawn by a generator of its own, alike for all events, so that an event always has the same lines. @module
 */
import { createRng } from "../base/rng.ts";
import { CELL_MM, type TrackerHits } from "./tracker_events.ts";

/** Lines that are looked for. */
export const TRACK_SEEDS = 6;

/** Pairs that are tried for each line, and hits that make a line. */
const PAIRS = 40, FEWEST = 3;

/** How far a radius and a height may be from the line's, in cells. */
const RADIUS_REACH = 0.2, HEIGHT_REACH = 1.5;

/** How far a wire may be from the line where its radius is not known, in cells. */
const WIRE_REACH = 0.7;

/** Hits of an event, in cells; a height that is missing is NaN, an unknown radius -1. */
interface Circles {
  side: Uint8Array;
  x: Float64Array;
  y: Float64Array;
  radius: Float64Array;
  height: Float64Array;
}

/** A line above a side: n · p = offset with the unit normal n = (a, b), and the height at the place t = b x - a y along it. */
interface Line {
  side: number;
  a: number;
  b: number;
  offset: number;
  height: number;
  rise: number;
}

function circlesOf(hits: TrackerHits, numbers: readonly number[]): Circles {
  const of = (value: (i: number) => number) => Float64Array.from(numbers, value);
  return {
    side: Uint8Array.from(numbers, (i) => hits.side[i]),
    x: of((i) => hits.layer[i]),
    y: of((i) => hits.column[i]),
    radius: of((i) => hits.radiusMm[i] < 0 ? -1 : hits.radiusMm[i] / CELL_MM),
    height: of((i) => hits.heightMm[i] === 0 ? NaN : hits.heightMm[i] / CELL_MM),
  };
}

/** How far along a line a hit is. */
function placeAlong({ x, y }: Circles, { a, b }: Line, k: number): number {
  return b * x[k] - a * y[k];
}

/** Square of how far a hit is from a line, 1 where it is as far as it may be. */
function distance(circles: Circles, line: Line, k: number): number {
  const { side, x, y, radius, height } = circles;
  if (side[k] !== line.side) return Infinity;
  const off = Math.abs(line.a * x[k] + line.b * y[k] - line.offset);
  const across = radius[k] < 0 ? off / WIRE_REACH : (off - radius[k]) / RADIUS_REACH;
  const squared = across * across;
  if (squared >= 1) return squared; // however high it is
  const up = (height[k] - line.height - line.rise * placeAlong(circles, line, k)) / HEIGHT_REACH;
  return Number.isNaN(up) ? squared : squared + up * up;
}

/** The line that touches two circles, each from the side that its sign says; undefined where there is none. */
function lineThrough(c: Circles, i: number, j: number, signI: number, signJ: number): Line | undefined {
  const dx = c.x[j] - c.x[i], dy = c.y[j] - c.y[i], squared = dx * dx + dy * dy;
  const ri = signI * Math.max(0, c.radius[i]), more = signJ * Math.max(0, c.radius[j]) - ri;
  const rest = squared - more * more;
  if (squared === 0 || rest < 0.25) return undefined;
  const root = Math.sqrt(rest); // how far apart they are along the line
  const a = (more * dx - root * dy) / squared, b = (more * dy + root * dx) / squared;
  const first = b * c.x[i] - a * c.y[i], rise = (c.height[j] - c.height[i]) / root;
  return {
    side: c.side[i],
    a,
    b,
    offset: a * c.x[i] + b * c.y[i] - ri,
    height: c.height[i] - rise * first,
    rise,
  };
}

const SIGNS = [[1, 1], [1, -1], [-1, 1], [-1, -1]] as const;

/** How many of some hits confirm a line, each the more the nearer it is. */
function supportOf(c: Circles, line: Line, numbers: readonly number[]): number {
  let sum = 0;
  for (const k of numbers) sum += Math.max(0, 1 - distance(c, line, k));
  return sum;
}

/** A line, and how many confirm it. */
interface Found {
  line: Line;
  support: number;
}

/** The best of the lines through two hits, if it is better than what was found so far. */
function better(
  c: Circles,
  best: Found | undefined,
  [i, j]: readonly [number, number],
  numbers: readonly number[],
): Found | undefined {
  if (i === j || c.side[i] !== c.side[j]) return best;
  for (const [signI, signJ] of SIGNS) {
    const line = lineThrough(c, i, j, signI, signJ);
    if (!line) continue;
    const support = supportOf(c, line, numbers);
    if (support > (best?.support ?? 0)) best = { line, support };
  }
  return best;
}

/** The line that most of some hits confirm: of pairs that are drawn, then of pairs far apart among those that confirm it. */
function bestLine(c: Circles, numbers: readonly number[], rng: () => number): Line | undefined {
  const draw = () => numbers[Math.floor(numbers.length * rng())];
  let best: Found | undefined;
  for (let pair = 0; pair < PAIRS; pair++) best = better(c, best, [draw(), draw()], numbers);
  if (!best) return undefined;
  const { line } = best;
  const own = numbers.filter((k) => distance(c, line, k) < 1)
    .sort((i, j) => placeAlong(c, line, i) - placeAlong(c, line, j));
  for (let end = 0; end < Math.min(3, own.length >> 1); end++) {
    best = better(c, best, [own[end], own[own.length - 1 - end]], numbers);
  }
  return best && best.support > FEWEST - 1 ? best.line : undefined;
}

/**
 * How near each of some hits of an event is to each line that they agree on, the line that most confirm first.
 *
 * @param numbers The hits, by their numbers among all.
 * @returns [hits, {@linkcode TRACK_SEEDS}], from 1 on the line to 0 far away, 1/2 where a hit is just near enough; 0 of a line that there is not.
 */
export function seedNearness(hits: TrackerHits, numbers: readonly number[]): Float32Array {
  const c = circlesOf(hits, numbers),
    out = new Float32Array(numbers.length * TRACK_SEEDS),
    rng = createRng(1);
  let left = numbers.map((_, k) => k);
  for (let seed = 0; seed < TRACK_SEEDS && left.length >= FEWEST; seed++) {
    const line = bestLine(c, left, rng);
    if (!line) break;
    for (let k = 0; k < numbers.length; k++) out[k * TRACK_SEEDS + seed] = 1 / (1 + distance(c, line, k));
    left = left.filter((k) => distance(c, line, k) >= 1);
  }
  return out;
}
