/** Search for hyperparameters: spaces, samplers, pruners, a study in a folder that any number of processes share. @module */
export { type Combinations, countCombinations, listCombinations } from "./combinations.ts";
export {
  InterruptedError,
  type Objective,
  type ObjectiveResult,
  PrunedError,
  type TrialContext,
} from "./objective.ts";
export type { Pruner } from "./pruners/pruner.ts";
export { createPruner, PRUNERS } from "./pruners/registry.ts";
export { bestTrials, type Ending, runTrials, type RunTrialsOptions } from "./run_trials.ts";
export { createSampler, SAMPLERS } from "./samplers/registry.ts";
export type { Sampler } from "./samplers/sampler.ts";
export { search, type SearchOptions, type SearchProgress, type SearchResult, trialsOf } from "./search.ts";
export {
  defineSpace,
  type Dimension,
  type Params,
  type ParamValue,
  type Space,
  spaceFromOptions,
  type SpaceSpec,
} from "./space.ts";
export { createStudy, hasStudy, openStudy, type Study, type StudyOptions } from "./study.ts";
export type { Direction, StudySpec } from "./study_state.ts";
export type { Failure, Trial, TrialState } from "./trial.ts";
