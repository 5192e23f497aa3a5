/** Defaults that depend on other options: what was given stays. @module */

/**
 * Options with other values in the place of those that were not given.
 *
 * @param options All of them; not modified.
 * @param given Names of those that were given.
 * @param others Values of some of them.
 * @example A recipe's own number of epochs, but the user's batch
 * ```ts
 * unlessGiven({ epochs: 12, batch: 64 }, new Set(["batch"]), { epochs: 30, batch: 256 }); // { epochs: 30, batch: 64 }
 * ```
 */
export function unlessGiven<T extends object>(
  options: T,
  given: ReadonlySet<string>,
  others: { readonly [Name in keyof T]?: T[Name] },
): T {
  const free = Object.entries(others).filter(([name]) => !given.has(name));
  return { ...options, ...Object.fromEntries(free) };
}
