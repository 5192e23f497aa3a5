/**
 * Reference values printed by Python (scikit-learn 1.x, NumPy 2.x) on the events of `_sequence.ts`:
 * ```py
 * fpr, tpr, thr = metrics.roc_curve(labels, scores, drop_intermediate=False)
 * len(fpr), fpr.sum(), tpr.sum(), thr[1:].sum(); auc = metrics.roc_auc_score(labels, scores)
 * s, b = scores[labels == 1], scores[labels == 0]                       # DeLong from its definition
 * psi = (s[:, None] > b) + 0.5 * (s[:, None] == b)
 * se = (psi.mean(1).var(ddof=1) / len(s) + psi.mean(0).var(ddof=1) / len(b)) ** .5
 * h = stats.norm.ppf(.975) * se / (auc * (1 - auc)); special.expit([special.logit(auc) - h, special.logit(auc) + h])
 * max(((s >= t).mean(), t) for t in np.unique(scores) if (b < t).mean() >= .9)    # efficiency at 90 % rejection
 * max(((b < t).mean(), t) for t in np.unique(scores) if (s >= t).mean() >= .9)    # rejection at 90 % efficiency
 * metrics.brier_score_loss(labels, scores)
 * # bootstraps: each class drawn with replacement to its own size, 2.5 and 97.5 percentiles of 4,000 and 2,000 draws
 * ```
 * @module
 */
import {
  accuracy,
  argMaxRows,
  auc,
  calibration,
  confusionMatrix,
  efficiencyAlone,
  efficiencyAtRejection,
  rejectionAtEfficiency,
  rocCurve,
  rocPerClass,
} from "../../../lib/evaluate/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";
import { generator, scoredEvents, sequence } from "./_sequence.ts";

const sum = (values: Float64Array) => values.reduce((total, x) => total + x, 0);

Deno.test("rocCurve() has scikit-learn's points, ties as one step", () => {
  const { scores, labels } = scoredEvents();
  const curve = rocCurve(scores, labels);
  assertEquals(curve.threshold.length, 69);
  assertEquals(curve.threshold[0], Infinity);
  assertClose(sum(curve.falsePositiveRate), 25.222222222222218, 1e-12);
  assertClose(sum(curve.truePositiveRate), 50.8125, 1e-12);
  assertClose(sum(curve.threshold.slice(1)), 30.24, 1e-12);
});

Deno.test("rocCurve() of four events is what a reader counts", () => {
  const curve = rocCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]);
  assertEquals(curve.truePositiveRate, Float64Array.of(0, 0.5, 0.5, 1, 1));
  assertEquals(curve.falsePositiveRate, Float64Array.of(0, 0, 0.5, 0.5, 1));
  assertEquals(curve.threshold, Float64Array.of(Infinity, 0.8, 0.4, 0.35, 0.1));
});

Deno.test("rocCurve() refuses one class, other labels, NaN scores", () => {
  assertThrows(() => rocCurve([1, 2], [1, 1]), RangeError, "got 2 signal and 0 background");
  assertThrows(() => rocCurve([1, 2], [1, 2]), RangeError, "label 1 is 2");
  assertThrows(() => rocCurve([1, NaN], [1, 0]), RangeError, "score 1 is NaN");
});

Deno.test("auc() has scikit-learn's area and DeLong's error, intervals within [0, 1]", () => {
  const { scores, labels } = scoredEvents();
  const area = auc(scores, labels);
  assertClose(area.value, 0.9110243055555555, 1e-14);
  assertClose(area.standardError, 0.024310146890153924, 1e-12);
  assertClose([area.low, area.high], [0.85048371, 0.94853481], 1e-7);
  const bootstrapped = auc(scores, labels, { method: "bootstrap", rng: generator(4), resamples: 4000 });
  assertClose([bootstrapped.low, bootstrapped.high], [0.8587963, 0.95326968], 0.005);
  assertThrows(() => auc(scores, labels, { method: "bootstrap" }), TypeError, `"rng" is missing`);
});

Deno.test("auc() of a perfect separation claims no more than its pairs allow", () => {
  const area = auc([1, 2, 3, 4], [0, 0, 1, 1]);
  assertEquals([area.value, area.high], [1, 1]);
  assertClose(area.low, Math.sqrt(0.025), 1e-12);
  assertClose(auc([4, 3, 2, 1], [0, 0, 1, 1]).high, 1 - Math.sqrt(0.025), 1e-12);
});

// The interval must do what it says: 300 toys of known area (uniform signal on [a, 1 + a]: 1 - (1 - a)² / 2).
Deno.test("auc() covers the true area in about 95 of 100 experiments", () => {
  const rng = generator(99), shift = 0.5;
  const truth = 1 - (1 - shift) ** 2 / 2;
  let covered = 0;
  for (let toy = 0; toy < 300; toy++) {
    const labels = Uint8Array.from({ length: 80 }, (_, i) => i % 2);
    const scores = Float64Array.from(labels, (l) => rng() + shift * l);
    const { low, high } = auc(scores, labels);
    if (low <= truth && truth <= high) covered++;
  }
  assert(covered >= 274 && covered <= 296, `${covered} of 300 intervals cover`);
});

