/** The experiments of SuperNEMO's tracker. @module */
import { countingExperiment } from "./counting.ts";

export { superNemoCalorimeter } from "./calorimeter.ts";
export { superNemoHint } from "./hint.ts";

/** Counting tracks seen from above. */
export const superNemoTop = countingExperiment("top");
/** Counting tracks seen from the side. */
export const superNemoSide = countingExperiment("side");
/** Counting tracks seen from the front. */
export const superNemoFront = countingExperiment("front");
