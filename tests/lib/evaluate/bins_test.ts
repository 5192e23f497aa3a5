/**
 * Reference values printed by Python (NumPy, SciPy, scikit-learn); t, u are 200 numbers of seeds 3 and 5:
 * ```py
 * t = 35 * t; p = t + (u - .45) * (1 + .1 * t); d = p - t
 * d.mean(), d.std(ddof=1), np.sqrt((d ** 2).mean()), abs(d).mean(); np.histogram(d, bins=6)[0]
 * [(m.sum(), d[m].mean(), d[m].std(ddof=1), t[m].mean()) for m in ((t >= 0) & (t < 5), (t >= 5) & (t < 15), t >= 15)]
 * stats.bootstrap((d,), lambda x, axis: x.std(axis=axis, ddof=1), method="percentile").confidence_interval
 * truth = lcg(400, 11) < .3; called = truth ^ (lcg(400, 13) < .05)
 * metrics.precision_score(truth, called), recall_score, jaccard_score; (truth == called).reshape(40, 10).all(1).sum()
 * ```
 * @module
 */
import {
  binOf,
  histogram,
  indicesByBin,
  regression,
  regressionByBin,
  segmentation,
} from "../../../lib/evaluate/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { generator, sequence } from "./_sequence.ts";

const truth = sequence(200, 3).map((t) => 35 * t);
const predicted = sequence(200, 5).map((u, i) => truth[i] + (u - 0.45) * (1 + 0.1 * truth[i]));

Deno.test("histogram() counts as NumPy does, ends included", () => {
  const differences = predicted.map((p, i) => p - truth[i]);
  assertEquals(histogram(differences, { bins: 6 }).counts, Float64Array.of(9, 28, 59, 63, 27, 14));
  assertEquals(histogram(truth, { edges: [0, 5, 15, 35] }).counts, Float64Array.of(28, 59, 113));
  const ends = histogram([0, 1, 2, 3, 3, 4, NaN], { edges: [1, 2, 3] });
  assertEquals([ends.counts, ends.under, ends.over, ends.missing], [Float64Array.of(1, 3), 1, 1, 1]);
  assertEquals(histogram([7, 7], { bins: 1 }).edges, Float64Array.of(6.5, 7.5));
  assertEquals(histogram([], { bins: 1 }).counts, Float64Array.of(0));
});

Deno.test("histogram() takes 50 bins from end to end, or so many of a range", () => {
  const { edges, counts } = histogram([2, 4, 12]);
  assertEquals([edges.length, edges[0], edges[1], edges[50]], [51, 2, 2.2, 12]);
  assertEquals([counts[0], counts[10], counts[49]], [1, 1, 1]);
  const ranged = histogram([-1, 0, 0.5, 1, 2, 3], { bins: 2, range: [0, 2] });
  assertEquals([ranged.edges, ranged.counts], [Float64Array.of(0, 1, 2), Float64Array.of(2, 2)]);
  assertEquals([ranged.under, ranged.over, ranged.missing], [1, 1, 0]);
  assertEquals(histogram([], { bins: 2 }).edges, Float64Array.of(0, 0.5, 1));
  assertEquals(histogram([5, 5], { bins: 2, range: [5, 5] }).edges, Float64Array.of(4.5, 5, 5.5));
});

Deno.test("histogram() refuses edges that do not rise", () => {
  assertThrows(() => histogram([1], { edges: [1, 1] }), RangeError, "got [1, 1]");
  assertThrows(() => histogram([1], { bins: 0 }), RangeError, "got 0");
  assertThrows(() => histogram([1], { bins: 1.5 }), RangeError, "got 1.5");
  assertThrows(() => histogram([1], { edges: [1] }), RangeError, "Cannot fill a histogram as bin edges");
  assertThrows(() => histogram([1], { range: [2, 1] }), RangeError, "rising");
  assertThrows(() => indicesByBin([1], [3, 2]), RangeError, "Cannot sort examples into bins");
});

