/** How alike two groupings of the same things are, whatever the groups are called. @module */
import { checkLengths } from "./estimate.ts";

/** Pairs that can be made of so many things. */
const pairs = (count: number) => count * (count - 1) / 2;

/**
 * The adjusted Rand index: 1 where both group alike, 0 on average where one of them is drawn at random.
 *
 * Source: Hubert and Arabie, J. Classification 2, 193 (1985); 1 where both have one group, or only groups of one, as scikit-learn has it.
 *
 * @param first Group of each thing, [n]; any numbers.
 * @param second Group of each thing in the other grouping, [n].
 * @throws {RangeError} If there are none, or lengths differ.
 * @example One of four things in the other group
 * ```ts
 * adjustedRand([0, 0, 1, 1], [7, 7, 7, 3]); // 0
 * ```
 */
export function adjustedRand(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const n = checkLengths("compare groupings", { first, second });
  const together = new Map<string, number>(), ofFirst = new Map<number, number>();
  const ofSecond = new Map<number, number>();
  const count = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 0; i < n; i++) {
    count(together, `${first[i]} ${second[i]}`);
    count(ofFirst, first[i]);
    count(ofSecond, second[i]);
  }
  const sum = (counts: Map<unknown, number>) => counts.values().reduce((all, one) => all + pairs(one), 0);
  const both = sum(together), one = sum(ofFirst), other = sum(ofSecond);
  if (both === one && both === other) return 1;
  const expected = one * other / pairs(n);
  return (both - expected) / ((one + other) / 2 - expected);
}
