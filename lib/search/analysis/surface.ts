/** A surface through what trials gave, over two parameters: what a contour chart draws. @module */
import type { Dimension } from "../space.ts";
import type { Trial } from "../trial.ts";

/** A part of one axis: a value of a list, or a stretch of a range. */
export interface AxisCell {
  /** The value, or where the stretch begins. */
  from: string | number | boolean;
  /** Where the stretch ends; absent for a list. */
  to?: number;
  /** Its middle, from 0 to 1 along a range; the place in a list. */
  place: number;
}

/** A rectangle of two axes, and the smoothed value in its middle. */
export interface SurfaceCell {
  a: AxisCell;
  b: AxisCell;
  value: number;
}

/** Stretches of a range. */
const STRETCHES = 24;
/** Trials on another value of a list count so much for this one: enough to fill what nobody tried. */
const ELSEWHERE = 1e-3;

/**
 * Smooths the first objective of some trials over two parameters.
 *
 * Each cell has the mean of all trials, weighted by a normal distribution around it (E. Nadaraya, G. Watson, 1964) whose
 * width, by Scott's rule in two dimensions, is a share n^(-1/6) of the spread of points that fill an axis evenly.
 *
 * @param trials That have values; those without both parameters are left out.
 * @returns Row by row, `a` changing slowest; empty where no trial has both.
 * @example
 * ```ts
 * import { defineSpace } from "../space.ts";
 * import { imported } from "./csv.ts";
 * const { dimensions: [x, kind] } = defineSpace({ x: { low: 0, high: 1, float: true }, kind: ["a", "b"] });
 * const trials = [{ ...imported({ x: 0.5, kind: "b" }, 3), number: 0 }];
 * smoothSurface(x, kind, trials).length; // 48
 * ```
 */
export function smoothSurface(a: Dimension, b: Dimension, trials: readonly Trial[]): SurfaceCell[] {
  const known = trials.filter(({ params }) => Object.hasOwn(params, a.name) && Object.hasOwn(params, b.name));
  if (known.length === 0) return [];
  const points = known.map(({ params, values }) => ({
    a: placeOf(a, params[a.name]),
    b: placeOf(b, params[b.name]),
    value: values![0],
  }));
  const width = Math.sqrt(1 / 12) * points.length ** (-1 / 6);
  return cellsOf(a).flatMap((cellA) =>
    cellsOf(b).map((cellB): SurfaceCell => {
      let sum = 0, weights = 0;
      for (const point of points) {
        const weight = closeness(a, point.a - cellA.place, width) *
          closeness(b, point.b - cellB.place, width);
        sum += weight * point.value;
        weights += weight;
      }
      return { a: cellA, b: cellB, value: sum / weights };
    })
  );
}

function closeness({ kind }: Dimension, distance: number, width: number): number {
  if (kind === "choice") return distance === 0 ? 1 : ELSEWHERE;
  return Math.exp(-0.5 * (distance / width) ** 2) + 1e-12; // nothing is so far that it counts for nothing
}

function placeOf(dimension: Dimension, value: unknown): number {
  if (dimension.kind === "choice") return dimension.choices.indexOf(value as number);
  const { low, high, log } = dimension, x = Number(value);
  return log ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low);
}

function cellsOf(dimension: Dimension): AxisCell[] {
  if (dimension.kind === "choice") return dimension.choices.map((from, place) => ({ from, place }));
  const { low, high, log } = dimension;
  const valueAt = (place: number) => log ? low * (high / low) ** place : low + place * (high - low);
  return Array.from({ length: STRETCHES }, (_, i) => ({
    from: valueAt(i / STRETCHES),
    to: valueAt((i + 1) / STRETCHES),
    place: (i + 0.5) / STRETCHES,
  }));
}
