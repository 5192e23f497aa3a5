/**
 * Which fault is there while a program runs: what files with faults in them ask.
 *
 * In the process that runs the tests it is a field; a process or a worker that a test starts reads it from a file and
 * leaves a file for every fault that it comes to, so that the tests that reach a fault are known.
 * @module
 */

import { MOST_FAULTS, type Planted, PLANTED_FOLDER } from "./_messages.ts";

const shared = (globalThis as { plantedFaults?: Planted }).plantedFaults;
const folder = new URL(`../../${PLANTED_FOLDER}/`, import.meta.url);
const planted = shared ?? { active: readActive(), reached: new Uint8Array(MOST_FAULTS) };

/** Whether this fault is there. */
export function isPlanted(id: number): boolean {
  if (planted.reached[id] === 0) {
    planted.reached[id] = 1;
    if (shared === undefined) noteReached(id);
  }
  return planted.active === id;
}

function readActive(): number {
  try {
    return Number(Deno.readTextFileSync(new URL("active", folder)));
  } catch {
    return -1; // bundled for a browser, or not allowed to read
  }
}

function noteReached(id: number): void {
  try {
    Deno.writeTextFileSync(new URL(`reached-${id}`, folder), "");
  } catch {
    // Not allowed to write: the test counts as one that does not reach it.
  }
}
