/** What a training run did, epoch by epoch, and its CSV. @module */
import type { Precision, Tuning } from "../engine/mod.ts";

import type { WorkReport } from "./workers.ts";

/** Numbers of one epoch: `epoch` (from 1), `loss`, metrics, `validationLoss`, …, `learningRate`, `seconds`. */
export type EpochNumbers = Record<string, number>;

/** Why training ended. */
export type Ending = "finished" | "stopped early" | "interrupted";

/** A run. */
export interface History {
  /** One entry an epoch that was completed. */
  epochs: EpochNumbers[];
  /** Why it ended. */
  ending: Ending;
  /** Steps taken, over all epochs. */
  steps: number;
  /** Seconds spent in training and validation, over all sessions of a resumed run. */
  seconds: number;
  /** Epoch whose weights the model holds now: the last one, or the best where those were restored. */
  weightsOf: number;
  /** Shards that each batch was cut into. */
  shards: number;
  /** In which numbers its layers multiplied. */
  precision: Precision;
  /** How convolutions were done that were measured, by their shapes; all others as estimated. */
  tuning: Tuning;
  /** What each of several workers has done in this session, by rank. */
  workers?: WorkReport[];
  /** What callbacks have to tell at the end, by their names. */
  states: Record<string, unknown>;
}

/**
 * A history as CSV, one line an epoch, columns in the order of their first appearance.
 *
 * @example
 * ```ts
 * import { encodeHistory } from "./history.ts";
 * encodeHistory([{ epoch: 1, loss: 0.5 }, { epoch: 2, loss: 0.25 }]); // "epoch,loss\n1,0.5\n2,0.25\n"
 * ```
 */
export function encodeHistory(epochs: readonly EpochNumbers[]): string {
  const columns = [...new Set(epochs.flatMap((numbers) => Object.keys(numbers)))];
  const lines = epochs.map((numbers) => columns.map((column) => numbers[column] ?? "").join(","));
  return [columns.join(","), ...lines, ""].join("\n");
}

/**
 * Reads what {@linkcode encodeHistory} wrote.
 *
 * @throws {SyntaxError} If a line has another number of columns or holds no number.
 * @example
 * ```ts
 * import { decodeHistory } from "./history.ts";
 * decodeHistory("epoch,loss\n1,0.5\n"); // [{ epoch: 1, loss: 0.5 }]
 * ```
 */
export function decodeHistory(csv: string): EpochNumbers[] {
  const [header = "", ...lines] = csv.split(/\r?\n/).filter((line) => line !== "");
  const columns = header.split(",");
  return lines.map((line, i) => {
    const cells = line.split(",");
    if (cells.length !== columns.length) {
      throw new SyntaxError(
        `Cannot decode history at line ${i + 2}: expected ${columns.length} columns, found ${cells.length}`,
      );
    }
    const numbers: EpochNumbers = {};
    cells.forEach((cell, column) => {
      if (cell === "") return;
      const value = Number(cell);
      if (Number.isNaN(value) && cell !== "NaN") {
        throw new SyntaxError(`Cannot decode history at line ${i + 2}: expected a number, found "${cell}"`);
      }
      numbers[columns[column]] = value;
    });
    return numbers;
  });
}
