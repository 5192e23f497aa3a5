/** The step of `fit`, so that it can be timed without reading or drawing. @module */
import type { Source } from "../../lib/data/source.ts";
import { tf } from "../../lib/engine/mod.ts";
import type { Models, StepPlan } from "../../lib/train/mod.ts";

/** A step that can be timed. */
export interface TimedStep {
  /** Milliseconds of one. */
  run(): Promise<number>;
  /** The step's, and its models with it. */
  dispose(): void;
}

/** The step of `fit` in two shards, on one batch: all of a source. */
export function timedStep(models: Models, source: Source, plan: StepPlan): TimedStep {
  const made = plan.create(models, source), compiled = made.compile(2);
  const rates = Object.fromEntries((made.rates ?? ["learningRate"]).map((name) => [name, 1e-3]));
  const rows = tf.tensor1d(Int32Array.from({ length: source.size }, (_, i) => i), "int32");
  return {
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
}
