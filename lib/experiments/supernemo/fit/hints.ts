/** Where a track goes, in a few bins: what a network can tell a fit beforehand. @module */
import { CELL_MM, TRACKER_CELLS } from "../../../image/tracker_events.ts";
import type { TrackHint } from "./lines.ts";

/** Segments of the angle, 36° each, and of the foil, as published. */
export const ANGLE_SEGMENTS = 5, FOIL_SEGMENTS = 10;

/** Length of the foil. */
const FOIL_MM = TRACKER_CELLS.columns * CELL_MM;

function segmentOf(value: number, low: number, width: number, segments: number): number {
  return Math.min(segments - 1, Math.max(0, Math.floor((value - low) / width)));
}

/**
 * Segment of an angle to the foil's normal: 0 from -90°, 4 up to 90°.
 *
 * @example
 * ```ts
 * angleSegment(0); // 2
 * angleSegment(-89); // 0
 * ```
 */
export function angleSegment(angleDegrees: number): number {
  return segmentOf(angleDegrees, -90, 180 / ANGLE_SEGMENTS, ANGLE_SEGMENTS);
}

/** Segment of a place on the foil, mm from its middle: 0 to 9. */
export function foilSegment(vertexYMm: number): number {
  return segmentOf(vertexYMm, -FOIL_MM / 2, FOIL_MM / FOIL_SEGMENTS, FOIL_SEGMENTS);
}

/**
 * What segments tell a fit, a little wider than they are.
 *
 * @param angle Of {@linkcode angleSegment}, where it is known.
 * @param foil Of {@linkcode foilSegment}, where it is known.
 * @example
 * ```ts
 * hintOf({ angle: 2 }).angleDegrees; // [-20, 20]
 * ```
 */
export function hintOf({ angle, foil }: { angle?: number; foil?: number }): TrackHint {
  const width = 180 / ANGLE_SEGMENTS, length = FOIL_MM / FOIL_SEGMENTS, marginDegrees = 2, marginMm = 22;
  return {
    ...(angle !== undefined && {
      angleDegrees: [-90 + angle * width - marginDegrees, -90 + (angle + 1) * width + marginDegrees] as const,
    }),
    ...(foil !== undefined && {
      vertexYMm: [
        -FOIL_MM / 2 + foil * length - marginMm,
        -FOIL_MM / 2 + (foil + 1) * length + marginMm,
      ] as const,
    }),
  };
}
