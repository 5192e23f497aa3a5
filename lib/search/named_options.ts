/** Things that are made by name with a few numbers, such as samplers and pruners. @module */
import { nearest } from "../base/nearest.ts";

/** How to make a thing, and the numbers that it takes. */
export interface Maker<T> {
  make: (options: Readonly<Record<string, number>>) => T;
  options: readonly string[];
}

/** A name with options beside it. */
export interface Named {
  name: string;
  [option: string]: unknown;
}

/**
 * Makes a thing by its name.
 *
 * @param what For messages, such as "sampler".
 * @throws {RangeError} If there is none of that name, or no such option; named is the nearest.
 */
export function makeNamed<T>(
  what: string,
  makers: Readonly<Record<string, Maker<T>>>,
  { name, ...options }: Named,
): T {
  if (!Object.hasOwn(makers, name)) throw unknown(what, name, Object.keys(makers));
  const { make, options: known } = makers[name];
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) throw unknown(`option of ${what} "${name}"`, key, known);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new RangeError(
        `Cannot make ${what} "${name}" as ${key} must be a number: got ${JSON.stringify(value)}`,
      );
    }
  }
  return make(options as Record<string, number>);
}

function unknown(what: string, name: string, names: readonly string[]): RangeError {
  const near = nearest(name, names);
  const list = names.length > 0 ? names.join(", ") : "none";
  return new RangeError(
    `Cannot find ${what} "${name}"${near ? ` (nearest: "${near}")` : ""}: there are ${list}`,
  );
}
