import { join } from "@std/path";
import { meanInterval, reevaluate } from "../../../lib/run/search_deploy.ts";
import { search } from "../../../lib/search/search.ts";
import type { Params } from "../../../lib/search/space.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

Deno.test("reevaluate() says how much a search flatters the best of many that are alike", () =>
  withFolder(async (folder) => {
    const seeds = new Set<number>();
    // All trials are alike but for the luck of their seeds, from 0 to 1: the best of forty is near 0, its mean 0.5.
    const luck = (_: unknown, { seed }: { seed: number }) => {
      seeds.add(seed);
      return (Math.imul(seed, 0x9e3779b1) >>> 0) / 2 ** 32;
    };
    const { study } = await search({ x: { low: 0, high: 1, float: true } }, luck, {
      folder,
      trials: 40,
      sampler: "random",
    });
    const again = await reevaluate(study, luck, { top: 2, seeds: 12 });
    assertEquals(seeds.size, 40 + 24);
    for (const { searched, mean, low, high, flattered, values } of again) {
      assertEquals(values.length, 12);
      assert(
        searched < 0.1 && low < mean && mean < high && flattered > 0.2,
        JSON.stringify({ searched, mean, flattered }),
      );
    }
    assert(again[0].mean <= again[1].mean, "the best mean comes first");
  }));

Deno.test("reevaluate() makes its interval of the folds where there are some", () =>
  withFolder(async (folder) => {
    const objective = () => ({ values: 2.5, folds: [1, 2, 3, 4] });
    const { study } = await search({ x: [1] }, objective, { folder, trials: 1 });
    const [{ values, mean, low, high, flattered }] = await reevaluate(study, objective, { seeds: 1 });
    assertEquals([values, mean, flattered], [[1, 2, 3, 4], 2.5, 0]);
    assertClose([low, high], [0.4457397, 4.5542603], 1e-4); // as below
  }));

Deno.test("reevaluate() gives each training a folder and a seed of its own, of the trial's number", () =>
  withFolder(async (folder) => {
    const seen: [number, number, string][] = [];
    const objective = async (_: unknown, context: { number: number; seed: number; folder: string }) => {
      await Deno.writeTextFile(join(context.folder, "model"), "new", { createNew: true });
      seen.push([context.number, context.seed, context.folder]);
      return context.number;
    };
    const { study } = await search({ x: [1, 2] }, objective, { folder, trials: 2, sampler: "grid" });
    const told: unknown[] = [];
    seen.length = 0;
    await reevaluate(study, objective, {
      top: 2,
      seeds: 2,
      onValue: ({ number }, seed, value) => told.push([number, seed, value]),
    });
    const places = [[0, 0], [0, 1], [1, 0], [1, 1]];
    assertEquals(
      seen.map(([number, , place]) => [number, place]),
      places.map(([number, run]) => [number, join(folder, "again", `${number}-${run}`)]),
    );
    assertEquals(new Set(seen.map(([, seed]) => seed)).size, 4);
    assertEquals(told, seen.map(([number, seed]) => [number, seed, number]));
  }));

Deno.test("reevaluate() takes the best three with three seeds each where nothing is said, the highest where most is best", () =>
  withFolder(async (folder) => {
    const objective = ({ x }: Params) => Number(x);
    const { study } = await search({ x: [1, 5, 3, 4, 2] }, objective, {
      folder,
      sampler: "grid",
      direction: "maximize",
    });
    const again = await reevaluate(study, objective);
    assertEquals(
      again.map(({ mean, values, flattered }) => [mean, values.length, Math.abs(flattered)]),
      [5, 4, 3].map((x) => [x, 3, 0]),
    );
  }));

Deno.test("meanInterval() is Student's", () => {
  // python: scipy.stats.t.interval(0.95, 3, loc=2.5, scale=scipy.stats.sem([1, 2, 3, 4]))
  const { mean, low, high } = meanInterval([1, 2, 3, 4]);
  assertClose([mean, low, high], [2.5, 0.4457397, 4.5542603], 1e-4);
  // [round(scipy.stats.t.ppf(0.975, d), 3) for d in range(1, 16)], and beyond them the normal distribution's 1.96.
  // deno-fmt-ignore
  const student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 1.96, 1.96];
  for (const [i, point] of student.entries()) {
    // One value of 1 and n - 1 of 0 have the mean 1 / n and the variance 1 / n.
    const n = i + 2, one = meanInterval(Array.from({ length: n }, (_, k) => k === 0 ? 1 : 0));
    assertClose([one.mean, one.high - one.mean, one.mean - one.low], [1 / n, point / n, point / n], 1e-9);
  }
  assertEquals(meanInterval([3]), { mean: 3, low: 3, high: 3 });
});
