/**
 * A button that stops whatever of this library is at work, for where people press one: JupyterLab's Stop.
 *
 * Nothing is connected unless {@linkcode connectStopButton} is called, as `lib/notebook.ts` does; then all work that was
 * given no signal of its own heeds the button. @module
 */

/** A press that met no work is heeded by work that begins so soon after it: between two steps of a loop, say. */
const PRESS_LASTS_MS = 2000;

let connected = false, pressedAt = -Infinity;
const atWork = new Set<AbortController>();

/** The button as a piece of work sees it; see {@linkcode heedStop}. */
export interface Heed extends Disposable {
  /** Aborted when the work is to end; absent where nothing can end it. */
  readonly signal?: AbortSignal;
  /** Whether the button ended it, rather than a signal that the caller gave and knows of. */
  isPressed(): boolean;
}

/** What stopped work throws: an `AbortError`. */
export function stopped(what = "Stopped"): DOMException {
  return new DOMException(what, "AbortError");
}

/**
 * Connects a button.
 *
 * @returns Presses it: all work of this moment ends, or what begins within two seconds.
 */
export function connectStopButton(): () => void {
  connected = true;
  return () => {
    pressedAt = atWork.size > 0 ? -Infinity : performance.now();
    for (const controller of atWork) controller.abort(stopped());
  };
}

/**
 * Has a piece of work heed the button until it is disposed of.
 *
 * @param own A signal that the caller gave; then the button is the caller's business.
 * @example
 * ```ts
 * async function count(to: number, signal?: AbortSignal) {
 *   using stop = heedStop(signal);
 *   for (let i = 0; i < to; i++) stop.signal?.throwIfAborted();
 *   return await Promise.resolve(to);
 * }
 * await count(3); // 3
 * ```
 */
export function heedStop(own?: AbortSignal): Heed {
  if (own || !connected) return { signal: own, isPressed: () => false, [Symbol.dispose]() {} };
  const controller = new AbortController();
  atWork.add(controller);
  if (performance.now() - pressedAt < PRESS_LASTS_MS) controller.abort(stopped());
  pressedAt = -Infinity;
  return {
    signal: controller.signal,
    isPressed: () => controller.signal.aborted,
    [Symbol.dispose]: () => void atWork.delete(controller),
  };
}

/** Ends here if the button was pressed: for work in small pieces, such as a step of a loop. @throws {DOMException} */
export function endIfStopped(): void {
  using stop = heedStop();
  stop.signal?.throwIfAborted();
}
