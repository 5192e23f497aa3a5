/**
 * That every interval asks for the confidence it is told, draws as often as it is told, and says on how many it was measured.
 *
 * Reference values printed by SciPy: `stats.binomtest(k, n).proportion_ci(0.68)` for 3 of 4, 5 of 6 and 2 of 4;
 * `special.expit(special.logit(auc) ± stats.norm.ppf(.84) * se / (auc * (1 - auc)))` for the area of `roc_test.ts`.
 * @module
 */
import {
  accuracy,
  auc,
  bootstrap,
  bootstrapIndices,
  calibration,
  clopperPearson,
  confusionMatrix,
  efficiencyAtRejection,
  type Estimate,
  labelSets,
  proportion,
  regression,
  regressionByBin,
  rejectionAtEfficiency,
  rocBand,
  rocCurve,
  rocPerClass,
  segmentation,
} from "../../../lib/evaluate/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { generator, scoredEvents, sequence } from "./_sequence.ts";

const confidence = 0.68;
const THREE_OF_FOUR = [0.38283922959176764, 0.9573479717381589];
const ends = ({ low, high }: { low: number; high: number }) => [low, high];

Deno.test("every share of events has the exact interval of the confidence asked for", () => {
  const [predicted, labels] = [[1, 1, 1, 0], [1, 1, 1, 1]];
  const shares: Record<string, Estimate> = {
    proportion: proportion(3, 4, { confidence }),
    accuracy: accuracy(predicted, labels, { confidence }),
    recall: confusionMatrix(predicted, labels, 2, { confidence }).recall[1],
    precision: confusionMatrix(labels, predicted, 2, { confidence }).precision[1],
    calibration: calibration([0.5, 0.5, 0.5, 0.5], [1, 1, 1, 0], { bins: 1, confidence }).bins[0].observed,
    exactMatch: labelSets(predicted, labels, [0.5], { confidence, rng: generator(1) }).exactMatch,
    labelRecall: labelSets(predicted, labels, [0.5], { confidence, rng: generator(1) }).recall,
    labelPrecision: labelSets(labels, predicted, [0.5], { confidence, rng: generator(1) }).precision,
    perfectEvents: segmentation(predicted, labels, 1, { confidence, rng: generator(1) }).perfectEvents,
  };
  for (const [name, share] of Object.entries(shares)) {
    assertClose(ends(share), THREE_OF_FOUR, 1e-10, name);
    assertEquals([share.value, share.n], [0.75, 4], name);
  }
});

Deno.test("rocBand() has the exact interval of the efficiency at every point", () => {
  const curve = rocCurve([0.1, 0.4, 0.35, 0.8, 0.7, 0.3], [0, 0, 1, 1, 1, 1]); // 0, 1/4, 1/2, 1/2, 3/4, 1, 1
  const { low, high } = rocBand(curve, 4, { confidence });
  assertEquals([...curve.truePositiveRate], [0, 0.25, 0.5, 0.5, 0.75, 1, 1]);
  for (const [i, kept] of [0, 1, 2, 2, 3, 4, 4].entries()) {
    assertEquals([low[i], high[i]], ends(clopperPearson(kept, 4, { confidence })));
  }
  assertClose([low[4], high[4]], THREE_OF_FOUR, 1e-10);
});

Deno.test("auc() widens its interval with the confidence, by both methods", () => {
  const { scores, labels } = scoredEvents();
  assertClose(
    ends(auc(scores, labels, { confidence })),
    [0.8837017610447675, 0.9324187202915193],
    1e-9,
  );
  const [byClass] = rocPerClass(
    Float64Array.from({ length: 240 }, (_, i) => i % 2 ? scores[i >> 1] : 1 - scores[i >> 1]),
    labels,
    2,
    { confidence },
  ).slice(1);
  assertClose(ends(byClass.auc), [0.8837017610447675, 0.9324187202915193], 1e-9);
  const drawn = (level: number) =>
    auc(scores, labels, { method: "bootstrap", rng: generator(3), resamples: 800, confidence: level });
  const [narrow, wide] = [drawn(0.5), drawn(0.99)];
  assert(wide.low < narrow.low && narrow.low < narrow.value, "low ends");
  assert(wide.high > narrow.high && narrow.high > narrow.value, "high ends");
  assertEquals([narrow.n, narrow.value], [120, auc(scores, labels).value]);
});

Deno.test("auc() of a class of one event knows nothing of its spread", () => {
  const { low, high, standardError, value } = auc([0.1, 0.4, 0.35], [0, 0, 1]);
  assertEquals([value, low, high, standardError], [0.5, 0, 1, NaN]);
  const other = auc([0.9, 0.1, 0.35], [1, 1, 0]);
  assertEquals([other.value, other.low, other.high], [0.5, 0, 1]);
});

Deno.test("auc() of a perfect separation widens with the confidence, by the smaller class", () => {
  // (1 - 0.68) / 2 = 0.16 with three pairs
  assertClose(auc([1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 1, 1, 1, 1], { confidence }).low, Math.cbrt(0.16), 1e-12);
});

