/**
 * The state behind every random op of the engine: a seed and a counter.
 *
 * A compiled function draws with the key (seed, counter) and the op's place in the trace; the counter goes up by one
 * a call. A checkpoint that keeps both numbers therefore repeats a run bit for bit.
 * @module
 */
import { tf } from "../tf.ts";

/** Seed and counter, both int32. */
export interface RandomState {
  seed: number;
  counter: number;
}

const current: RandomState = { seed: 0, counter: 0 };

/** The state now, as a copy. */
export function getRandomState(): RandomState {
  return { ...current };
}

/**
 * Puts the state to `seed` and `counter`.
 *
 * @throws {RangeError} If either is not a whole number of 32 bits.
 */
export function setRandomState({ seed, counter }: RandomState): void {
  for (const value of [seed, counter]) {
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
      throw new RangeError(
        `Cannot set the random state as seed and counter must be 32-bit integers: got ${value}`,
      );
    }
  }
  current.seed = seed | 0;
  current.counter = counter | 0;
}

/** Moves on to fresh numbers: once a compiled call, once an eager random op. */
export function advanceRandomState(): void {
  current.counter = (current.counter + 1) | 0;
}

/** The state as the tensor that native stateless ops take: int32 [2]. */
export function randomStateTensor(): tf.Tensor1D {
  return tf.tensor1d([current.seed, current.counter], "int32");
}