Deno.test("binOf() and indicesByBin() put an edge into the bin that it begins", () => {
  assertEquals([-1, 0, 5, 14.9, 15, 35, 36, NaN].map((e) => binOf(e, [0, 5, 15, 35])), [
    -1,
    0,
    1,
    1,
    2,
    2,
    3,
    3,
  ]);
  assertEquals(indicesByBin([1, 20, 3, 99], [0, 5, 15, 35]), [
    Uint32Array.of(0, 2),
    Uint32Array.of(),
    Uint32Array.of(1),
  ]);
});

Deno.test("regression() agrees with NumPy and SciPy", () => {
  const result = regression(predicted, truth, { rng: generator(5), resamples: 2000 });
  const { bias, resolution, rms, meanAbsolute } = result;
  assertClose([bias, resolution, rms, meanAbsolute].map((e) => e.value), [
    0.15687102304483766,
    0.8636784174618141,
    0.8756821481659489,
    0.7083517454722872,
  ], 1e-12);
  assertClose([resolution.low, resolution.high], [0.7815128277301087, 0.9388289461297368], 0.01);
  assertEquals(result.n, 200);
});

Deno.test("regressionByBin() agrees with NumPy in the course's energy bins", () => {
  const bins = regressionByBin(predicted, truth, [0, 5, 15, 35], { rng: generator(5), resamples: 200 });
  assertEquals(bins.map((bin) => bin.n), [28, 59, 113]);
  assertClose(bins.map((bin) => bin.bias.value), [
    0.09532603577074066,
    0.09005323776333239,
    0.20700827061371838,
  ], 1e-12);
  assertClose(bins.map((bin) => bin.resolution.value), [
    0.3380834165174899,
    0.5962816234308521,
    1.0525500681042756,
  ]);
  assertClose(bins.map((bin) => bin.center), [2.4780784896574915, 9.926958441757991, 24.11782565883122]);
  for (const { resolution, relativeResolution, center } of bins) {
    assert(resolution.low < resolution.value && resolution.value < resolution.high);
    assertClose(relativeResolution.value, resolution.value / center);
  }
});

Deno.test("regressionByBin() can bin by the prediction and leaves empty bins empty", () => {
  const [first, second] = regressionByBin([6, 7], [4, 4.5], [0, 5, 10], { rng: generator(1), by: [6, 7] });
  assertEquals([first.n, first.bias.value], [0, NaN]);
  assertEquals([second.n, second.bias.value], [2, 2.25]);
});

Deno.test("segmentation() counts hits as scikit-learn does, and perfect events", () => {
  const hits = sequence(400, 11).map((u) => Number(u < 0.3));
  const wrong = sequence(400, 13);
  const called = hits.map((hit, i) => wrong[i] < 0.05 ? 1 - hit : hit);
  const metrics = segmentation(called, hits, 10, { rng: generator(2), resamples: 300 });
  assertClose(metrics.precision.value, 0.8928571428571429, 1e-14);
  assertClose(metrics.recall.value, 0.9398496240601504, 1e-14);
  assertClose(metrics.iou.value, 0.8445945945945946, 1e-14);
  assertEquals(metrics.perfectEvents.value, 22 / 40);
  assert(metrics.iou.low < metrics.iou.value && metrics.iou.value < metrics.iou.high);
});

Deno.test("segmentation() looks only where there is a hit, and splits at the threshold", () => {
  const metrics = segmentation([0.9, 0.9, 0.2, 0.6], [1, 0, 0, 1], 2, {
    rng: generator(2),
    occupied: [1, 0, 1, 1],
    threshold: 0.55,
  });
  assertEquals([metrics.precision.value, metrics.recall.value, metrics.perfectEvents.value], [1, 1, 1]);
  assertThrows(
    () => segmentation([1, 1, 1], [1, 1, 1], 2, { rng: generator(1) }),
    RangeError,
    "whole events of 2",
  );
});
