/** How the normal distribution of CMA-ES moves, beside another implementation of the same tutorial. */
import { createRng, drawNormal } from "../../../lib/base/rng.ts";
import { cmaesSampler } from "../../../lib/search/samplers/cmaes.ts";
import { defineSpace } from "../../../lib/search/space.ts";
import type { Trial } from "../../../lib/search/trial.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

const SEED = 3;

/** Generations that are over: two coordinates that wander off, and losses that follow no order of theirs. */
function trialsOf(population: number, generations: number, shift: number): Trial[] {
  return Array.from({ length: population * generations }, (_, number) => {
    const g = Math.floor(number / population), i = number % population;
    const x = 0.5 + shift * (g + 1) + 0.2 * Math.sin(3 * i + g), y = 0.5 + 0.1 * Math.cos(5 * i + 2 * g);
    return {
      number,
      params: { x, y },
      seed: 0,
      state: "complete",
      attempts: [],
      values: [i * 7 % population],
      reports: [],
      origin: "sampler",
      notes: { generation: g, point: `${x} ${y}` },
    };
  });
}

/** Mean and covariance, from where three draws are put of which the normal numbers are known; a fourth is to agree. */
function distributionAfter(
  trials: readonly Trial[],
  population: number,
): { mean: number[]; spread: number[] } {
  const space = defineSpace({ x: { low: 0, high: 1, float: true }, y: { low: 0, high: 1, float: true } });
  const sampler = cmaesSampler({ population });
  const draws: { z: [number, number]; point: [number, number] }[] = [];
  for (let number = trials.length; draws.length < 4; number++) {
    const rng = createRng(SEED, number + 1), z: [number, number] = [drawNormal(rng), drawNormal(rng)];
    if (Math.hypot(...z) > 0.4) continue; // well inside the cube, or another point would be drawn
    const { params } = sampler.suggest({ space, directions: ["minimize"], trials, seed: SEED }, number)!;
    draws.push({ z, point: [Number(params.x), Number(params.y)] });
  }
  // point = mean + A z
  const [a, b, c, d] = draws, [u, v] = [b, c].map(({ z }) => [z[0] - a.z[0], z[1] - a.z[1]]);
  const det = u[0] * v[1] - u[1] * v[0];
  assert(Math.abs(det) > 0.01, "the draws lie on a line");
  const rows = [0, 1].map((k) => {
    const [p, q] = [b.point[k] - a.point[k], c.point[k] - a.point[k]];
    return [(p * v[1] - q * u[1]) / det, (q * u[0] - p * v[0]) / det];
  });
  const mean = rows.map(([r, s], k) => a.point[k] - r * a.z[0] - s * a.z[1]);
  assertClose(rows.map(([r, s], k) => mean[k] + r * d.z[0] + s * d.z[1]), d.point, 1e-9, "a fourth draw");
  const spread = [0, 1].flatMap((i) => [0, 1].map((j) => rows[i][0] * rows[j][0] + rows[i][1] * rows[j][1]));
  return { mean, spread };
}

Deno.test("cmaesSampler() moves mean, width and covariance as the tutorial says", () => {
  // cmaes 0.13.1 (PyPI), told the same points:
  //   es = CMA(mean=np.full(2, 0.5), sigma=0.15, population_size=population)
  //   for g in range(generations):
  //       i = np.arange(population)
  //       x = np.stack([0.5 + shift * (g + 1) + 0.2 * np.sin(3.0 * i + g), 0.5 + 0.1 * np.cos(5.0 * i + 2 * g)], 1)
  //       es.tell([(p, float(k * 7 % population)) for k, p in enumerate(x)])
  //   es._mean, es._sigma**2 * es._C
  const cases: [population: number, generations: number, shift: number, mean: number[], spread: number[]][] =
    [
      // One jump so far that the path of the covariance stands still for it.
      [6, 1, 0.33, [0.833651193299, 0.565199194868], [
        0.049646209611,
        0.000889411995,
        0.000889411995,
        0.048123712505,
      ]],
      [6, 3, 0.11, [0.906786567496, 0.433503905766], [
        0.069282178924,
        -0.011266530992,
        -0.011266530992,
        0.027513810768,
      ]],
      // So many that the width is damped for their number.
      [40, 3, 0.01, [0.599979687216, 0.486839454631], [
        0.034063107747,
        -0.00392976609,
        -0.00392976609,
        0.00638158439,
      ]],
    ];
  for (const [population, generations, shift, mean, spread] of cases) {
    const found = distributionAfter(trialsOf(population, generations, shift), population);
    assertClose(found.mean, mean, 1e-9, `mean after ${generations} of ${population}`);
    assertClose(found.spread, spread, 1e-8, `covariance after ${generations} of ${population}`);
  }
});

Deno.test("cmaesSampler() draws 4 + 3 ln n points a generation of n coordinates, and no fewer than four", () => {
  const side = { low: 0, high: 1, float: true };
  for (const [size, population] of [[1, 4], [2, 6], [10, 10]]) {
    const names = Array.from({ length: size }, (_, i) => `x${i}`);
    const space = defineSpace(Object.fromEntries(names.map((name) => [name, side])));
    const params = Object.fromEntries(names.map((name) => [name, 0.5])),
      point = names.map(() => 0.5).join(" ");
    const [first] = trialsOf(1, 1, 0);
    const generationAfter = (count: number) => {
      const trials = Array.from({ length: count }, (_, number) => ({
        ...first,
        number,
        params,
        notes: { generation: 0, point },
      }));
      const history = { space, directions: ["minimize" as const], trials, seed: SEED };
      return cmaesSampler().suggest(history, count)!.notes!.generation;
    };
    assertEquals(
      [generationAfter(population - 1), generationAfter(population)],
      [0, 1],
      `${size} coordinates`,
    );
  }
});

Deno.test("cmaesSampler() begins in the middle, as wide in every direction", () => {
  const { mean, spread } = distributionAfter([], 6);
  assertClose(mean, [0.5, 0.5], 1e-12);
  assertClose(spread, [0.0225, 0, 0, 0.0225], 1e-12);
  assertEquals(cmaesSampler().independent, false);
});
