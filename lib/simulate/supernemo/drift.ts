/**
 * From drift time to distance from the wire, by the two laws of TKEvent (github.com/TomasKrizak/TKEvent), times t in µs.
 *
 * "Manchester": with u = 10 t the radius in cm is 0.5709 u / (u^0.5801 + 1.6567), but at most 1.8694 u^(1 - 0.9499), which counts from
 * 4.0 µs on. "Betsy": t = a r^(1 - b), r in cm, with a = 0.828 and b = -0.907 up to 3.0845 µs, a = 0.402 and b = -1.955
 * beyond; both give 19.93 mm there. @module
 */

/** Names of the laws. */
export const DRIFT_LAWS = ["manchester", "betsy"] as const;

/** A law. */
export type DriftLaw = (typeof DRIFT_LAWS)[number];

/** Longest drift that is measured, µs. Manchester's law has reached 23.5 mm there, the corners of a cell come no later. */
export const LONGEST_DRIFT_US = 10;

/** Radius in cm after t µs. */
const LAWS: Readonly<Record<DriftLaw, (us: number) => number>> = {
  manchester(us) {
    const u = 10 * us, near = 0.5709 * u / (u ** 0.5801 + 1.6567), far = 1.8694 * u ** (1 - 0.9499);
    return Math.min(near, far);
  },
  betsy: (us) => us < 3.0845 ? (us / 0.828) ** (1 / 1.907) : (us / 0.402) ** (1 / 2.955),
};

/**
 * Distance from the wire of electrons that drifted for this long, mm.
 *
 * @param driftUs Drift time, µs; 0 for none.
 * @example
 * ```ts
 * Math.round(driftRadius(1)); // 10
 * Math.round(driftRadius(1, "betsy")); // 11
 * ```
 */
export function driftRadius(driftUs: number, law: DriftLaw = "manchester"): number {
  return driftUs <= 0 ? 0 : 10 * LAWS[law](driftUs);
}

const POINTS = 1024;
/** Radii at evenly spaced square roots of the time, for turning a law round. */
const radiiOf = (law: DriftLaw) =>
  Float64Array.from({ length: POINTS + 1 }, (_, i) => driftRadius(LONGEST_DRIFT_US * (i / POINTS) ** 2, law));
const RADII: Readonly<Record<DriftLaw, Float64Array>> = {
  manchester: radiiOf("manchester"),
  betsy: radiiOf("betsy"),
};

/** Time that electrons need from this distance, µs; never more than {@linkcode LONGEST_DRIFT_US}. */
export function driftTime(radiusMm: number, law: DriftLaw = "manchester"): number {
  const radii = RADII[law];
  if (radiusMm <= 0) return 0;
  if (radiusMm >= radii[POINTS]) return LONGEST_DRIFT_US;
  let low = 0, high = POINTS;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (radii[middle] <= radiusMm) low = middle;
    else high = middle;
  }
  const place = low + (radiusMm - radii[low]) / (radii[high] - radii[low]);
  return LONGEST_DRIFT_US * (place / POINTS) ** 2;
}
