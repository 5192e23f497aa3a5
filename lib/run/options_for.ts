/** The options of an experiment as a run takes them, from those that are not the defaults. @module */
import { nearest } from "../base/nearest.ts";
import type { Data, Experiment, Options, OptionTable } from "./experiment.ts";

/**
 * All options of an experiment: those given, the defaults of the others, and what depends on them.
 *
 * @param given Options by name, `epochs`, `batch` and `seed` among them.
 * @throws {RangeError} If there is no such option; the nearest is named.
 * @example
 * ```ts
 * import type { Experiment } from "./experiment.ts";
 * const short = (experiment: Experiment) => optionsFor(experiment, { epochs: 1 });
 * ```
 */
export function optionsFor<T extends OptionTable, D extends Data>(
  experiment: Experiment<T, D>,
  given: Readonly<Record<string, unknown>> = {},
): Options<T> {
  const defaults = Object.entries(experiment.options).map(([name, spec]) =>
    [name, "default" in spec ? spec.default : undefined] as const
  );
  const all = { ...Object.fromEntries(defaults), ...experiment.defaults, seed: 0 };
  for (const name of Object.keys(given)) {
    if (name in all) continue;
    const near = nearest(name, Object.keys(all));
    throw new RangeError(
      `Cannot give "${experiment.name}" an option "${name}" as it has none${
        near ? ` (nearest: "${near}")` : ""
      }`,
    );
  }
  const options = { ...all, ...given } as Options<T>;
  return experiment.resolveOptions?.(options, new Set(Object.keys(given))) ?? options;
}
