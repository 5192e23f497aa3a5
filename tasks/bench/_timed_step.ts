/** The step of a long `fit`, so that it can be timed without reading or drawing. @module */
import type { Source } from "../../lib/data/source.ts";
import { tf, tuneConvolutions, useTuning } from "../../lib/engine/mod.ts";
import { chooseShards } from "../../lib/train/choose_shards.ts";
import { type Models, shardsByThreads, type StepPlan } from "../../lib/train/mod.ts";

/** A step that can be timed. */
export interface TimedStep {
  /** Milliseconds of one. */
  run(): Promise<number>;
  /** The step's, and its models with it. */
  dispose(): void;
}

/** Steps of a run that is worth measuring for first. */
const MANY_STEPS = 10_000;
/** How long to measure how convolutions are done, ms: a long run finds all its answers in the cache. */
const TUNING_MS = 20_000;

/** Has convolutions of float32 done as a long `fit` on so many examples a step finds them fastest. */
export async function tuneAsFit(models: Models, size: number): Promise<void> {
  const batch = Math.ceil(size / shardsByThreads(size));
  useTuning(await tuneConvolutions(Object.values(models), { batch, budgetMs: TUNING_MS }));
}

/** The step on one batch, all of a source: with shards and ways of convolutions as a long `fit` finds them fastest. */
export async function timedStep(models: Models, source: Source, plan: StepPlan): Promise<TimedStep> {
  const made = plan.create(models, source), { size } = source;
  await tuneAsFit(models, size);
  const { step: compiled } = await chooseShards(made, { batch: size, size, steps: MANY_STEPS });
  const rates = Object.fromEntries((made.rates ?? ["learningRate"]).map((name) => [name, 1e-3]));
  const rows = tf.tensor1d(Int32Array.from({ length: size }, (_, i) => i), "int32");
  const timed: TimedStep = {
    async run() {
      const start = performance.now();
      compiled.run([rows], rates);
      await compiled.totals.read();
      return performance.now() - start;
    },
    dispose() {
      compiled.dispose();
      made.dispose();
      rows.dispose();
      Object.values(models).forEach((model) => model.dispose());
    },
  };
  await timed.run(); // traced while this tuning holds
  return timed;
}
