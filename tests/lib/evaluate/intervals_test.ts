/**
 * Reference values printed by Python (SciPy 1.x):
 * ```py
 * from scipy import stats, special
 * stats.binomtest(k, n).proportion_ci(); stats.binomtest(45, 50).proportion_ci(0.68)
 * special.betainc(2.5, 7, [.1, .3, .8]); special.betainc(5000, 40, .991)
 * stats.norm.ppf([1e-9, .01, .3, .5, .975, .9999]); special.gammaln([.2, 1.5, 10, 1e5])
 * ```
 * @module
 */
import {
  accuracy,
  argMaxRows,
  bootstrap,
  clopperPearson,
  mostFrequentClass,
  proportion,
  quantileSorted,
} from "../../../lib/evaluate/mod.ts";
import { incompleteBeta, logGamma, normalQuantile } from "../../../lib/evaluate/_special.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { generator, sequence } from "./_sequence.ts";

Deno.test("clopperPearson() agrees with SciPy, also where nothing or everything succeeds", () => {
  const cases: [number, number, number, number][] = [
    [0, 10, 0, 0.30849710781876294],
    [3, 10, 0.06673951117773447, 0.652452850060008],
    [9960, 10000, 0.9945570776048132, 0.9971408499612507],
    [10, 10, 0.6915028921812371, 1],
    // The low end is exact, 1 - (1 - 0.025)^(1 / 60000): SciPy's root finder stops seven digits in.
    [1, 60000, 4.219633773505649e-07, 9.285718511705548e-05],
  ];
  for (const [k, n, low, high] of cases) {
    const interval = clopperPearson(k, n);
    assertClose(interval.low, low, 1e-9, `${k} of ${n}`);
    assertClose(interval.high, high, 1e-8, `${k} of ${n}`);
  }
  assertClose(clopperPearson(45, 50, { confidence: 0.68 }).low, 0.8383110257697164, 1e-10);
  assertEquals(clopperPearson(0, 0), { low: 0, high: 1 });
});

Deno.test("clopperPearson() refuses counts that cannot be and levels outside (0, 1)", () => {
  assertThrows(() => clopperPearson(11, 10), RangeError, "got 11 of 10");
  assertThrows(() => clopperPearson(0.5, 10), RangeError, "counts must be whole");
  assertThrows(() => clopperPearson(1, 10, { confidence: 1 }), RangeError, "got 1");
});

Deno.test("special functions agree with SciPy", () => {
  assertClose([0.1, 0.3, 0.8].map((x) => incompleteBeta(x, 2.5, 7)), [
    0.10188029911305448,
    0.6412224629717214,
    0.9998291744689191,
  ], 1e-13);
  assertClose(incompleteBeta(0.991, 5000, 40), 0.1928643969924023, 1e-9);
  assertEquals([-1, 0, 1, 2].map((x) => incompleteBeta(x, 2, 3)), [0, 0, 1, 1]);
  assertClose([1e-9, 0.01, 0.3, 0.5, 0.975, 0.9999].map(normalQuantile), [
    -5.9978070150076865,
    -2.3263478740408408,
    -0.5244005127080409,
    0,
    1.959963984540054,
    3.719016485455709,
  ], 1e-12);
  assertClose(
    [0.2, 1.5, 10].map(logGamma),
    [1.5240638224307845, -0.12078223763524526, 12.801827480081469],
    1e-13,
  );
  assertClose(logGamma(1e5), 1051287.7089736569, 1e-13);
});

Deno.test("accuracy() counts what is right and carries n", () => {
  const estimate = accuracy([0, 1, 1, 0], [0, 1, 0, 0]);
  assertEquals(estimate, { value: 0.75, ...clopperPearson(3, 4), n: 4 });
  assertThrows(() => accuracy([1], [1, 2]), RangeError, `"predicted" has 1, "labels" has 2`);
  assertThrows(() => accuracy([], []), RangeError, "empty");
});

Deno.test("argMaxRows() takes the first of equals and refuses ragged rows", () => {
  assertEquals(argMaxRows([0.1, 0.7, 0.2, 0.5, 0.5, 0], 3), Int32Array.of(1, 0));
  assertThrows(() => argMaxRows([1, 2, 3], 2), RangeError, "rows of 2");
});

Deno.test("mostFrequentClass() answers by the training labels", () => {
  assertEquals(mostFrequentClass([1, 1, 0, 2]).value, 0.5);
  assertEquals(mostFrequentClass([1, 1, 0, 2], [0, 0, 1]), { name: "most frequent class", value: 0.25 });
  assertEquals(mostFrequentClass([0, 1, 1, 2], [2, 1, 1, 2]).value, 0.25); // the first of equals, 2
  assertThrows(() => mostFrequentClass([]), RangeError, `"labels" is empty`);
});

Deno.test("proportion() of nothing is NaN within [0, 1]", () => {
  assertEquals(proportion(0, 0), { value: NaN, low: 0, high: 1, n: 0 });
});

Deno.test("quantileSorted() interpolates as NumPy does", () => {
  assertClose([0, 0.5, 0.9, 1].map((q) => quantileSorted([1, 2, 4, 8], q)), [1, 3, 6.8, 8], 1e-15);
  assertEquals(quantileSorted([], 0.5), NaN);
  assertEquals([-0.5, 1.5].map((q) => quantileSorted([1, 2, 4, 8], q)), [1, 8]);
});

// import numpy as np; from scipy import stats   # t, u: 200 numbers of seeds 3 and 5
// d = (u - .45) * (1 + .1 * 35 * t)
// stats.bootstrap((d,), np.mean, method="percentile", n_resamples=9999).confidence_interval  -> 0.0375, 0.2765
Deno.test("bootstrap() repeats with its rng and agrees with SciPy's percentile interval", () => {
  const t = sequence(200, 3), u = sequence(200, 5);
  const differences = u.map((x, i) => (x - 0.45) * (1 + 0.1 * 35 * t[i]));
  const mean = (sample: Float64Array) => sample.reduce((sum, x) => sum + x, 0) / sample.length;
  const run = () => bootstrap(differences, mean, { rng: generator(21), resamples: 4000 });
  const estimate = run();
  assertClose(estimate.value, 0.15687102304483766, 1e-12);
  assertClose([estimate.low, estimate.high], [0.03752820364780629, 0.2764526922288366], 0.03);
  assertEquals(run(), estimate);
});

Deno.test("bootstrap() leaves out resamples on which the statistic does not exist", () => {
  const estimate = bootstrap([0, 1], (sample) => 1 / Math.max(...sample), {
    rng: generator(1),
    resamples: 200,
  });
  assertEquals([estimate.low, estimate.high], [1, 1]);
  assert(Number.isFinite(estimate.value));
  assertThrows(() => bootstrap([], (s) => s[0], { rng: generator(1) }), RangeError, "got 0 and 1000");
});
