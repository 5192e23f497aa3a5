/** A history that can be read while training goes on. @module */
import type { Callback } from "./callback.ts";
import { writeDurably } from "../base/durable_file.ts";
import { encodeHistory, type EpochNumbers } from "./history.ts";

/**
 * Writes `history.csv` anew after every epoch; whole at any moment, and after a resume without gap or repetition.
 *
 * @param path The file; its folder must exist.
 * @example
 * ```ts
 * import { csvLog } from "./csv_log.ts";
 * csvLog("runs/mnist/a/history.csv").name; // "csvLog"
 * ```
 */
export function csvLog(path: string): Callback {
  let epochs: EpochNumbers[] = [];
  return {
    name: "csvLog",
    begin() {
      epochs = [];
    },
    async onEpoch(numbers) {
      epochs.push(numbers);
      await writeDurably(path, encodeHistory(epochs));
    },
    state: () => epochs,
    restore(saved) {
      epochs = [...saved as EpochNumbers[]];
    },
  };
}
