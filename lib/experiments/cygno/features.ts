/**
 * What an analysis without a network measures on a recoil's picture: light, length, width, density. The baselines that the
 * networks are compared with stand on these.
 *
 * Source: the cluster variables of CYGNO's reconstruction (arXiv:2007.12508), with one cluster an image. @module
 */

import { removeHotPixels } from "../../image/hot_pixels.ts";

/** Variables of the brightest cluster of a picture. */
export interface ClusterFeatures {
  /** Sum of the counts above the pedestal in the cluster and two pixels around it. */
  light: number;
  /** Pixels of the cluster. */
  area: number;
  /** Root mean square along the longer axis, weighted by light, pixels. */
  length: number;
  /** The same along the shorter axis. */
  width: number;
  /** Light in a pixel of the cluster, counts. */
  density: number;
}

/** Sides of the mean that finds clusters, pixels, and how far above the pedestal it must be: five times the noise of that mean. */
const SIDE = 5, THRESHOLD = 2;
/** How far a hot pixel is above its brightest neighbour, counts: six times the noise. */
export const HOT = 12;

/** What a picture without a cluster has. */
const NOTHING: Readonly<ClusterFeatures> = { light: 0, area: 0, length: 0, width: 0, density: 0 };

/** Counts above the pedestal, without hot pixels. */
function lightOf(counts: Uint8Array, height: number, width: number, pedestal: number): Float32Array {
  return Float32Array.from(
    removeHotPixels({ data: counts, height, width }, HOT).data,
    (count) => count - pedestal,
  );
}

/** Adds up SIDE values along one axis, each `step` from the next of its line; those beyond the line's ends count as 0. */
function addAlong(
  values: Float32Array,
  out: Float32Array,
  { lines, length, lineStep, step }: { lines: number; length: number; lineStep: number; step: number },
): void {
  const half = SIDE >> 1;
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let at = 0; at < length; at++) {
      let sum = 0;
      for (let k = Math.max(0, at - half), end = Math.min(length - 1, at + half); k <= end; k++) {
        sum += values[start + k * step];
      }
      out[start + at * step] = sum / SIDE;
    }
  }
}

/** Mean over squares of SIDE pixels; pixels outside count as pedestal. */
function smoothed(values: Float32Array, height: number, width: number): Float32Array {
  const rows = new Float32Array(values.length), out = new Float32Array(values.length);
  addAlong(values, rows, { lines: height, length: width, lineStep: width, step: 1 });
  addAlong(rows, out, { lines: width, length: height, lineStep: 1, step: width });
  return out;
}

/**
 * Measures the brightest cluster of a picture.
 *
 * @param counts [height, width], row-major.
 * @param pedestal Counts without light.
 * @returns Zeros if nothing stands out.
 * @example A dark picture has no cluster
 * ```ts
 * measureCluster(new Uint8Array(64).fill(99), 8, 8, 99).area; // 0
 * ```
 */
export function measureCluster(
  counts: Uint8Array,
  height: number,
  width: number,
  pedestal: number,
): ClusterFeatures {
  const light = lightOf(counts, height, width, pedestal), mean = smoothed(light, height, width);
  const label = new Int32Array(light.length);
  let best = 0, bestLight = 0;
  for (let start = 0, next = 1; start < light.length; start++) {
    if (label[start] !== 0 || mean[start] < THRESHOLD) continue;
    const pixels = [start], cluster = next++;
    let sum = 0;
    label[start] = cluster;
    for (let i = pixels.pop(); i !== undefined; i = pixels.pop()) {
      sum += mean[i];
      const row = Math.floor(i / width), column = i % width;
      for (let r = Math.max(0, row - 1); r <= Math.min(height - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++) {
          const j = r * width + c;
          if (label[j] === 0 && mean[j] >= THRESHOLD) {
            label[j] = cluster;
            pixels.push(j);
          }
        }
      }
    }
    if (sum > bestLight) [best, bestLight] = [cluster, sum];
  }
  return best === 0 ? NOTHING : moments(light, label, best, height, width);
}

function moments(
  light: Float32Array,
  label: Int32Array,
  best: number,
  height: number,
  width: number,
): ClusterFeatures {
  let area = 0, inside = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  const around = new Uint8Array(light.length); // the cluster and two pixels around it
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const i = r * width + c, value = light[i];
      if (label[i] !== best) continue;
      area++;
      inside += value;
      x += value * c, y += value * r, xx += value * c * c, yy += value * r * r, xy += value * c * r;
      const left = Math.max(0, c - 2), right = Math.min(width - 1, c + 2);
      for (let near = Math.max(0, r - 2); near <= Math.min(height - 1, r + 2); near++) {
        around.fill(1, near * width + left, near * width + right + 1);
      }
    }
  }
  if (inside <= 0) return NOTHING; // a pixel or two that are dark themselves, among brighter ones
  let total = 0;
  for (let i = 0; i < light.length; i++) if (around[i] === 1) total += light[i];
  const mx = x / inside, my = y / inside;
  const vx = xx / inside - mx * mx, vy = yy / inside - my * my, vxy = xy / inside - mx * my;
  const middle = (vx + vy) / 2, apart = Math.hypot((vx - vy) / 2, vxy);
  return {
    light: total,
    area,
    length: Math.sqrt(Math.max(0, middle + apart)),
    width: Math.sqrt(Math.max(0, middle - apart)),
    density: inside / area,
  };
}

/** Fits y ≈ a + b x + c x² by least squares; the estimator of energy from light that the course hints at, with room for saturation. */
export function fitQuadratic(x: ArrayLike<number>, y: ArrayLike<number>): (x: number) => number {
  const scale = Math.max(1e-12, ...Array.from(x, Math.abs)); // keeps the equations well conditioned
  const rows = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (let i = 0; i < x.length; i++) {
    const powers = [1, x[i] / scale, (x[i] / scale) ** 2];
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 3; c++) rows[r][c] += powers[r] * powers[c];
      rows[r][3] += powers[r] * y[i];
    }
  }
  for (let p = 0; p < 3; p++) { // Gauss and Jordan, with the largest pivot
    const pivot = rows.slice(p).reduce(
      (most, row, i) => Math.abs(row[p]) > Math.abs(rows[most][p]) ? p + i : most,
      p,
    );
    [rows[p], rows[pivot]] = [rows[pivot], rows[p]];
    if (Math.abs(rows[p][p]) < 1e-12) {
      throw new RangeError("Cannot fit a parabola as there are fewer than three different points");
    }
    for (let r = 0; r < 3; r++) {
      if (r === p) continue;
      const share = rows[r][p] / rows[p][p];
      for (let c = p; c < 4; c++) rows[r][c] -= share * rows[p][c];
    }
  }
  const [a, b, c] = rows.map((row, i) => row[3] / row[i]);
  return (value) => a + b * (value / scale) + c * (value / scale) ** 2;
}
