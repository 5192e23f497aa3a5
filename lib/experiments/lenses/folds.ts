/** Splits that keep what belongs together on one side. @module */
import { shuffle } from "../../base/rng.ts";

/** Numbers of the examples on each side. */
export interface GroupedSplit {
  train: Uint32Array;
  validation: Uint32Array;
  test: Uint32Array;
}

/** What {@linkcode splitGroups} is to do. */
export interface SplitGroupsOptions {
  rng: () => number;
  /** Test parts that the set is cut into. */
  folds: number;
  /** Which of them is the test set, from 0. */
  fold: number;
  /** Share of the other groups that are held out to watch the training by. */
  validation: number;
}

/**
 * Deals the groups of each class out to `folds` test sets, so that every group is in exactly one of them and none in two.
 *
 * @param groups Group of each example.
 * @param labels Class of each example; a group is of one class.
 * @throws {RangeError} If a class has fewer groups than folds, or a side would be left without it.
 * @example Six examples of three groups, the second third tested on
 * ```ts
 * import { createRng } from "../../base/rng.ts";
 * const options = { rng: createRng(1), folds: 3, fold: 1, validation: 0 };
 * splitGroups([0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 0, 0], options).test.length; // 2
 * ```
 */
export function splitGroups(
  groups: ArrayLike<number>,
  labels: ArrayLike<number>,
  { rng, folds, fold, validation }: SplitGroupsOptions,
): GroupedSplit {
  const sides: Record<keyof GroupedSplit, number[]> = { train: [], validation: [], test: [] };
  for (const label of [...new Set(Array.from(labels))].sort((a, b) => a - b)) {
    const members = new Map<number, number[]>();
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] !== label) continue;
      const found = members.get(groups[i]);
      if (found) found.push(i);
      else members.set(groups[i], [i]);
    }
    if (members.size < folds) {
      throw new RangeError(
        `Cannot cut class ${label} into ${folds} folds as it has ${members.size} different examples`,
      );
    }
    const order = shuffle([...members.values()], rng);
    const rest = order.filter((_, i) => i % folds !== fold);
    const watched = validation === 0 ? 0 : Math.max(1, Math.round(validation * rest.length));
    if (watched >= rest.length) {
      throw new RangeError(
        `Cannot hold ${watched} of ${rest.length} examples of class ${label} out: none is left to train on`,
      );
    }
    sides.test.push(...order.filter((_, i) => i % folds === fold).flat());
    sides.validation.push(...rest.slice(0, watched).flat());
    sides.train.push(...rest.slice(watched).flat());
  }
  return {
    train: Uint32Array.from(sides.train),
    validation: Uint32Array.from(sides.validation),
    test: Uint32Array.from(sides.test),
  };
}
