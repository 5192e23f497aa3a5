/** Samplers by name. @module */
import { makeNamed, type Maker, type Named } from "../named_options.ts";
import { cmaesSampler } from "./cmaes.ts";
import { gpSampler } from "./gp.ts";
import { gridSampler } from "./grid.ts";
import { haltonSampler } from "./halton.ts";
import { nsga2Sampler } from "./nsga2.ts";
import { randomSampler } from "./random.ts";
import type { Sampler } from "./sampler.ts";
import { sobolSampler } from "./sobol.ts";
import { tpeSampler } from "./tpe.ts";

/** Makes each sampler from its options. */
export const SAMPLERS: Readonly<Record<string, Maker<Sampler>>> = {
  grid: { make: gridSampler, options: [] },
  random: { make: randomSampler, options: [] },
  sobol: { make: sobolSampler, options: [] },
  halton: { make: haltonSampler, options: [] },
  tpe: { make: tpeSampler, options: ["startup", "candidates"] },
  gp: { make: gpSampler, options: ["startup", "candidates"] },
  cmaes: { make: cmaesSampler, options: ["width", "population"] },
  nsga2: { make: nsga2Sampler, options: ["population", "crossing"] },
};

/**
 * Makes a sampler by its name.
 *
 * @throws {RangeError} If there is none of that name or no such option, naming the nearest.
 * @example
 * ```ts
 * createSampler({ name: "tpe", startup: 20 }).name; // "tpe"
 * ```
 */
export function createSampler(named: Named): Sampler {
  return makeNamed("sampler", SAMPLERS, named);
}
