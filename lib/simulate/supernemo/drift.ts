/**
 * From drift time to distance from the wire.
 *
 * The "Manchester" law of TKEvent (github.com/TomasKrizak/TKEvent): with u = 10 t, t in µs, the radius in cm is
 * 0.5709 u / (u^0.5801 + 1.6567), but at most 1.8694 u^(1 - 0.9499), which counts from 4.0 µs on. @module
 */

/** Longest drift that is measured, µs. The law has reached 23.5 mm there, the corners of a cell come no later. */
export const LONGEST_DRIFT_US = 10;

/**
 * Distance from the wire of electrons that drifted for this long, mm.
 *
 * @param driftUs Drift time, µs; 0 for none.
 * @example
 * ```ts
 * Math.round(driftRadius(1)); // 10
 * ```
 */
export function driftRadius(driftUs: number): number {
  if (driftUs <= 0) return 0;
  const u = 10 * driftUs;
  const near = 0.5709 * u / (u ** 0.5801 + 1.6567), far = 1.8694 * u ** (1 - 0.9499);
  return 10 * Math.min(near, far);
}

const POINTS = 1024;
/** Radii at evenly spaced square roots of the time, for turning the law round. */
const RADII = Float64Array.from(
  { length: POINTS + 1 },
  (_, i) => driftRadius(LONGEST_DRIFT_US * (i / POINTS) ** 2),
);

/** Time that electrons need from this distance, µs; never more than {@linkcode LONGEST_DRIFT_US}. */
export function driftTime(radiusMm: number): number {
  if (radiusMm <= 0) return 0;
  if (radiusMm >= RADII[POINTS]) return LONGEST_DRIFT_US;
  let low = 0, high = POINTS;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (RADII[middle] <= radiusMm) low = middle;
    else high = middle;
  }
  const place = low + (radiusMm - RADII[low]) / (RADII[high] - RADII[low]);
  return LONGEST_DRIFT_US * (place / POINTS) ** 2;
}