/** Counts how often numbers are drawn. */
function counted(): { rng: () => number; draws: () => number } {
  let draws = 0;
  const next = generator(7);
  return { rng: () => (draws++, next()), draws: () => draws };
}

Deno.test("resampling draws every example once a resample, 1000 times where nothing is said", () => {
  const drawsOf = (use: (rng: () => number) => unknown) => {
    const { rng, draws } = counted();
    use(rng);
    return draws();
  };
  const first = (sample: Float64Array) => sample[0];
  assertEquals(drawsOf((rng) => bootstrap([1, 2, 3], first, { rng })), 3000);
  assertEquals(drawsOf((rng) => bootstrap([1, 2, 3], first, { rng, resamples: 5 })), 15);
  const { scores, labels } = scoredEvents();
  assertEquals(drawsOf((rng) => auc(scores, labels, { method: "bootstrap", rng })), 120_000);
  assertEquals(drawsOf((rng) => efficiencyAtRejection(scores, labels, 0.9, { rng, resamples: 3 })), 360);
  assertEquals(drawsOf((rng) => labelSets([1, 0, 1], [1, 1, 1], [0.5], { rng, resamples: 4 })), 24); // F1 and coverage
  assertEquals(drawsOf((rng) => rejectionAtEfficiency([1, 2, 3], [0, 1, 1], 0.5, { rng })), 3000);
});

Deno.test("bootstrapIndices() draws every example alike, and refuses none", () => {
  const seen = new Float64Array(4);
  const statistic = (indices: Uint32Array) => {
    for (const index of indices) seen[index]++;
    return 0;
  };
  bootstrapIndices(4, statistic, { rng: generator(2), resamples: 2000 });
  // 2000 · 4 draws and the examples themselves: 2001 each; 4 standard deviations are 155
  for (const count of seen) assert(Math.abs(count - 2001) < 155, String(seen));
  for (const [n, resamples] of [[0, 10], [1.5, 10], [2, 0], [2, 1.5]]) {
    assertThrows(
      () => bootstrapIndices(n, statistic, { rng: generator(1), resamples }),
      RangeError,
      `got ${n} and ${resamples}`,
    );
  }
  assertEquals(bootstrapIndices(1, () => 3, { rng: generator(1), resamples: 1 }).value, 3);
});

// 68 % and 95 % percentile intervals of 20,000 resamples by scipy.stats.bootstrap, on the differences of bins_test.ts
Deno.test("regression() has SciPy's intervals for every number", () => {
  const truth = sequence(200, 3).map((t) => 35 * t);
  const predicted = sequence(200, 5).map((u, i) => truth[i] + (u - 0.45) * (1 + 0.1 * truth[i]));
  const measured = (level?: number) =>
    regression(predicted, truth, { rng: generator(9), resamples: 2000, confidence: level });
  const wide = measured(), narrow = measured(confidence);
  assertClose(ends(wide.bias), [0.03852213, 0.27572418], 0.04);
  assertClose(ends(narrow.bias), [0.09654962, 0.2174107], 0.04);
  assertClose(ends(wide.rms), [0.79390451, 0.95619003], 0.01);
  assertClose(ends(narrow.rms), [0.83256905, 0.91603707], 0.01);
  assertClose(ends(wide.meanAbsolute), [0.638395, 0.78157843], 0.01);
  assertClose(ends(narrow.meanAbsolute), [0.67249932, 0.74451744], 0.01);
  for (const { n } of [wide.bias, wide.resolution, wide.rms, wide.meanAbsolute]) assertEquals(n, 200);
});

Deno.test("regressionByBin() names its bins, relates resolution to the truth, and leaves empty ones without numbers", () => {
  const [first, second, third] = regressionByBin([2, 3, 14, 18], [1, 2, 10, 14], [0, 5, 15, 20], {
    rng: generator(1),
    resamples: 200,
  });
  assertEquals([first.low, first.high, second.low, second.high, third.low], [0, 5, 5, 15, 15]);
  assertEquals([first.center, second.center, second.bias.value, second.rms.value], [1.5, 12, 4, 4]);
  const { relativeResolution: relative, resolution } = second;
  assertEquals([relative.low, relative.high, relative.n], [
    resolution.low / 12,
    resolution.high / 12,
    resolution.n,
  ]);
  assertEquals([third.n, third.rms, third.relativeResolution.value, third.center], [
    0,
    { value: NaN, low: NaN, high: NaN, n: 0 },
    NaN,
    NaN,
  ]);
  assertThrows(
    () => regressionByBin([1, 2], [1, 2], [0, 5], { rng: generator(1), by: [1] }),
    RangeError,
    '"truth" has 2, "by" has 1',
  );
});

