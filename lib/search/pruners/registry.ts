/** Pruners by name. @module */
import { makeNamed, type Maker, type Named } from "../named_options.ts";
import { ashaPruner } from "./asha.ts";
import { medianPruner } from "./median.ts";
import { patiencePruner } from "./patience.ts";
import { noPruner, type Pruner } from "./pruner.ts";
import { thresholdPruner } from "./threshold.ts";

/** Makes each pruner from its options; `hyperband` is `asha` in three brackets. */
export const PRUNERS: Readonly<Record<string, Maker<Pruner>>> = {
  none: { make: noPruner, options: [] },
  asha: { make: ashaPruner, options: ["least", "factor", "brackets"] },
  hyperband: {
    make: (options) => ashaPruner({ brackets: 3, ...options }),
    options: ["least", "factor", "brackets"],
  },
  median: { make: medianPruner, options: ["startup", "warmup"] },
  patience: { make: patiencePruner, options: ["patience", "least"] },
  threshold: { make: thresholdPruner, options: ["lower", "upper", "warmup"] },
};

/** Makes a pruner by its name. @throws {RangeError} If there is none of that name or no such option. */
export function createPruner(named: Named): Pruner {
  return makeNamed("pruner", PRUNERS, named);
}
