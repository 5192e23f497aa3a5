/** How many combinations a space has, and each by its number. @module */
import { type Dimension, isActive, isAllowed, type Params, type ParamValue, type Space } from "./space.ts";

/** More combinations than this are not listed one by one. */
const MOST_LISTED = 1_000_000;

/** How many combinations there are. */
export interface Combinations {
  /** Their number; infinite where a range has no step. */
  count: number;
  /** False where constraints could only be tried on a sample, and for infinite spaces with constraints. */
  exact: boolean;
}

/** The values of a parameter. @throws {RangeError} If they cannot be listed. */
export function valuesOf(dimension: Dimension): readonly ParamValue[] {
  if (dimension.kind === "choice") return dimension.choices;
  const { low, step } = dimension;
  const count = countOf(dimension);
  if (count > MOST_LISTED) {
    const many = count === Infinity ? "it has no step" : `it has ${count}`;
    throw new RangeError(`Cannot list the values of parameter "${dimension.name}": ${many}`);
  }
  return Array.from({ length: count }, (_, i) => steppedValue(low, step, i));
}

/** `low + i · step` without the noise of binary fractions: 0.1 + 2 · 0.1 is 0.3. */
export function steppedValue(low: number, step: number, i: number): number {
  const value = low + i * step;
  return Number.isInteger(value) ? value : Number(value.toPrecision(14));
}

/** How many values a parameter has. */
export function countOf(dimension: Dimension): number {
  if (dimension.kind === "choice") return dimension.choices.length;
  const { low, high, step } = dimension;
  return step === 0 ? Infinity : Math.floor((high - low) / step * (1 + 1e-12) + 1e-9) + 1;
}

/**
 * Counts the combinations, parameters that are not there left out and constraints applied.
 *
 * @example The scan of source 001: seven lists
 * ```ts
 * import { defineSpace } from "./space.ts";
 * const three = [1, 3, 5];
 * const space = defineSpace({ activation: ["relu", "elu"], a: three, b: three, c: three, d: three, e: three, f: three });
 * countCombinations(space).count; // 1458
 * ```
 */
export function countCombinations(space: Space): Combinations {
  const free = countFree(space);
  if (space.constraints.length === 0) return { count: free, exact: true };
  if (free > MOST_LISTED) return { count: free, exact: false };
  return { count: listCombinations(space).length, exact: true };
}

/** Without constraints: over all values of those that others depend on, the product of what is there. */
function countFree({ dimensions }: Space): number {
  const parents = new Set(dimensions.flatMap(({ when = {} }) => Object.keys(when)));
  const walk = (at: number, params: Record<string, ParamValue>): number => {
    if (at === dimensions.length) return 1;
    const dimension = dimensions[at];
    if (!isActive(dimension, params)) return walk(at + 1, params);
    if (!parents.has(dimension.name)) return countOf(dimension) * walk(at + 1, params);
    let sum = 0;
    for (const value of valuesOf(dimension)) sum += walk(at + 1, { ...params, [dimension.name]: value });
    return sum;
  };
  return walk(0, {});
}

const listed = new WeakMap<Space, readonly Params[]>();

/**
 * All combinations, the first parameter changing slowest.
 *
 * @throws {RangeError} If there are more than a million, or a range has no step.
 */
export function listCombinations(space: Space): readonly Params[] {
  const known = listed.get(space);
  if (known) return known;
  const free = countFree(space);
  if (free > MOST_LISTED) {
    const without = space.dimensions.find((dimension) => countOf(dimension) === Infinity);
    const why = without ? `parameter "${without.name}" has no step` : `there are ${free}`;
    throw new RangeError(`Cannot list the combinations of this space: ${why}`);
  }
  const all: Params[] = [];
  const walk = (at: number, params: Record<string, ParamValue>): void => {
    if (at === space.dimensions.length) {
      if (isAllowed(space, params)) all.push(params);
      return;
    }
    const dimension = space.dimensions[at];
    if (!isActive(dimension, params)) return walk(at + 1, params);
    for (const value of valuesOf(dimension)) walk(at + 1, { ...params, [dimension.name]: value });
  };
  walk(0, {});
  listed.set(space, all);
  return all;
}

/**
 * The n-th of all numbers from 0 to before `size`, in an order fixed by the seed: each comes once, and none has to be
 * remembered. Four rounds of a Feistel network on the next larger power of four; what falls outside is sent through again
 * (J. Black and P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
 */
export function permuted(n: number, size: number, seed: number): number {
  if (!(Number.isInteger(n) && n >= 0 && n < size)) {
    throw new RangeError(`Cannot take number ${n} of ${size}`);
  }
  const halfBits = Math.max(1, Math.ceil(Math.log2(size) / 2));
  const half = 2 ** halfBits;
  let value = n;
  do {
    let left = Math.floor(value / half), right = value % half;
    for (let round = 0; round < 4; round++) {
      [left, right] = [right, (left + mix(right, seed + round * 0x9e3779b9)) % half];
    }
    value = left * half + right;
  } while (value >= size);
  return value;
}

/** A whole number that looks random, of 31 bits (the finisher of MurmurHash3). */
function mix(value: number, key: number): number {
  let h = (Math.imul(value, 0x85ebca6b) ^ Math.imul(key | 0, 0xc2b2ae35)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 1;
}
