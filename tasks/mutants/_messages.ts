/**
 * What the task, the process that runs its tests and the files with faults in them say to each other.
 * @module
 */

/** What the process that runs the tests sets, as `plantedFaults` of the world, before it loads them. */
export interface Planted {
  /** Number of the fault that is there, -1 for none. */
  active: number;
  /** By number: 1 where the program came to the fault. */
  reached: Uint8Array;
}

/** More faults than one room's sample holds. */
export const MOST_FAULTS = 1 << 16;
/** Where the number of the fault and those that were reached stand, under the root of the tree. */
export const PLANTED_FOLDER = "planted";

/** A line of JSON: load a test file, or run one of its tests with a fault there (-1 for none). */
export type Request = { load: string } | { run: string; index: number; active: number };

/** Names of a file's tests; how a test ended; or why neither could be. `reached` are numbers of faults. */
export type Reply =
  | { names: string[]; reached: number[] }
  | { passed: boolean; ms: number; reached: number[] }
  | { error: string };
