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

/** Numbers of the examples of one class, by group, in random order. */
function shuffledGroups(
  groups: ArrayLike<number>,
  labels: ArrayLike<number>,
  label: number,
  rng: () => number,
): number[][] {
  const members = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== label) continue;
    const found = members.get(groups[i]);
    if (found) found.push(i);
    else members.set(groups[i], [i]);
  }
  return shuffle([...members.values()], rng);
}

const classesOf = (labels: ArrayLike<number>) => [...new Set(Array.from(labels))].sort((a, b) => a - b);

/** Refuses more folds than a class has groups. */
function checkFolds(label: number, groups: number, folds: number): void {
  if (groups >= folds) return;
  throw new RangeError(
    `Cannot cut class ${label} into ${folds} folds as it has ${groups} different examples`,
  );
}

/**
 * Deals the groups of each class out to folds.
 *
 * @returns The fold of each example.
 * @throws {RangeError} If a class has fewer groups than folds.
 * @example Four examples of two groups
 * ```ts
 * import { createRng } from "../../base/rng.ts";
 * const [first, second] = dealGroups([5, 5, 7, 7], [1, 1, 1, 1], 2, createRng(1));
 * first === second; // true
 * ```
 */
export function dealGroups(
  groups: ArrayLike<number>,
  labels: ArrayLike<number>,
  folds: number,
  rng: () => number,
): Uint32Array {
  const dealt = new Uint32Array(labels.length);
  for (const label of classesOf(labels)) {
    const order = shuffledGroups(groups, labels, label, rng);
    checkFolds(label, order.length, folds);
    order.forEach((group, i) => group.forEach((example) => dealt[example] = i % folds));
  }
  return dealt;
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
  for (const label of classesOf(labels)) {
    const order = shuffledGroups(groups, labels, label, rng);
    checkFolds(label, order.length, folds);
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
