/** Letting others have their turn: native steps are calls that block the thread they are made on. @module */

/** Longest time that work keeps signals, timers and decoding waiting, one step aside. */
const TURN_MS = 40;
const LITTLE = new Uint8Array(1);

/**
 * Makes a function that a loop awaits at every step: now and then it lets the event loop run, mostly it does nothing.
 *
 * A turn is as long as another thread takes for next to nothing, 0.1 ms, in which the loop hears whatever is ready. The shortest
 * timer would take 2 ms, a twentieth of all training; `setImmediate` would hear no signal and no connection.
 *
 * @example
 * ```ts
 * import { createTurns } from "./turn_taking.ts";
 * const turn = createTurns();
 * for (let step = 0; step < 1000; step++) await turn();
 * ```
 */
export function createTurns(): () => Promise<void> | void {
  let last = performance.now();
  return () => {
    if (performance.now() - last < TURN_MS) return;
    return crypto.subtle.digest("SHA-256", LITTLE).then(() => {
      last = performance.now();
    });
  };
}
