/** What holds of every sampler on every space: bounds, steps, conditions, and what its seed fixes. */
import fc from "fast-check";
import { countCombinations } from "../../../lib/search/combinations.ts";
import { createSampler, SAMPLERS } from "../../../lib/search/samplers/registry.ts";
import { search } from "../../../lib/search/search.ts";
import {
  checkParams,
  defineSpace,
  type Dimension,
  type DimensionSpec,
  type Params,
  type ParamValue,
  type Space,
} from "../../../lib/search/space.ts";
import type { Trial, TrialState } from "../../../lib/search/trial.ts";
import { fromUnit, toUnit } from "../../../lib/search/unit_cube.ts";
import { assert, assertEquals } from "../../assert.ts";

const TRIALS = 24;

/** One parameter: a list, a range of whole numbers or of any, with a step, on a logarithmic scale, or plain. */
const dimension: fc.Arbitrary<DimensionSpec> = fc.oneof(
  fc.uniqueArray(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 5 }),
  fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  fc.constant([true, false]),
  fc.record({
    low: fc.integer({ min: -20, max: 20 }),
    width: fc.integer({ min: 1, max: 60 }),
    step: fc.integer({ min: 1, max: 9 }),
  }).map(({ low, width, step }) => ({ low, high: low + width, step })),
  fc.record({ low: fc.integer({ min: 1, max: 20 }), width: fc.integer({ min: 1, max: 500 }) })
    .map(({ low, width }) => ({ low, high: low + width, log: true })),
  fc.record({
    low: fc.double({ min: -9, max: 9, noNaN: true }),
    width: fc.double({ min: 0.01, max: 9, noNaN: true }),
  })
    .map(({ low, width }) => ({ low, high: low + width, float: true })),
  fc.record({ power: fc.integer({ min: -6, max: 2 }), decades: fc.integer({ min: 1, max: 6 }) })
    .map(({ power, decades }) => ({
      low: 10 ** power,
      high: 10 ** (power + decades),
      log: true,
      float: true,
    })),
  fc.record({ low: fc.integer({ min: -5, max: 5 }), steps: fc.integer({ min: 1, max: 12 }) })
    .map(({ low, steps }) => ({ low, high: low + 0.1 * steps + 0.05, step: 0.1, float: true })),
);

/** Spaces with parameters that are there only where another one has some of its values, and with a constraint or none. */
const space: fc.Arbitrary<Space> = fc.record({
  kind: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 2, maxLength: 4 }),
  always: fc.array(dimension, { minLength: 1, maxLength: 3 }),
  sometimes: fc.array(dimension, { minLength: 0, maxLength: 2 }),
  constrained: fc.boolean(),
}).map(({ kind, always, sometimes, constrained }) =>
  defineSpace({
    kind,
    ...Object.fromEntries(always.map((spec, i) => [`always${i}`, spec])),
    ...Object.fromEntries(
      sometimes.map((spec, i) => [`sometimes${i}`, {
        ...(Array.isArray(spec) ? { choices: spec as ParamValue[] } : spec as { low: number; high: number }),
        when: { kind: [kind[i % kind.length]] },
      }]),
    ),
    ...constrained && { constraints: [`kind != "${kind[0]}" or 1 < 2`, `kind != "${kind[1]}"`] },
  })
);

/** A number of parameters, the same for the same ones. */
function loss(params: Params): number {
  return [...JSON.stringify(params)].reduce((sum, sign) => (31 * sum + sign.charCodeAt(0)) % 997, 7) / 997;
}

/** A trial that some way ended, or that still runs. */
function trialOf(number: number, params: Params, notes?: Trial["notes"]): Trial {
  const state = (["complete", "complete", "failed", "pruned", "running"] as TrialState[])[number % 5];
  const values = state === "complete" || state === "pruned" ? [loss(params)] : undefined;
  const reports = state === "pruned" ? [{ step: 1, values: { value: loss(params) } }] : [];
  return { number, params, seed: 0, state, attempts: [], values, reports, notes, origin: "sampler" };
}

/** What a sampler tries one after the other. */
function suggestions(name: string, space: Space, seed: number): Params[] {
  const sampler = createSampler({ name }), trials: Trial[] = [];
  for (let number = 0; number < TRIALS; number++) {
    const found = sampler.suggest({ space, directions: ["minimize"], trials, seed }, number);
    if (!found) break;
    trials.push(trialOf(number, found.params, found.notes));
  }
  return trials.map(({ params }) => params);
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const isEndless = (space: Space) => countCombinations(space).count > 200_000;

for (const name of Object.keys(SAMPLERS)) {
  Deno.test(`${name} keeps to bounds, steps, conditions and constraints of any space, and to its seed`, () => {
    fc.assert(
      fc.property(space, seeds, (space, seed) => {
        if (name === "grid" && isEndless(space)) return;
        const found = suggestions(name, space, seed);
        assert(
          found.length === TRIALS || found.length === countCombinations(space).count,
          `${found.length} trials`,
        );
        for (const params of found) checkParams(space, params);
        assertEquals(suggestions(name, space, seed), found);
      }),
      { numRuns: name === "gp" ? 12 : 40, seed: 15 },
    );
  });
}

Deno.test("independent samplers give a number's parameters whatever others gave", () => {
  fc.assert(
    fc.property(space, seeds, fc.integer({ min: 0, max: 30 }), (space, seed, number) => {
      for (const name of ["random", "sobol", "halton"]) {
        const sampler = createSampler({ name });
        const alone = sampler.suggest({ space, directions: ["minimize"], trials: [], seed }, number);
        const trials = suggestions("random", space, seed + 1).map((params, i) => trialOf(i, params));
        assertEquals(sampler.suggest({ space, directions: ["minimize"], trials, seed }, number), alone);
      }
    }),
    { numRuns: 60, seed: 15 },
  );
});

Deno.test("independent samplers try the same however many trials run at a time", async () => {
  const spec = {
    x: { low: 0, high: 1, step: 0.125 },
    kind: ["a", "b"],
    y: { low: 1, high: 3, when: { kind: "b" } },
  };
  const paramsOf = async (sampler: string, parallel: number) => {
    // The later a trial is, the sooner it ends: workers overtake each other.
    const objective = async (_: Params, { number }: { number: number }) => {
      await new Promise((resolve) => setTimeout(resolve, 12 - number));
      return number;
    };
    const { trials } = await search(spec, objective, { trials: 12, sampler, parallel, seed: 3 });
    return trials.map(({ params, seed }) => ({ params, seed }));
  };
  for (const sampler of ["grid", "random", "sobol", "halton"]) {
    assertEquals(await paramsOf(sampler, 5), await paramsOf(sampler, 1), sampler);
  }
});

Deno.test("fromUnit() and toUnit() are each other's inverse on every value", () => {
  const inside = fc.double({ min: 0, max: 1, noNaN: true });
  const one = (spec: DimensionSpec): Dimension => defineSpace({ one: spec }).dimensions[0];
  fc.assert(
    fc.property(dimension, inside, (spec, unit) => {
      const dimension = one(spec), value = fromUnit(dimension, unit);
      checkParams(defineSpace({ one: spec }), { one: value });
      const back = fromUnit(dimension, toUnit(dimension, value));
      if (typeof value !== "number") return assertEquals(back, value);
      assert(
        Math.abs(Number(back) - value) <= 1e-9 * Math.max(1, Math.abs(value)),
        `${value} came back as ${back}`,
      );
    }),
    { numRuns: 500, seed: 15 },
  );
});