// Events drawn with replacement, 20,000 times in NumPy; the exact interval of 22 of 40 by SciPy
Deno.test("segmentation() has the intervals of whole events, and calls from the threshold on", () => {
  const hits = sequence(400, 11).map((u) => Number(u < 0.3));
  const wrong = sequence(400, 13);
  const called = hits.map((hit, i) => wrong[i] < 0.05 ? 1 - hit : hit);
  const { precision, recall, iou, perfectEvents, events } = segmentation(called, hits, 10, {
    rng: generator(2),
    resamples: 2000,
  });
  assertClose(ends(precision), [0.83941606, 0.94029851], 0.01);
  assertClose(ends(recall), [0.89361702, 0.97810219], 0.01);
  assertClose(ends(iou), [0.78343949, 0.90066225], 0.015);
  assertClose(ends(perfectEvents), [0.38490679, 0.70741165], 1e-7);
  assertEquals([events, precision.n, perfectEvents.n], [40, 40, 40]);
  const half = segmentation([0.5, 0.49], [1, 1], 1, { rng: generator(1), resamples: 10 });
  assertEquals([half.recall.value, half.perfectEvents.value], [0.5, 0.5]);
  // One event calls nothing that is not, the other misses a hit: each is wrong in one way only.
  const ways = segmentation([1, 1, 1, 0], [1, 0, 1, 1], 2, { rng: generator(1), resamples: 10 });
  assertEquals(ways.perfectEvents.value, 0);
});

// Percentiles of 4,000 resamples of each class in NumPy, united with SciPy's exact interval of 51 of 72
Deno.test("rejectionAtEfficiency() has the wider of a resampled and the exact interval", () => {
  const { scores, labels } = scoredEvents();
  const point = rejectionAtEfficiency(scores, labels, 0.9, { rng: generator(8), resamples: 2000 });
  assertClose(ends(point), [0.58333333, 0.81944444], 0.02);
  assertEquals(point.n, 120);
  const narrow = rejectionAtEfficiency(scores, labels, 0.9, { rng: generator(8), confidence });
  assert(narrow.low > point.low && narrow.high < point.high);
});

Deno.test("efficiencyAtRejection() reaches as far as resampling the background moves the cut, both ways", () => {
  // A thousand signals lie evenly in [0, 1], twenty of background at 0.025, 0.075, … 0.975; two of them may pass, so the
  // cut lies above the third highest that is drawn. It is 0.975 where at least three of twenty draws are: SciPy's
  // binom.sf(2, 20, 0.05) = 0.0755 > 0.025; it is at most 0.675 with binom.cdf(2, 20, 0.30) = 0.0355 > 0.025 and at most
  // 0.625 with binom.cdf(2, 20, 0.35) = 0.0121. The efficiencies above these cuts are 0.025 and 0.325.
  const signal = Array.from({ length: 1000 }, (_, i) => (i + 0.5) / 1000);
  const background = Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20);
  const scores = [...signal, ...background], labels = scores.map((_, i) => i < 1000 ? 1 : 0);
  const point = efficiencyAtRejection(scores, labels, 0.9, { rng: generator(3), resamples: 3000 });
  assert(Math.abs(point.low - 0.025) < 0.015 && Math.abs(point.high - 0.325) < 0.02, JSON.stringify(point));
});

Deno.test("working points take 0.55 of 100 as 55, though the product is 55.00000000000001", () => {
  // a hundred of background at 0, 1, … and a hundred of signal between them, at 0.5, 1.5, …
  const scores = Array.from({ length: 200 }, (_, i) => i / 2), labels = scores.map((_, i) => i % 2);
  const options = { rng: generator(1), resamples: 10 };
  for (const exact of [7, 14, 30, 55, 56, 100]) {
    const share = exact / 100;
    const efficient = efficiencyAtRejection(scores, labels, share, options);
    assertEquals(
      [efficient.threshold, efficient.value],
      [exact - 0.5, (101 - exact) / 100],
      `reject ${share}`,
    );
    const rejecting = rejectionAtEfficiency(scores, labels, share, options);
    assertEquals(
      [rejecting.threshold, rejecting.value],
      [100.5 - exact, (101 - exact) / 100],
      `keep ${share}`,
    );
  }
});

Deno.test("efficiencyAtRejection() takes the tightest of cuts that keep the same signal", () => {
  // from the highest score: signal, background, background, signal
  const point = efficiencyAtRejection([4, 3, 2, 1], [1, 0, 0, 1], 0.5, { rng: generator(1), resamples: 10 });
  assertEquals([point.value, point.threshold, point.n], [0.5, 4, 4]);
});

Deno.test("levels and shares must lie where they can", () => {
  for (const level of [0, 1, -0.1, NaN]) {
    assertThrows(() => proportion(1, 2, { confidence: level }), RangeError, `between 0 and 1: got ${level}`);
  }
  const options = { rng: generator(1), resamples: 10 };
  for (const share of [0, 1.1, NaN]) {
    assertThrows(() => rejectionAtEfficiency([1, 2], [0, 1], share, options), RangeError, "efficiency must");
    assertThrows(() => efficiencyAtRejection([1, 2], [0, 1], share, options), RangeError, "rejection must");
  }
  assertThrows(() => clopperPearson(-1, 2), RangeError, "got -1 of 2");
  assertThrows(() => clopperPearson(1, 2.5), RangeError, "got 1 of 2.5");
});
