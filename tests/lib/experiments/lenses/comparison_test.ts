import {
  committee,
  equalEpochs,
  measureCommittee,
  measureSeeds,
  pairedDifference,
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

Deno.test("measureSeeds() is the mean AUC over seeds, and pairedDifference() how much larger it is", () => {
  const one = measureSeeds([ALL, HALF], LABELS, generator(1), 200);
  assertClose(one.value, 0.75, 1e-12);
  assert(one.low <= 0.75 && one.high >= 0.75);
  const apart = pairedDifference([ALL, MOST], [HALF, HALF], LABELS, generator(1), 200);
  assertClose(apart.value, 0.875 - 0.5, 1e-12);
  const alike = pairedDifference([MOST], [MOST], LABELS, generator(1), 200);
  assertEquals([alike.value, alike.low, alike.high], [0, 0, 0], "both are resampled together");
});

Deno.test("committee() averages what the seeds say, and is measured as one model", () => {
  assertClose(committee([ALL, HALF]), [1, 0.5, 0.625, 0.375], 1e-6);
  const { auc, atNone, atOnePercent } = measureCommittee([ALL, ALL], LABELS, generator(1));
  assertEquals([auc.value, atNone.value, atOnePercent.value], [1, 1, 1]);
  const worse = measureCommittee([MOST], LABELS, generator(1));
  assertEquals([worse.auc.value, worse.atNone.value], [0.75, 0.5]);
});
