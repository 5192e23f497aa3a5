/** Reliability diagram. @module */
import type { Calibration } from "../evaluate/mod.ts";
import { COLORS, quantity, type Spec, toSpec } from "./spec.ts";

/**
 * Observed against predicted probability with exact intervals; a calibrated model follows the diagonal.
 *
 * @example Two bins
 * ```ts
 * import { calibration } from "../evaluate/mod.ts";
 * plotCalibration(calibration([0.2, 0.3, 0.9, 1], [0, 1, 1, 1]));
 * ```
 */
export function plotCalibration(result: Calibration, options: { title?: string } = {}): Spec {
  const rows = result.bins.map(({ predicted, observed }) => ({ predicted, ...observed }));
  const scale = { domain: [0, 1], nice: false };
  const x = quantity("predicted", "Predicted probability", { scale });
  const y = (field: string) => quantity(field, "Observed share", { scale });
  return toSpec({
    width: 260,
    height: 260,
    title: {
      text: options.title ?? "Calibration",
      subtitle: `expected error ${result.expectedError.toFixed(4)}, Brier score ${result.brier.toFixed(4)}`,
    },
    layer: [
      {
        data: { values: [{ predicted: 0, value: 0 }, { predicted: 1, value: 1 }] },
        mark: { type: "line", strokeDash: [3, 4], color: "#8a8a8a", strokeWidth: 1 },
        encoding: { x, y: y("value") },
      },
      {
        data: { values: rows },
        mark: { type: "rule", color: COLORS.blue, strokeWidth: 1.5 },
        encoding: { x, y: y("low"), y2: { field: "high" } },
      },
      {
        data: { values: rows },
        mark: { type: "line", color: COLORS.blue, point: { size: 45, filled: true } },
        encoding: { x, y: y("value"), tooltip: ["predicted", "value", "n"] },
      },
    ],
  });
}
