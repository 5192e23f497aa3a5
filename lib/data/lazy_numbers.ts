/**
 * One number an event in chunks, beside {@linkcode LazyImages}: labels, energies. @module
 */

/** Sizes of the chunks that `length` items fall into; the last may be smaller. A size of -1 makes one chunk. */
export function chunkSizes(length: number, size: number): number[] {
  if (!(size === -1 || (Number.isInteger(size) && size > 0))) {
    throw new RangeError(
      `Cannot rechunk as the size must be a positive integer, or -1 for one chunk: got ${size}`,
    );
  }
  if (length === 0) return [];
  const step = size === -1 ? length : size;
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => Math.min(step, length - i * step));
}

/** Numbers with a chunk structure; every method gives a new one. */
export class LazyNumbers {
  /**
   * One number an event.
   *
   * @param values One number an event.
   * @param size Events in a chunk; -1 for one chunk.
   */
  constructor(readonly values: Float32Array, private readonly size: number = -1) {
    chunkSizes(values.length, size);
  }

  /** How many numbers there are. */
  get length(): number {
    return this.values.length;
  }

  /** How many numbers are in each chunk. */
  get chunkSizes(): number[] {
    return chunkSizes(this.length, this.size);
  }

  /** Cuts into chunks of `size`; -1 for one chunk. @throws {RangeError} */
  rechunk(size: number): LazyNumbers {
    return new LazyNumbers(this.values, size);
  }

  /** The numbers times a factor: `energies.scale(1 / 30)`. */
  scale(factor: number): LazyNumbers {
    return new LazyNumbers(this.values.map((x) => x * factor), this.size);
  }

  /** Some of the numbers, in the order given. @throws {RangeError} If an index is out of range. */
  select(indices: ArrayLike<number>): LazyNumbers {
    const out = new Float32Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const value = this.values[indices[i]];
      if (value === undefined) {
        throw new RangeError(`Cannot select number ${indices[i]}: there are ${this.length}`);
      }
      out[i] = value;
    }
    return new LazyNumbers(out, this.size);
  }

  /** The chunks in order, as views of the numbers. */
  *chunks(): Generator<Float32Array> {
    let start = 0;
    for (const size of this.chunkSizes) yield this.values.subarray(start, start += size);
  }
}
