// Not counted: its loops are long.
import { createSampler, SAMPLERS } from "../../../lib/search/samplers/registry.ts";
import { haltonPoint } from "../../../lib/search/samplers/halton.ts";
import { sobolPoint } from "../../../lib/search/samplers/sobol.ts";
import type { History, Sampler } from "../../../lib/search/samplers/sampler.ts";
import { crowdingDistances, dominates, rankByDomination } from "../../../lib/search/samplers/domination.ts";
import { conditionProcess } from "../../../lib/search/samplers/gaussian_process.ts";
import { cholesky, eigenSymmetric } from "../../../lib/search/linear_algebra.ts";
import { checkParams, defineSpace, type Params, type SpaceSpec } from "../../../lib/search/space.ts";
import type { Trial } from "../../../lib/search/trial.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

/** Everything at once, with a finite number of combinations, so that grids work too. */
const RICH: SpaceSpec = {
  optimizer: ["adam", "sgd", "rmsprop"],
  rate: { low: 0.001, high: 1.001, step: 0.25 },
  units: { low: 8, high: 64, log: true },
  momentum: { low: 0, high: 0.75, step: 0.25, when: { optimizer: ["sgd"] } },
  batch: [16, 32, 64],
  constraints: ["units * batch <= 2048"],
};

function trialOf(number: number, params: Params, values?: number[], more: Partial<Trial> = {}): Trial {
  const state = values ? "complete" : "running";
  return { number, params, seed: 0, state, attempts: [], values, reports: [], origin: "sampler", ...more };
}

/** Runs a sampler on a function, one trial after the other. */
function run(
  sampler: Sampler,
  spec: SpaceSpec,
  objective: (params: Params) => Partial<Trial> & { values?: number[] },
  { trials: count, seed = 0, directions = ["minimize"] }: {
    trials: number;
    seed?: number;
    directions?: History["directions"];
  },
): Trial[] {
  const space = defineSpace(spec), trials: Trial[] = [];
  for (let number = 0; number < count; number++) {
    const suggestion = sampler.suggest({ space, directions, trials, seed }, number);
    if (!suggestion) break;
    checkParams(space, suggestion.params);
    const { values, ...more } = objective(suggestion.params);
    trials.push(trialOf(number, suggestion.params, values, { notes: suggestion.notes, ...more }));
  }
  return trials;
}

const bestOf = (trials: readonly Trial[]) => Math.min(...trials.map(({ values }) => values?.[0] ?? Infinity));
const square = (params: Params) => ({
  values: [Object.values(params).reduce<number>((sum, x) => sum + (Number(x) - 0.7) ** 2, 0)],
});
const cube = (dimensions: number): SpaceSpec =>
  Object.fromEntries(
    Array.from({ length: dimensions }, (_, i) => [`x${i}`, { low: 0, high: 1, float: true }]),
  );

for (const name of Object.keys(SAMPLERS)) {
  Deno.test(`createSampler() ${name} keeps to the space, and its seed fixes what it does`, () => {
    const small = { ...RICH, batch: [16, 32] };
    const rate = (params: Params) =>
      params.optimizer === "rmsprop" ? { state: "failed" as const } : square({ a: params.rate });
    const [a, b, other] = [3, 3, 4].map((seed) =>
      run(createSampler({ name }), small, rate, { trials: 40, seed }).map(({ params }) => params)
    );
    assertEquals(a, b);
    assert(a.length === 40, `only ${a.length} trials`);
    if (name !== "grid") assert(JSON.stringify(a) !== JSON.stringify(other), "the seed changes nothing");
  });
}

Deno.test("createSampler() names the nearest of what it does not know", () => {
  assertThrows(() => createSampler({ name: "tpp" }), RangeError, '(nearest: "tpe")');
  assertThrows(() => createSampler({ name: "tpe", startpu: 3 }), RangeError, '(nearest: "startup")');
  assertThrows(
    () => createSampler({ name: "tpe", startup: "3" }),
    RangeError,
    'startup must be a number: got "3"',
  );
  assertThrows(() => createSampler({ name: "grid", size: 1 }), RangeError, "there are none");
});

