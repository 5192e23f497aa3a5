/** A scatter of points in space as a page on which it can be turned. @module */
import { pageHtml } from "./_page.ts";
import script from "./page/turnable_scatter.js" with { type: "text" };

/** A point; its place is within the box of {@linkcode TurnableScatterOptions}. */
export interface SpacePoint {
  /** Along the first axis. */
  x: number;
  /** Along the second axis. */
  y: number;
  /** Up. */
  z: number;
  /** What the colour is of. */
  value: number;
  /** Area, square pixels. */
  size: number;
}

/** Options for {@linkcode turnableScatterHtml}. */
export interface TurnableScatterOptions {
  /** Above the chart. */
  title: string;
  /** What stands at the three axes. */
  names: readonly [x: string, y: string, z: string];
  /** From where to where the box goes, along each axis. */
  ranges: readonly [x: readonly [number, number], y: readonly [number, number], z: readonly [number, number]];
  /** What the colour means. */
  valueTitle: string;
}

/**
 * Writes the page: dragging or the arrow keys turn the box; points are half transparent, far ones first.
 *
 * @throws {RangeError} If a range is empty or a number is none.
 * @example One hit
 * ```ts
 * const page = turnableScatterHtml([{ x: 1, y: 1, z: 0, value: 2, size: 50 }], {
 *   title: "A hit",
 *   names: ["column", "row", "time"],
 *   ranges: [[0, 2], [0, 2], [-1, 1]],
 *   valueTitle: "energy",
 * });
 * page.startsWith("<!doctype html>"); // true
 * ```
 */
export function turnableScatterHtml(points: readonly SpacePoint[], options: TurnableScatterOptions): string {
  const { title, names, ranges, valueTitle } = options;
  if (!ranges.every(([from, to]) => from < to)) {
    throw new RangeError(`Cannot draw points in space as a range is empty: got ${JSON.stringify(ranges)}`);
  }
  const wrong = points.findIndex((point) => !Object.values(point).every(Number.isFinite));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot draw points in space as all must be numbers: point ${wrong} is ${
        JSON.stringify(points[wrong])
      }`,
    );
  }
  const body =
    `<canvas width="620" height="620" tabindex="0" role="img" aria-label="Points in space; the arrow keys turn them"></canvas>` +
    `<div class="bar"><output></output></div><p>Drag, or use the arrow keys.</p>`;
  return pageHtml({ title, body, data: { points, names, ranges, valueTitle }, script });
}
