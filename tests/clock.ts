/**
 * The clock that programs go by which a test starts: `--hard` shifts the tests' own by a day, and not theirs.
 * @module
 */

/** Milliseconds since 1970. */
export function nowOfPrograms(): number {
  return performance.timeOrigin + performance.now();
}
