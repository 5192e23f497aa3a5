/** Waits that are over at once, noted, so that back-off can be read rather than sat through. @module */

/** Options for {@linkcode withWaits}. */
export interface WaitsOptions {
  /** What `Math.random` gives. @default {real numbers} */
  random?: number;
  /** Waits from this long on are left to the real clock: they are limits, not pauses. @default {5_000} */
  most?: number;
}

/**
 * Runs a test in which `setTimeout` waits for nothing, and `Date.now` goes on by what was waited and by nothing else, so that
 * a busy machine changes no number.
 *
 * @param use Gets the milliseconds asked for so far, a list that grows.
 */
export async function withWaits(
  use: (waits: number[]) => Promise<void>,
  options: WaitsOptions = {},
): Promise<void> {
  const { random, most = 5000 } = options;
  const { setTimeout: start } = globalThis, { random: draw } = Math, { now } = Date, begun = Date.now();
  const waits: number[] = [];
  let passed = 0;
  globalThis.setTimeout = ((callback: () => void, ms = 0) => {
    waits.push(ms);
    if (ms >= most) return start(callback, ms);
    return start(() => {
      passed += ms;
      callback();
    }, 0);
  }) as typeof setTimeout;
  Date.now = () => begun + passed;
  if (random !== undefined) Math.random = () => random;
  try {
    await use(waits);
  } finally {
    globalThis.setTimeout = start;
    Math.random = draw;
    Date.now = now;
  }
}
