/** How much of the signal a cut keeps, against another quantity. @module */
import { type Interval, proportion } from "../evaluate/mod.ts";
import { axisTitle, COLORS, quantity, type Spec, toSpec } from "./spec.ts";

/** Options for {@linkcode plotEfficiency}. */
export interface EfficiencyOptions {
  /** Names of background and signal. @default {["background", "signal"]} */
  classNames?: readonly [background: string, signal: string];
  /** Name of the quantity. @default {"value"} */
  name?: string;
  /** Units of the horizontal axis. @default {none} */
  units?: string;
  /** Above the chart. */
  title?: string;
}

/** A share with its interval, in a bin. */
interface BinShare extends Interval {
  from: number;
  to: number;
  middle: number;
  value: number;
  n: number;
  kind: string;
}

/**
 * Share of signal and of background that a cut at a threshold keeps, in bins of another quantity, each with its exact 95 %
 * interval (Clopper-Pearson); empty bins are left out.
 *
 * Shapes: [n] scores, labels (1 signal, 0 background) and values.
 *
 * @param threshold Scores from it on are kept.
 * @param edges Bin edges, rising.
 * @throws {RangeError} If no example lies in a bin.
 * @example
 * ```ts
 * plotEfficiency([0.1, 0.9], [0, 1], 0.5, [3, 20], [0, 10, 30], { name: "energy", units: "keV" });
 * ```
 */
export function plotEfficiency(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  threshold: number,
  values: ArrayLike<number>,
  edges: readonly number[],
  options: EfficiencyOptions = {},
): Spec {
  const { classNames = ["background", "signal"], name = "value", units = "", title } = options;
  const rows: BinShare[] = [];
  classNames.forEach((kind, label) => {
    for (let b = 0; b + 1 < edges.length; b++) {
      const [from, to] = [edges[b], edges[b + 1]];
      const last = b + 2 === edges.length;
      const own = Array.from(values, (_, i) => i)
        .filter((i) =>
          Number(labels[i]) === label && values[i] >= from && (values[i] < to || (last && values[i] === to))
        );
      if (own.length === 0) continue;
      const kept = own.filter((i) => scores[i] >= threshold).length;
      const { value, low, high } = proportion(kept, own.length);
      rows.push({ from, to, middle: (from + to) / 2, value, low, high, n: own.length, kind });
    }
  });
  if (rows.length === 0) throw new RangeError("Cannot draw an efficiency as no example lies in a bin");
  const x = (field: string) =>
    quantity(field, axisTitle(name, units), { scale: { domain: [edges[0], edges.at(-1)!], nice: false } });
  const y = (field: string) => quantity(field, "Share kept", { scale: { domain: [0, 1] } });
  const color = {
    field: "kind",
    type: "nominal",
    title: null,
    scale: { domain: [...classNames].reverse(), range: [COLORS.blue, COLORS.orange] },
  };
  return toSpec({
    width: 360,
    height: 220,
    title: {
      text: title ?? `Efficiency by ${name}`,
      subtitle: `scores from ${threshold} on; bars: 95 % interval`,
    },
    data: { values: rows },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: { x: x("from"), x2: { field: "to" }, y: y("value"), color },
      },
      {
        mark: { type: "rule", strokeWidth: 1.5 },
        encoding: { x: x("middle"), y: y("low"), y2: { field: "high" }, color },
      },
      {
        mark: { type: "point", filled: true, size: 40, opacity: 1 },
        encoding: { x: x("middle"), y: y("value"), color },
      },
    ],
  });
}
