import { shuffle } from "../base/rng.ts";

/** Options for {@linkcode splitIndices}. */
export interface SplitOptions {
  /** Draws the order. */
  rng: () => number;
  /** Class of each example: every part then holds each class in the same proportion, to the nearest example. */
  labels?: ArrayLike<number>;
}

/**
 * Shuffles the numbers 0 to count - 1 and deals them to named parts; what is left over is `train`.
 *
 * The parts are disjoint, cover everything, and are each in random order. The same `rng` gives the same parts.
 *
 * @param count How many examples there are.
 * @param parts Size of each part: a fraction below 1, rounded to whole examples, or a number of them.
 * @throws {RangeError} If a size is negative, or the parts leave nothing to train on.
 * @throws {TypeError} If `labels` has another length than `count`.
 * @example
 * ```ts
 * import { createRng } from "../base/rng.ts";
 * const { train, validation, test } = splitIndices(100, { validation: 0.2, test: 10 }, { rng: createRng(7) });
 * [train.length, validation.length, test.length]; // 70, 20, 10
 * ```
 */
export function splitIndices<Name extends string>(
  count: number,
  parts: Readonly<Record<Name, number>>,
  options: SplitOptions,
): Record<Name | "train", Uint32Array> {
  const { rng, labels } = options;
  const names = Object.keys(parts) as Name[];
  const sizes = names.map((name) => parts[name] < 1 ? Math.round(parts[name] * count) : parts[name]);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (
    sizes.some((size) => !(Number.isInteger(size) && size >= 0)) || !(total < count) ||
    names.includes("train" as Name)
  ) {
    const asked = names.map((name) => `${name} ${parts[name]}`).join(", ");
    throw new RangeError(`Cannot split ${count} examples into ${asked} and a rest to train on`);
  }
  if (labels && labels.length !== count) {
    throw new TypeError(`Cannot split ${count} examples by ${labels.length} labels`);
  }
  const order = shuffle(Uint32Array.from({ length: count }, (_, i) => i), rng);
  const dealt = labels ? dealByClass(order, labels) : order;
  const result = {} as Record<Name | "train", Uint32Array>;
  let start = 0;
  names.forEach((name, i) => {
    result[name] = shuffle(dealt.slice(start, start + sizes[i]), rng);
    start += sizes[i];
  });
  result.train = shuffle(dealt.slice(start), rng);
  return result;
}

/**
 * Reorders a random order so that the classes are spread evenly along it: the k-th of a class's m examples comes at
 * (k + ½) / m of the way. Any stretch of it then holds each class in proportion.
 */
function dealByClass(order: Uint32Array, labels: ArrayLike<number>): Uint32Array {
  const members = new Map<number, number>(), rank = new Float64Array(order.length);
  for (const i of order) {
    const seen = members.get(labels[i]) ?? 0;
    rank[i] = seen + 0.5;
    members.set(labels[i], seen + 1);
  }
  return order.slice().sort((a, b) => rank[a] / members.get(labels[a])! - rank[b] / members.get(labels[b])!);
}
