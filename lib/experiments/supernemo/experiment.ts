/** The experiments of SuperNEMO's tracker. @module */
import { countingExperiment } from "./counting.ts";

export { superNemoCalorimeter } from "./calorimeter.ts";
export { superNemoCombined } from "./combined.ts";
export { superNemoHint } from "./hint.ts";
export { superNemoPoints } from "./points.ts";

/** Counting tracks seen from above. */
export const superNemoTop = countingExperiment("top");
/** Counting tracks seen from the side. */
export const superNemoSide = countingExperiment("side");
/** Counting tracks seen from the front. */
export const superNemoFront = countingExperiment("front");
/** Counting tracks in volumes. */
export const superNemo3d = countingExperiment("volume");
