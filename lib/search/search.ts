/** A search over any function, in a few lines. @module */
import { createRng } from "../base/rng.ts";
import { heedStop, stopped } from "../base/stop_button.ts";
import { countCombinations } from "./combinations.ts";
import type { Named } from "./named_options.ts";
import type { Objective } from "./objective.ts";
import { createPruner } from "./pruners/registry.ts";
import { bestTrials, type Ending, runTrials } from "./run_trials.ts";
import { drawParams } from "./samplers/random.ts";
import { createSampler } from "./samplers/registry.ts";
import { drawAllowed } from "./samplers/sampler.ts";
import { defineSpace, type Params, type Space, type SpaceSpec } from "./space.ts";
import { createStudy, type Study, type StudyOptions } from "./study.ts";
import type { Direction, StudySpec } from "./study_state.ts";
import type { Trial } from "./trial.ts";

/** Options for {@linkcode search}. */
export interface SearchOptions extends StudyOptions {
  /** How many trials there are to be in all, those of an earlier start included. @default {the smaller of 50 and all} */
  trials?: number;
  /** Instead of `trials`: which share of all combinations to try, as Talos's `fraction_limit`. */
  fraction?: number;
  /** Where the study is kept, so that it can be gone on with and shared. @default {a temporary folder, removed at the end} */
  folder?: string;
  /** Whether less is better, for each objective. @default {"minimize"} */
  direction?: Direction | readonly Direction[];
  /** Names of the objectives. @default {"value", or "value1", "value2", …} */
  objectives?: readonly string[];
  /** By name, with options: `"tpe"`, `{ name: "tpe", startup: 20 }`. @default {"tpe"} */
  sampler?: string | Named;
  /** By name, with options. @default {"none"} */
  pruner?: string | Named;
  /** Fixes which parameters are tried, and each trial's own seed. @default {0} */
  seed?: number;
  /** How many trials run at a time; they share this process's thread, so it pays for what waits. @default {1} */
  parallel?: number;
  /** Runs every trial with so many seeds and judges it by the mean. @default {1} */
  seeds?: number;
  /** How often a trial is tried again whose process died. @default {2} */
  retries?: number;
  /** Start no trial after so long, in milliseconds. */
  timeoutMs?: number;
  /** End a trial that takes longer, in milliseconds. */
  trialTimeoutMs?: number;
  /** Start no trial once the first objective is as good as this. */
  target?: number;
  /** Parameters to try first. */
  first?: readonly Params[];
  /** Makes running trials end; they go on when the search is called with the same folder again. */
  signal?: AbortSignal;
  /** Takes how far the search is, after each trial. */
  onProgress?: (progress: SearchProgress) => void;
}

/** How far a search is. */
export interface SearchProgress {
  trial: Trial;
  /** The best so far; absent while there is none. */
  best?: Trial;
  ended: number;
  of: number;
}

/** What a search found. */
export interface SearchResult {
  /** The best trial by the first objective; absent if none was completed. */
  best?: Trial;
  trials: readonly Trial[];
  study: Study;
  ending: Ending;
}

/**
 * Searches for the parameters with which a function is best.
 *
 * The same call with the same folder goes on where an earlier one ended, was killed, or still runs elsewhere.
 *
 * @param space What may be tried, see {@linkcode defineSpace}.
 * @param objective Gives a number, or several, for some parameters; what it throws is recorded as a failed trial.
 * @throws {RangeError} If the space is empty, or the sampler or pruner is unknown.
 * @throws {SyntaxError} If the space is none.
 * @throws {DOMException} `AbortError` if a notebook's Stop button was pressed and no signal was given.
 * @example
 * ```ts
 * const { best } = await search(
 *   { x: { low: -5, high: 5, float: true }, shape: ["round", "flat"] },
 *   ({ x, shape }) => (Number(x) - 1) ** 2 + (shape === "flat" ? 1 : 0),
 *   { trials: 40, seed: 7 },
 * );
 * best!.params.shape; // "round"
 * ```
 */
