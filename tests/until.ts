/** Waiting for a condition, and not for a time: how long it takes is the machine's business. @module */

const { setTimeout } = globalThis; // a test may replace it
const now = performance.now.bind(performance);

/** Only what never comes takes so long, on a slow machine with much to do, too. */
const NEVER_MS = 120_000;

/**
 * Asks again and again until something is so.
 *
 * @param what Such as "the first result", for the error.
 * @throws {Error} If it never is.
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const start = now(); !await isSo();) {
    if (now() - start > NEVER_MS) throw new Error(`Waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
