/**
 * What every sampler suggests to studies of which everything is known: a study that goes on with a newer version is to go
 * on as it began. `suggestions.jsonl` keeps what they were when somebody last meant them. Run as a program, this file
 * writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/search/_suggestions.ts
 * ```
 * @module
 */
import { search, type SearchOptions } from "../../../lib/search/search.ts";
import type { Params } from "../../../lib/search/space.ts";
import { writeKept } from "../../kept.ts";

const SPACE = {
  rate: { low: 0.001, high: 1, log: true, float: true },
  width: { low: -2, high: 2, float: true },
  units: { low: 4, high: 64, step: 4 },
  kind: ["round", "flat", "deep"],
};

const KINDS: Record<string, number> = { round: 0, flat: 0.3, deep: 1 };
const bowl = ({ rate, width, units, kind }: Params) =>
  (Math.log10(Number(rate)) + 1.5) ** 2 + (Number(width) - 0.5) ** 2 + Math.abs(Number(units) - 24) / 40 +
  KINDS[String(kind)];

/** One number; one that every fifth trial fails to give; two numbers with a constraint. */
const STUDIES: Record<
  string,
  { objective: (params: Params, number: number) => unknown; options: SearchOptions }
> = {
  bowl: { objective: bowl, options: { trials: 26, seed: 5 } },
  holed: {
    objective: (params, number) => number % 5 === 4 ? NaN : -1e3 * bowl(params) ** 3,
    options: { trials: 22, seed: 6, direction: "maximize" },
  },
  two: {
    objective: (params) => ({
      values: [bowl(params), -Number(params.units)],
      constraints: [Number(params.width) - 1],
    }),
    options: { trials: 20, seed: 7, direction: ["minimize", "minimize"] },
  },
};

/** Samplers of studies of one number only. */
const SINGLE = ["cmaes"];
/** Every study's parameters in the order of the trials. */
export async function suggestionsOf(sampler: string): Promise<Record<string, (readonly Params[])>> {
  const found: Record<string, readonly Params[]> = {};
  if (sampler === "grid") { // of a space with floats it has no end
    const { units, kind } = SPACE;
    const { trials } = await search({ kind, units }, (params) => Number(params.units), {
      sampler,
      trials: 20,
    });
    return { finite: trials.map(({ params }) => params) };
  }
  for (const [name, { objective, options }] of Object.entries(STUDIES)) {
    if (name === "two" && SINGLE.includes(sampler)) continue;
    const { trials } = await search(
      SPACE,
      (params, { number }) => objective(params, number) as number,
      { ...options, sampler },
    );
    found[name] = trials.map(({ params }) => params);
  }
  return found;
}

/** Where they are kept: a line a sampler. */
export const KEPT = new URL("suggestions.jsonl", import.meta.url);

if (import.meta.main) {
  const { SAMPLERS } = await import("../../../lib/search/samplers/registry.ts");
  const lines = [];
  for (const name of Object.keys(SAMPLERS)) lines.push({ name, suggestions: await suggestionsOf(name) });
  await writeKept(KEPT, lines);
}