export async function search(
  space: Space | SpaceSpec,
  objective: Objective,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const { sampler = "tpe", pruner = "none", folder } = options;
  const defined = isSpace(space) ? space : defineSpace(space);
  const [samplerSpec, prunerSpec] = [named(sampler), named(pruner)];
  const [made, prune] = [createSampler(samplerSpec), createPruner(prunerSpec)];
  checkNotEmpty(defined);
  const trials = options.trials ?? trialsOf(defined, options.fraction);
  using stop = heedStop(options.signal);
  const place = folder ?? await Deno.makeTempDir({ prefix: "cloudchamber-search-" });
  try {
    const spec = specOf(defined, samplerSpec, prunerSpec, options);
    const study = await createStudy(place, spec, { ...options, space: defined });
    if (options.first && study.state.trials.length === 0) await study.enqueue(options.first);
    if (study.state.budget < trials) await study.setBudget(trials);
    const ending = await runTrials(study, objective, {
      ...options,
      signal: stop.signal,
      sampler: made,
      pruner: prune,
      onTrial: (trial) => options.onProgress?.(progressAfter(study, trial)),
    });
    study.refresh();
    if (stop.isPressed() && ending === "interrupted") {
      throw stopped(
        `Stopped after ${study.state.trials.length} trials` +
          (folder === undefined ? "" : `, which are kept: the same call goes on in "${folder}"`),
      );
    }
    return { best: bestTrials(study)[0], trials: study.state.trials, study, ending };
  } finally {
    if (folder === undefined) await Deno.remove(place, { recursive: true });
  }
}

/**
 * Checks that there is something to try.
 *
 * @throws {RangeError} If no combination meets the constraints, or of endlessly many none in ten thousand does.
 */
export function checkNotEmpty(space: Space): void {
  const { count, exact } = countCombinations(space);
  if (count === 0) throw new RangeError("Cannot search this space: no combination meets its constraints");
  const rng = createRng(0);
  if (!exact) drawAllowed(space, () => drawParams(space, rng));
}

/** How many trials a share of all combinations is; at most 50 where no share is given. @throws {RangeError} If it is none. */
export function trialsOf(space: Space, fraction?: number): number {
  const { count } = countCombinations(space);
  if (fraction === undefined) return Math.min(50, count);
  if (!(fraction > 0 && fraction <= 1)) {
    throw new RangeError(`Cannot try a fraction of ${fraction} as it must be above 0 and at most 1`);
  }
  if (count === Infinity) {
    throw new RangeError("Cannot try a fraction of endlessly many combinations: give the number of trials");
  }
  return Math.max(1, Math.floor(fraction * count));
}

function isSpace(space: Space | SpaceSpec): space is Space {
  return "dimensions" in space && "spec" in space;
}

function named(name: string | Named): Named {
  return typeof name === "string" ? { name } : name;
}

function specOf(space: Space, sampler: Named, pruner: Named, options: SearchOptions): StudySpec {
  const { direction = "minimize", seed = 0, retries = 2 } = options;
  const directions = typeof direction === "string" ? [direction] : direction;
  const many = directions.length > 1;
  const objectives = options.objectives ?? directions.map((_, i) => many ? `value${i + 1}` : "value");
  if (objectives.length !== directions.length) {
    throw new RangeError(`Cannot name ${directions.length} objectives: got ${objectives.length} names`);
  }
  return { name: "search", space: space.spec, directions, objectives, sampler, pruner, seed, retries };
}

function progressAfter(study: Study, trial: Trial): SearchProgress {
  const { trials, budget } = study.state;
  const ended = trials.filter(({ state }) => state !== "running" && state !== "waiting").length;
  return { trial, best: bestTrials(study)[0], ended, of: Math.max(budget, trials.length) };
}
