/** Seeds of tests that are to try something else each time, and that can be told to try the same once more. @module */

/** What a test is told its seed by. */
const VARIABLE = "TEST_SEED";

/**
 * A seed drawn anew, or the one that `TEST_SEED` says: a test that failed is repeated with what it printed.
 *
 * @param what Which test draws it, for the line that is printed.
 * @param draw Draws a seed where none is said. @default {the clock's milliseconds}
 * @throws {Error} If what is said is no whole number from 0 to 2³² - 1.
 */
export function drawSeed(what: string, draw: () => number = () => Date.now() >>> 0): number {
  const said = Deno.env.get(VARIABLE), seed = said === undefined ? draw() : Number(said);
  if (said === "" || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new Error(`Cannot seed ${what} as ${VARIABLE} is no whole number from 0 to 2³² - 1: "${said}"`);
  }
  console.log(`${what}: ${VARIABLE}=${seed}`);
  return seed;
}

/** A seed that stays the same for a day. */
export function drawSeedOfDay(what: string): number {
  return drawSeed(what, () => Math.floor(Date.now() / 86_400_000));
}
