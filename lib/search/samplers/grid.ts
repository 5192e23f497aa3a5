/** Every combination in order. @module */
import { listCombinations } from "../combinations.ts";
import type { Sampler } from "./sampler.ts";

/** Tries every combination once, the first parameter changing slowest. Ranges need steps. */
export function gridSampler(): Sampler {
  return {
    name: "grid",
    independent: true,
    suggest({ space }, number) {
      const params = listCombinations(space)[number];
      return params && { params };
    },
  };
}
