/** What kinds that answer with probabilities share. @module */
import { NotWholeError } from "../wholeness.ts";

/** How far rounding may take a probability out of 0 to 1. */
const SLACK = 1e-3;

/** Refuses what cannot be a probability. @throws {NotWholeError} */
export function checkProbability(name: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i] < -SLACK || values[i] > 1 + SLACK) {
      throw new NotWholeError(
        `Cannot read output "${name}" as its values must be probabilities from 0 to 1: ` +
          `the model gives ${values[i]}`,
      );
    }
  }
}

/** Index of the largest value, the first of equals. */
export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Values by label, in the labels' order. */
export function sharesOf(labels: readonly string[], values: ArrayLike<number>): Record<string, number> {
  return Object.fromEntries(labels.map((label, i) => [label, values[i]]));
}