Deno.test("grid and random samplers try every combination once and then end", () => {
  for (const name of ["grid", "random"]) {
    const trials = run(createSampler({ name }), { a: [1, 2, 3], b: ["x", "y"] }, () => ({ values: [0] }), {
      trials: 100,
    });
    assertEquals(new Set(trials.map(({ params }) => JSON.stringify(params))).size, 6);
    assertEquals(trials.length, 6);
  }
});

Deno.test("tpe tries each of a few combinations once", () => {
  const spec = { a: [1, 2, 3, 4], b: ["x", "y", "z"], c: { low: 1, high: 4 } };
  const rate = ({ a, c }: Params) => ({ values: [Number(a) + Number(c)] });
  const trials = run(createSampler({ name: "tpe" }), spec, rate, { trials: 48 });
  assertEquals(new Set(trials.map(({ params }) => JSON.stringify(params))).size, 48);
});

Deno.test("independent samplers do not look at other trials", () => {
  for (const name of ["grid", "random", "sobol", "halton"]) {
    const sampler = createSampler({ name }), space = defineSpace(RICH);
    const history: History = { space, directions: ["minimize"], trials: [], seed: 1 };
    const alone = sampler.suggest(history, 7);
    const trials = [trialOf(0, alone!.params, [1])];
    assertEquals(sampler.suggest({ ...history, trials }, 7), alone);
    assert(sampler.independent);
  }
});

Deno.test("sobolPoint() gives the points of SciPy", () => {
  // python: scipy.stats.qmc.Sobol(4, scramble=False).random(8)
  const expected = [
    [0, 0, 0, 0],
    [0.5, 0.5, 0.5, 0.5],
    [0.75, 0.25, 0.25, 0.25],
    [0.25, 0.75, 0.75, 0.75],
    [0.375, 0.375, 0.625, 0.875],
    [0.875, 0.875, 0.125, 0.375],
    [0.625, 0.125, 0.875, 0.625],
    [0.125, 0.625, 0.375, 0.125],
  ];
  expected.forEach((point, n) => assertEquals([...sobolPoint(n, 4)], point));
});

Deno.test("scrambled Sobol and Halton points fill every interval alike", () => {
  for (let d = 0; d < 40; d++) {
    const cells = new Set(Array.from({ length: 64 }, (_, n) => Math.floor(sobolPoint(n, 40, 5)[d] * 64)));
    assertEquals(cells.size, 64, `Sobol, dimension ${d}`);
  }
  [2, 3, 5].forEach((base, d) => {
    const count = base ** 2;
    const cells = Array.from({ length: count }, (_, n) => Math.floor(haltonPoint(n, 3, 5)[d] * count));
    assertEquals(new Set(cells).size, count, `Halton, base ${base}`);
  });
});

Deno.test("tpe, gp and cmaes find what random search does not", () => {
  const mean = (name: string) => {
    const bests = [0, 1, 2].map((seed) =>
      bestOf(run(createSampler({ name }), cube(5), square, { trials: 45, seed }))
    );
    return bests.reduce((a, b) => a + b) / 3;
  };
  const random = mean("random");
  for (const name of ["tpe", "gp", "cmaes"]) {
    assert(mean(name) < random / 3, `${name} is no better than chance`);
  }
});

Deno.test("tpe and gp look for the most where the most is wanted", () => {
  for (const name of ["tpe", "gp", "cmaes"]) {
    const trials = run(createSampler({ name }), cube(2), ({ x0, x1 }) => ({
      values: [-((Number(x0) - 0.2) ** 2) - (Number(x1) - 0.8) ** 2],
    }), { trials: 45, directions: ["maximize"] });
    assert(Math.max(...trials.map(({ values }) => values![0])) > -0.01, name);
  }
});

Deno.test("tpe and gp keep away from where trials run already", () => {
  for (const name of ["tpe", "gp"]) {
    const space = defineSpace(cube(3)), sampler = createSampler({ name });
    const rough = ({ x0, x1, x2 }: Params) => ({
      values: [Math.sin(13 * Number(x0)) * Math.cos(9 * Number(x1)) + Math.sin(7 * Number(x2))],
    });
    const trials = run(sampler, cube(3), rough, { trials: 14 });
    const places = new Set<string>();
    for (let number = 14; number < 20; number++) {
      const { params } = sampler.suggest({ space, directions: ["minimize"], trials, seed: 0 }, number)!;
      places.add(Object.values(params).map((x) => Number(x).toFixed(3)).join());
      trials.push(trialOf(number, params));
    }
    assertEquals(places.size, 6, name);
  }
});

