/** Letting others have their turn: native steps are calls that block the thread they are made on. @module */

/** Longest time that work keeps signals, timers and decoding waiting, one step aside. */
const TURN_MS = 40;

/**
 * Makes a function that a loop awaits at every step: now and then it lets the event loop run, mostly it does nothing.
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
    return new Promise((resolve) =>
      setTimeout(() => {
        last = performance.now();
        resolve();
      }, 0)
    );
  };
}
