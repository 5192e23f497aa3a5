/** Ending a run that no longer improves. @module */
import type { Callback } from "./callback.ts";

/** Options for {@linkcode earlyStopping}. */
export interface EarlyStoppingOptions {
  /** The number to watch, a column of the history. @default {"validationLoss"} */
  monitor?: string;
  /** Whether it should fall or rise. @default {the metric's own way} */
  better?: "lower" | "higher";
  /** Epochs without progress after which to stop. @default {5} */
  patience?: number;
  /** Smallest change that counts as progress. @default {0} */
  minDelta?: number;
  /** Go back to the weights of the best epoch, also where the run ends by itself. @default {true} */
  restoreBest?: boolean;
}

/**
 * Stops when the watched number has not improved for `patience` epochs, and goes back to the best weights.
 *
 * Source: Keras 3 `EarlyStopping`.
 *
 * @throws {RangeError} If `patience` is not a positive whole number; later, if the history lacks the number.
 * @example
 * ```ts
 * import { earlyStopping } from "./early_stopping.ts";
 * earlyStopping({ monitor: "validationAccuracy", patience: 3 }).name; // "earlyStopping"
 * ```
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const { monitor = "validationLoss", patience = 5, minDelta = 0, restoreBest = true } = options;
  if (!Number.isInteger(patience) || patience < 1) {
    throw new RangeError(`Cannot watch "${monitor}" as patience must be at least 1 epoch: got ${patience}`);
  }
  let sign = options.better === "higher" ? -1 : 1;
  let state: { waited: number; best?: number } = { waited: 0 };
  return {
    name: "earlyStopping",
    begin(info) {
      state = { waited: 0 };
      sign = (options.better ?? info.better[monitor]) === "higher" ? -1 : 1;
    },
    onEpoch(numbers, control) {
      const value = numbers[monitor];
      if (value === undefined) {
        throw new RangeError(
          `Cannot watch "${monitor}" to stop early: the history has ${Object.keys(numbers).join(", ")}`,
        );
      }
      if (state.best === undefined || sign * (state.best - value) > minDelta) {
        state = { waited: 0, best: value };
        if (restoreBest) control.keepWeights();
      } else if (++state.waited >= patience) control.stop();
      control.restoreKept(restoreBest);
    },
    state: () => ({ ...state }),
    restore(saved) {
      state = { ...saved as typeof state };
    },
  };
}
