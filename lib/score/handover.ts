/** Pictures and values on their way to another thread: their memory moves instead of being copied. @module */
import type { Example, RawArray } from "./raw_array.ts";

/** A picture as it came, or the values of an example. */
export type Packed = { png: Uint8Array } | { arrays: Example };

/** Values in memory of their own: to post a part of a large buffer to a thread copies all of the buffer. */
export function apart<T extends ArrayBufferView & { slice(): T }>(data: T): T {
  const isPart = data.buffer instanceof ArrayBuffer && data.byteLength < data.buffer.byteLength;
  return isPart ? data.slice() : data;
}

/** What one message hands over. */
export class Handover {
  readonly #buffers = new Set<ArrayBuffer>();

  /** The memory that moves with the message; what threads share stays where it is. */
  get buffers(): ArrayBuffer[] {
    return [...this.#buffers];
  }

  /** A picture or values as they are to be posted: each in a buffer that holds nothing else, and that moves. */
  pack<T extends Packed>(packed: T): T {
    if ("png" in packed) return { ...packed, png: this.#own(packed.png) };
    const arrays = Object.entries(packed.arrays).map(([name, array]): [string, RawArray] => [
      name,
      { ...array, data: this.#own(array.data) },
    ]);
    return { ...packed, arrays: Object.fromEntries(arrays) };
  }

  #own<T extends ArrayBufferView & { slice(): T }>(data: T): T {
    const own = this.#buffers.has(data.buffer as ArrayBuffer) ? data.slice() : apart(data);
    if (own.buffer instanceof ArrayBuffer) this.#buffers.add(own.buffer);
    return own;
  }
}