Deno.test("efficiencyAtRejection() and rejectionAtEfficiency() agree with a scan in NumPy", () => {
  const { scores, labels } = scoredEvents();
  const efficiency = efficiencyAtRejection(scores, labels, 0.9, { rng: generator(8), resamples: 2000 });
  assertClose(efficiency.value, 2 / 3, 1e-14);
  assertEquals(efficiency.threshold, 0.58);
  assertClose(efficiencyAlone(scores, labels, 0.9), 2 / 3, 1e-14);
  assertClose([efficiency.low, efficiency.high], [0.52083333, 0.8125], 0.03);
  const rejection = rejectionAtEfficiency(scores, labels, 0.9, { rng: generator(8) });
  assertClose(rejection.value, 0.7083333333333334, 1e-14);
  assertEquals(rejection.threshold, 0.43);
  assert(rejection.low < rejection.value && rejection.high > rejection.value);
});

Deno.test("rejectionAtEfficiency() keeps an honest interval where nothing fails", () => {
  const point = rejectionAtEfficiency([1, 2, 3, 4], [0, 0, 1, 1], 0.9, { rng: generator(1) });
  assertEquals([point.value, point.high, point.threshold], [1, 1, 3]);
  assertClose(point.low, 0.15811388300841897, 1e-10); // Clopper-Pearson of 2 of 2
});

Deno.test("efficiencyAtRejection() says so if only an empty selection rejects enough", () => {
  const point = efficiencyAtRejection([5, 1, 2], [0, 1, 1], 1, { rng: generator(1) });
  assertEquals([point.value, point.threshold], [0, Infinity]);
  assertThrows(() => efficiencyAtRejection([1, 2], [0, 1], 0, { rng: generator(1) }), RangeError, "(0, 1]");
});

// y, p of scikit-learn's lines: p = lcg(270, 7).reshape(90, 3); y = (lcg(90, 9) * 3).astype(int); p[arange(90), y] += .4
// [metrics.roc_auc_score(y == c, p[:, c]) for c in range(3)]; metrics.confusion_matrix(y, p.argmax(1)); precision, recall
Deno.test("rocPerClass() and confusionMatrix() agree with scikit-learn on three classes", () => {
  const probabilities = sequence(270, 7), labels = sequence(90, 9).map((u) => Math.floor(u * 3));
  labels.forEach((label, i) => probabilities[3 * i + label] += 0.4);
  for (let i = 0; i < 90; i++) {
    const total = probabilities[3 * i] + probabilities[3 * i + 1] + probabilities[3 * i + 2];
    for (let c = 0; c < 3; c++) probabilities[3 * i + c] /= total;
  }
  assertClose(rocPerClass(probabilities, labels, 3).map((one) => one.auc.value), [
    0.9372674109516215,
    0.8487394957983194,
    0.8831927319922128,
  ], 1e-14);
  const predicted = argMaxRows(probabilities, 3);
  assertClose(accuracy(predicted, labels).value, 0.7555555555555555, 1e-14);
  const matrix = confusionMatrix(predicted, labels, 3);
  assertEquals(matrix.counts, Uint32Array.of(28, 2, 3, 4, 23, 7, 3, 3, 17));
  assertClose(matrix.precision.map((p) => p.value), [0.8, 0.82142857, 0.62962963], 1e-8);
  assertClose(matrix.recall.map((p) => p.value), [0.84848485, 0.67647059, 0.73913043], 1e-8);
  assertEquals(matrix.recall[1].n, 34);
  assertEquals(rocPerClass([0.9, 0.1, 0, 0.2, 0.8, 0], [0, 1], 3).map((one) => one.label), [0, 1]);
  assertThrows(
    () => confusionMatrix([3], [0], 3),
    RangeError,
    "prediction 0 must be a class from 0 to 2: got 3",
  );
  for (const bad of [-1, 0.5]) {
    assertThrows(
      () => confusionMatrix([0], [bad], 3),
      RangeError,
      `label 0 must be a class from 0 to 2: got ${bad}`,
    );
  }
  assertThrows(() => rocPerClass([1, 0, 1], [0, 1], 2), RangeError, "must be [2, 2]: got 3 numbers");
});

Deno.test("calibration() agrees with scikit-learn's Brier score and with bins counted by hand", () => {
  const { scores, labels } = scoredEvents();
  const result = calibration(scores, labels);
  assertClose(result.brier, 0.14040083333333336, 1e-13);
  assertClose(result.expectedError, 0.15691666666666673, 1e-12);
  const two = calibration([0.2, 0.3, 0.9, 1], [0, 1, 1, 1], { bins: 2 });
  assertEquals(two.bins.map((bin) => [bin.low, bin.high, bin.observed.value, bin.observed.n]), [
    [0, 0.5, 0.5, 2],
    [0.5, 1, 1, 2],
  ]);
  assertClose(two.bins.map((bin) => bin.predicted), [0.25, 0.95]);
  assertClose(two.largestError, 0.25);
  // by hand: (0.2² + 0.7² + 0.1² + 0) / 4, and (2 · 0.25 + 2 · 0.05) / 4
  assertClose([two.brier, two.expectedError], [0.54 / 4, 0.15], 1e-12);
  assertEquals(calibration([0, 0.05, 1], [0, 0, 1]).bins.map(({ low, high }) => [low, high]), [[0, 0.1], [
    0.9,
    1,
  ]]);
  assertThrows(() => calibration([1.5], [1]), RangeError, "[0, 1]: got 1.5");
  assertThrows(() => calibration([-0.5], [1]), RangeError, "[0, 1]: got -0.5");
});
