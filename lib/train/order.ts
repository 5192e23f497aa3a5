/**
 * The order in which an epoch visits its examples: a function of seed and epoch and of nothing else, so that a run
 * resumed in the middle of an epoch goes on with the batches that the unbroken run would have seen.
 * @module
 */

/** Options for {@linkcode epochOrder} and {@linkcode batches}. */
export interface OrderOptions {
  /** 32-bit seed. @default {0} */
  seed?: number;
  /** Number of the epoch, from 0. @default {0} */
  epoch?: number;
  /** Whether to shuffle at all. @default {true} */
  shuffle?: boolean;
}

/**
 * Uniform 32-bit integers from a seed and an epoch.
 *
 * Source: Doty-Humphrey's sfc32 of PractRand, its first rounds thrown away so that near seeds part.
 */
function createBits(seed: number, epoch: number): () => number {
  let a = seed | 0, b = epoch | 0, c = 0x9e3779b9 | 0, counter = 1;
  const next = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 15; round++) next();
  return next;
}

/**
 * The examples of one epoch, 0 to size - 1, in the order of their visit.
 *
 * Source: Fisher and Yates' shuffle (Knuth, TAOCP 2, algorithm P).
 *
 * @throws {RangeError} If `size` is not a whole number of at least 0.
 * @example Three examples as they stand
 * ```ts
 * import { epochOrder } from "./order.ts";
 * epochOrder(3, { shuffle: false }); // 0, 1, 2
 * ```
 */
export function epochOrder(size: number, options: OrderOptions = {}): Uint32Array {
  const { seed = 0, epoch = 0, shuffle = true } = options;
  if (!Number.isInteger(size) || size < 0) {
    throw new RangeError(`Cannot order examples as their number must be whole and at least 0: got ${size}`);
  }
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  if (!shuffle) return order;
  const bits = createBits(seed, epoch);
  for (let last = size - 1; last > 0; last--) {
    const other = Math.floor(bits() / 2 ** 32 * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/**
 * One epoch cut into batches; the last one may be smaller.
 *
 * @throws {RangeError} If `batch` is not a positive whole number.
 * @example
 * ```ts
 * import { batches } from "./order.ts";
 * [...batches(5, 2, { shuffle: false })].map((rows) => rows.length); // 2, 2, 1
 * ```
 */
export function* batches(size: number, batch: number, options: OrderOptions = {}): Generator<Uint32Array> {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new RangeError(
      `Cannot cut an epoch into batches as each must hold at least 1 example: got ${batch}`,
    );
  }
  const order = epochOrder(size, options);
  for (let at = 0; at < size; at += batch) yield order.subarray(at, at + batch);
}
