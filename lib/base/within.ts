/** Promises that are given up after a time. @module */

/**
 * What a promise gives, unless it takes too long; it goes on unheard then.
 *
 * @param late Makes the error for one that has not come by then.
 * @throws {Error} What the promise throws, or that it is late.
 * @example
 * ```ts
 * import { within } from "./within.ts";
 * await within(Promise.resolve(7), 1000, () => new Error("it took too long")); // 7
 * ```
 */
export function within<T>(work: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
