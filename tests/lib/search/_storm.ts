/** Many processes on one study, and what must hold afterwards. */
import { type Faults, faultsIn } from "../../../tasks/bench/_search_storm.ts";
import { assertEquals } from "../../assert.ts";

export { endOf, makeStudy, startWorker } from "../../../tasks/bench/_search_storm.ts";

/** What a study has of which every trial is complete, once, with the parameters of a search that nobody disturbed. */
export const NO_FAULTS: Faults = { lost: 0, twice: 0, changed: 0, damaged: 0 };

/** Checks that all is there. */
export function checkAll(folder: string, trials: number): void {
  assertEquals(faultsIn(folder, trials), NO_FAULTS);
}