Deno.test("samplers with constraints and several objectives come to the allowed front", () => {
  const objective = ({ x0, x1 }: Params) => {
    const [a, b] = [Number(x0), Number(x1)];
    return { values: [a + b * b, 1 - a + b * b], constraints: [0.3 - a] };
  };
  for (const name of ["nsga2", "tpe", "gp"]) {
    const trials = run(
      createSampler(name === "nsga2" ? { name, population: 20 } : { name }),
      cube(2),
      objective,
      {
        trials: name === "gp" ? 50 : 200,
        directions: ["minimize", "minimize"],
      },
    );
    const late = trials.slice(-20);
    const good = late.filter(({ params, constraints }) => Number(params.x1) < 0.25 && constraints![0] <= 0);
    assert(good.length >= 10, `${name}: only ${good.length} of the last 20 are near the front`);
  }
});

Deno.test("rankByDomination() and crowdingDistances() give what is worked out by hand", () => {
  const at = (losses: number[], violation = 0) => ({ losses, violation });
  assert(dominates(at([1, 2]), at([1, 3])));
  assert(!dominates(at([1, 2]), at([1, 2])) && !dominates(at([0, 3]), at([1, 2])));
  assert(dominates(at([9, 9]), at([1, 1], 0.1)), "a constraint counts for less than an objective");
  assertEquals(rankByDomination([at([2, 2]), at([1, 3]), at([3, 3]), at([0, 0], 1)]), [0, 0, 1, 2]);
  // neighbours of the second: (3 - 0) / 4 + (4 - 1) / 4
  assertEquals(crowdingDistances([at([0, 4]), at([1, 2]), at([3, 1]), at([4, 0])]), [
    Infinity,
    1.5,
    1.25,
    Infinity,
  ]);
});

Deno.test("conditionProcess() gives NumPy's posterior", () => {
  // python: k = s (1 + √5 r + 5/3 r²) exp(-√5 r); k* K⁻¹ y and s - k* K⁻¹ k*ᵀ with K = k + 0.01 I, by numpy.linalg.solve
  const points = [[0.1, 0.2], [0.4, 0.9], [0.8, 0.3], [0.6, 0.6]].map((point) => Float64Array.from(point));
  const kernel = { lengths: Float64Array.of(0.5, 0.25), scale: 1.3, noise: 0.01 };
  const process = conditionProcess(kernel, points, Float64Array.of(1, -0.5, 0.25, -0.75), [0, 1]);
  const found = [[0.5, 0.5], [0.1, 0.2]].map((point) => process.predict(Float64Array.from(point)));
  assertClose(found.map(({ mean }) => mean), [-0.3857473663697708, 0.9918187019558903], 1e-10);
  assertClose(found.map(({ variance }) => variance), [0.2669238843049708, 0.009915961169498555], 1e-10);
});

Deno.test("cholesky() and eigenSymmetric() give NumPy's", () => {
  const matrix = Float64Array.of(4, 1, 0.5, 1, 3, -0.2, 0.5, -0.2, 2);
  // python: numpy.linalg.cholesky(a), numpy.linalg.eigvalsh(a)
  assertClose(cholesky(matrix, 3)!, [
    2.0,
    0.0,
    0.0,
    0.5,
    1.6583123951777,
    0.0,
    0.25,
    -0.19598237397554635,
    1.3780750738225074,
  ], 1e-12);
  const { values, vectors } = eigenSymmetric(matrix, 3);
  assertClose(
    [...values].sort((a, b) => a - b),
    [1.6928770621373779, 2.64928450564626, 4.65783843221636],
    1e-12,
  );
  for (let k = 0; k < 3; k++) {
    const column = [0, 1, 2].map((i) => vectors[i * 3 + k]);
    const image = [0, 1, 2].map((i) => column.reduce((sum, x, j) => sum + matrix[i * 3 + j] * x, 0));
    assertClose(image, column.map((x) => values[k] * x), 1e-12);
  }
  assertEquals(cholesky(Float64Array.of(1, 2, 2, 1), 2), undefined);
});
