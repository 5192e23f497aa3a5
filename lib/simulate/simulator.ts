/** What every simulator is to the task that runs it: a name, a table of options, and a function that writes files. @module */
import type { OptionTable, OptionValues } from "../base/options.ts";

/** What writing may use of the surroundings. */
export interface SimulateContext {
  /** The same seed gives the same bytes, whatever the number of threads. */
  seed: number;
  /** Threads. @default {one a core} */
  workers?: number;
  /** Stops between two events, with the signal's reason; nothing half-written stays. */
  signal?: AbortSignal;
  /** Takes how many of all events are done. */
  onProgress?: (done: number, of: number) => void;
}

/** A number of the simulated set beside the one that was published of the real one. */
export interface Comparison {
  /** What is compared, with its unit. */
  quantity: string;
  /** Of the real data. */
  published: number;
  /** Of these. */
  simulated: number;
  /** Largest difference that a test allows, in the quantity's own unit. */
  tolerance: number;
}

/** What was written. */
export interface Simulated {
  /** Every file or folder, the truth last. */
  files: string[];
  /** How many were made. */
  events: number;
  /** How the set compares with published numbers, where there are any. */
  comparison?: Comparison[];
}

/** A seeded toy that writes an experiment's own format. */
export interface Simulator<T extends OptionTable = OptionTable> {
  /** What it is called on the command line. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Its own options. */
  readonly options: T;
  /** Where it writes unless told, and what kind of path that is, in a line for `--help`. */
  readonly out: { readonly path: string; readonly help: string };
  /** What is counted, such as "events". */
  readonly unit: string;
  /** Command lines to paste, each with an optional comment after ` # `. */
  readonly examples: readonly string[];
  /**
   * Simulates and writes; nothing that exists is overwritten, and nothing half-written stays.
   *
   * @throws {RangeError} If an option's value makes no sense.
   * @throws {Deno.errors.AlreadyExists} If a file is there already.
   */
  write(path: string, options: OptionValues<T>, context: SimulateContext): Promise<Simulated>;
}

/** Types a simulator by its own table. */
export function defineSimulator<const T extends OptionTable>(simulator: Simulator<T>): Simulator<T> {
  return simulator;
}
