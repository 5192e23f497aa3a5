/**
 * The assertions of every test here, and the one place where a tolerance is defined.
 *
 * Built on what `@std/assert` and `node:assert/strict` share, so either may stand behind the import map.
 * @module
 */
import { AssertionError } from "@std/assert";
import { isDeepStrictEqual } from "node:util";

/** Shows a value in a failure message without flooding the log. */
function show(value: unknown): string {
  const text = Deno.inspect(value, { depth: 6, iterableLimit: 40, strAbbreviateSize: 400 });
  return text.length > 4000 ? text.slice(0, 4000) + "…" : text;
}

/** Fails with `message` unless `condition` holds. */
export function assert(condition: unknown, message = "condition does not hold"): asserts condition {
  if (!condition) throw new AssertionError({ message });
}

/** Fails unless both are structurally equal: same types, same prototypes, same values. */
export function assertEquals<T>(actual: T, expected: T, message = ""): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new AssertionError({
    message: `${message ? message + "\n" : ""}actual   ${show(actual)}\nexpected ${show(expected)}`,
  });
}

/**
 * Fails unless two arrays of numbers agree within `tolerance` of the larger array's scale.
 *
 * The scale is the largest finite |expected| (at least `floor`), so one tolerance serves losses, gradients and weights.
 * Lengths are compared first; a NaN on either side fails; an infinite number is close to itself alone.
 */
export function assertClose(
  actual: ArrayLike<number> | number,
  expected: ArrayLike<number> | number,
  tolerance = 1e-6,
  message = "",
  floor = 1e-12,
): void {
  const a = typeof actual === "number" ? [actual] : actual;
  const e = typeof expected === "number" ? [expected] : expected;
  if (a.length !== e.length) {
    throw new AssertionError({ message: `${message} lengths differ: ${a.length} and ${e.length}` });
  }
  let scale = floor, worst = 0, at = -1;
  for (let i = 0; i < e.length; i++) if (Number.isFinite(e[i])) scale = Math.max(scale, Math.abs(e[i]));
  for (let i = 0; i < e.length; i++) {
    const difference = a[i] === e[i] ? 0 : Math.abs(a[i] - e[i]);
    if (difference > worst || Number.isNaN(difference)) [worst, at] = [difference, i];
    if (Number.isNaN(difference)) break;
  }
  if (worst <= tolerance * scale) return;
  throw new AssertionError({
    message: `${message} index ${at}: ${a[at]} is not within ${tolerance} × ${scale} of ${e[at]}`,
  });
}

/** Whatever its constructor takes: it is only asked whether an error is one. */
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

function check<E extends Error>(error: unknown, kind: ErrorClass<E>, includes: string): E {
  if (!(error instanceof kind)) {
    throw new AssertionError({ message: `expected ${kind.name}, got ${show(error)}` });
  }
  if (!error.message.includes(includes)) {
    throw new AssertionError({
      message: `expected a message with "${includes}", got "${error.message}"`,
    });
  }
  return error;
}

/** Fails unless `fn` throws an error of `kind` whose message includes `includes`; gives the error back. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  kind: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  includes = "",
): E {
  try {
    fn();
  } catch (error) {
    return check(error, kind, includes);
  }
  throw new AssertionError({ message: `expected ${kind.name}, nothing was thrown` });
}

/** Fails unless the promise of `fn` rejects with an error of `kind` whose message includes `includes`. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  kind: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  includes = "",
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return check(error, kind, includes);
  }
  throw new AssertionError({ message: `expected ${kind.name}, nothing was rejected` });
}
