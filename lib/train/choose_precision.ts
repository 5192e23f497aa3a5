/** Whether mixed precision pays: a measurement of two seconds, since it depends on the processor and on the model. @module */
import { mixedPrecisionRefusal, type Precision } from "../engine/mod.ts";
import { WORTH_MEASURING } from "./choose_shards.ts";
import type { CompiledStep, TrainStep } from "./step.ts";
import { milliseconds, onTrial, type TrialOptions } from "./trial.ts";

/** What {@linkcode choosePrecision} needs of a run. */
export interface ChoosePrecisionOptions extends TrialOptions {
  /** Steps that the whole run takes; a short run is not worth measuring. */
  steps: number;
  /** Into how many shards a batch is cut. */
  shards: number;
  /** The step in float32. */
  float32: CompiledStep;
}

/** What is chosen, and its step. */
export interface ChosenPrecision {
  precision: Precision;
  step: CompiledStep;
}

/** How long to measure, ms, and how many steps of each at least and at most. */
const BUDGET_MS = 2000, FEWEST = 2, MOST = 20;
/** What a step in mixed precision must take of float32's time at most: less gain is not worth its rounding. */
const WORTH_ROUNDING = 0.95;

/**
 * Takes steps in float32 and in mixed precision in turns for two seconds, and the faster by the least time of each.
 *
 * Where the machine has no bfloat16 or the run is short, nothing is measured and the answer is float32.
 *
 * @returns The precision and its step, ready to run; the other step is disposed.
 */
export async function choosePrecision(
  train: TrainStep,
  { steps, shards, float32, ...trial }: ChoosePrecisionOptions,
): Promise<ChosenPrecision> {
  if (steps < WORTH_MEASURING || mixedPrecisionRefusal()) return { precision: "float32", step: float32 };
  const mixed = train.compile(shards, "mixed");
  const pays = await onTrial(train, trial, async (take) => {
    for (const step of [float32, mixed]) await take(step); // traces, and lets TensorFlow optimise
    const start = performance.now();
    let wide = Infinity, narrow = Infinity;
    for (let i = 0; i < MOST && (i < FEWEST || performance.now() - start < BUDGET_MS); i++) {
      wide = Math.min(wide, await milliseconds(() => take(float32)));
      narrow = Math.min(narrow, await milliseconds(() => take(mixed)));
    }
    return narrow <= WORTH_ROUNDING * wide;
  });
  const [step, other] = pays ? [mixed, float32] : [float32, mixed];
  other.dispose();
  step.totals.reset();
  return { precision: pays ? "mixed" : "float32", step };
}
