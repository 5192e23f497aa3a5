/** All experiments; a new one is a folder here and a line in this file. @module */
import { capsnet } from "./capsnet/experiment.ts";
import { cygno, cygnoEnergy } from "./cygno/experiment.ts";
import type { Data, Experiment, OptionTable } from "../run/experiment.ts";
import { dcgan } from "./dcgan/experiment.ts";
import { ecal } from "./ecal/experiment.ts";
import { fashion } from "./fashion/experiment.ts";
import { images } from "./images/experiment.ts";
import { lenses } from "./lenses/experiment.ts";
import { mnist } from "./mnist/experiment.ts";
import { PRECISION_EVIDENCE } from "./precision_evidence.ts";
import { superNemoClustering } from "./supernemo_clustering/experiment.ts";
import { superNemoInstances } from "./supernemo_clustering/instances.ts";
import { superNemoVae } from "./supernemo_vae/experiment.ts";
import {
  superNemo3d,
  superNemoCalorimeter,
  superNemoCombined,
  superNemoFront,
  superNemoHint,
  superNemoPoints,
  superNemoSide,
  superNemoTop,
} from "./supernemo/experiment.ts";

const ALL: readonly Experiment<OptionTable, Data>[] = [
  mnist,
  fashion,
  cygno,
  cygnoEnergy,
  dcgan,
  capsnet,
  ecal,
  images,
  lenses,
  superNemoTop,
  superNemoSide,
  superNemoFront,
  superNemoCombined,
  superNemo3d,
  superNemoPoints,
  superNemoCalorimeter,
  superNemoHint,
  superNemoClustering,
  superNemoInstances,
  superNemoVae,
];

/** The experiments, in the order in which they are listed, with what was measured of them in mixed precision. */
export const EXPERIMENTS: readonly Experiment<OptionTable, Data>[] = ALL.map((experiment) => ({
  ...experiment,
  mixedPrecision: PRECISION_EVIDENCE[experiment.name] ?? experiment.mixedPrecision,
}));

/** What `deno task train` trains where no experiment is named. */
export const DEFAULT_EXPERIMENT = "cygno";

/**
 * An experiment by its name.
 *
 * @throws {RangeError} If there is none of that name; all names are listed.
 * @example
 * ```ts
 * import { findExperiment } from "./registry.ts";
 * findExperiment("mnist").summary; // "Handwritten digits, …"
 * ```
 */
export function findExperiment(name: string): Experiment {
  const found = EXPERIMENTS.find((experiment) => experiment.name === name);
  if (found) return found;
  const names = EXPERIMENTS.map((experiment) => experiment.name).join(", ");
  throw new RangeError(`Cannot find experiment "${name}": there are ${names}`);
}
