import { createPruner } from "../../../lib/search/pruners/registry.ts";
import type { Trial, TrialState } from "../../../lib/search/trial.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { search } from "../../../lib/search/search.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";

/** A trial with these losses after steps 1, 2, 3, … */
function trialWith(number: number, losses: readonly number[], state: TrialState = "complete"): Trial {
  const reports = losses.map((loss, i) => ({ step: i + 1, values: { loss } }));
  return { number, params: {}, seed: 0, state, attempts: [], reports, origin: "sampler" };
}

function prunes(
  named: Parameters<typeof createPruner>[0],
  losses: readonly number[],
  others: readonly Trial[] = [],
  direction: "minimize" | "maximize" = "minimize",
): boolean {
  const trial = trialWith(others.length, losses, "running");
  return createPruner(named).shouldPrune({ trials: [...others, trial], direction, metric: "loss" }, trial);
}

Deno.test("median pruner compares the best so far with the median of the others' means", () => {
  const others = [1, 2, 3].map((loss, i) => trialWith(i, [loss, loss]));
  const named = { name: "median", startup: 3 };
  assertEquals(prunes(named, [2.1, 2.2], others), true);
  assertEquals(prunes(named, [1.9, 9], others), false); // it was better once
  assertEquals(prunes(named, [1.9, 1.9], others, "maximize"), true);
  assertEquals(prunes({ name: "median", startup: 4 }, [9], others), false);
  assertEquals(prunes({ ...named, warmup: 2 }, [9], others), false);
  assertEquals(prunes(named, [NaN], others), true);
});

Deno.test("asha lets the best third of a rung go on", () => {
  const others = [0.1, 0.2, 0.3, 0.4, 0.5].map((loss, i) => trialWith(i, [loss, loss, loss]));
  const asha = { name: "asha", least: 1 };
  assertEquals(prunes(asha, [0.15], others), false); // second of six: two go on
  assertEquals(prunes(asha, [0.25], others), true);
  assertEquals(prunes(asha, [0.25, 0.25], others), false); // no rung at step 2
  assertEquals(prunes(asha, [0.25, 0.25, 0.25], others), true); // the rung at 3
  assertEquals(prunes({ ...asha, factor: 2 }, [0.25], others), false); // three go on
  assertEquals(prunes({ ...asha, least: 4 }, [9, 9, 9], others), false);
  assertEquals(prunes(asha, [0.9], []), false);
  assertEquals(prunes({ ...asha, brackets: 3 }, [9], others), false); // trial 5: bracket 2, from step 9
});

Deno.test("asha begins to judge after a fifth of the longest complete trial, unless told", () => {
  const asha = { name: "asha" };
  const flat = (loss: number, length: number) => new Array<number>(length).fill(loss);
  const others = [10, 4, 4].map((length, i) => trialWith(i, flat(0.1, length)));
  assertEquals([1, 2, 3].map((step) => prunes(asha, flat(9, step), others)), [false, true, false]); // rungs 2, 6
  assertEquals(prunes(asha, flat(9, 6), others), true);
  const longer = [...others, trialWith(3, flat(0.1, 18)), trialWith(4, flat(0.1, 90), "pruned")];
  assertEquals([2, 4].map((step) => prunes(asha, flat(9, step), longer)), [false, true]); // 18 / 5 = 3.6
  const none = others.map((trial): Trial => ({ ...trial, state: "running" }));
  assertEquals([1, 2, 10].map((step) => prunes(asha, flat(9, step), none)), [false, false, false]);
  assertEquals(prunes(asha, [9], [trialWith(0, [0.1, 0.1])]), true); // never before the first step
});

Deno.test("patience and threshold pruners look at the trial alone", () => {
  const patient = { name: "patience", patience: 3 };
  assertEquals(prunes(patient, [1, 0.9, 0.9, 0.9]), false);
  assertEquals(prunes(patient, [1, 0.9, 0.9, 0.9, 0.9]), true);
  assertEquals(prunes({ ...patient, least: 0.2 }, [1, 0.9, 0.85, 0.81]), true);
  assertEquals(prunes({ name: "threshold", upper: 5 }, [5]), false);
  assertEquals(prunes({ name: "threshold", upper: 5 }, [5.1]), true);
  assertEquals(prunes({ name: "threshold", lower: 0 }, [-1]), true);
  assertEquals(prunes({ name: "threshold" }, [NaN]), true);
});

Deno.test("createPruner() names the nearest of what it does not know", () => {
  assertThrows(() => createPruner({ name: "hyperbnad" }), RangeError, '(nearest: "hyperband")');
  assertThrows(() => createPruner({ name: "asha", factor: 1 }), RangeError, "factor above 1");
});

Deno.test("asha finds the best of curves like those of networks in a third of the epochs", async () => {
  const epochs = 27;
  const run = async (pruner: string) => {
    let spent = 0;
    const space = { rate: { low: 1e-4, high: 1, log: true }, units: { low: 8, high: 256, log: true } };
    const { best, trials } = await search(space, async ({ rate, units }, trial) => {
      // what is reached in the end, how fast, and noise that shrinks as training goes on
      const end = 0.1 + 0.05 * (Math.log10(Number(rate)) + 2) ** 2 +
        0.01 * (Math.log2(Number(units)) - 6) ** 2;
      const rng = createRng(trial.seed);
      for (let epoch = 1; epoch <= epochs; epoch++) {
        spent++;
        const loss = end + 2 * Math.exp(-epoch / 4) + 0.02 * (rng() - 0.5) / Math.sqrt(epoch);
        await trial.report(epoch, loss);
      }
      return end;
    }, { trials: 60, sampler: "random", pruner: { name: pruner, ...pruner === "asha" && { least: 1 } } });
    return { best: best!.values![0], spent, pruned: trials.filter(({ state }) => state === "pruned").length };
  };
  const [all, halved] = [await run("none"), await run("asha")];
  assertEquals(all.spent, 60 * epochs);
  assert(halved.best <= all.best + 0.01, `${halved.best} instead of ${all.best}`);
  assert(halved.spent <= all.spent / 3, `${halved.spent} of ${all.spent} epochs`);
});
