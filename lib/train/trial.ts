/** Trying compiled steps out on a real batch before a run, with everything put back afterwards. @module */
import { tf } from "../engine/mod.ts";
import { batches } from "./order.ts";
import type { CompiledStep, TrainStep } from "./step.ts";
import { assignValues, copyValues } from "./weights.ts";

/** The size of what is run. */
export interface TrialOptions {
  /** Examples a step. */
  batch: number;
  /** Number of examples in all. */
  size: number;
}

/** Takes one step and waits for its numbers. */
export type TakeStep = (step: CompiledStep) => Promise<void>;

/**
 * Lets a trial run steps on the first batch, at a negligible learning rate; the variables are as before afterwards.
 *
 * @param trial Gets a function that takes one step and waits for it, so that it can be timed.
 * @returns What the trial gives.
 */
export async function onTrial<T>(
  train: TrainStep,
  { batch, size }: TrialOptions,
  trial: (take: TakeStep) => Promise<T>,
): Promise<T> {
  const state = Object.values(train.variables).flat();
  const before = copyValues(state);
  const [rows] = batches(size, batch, { shuffle: false });
  const { value: first } = await train.batches.feed([rows]).next();
  const rates = Object.fromEntries(train.rates.map((name) => [name, 1e-6]));
  try {
    return await trial(async (step) => {
      step.run(first!.tensors, rates);
      await step.totals.read();
    });
  } finally {
    assignValues(state, before);
    tf.dispose([before, first!.tensors]);
  }
}

/** Milliseconds of something. */
export async function milliseconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
