/** What every sampler is. @module */
import { createRng } from "../../base/rng.ts";
import { isAllowed, type Params, type Space } from "../space.ts";
import type { Suggestion } from "../study.ts";
import type { Direction } from "../study_state.ts";
import type { Trial } from "../trial.ts";

/** What a sampler knows when it is asked. */
export interface History {
  readonly space: Space;
  readonly directions: readonly Direction[];
  readonly trials: readonly Trial[];
  /** Of the study. */
  readonly seed: number;
}

/** Chooses what to try next. */
export interface Sampler {
  readonly name: string;
  /** Whether a trial's parameters follow from its number and the seed alone: then the number of workers changes nothing. */
  readonly independent: boolean;
  /** @returns Undefined where there is nothing left to try. @throws {RangeError} If it cannot work on such a space. */
  suggest(history: History, number: number): Suggestion | undefined;
}

/** The generator of one trial's draws. */
export function rngOf({ seed }: { seed: number }, number: number): () => number {
  return createRng(seed, number + 1);
}

/** How often a point is drawn anew whose parameters no constraint allows. */
const MOST_DRAWS = 10_000;

/**
 * Draws until the constraints hold.
 *
 * @throws {RangeError} If they do not in ten thousand draws.
 */
export function drawAllowed(space: Space, draw: () => Params): Params {
  for (let i = 0; i < MOST_DRAWS; i++) {
    const params = draw();
    if (isAllowed(space, params)) return params;
  }
  throw new RangeError(
    `Cannot draw parameters that the constraints allow in ${MOST_DRAWS} tries: ${
      space.constraints.map(({ text }) => text).join("; ")
    }`,
  );
}

/**
 * An objective as it is to be made small, infinite where a trial has none.
 *
 * Failed trials have none; pruned ones stand with the last value that they reported.
 */
export function lossOf(trial: Trial, directions: readonly Direction[], objective = 0): number {
  const value = trial.values?.[objective];
  if (value === undefined || Number.isNaN(value) || trial.state === "failed") return Infinity;
  return directions[objective] === "maximize" ? -value : value;
}

/** How much a trial misses its constraints by in all; 0 where it meets them. */
export function violationOf({ constraints = [] }: Trial): number {
  return constraints.reduce((sum, value) => sum + Math.max(0, value), 0);
}
