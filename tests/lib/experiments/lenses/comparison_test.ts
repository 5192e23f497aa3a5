import {
  equalEpochs,
  measureSeeds,
  pairedDifference,
  recallAt,
  RECIPES,
} from "../../../../lib/experiments/lenses/comparison.ts";
import { lenses } from "../../../../lib/experiments/lenses/experiment.ts";
import { optionsFor } from "../../../../lib/run/options_for.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";
import { generator } from "../../evaluate/_sequence.ts";

const LABELS = Float32Array.of(1, 1, 0, 0);
/** AUC 1, 3/4 and 1/2 of those labels. */
const [ALL, MOST, HALF] = [[4, 3, 2, 1], [4, 2, 3, 1], [4, 1, 3, 2]].map((scores) =>
  Float32Array.from(scores, (score) => score / 4)
);

Deno.test("equalEpochs() gives a plain recipe as many examples as one that makes 25 of each lens", () => {
  const epochs = (recipe: keyof typeof RECIPES) =>
    equalEpochs(10, optionsFor(lenses, RECIPES[recipe].options), 4, 96);
  // (25 · 4 + 96) / 100 = 1.96 times as many
  assertEquals([epochs("none"), epochs("smote"), epochs("document"), epochs("online")], [20, 10, 10, 10]);
});

const resampled = (resamples = 200) => ({ rng: generator(1), resamples });

Deno.test("measureSeeds() is the mean AUC over seeds, and pairedDifference() how much larger it is", () => {
  const one = measureSeeds([ALL, HALF], LABELS, resampled());
  assertClose(one.value, 0.75, 1e-12);
  assert(one.low <= 0.75 && one.high >= 0.75);
  const apart = pairedDifference([ALL, MOST], [HALF, HALF], LABELS, resampled());
  assertClose(apart.value, 0.875 - 0.5, 1e-12);
  const alike = pairedDifference([MOST], [MOST], LABELS, resampled());
  assertEquals([alike.value, alike.low, alike.high], [0, 0, 0], "both are resampled together");
});

Deno.test("recallAt() counts the lenses above the highest of the others that must be rejected", () => {
  const all = [ALL, MOST, HALF].map((scores) => recallAt(1)(scores, LABELS));
  assertEquals(all, [1, 0.5, 0.5]);
  assertEquals(recallAt(0.5)(MOST, LABELS), 1, "one of the two others may be above");
  assertEquals(recallAt(1)(Float32Array.of(3, 2, 3, 1), LABELS), 0, "as high is not above");
  const seeds = measureSeeds([ALL, MOST], LABELS, { ...resampled(), statistic: recallAt(1) });
  assertEquals(seeds.value, 0.75);
});
