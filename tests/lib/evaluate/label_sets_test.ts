import { labelSets } from "../../../lib/evaluate/label_sets.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

const rng = createRng(1);

Deno.test("labelSets() is scikit-learn's on four sets of three labels", () => {
  // from sklearn.metrics import *
  // y = np.array([[1,0,0],[1,1,0],[0,1,1],[0,0,1]]); s = np.array([[.9,.2,.1],[.8,.4,.6],[.1,.9,.7],[.6,.3,.55]])
  // p = s >= .5
  // accuracy_score(y, p) = 0.5; precision_score(y, p, average="micro") = 5/7; recall_score = 5/6; f1_score = 10/13
  // coverage_error(y, s) = (1 + 3 + 2 + 2) / 4 = 2
  const truth = [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1];
  const scores = [0.9, 0.2, 0.1, 0.8, 0.4, 0.6, 0.1, 0.9, 0.7, 0.6, 0.3, 0.55];
  const { exactMatch, precision, recall, f1, coverage } = labelSets(scores, truth, [0.5, 0.5, 0.5], { rng });
  assertEquals([exactMatch.value, exactMatch.n], [0.5, 4]);
  assertClose([precision.value, recall.value, f1.value, coverage.value], [5 / 7, 5 / 6, 10 / 13, 2], 1e-12);
});

Deno.test("labelSets() counts an example without labels as covered by none", () => {
  assertEquals(labelSets([0.1, 0.2], [0, 0], [0.5, 0.5], { rng }).coverage.value, 0);
});

// By hand: label 0 is given from 0.2 on, label 1 from 0.8 on; given 1, 0 and 1, 1; true 1, 1 and 0, 1.
Deno.test("labelSets() gives each label from its own threshold on", () => {
  const { exactMatch, precision, recall, f1, coverage } = labelSets([0.2, 0.7, 0.3, 0.8], [1, 1, 0, 1], [
    0.2,
    0.8,
  ], { rng });
  assertEquals([exactMatch.value, precision.value, recall.value, f1.value], [0, 2 / 3, 2 / 3, 2 / 3]);
  assertEquals([precision.n, recall.n, coverage.value], [3, 3, 1.5]);
  const none = labelSets([0.1], [0], [0.5], { rng });
  assertEquals([none.precision.value, none.recall.value, none.f1.value, none.exactMatch.value], [
    NaN,
    NaN,
    NaN,
    1,
  ]);
});

// Half of 400 examples have their one true label first and alone, the others have the other one, the true one second:
// F1 = 200 / 400, a mean of halves with σ = 0.5 / √400 = 0.025; coverage is 1 or 2, its σ the same.
Deno.test("labelSets() gives F1 and coverage intervals over examples", () => {
  const n = 400, scores = Array.from({ length: n }, () => [0.9, 0.1]).flat();
  const truth = Array.from({ length: n }, (_, row) => row % 2 === 0 ? [1, 0] : [0, 1]).flat();
  const { f1, coverage } = labelSets(scores, truth, [0.5, 0.5], { rng });
  assertEquals([f1.value, coverage.value, f1.n, coverage.n], [0.5, 1.5, n, n]);
  for (const { low, high, value } of [f1, coverage]) {
    assertClose([(value - low) / 0.025, (high - value) / 0.025], [1.96, 1.96], 0.2);
  }
});

Deno.test("labelSets() says which lengths do not fit", () => {
  assertThrows(
    () => labelSets([1, 0, 1], [1, 0, 1], [0.5, 0.5], { rng }),
    RangeError,
    "rows of 2: got 3 and 3",
  );
  assertThrows(() => labelSets([1, 0], [1, 0, 1, 0], [0.5, 0.5], { rng }), RangeError, "got 2 and 4");
  assertThrows(() => labelSets([], [], [0.5], { rng }), RangeError, "got 0 and 0");
});
