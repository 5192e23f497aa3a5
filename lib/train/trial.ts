/** Trying compiled steps out on a real batch before a run, with everything put back afterwards. @module */
import { type FunctionProfile, tf } from "../engine/mod.ts";
import type { BatchTensors } from "./batch.ts";
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

/** Gives the first batch, and negligible learning rates. */
async function onFirstBatch<T>(
  train: TrainStep,
  { batch, size }: TrialOptions,
  use: (tensors: BatchTensors, rates: Record<string, number>) => T | Promise<T>,
): Promise<T> {
  const [rows] = batches(size, batch, { shuffle: false });
  const { value: first } = await train.batches.feed([rows]).next();
  try {
    return await use(first!.tensors, Object.fromEntries(train.rates.map((name) => [name, 1e-6])));
  } finally {
    tf.dispose(first!.tensors);
  }
}

/**
 * Lets a trial run steps on the first batch, at a negligible learning rate; the variables are as before afterwards.
 *
 * @param trial Gets a function that takes one step and waits for it, so that it can be timed.
 * @returns What the trial gives.
 */
export async function onTrial<T>(
  train: TrainStep,
  options: TrialOptions,
  trial: (take: TakeStep) => Promise<T>,
): Promise<T> {
  const state = Object.values(train.variables).flat();
  const before = copyValues(state);
  try {
    return await onFirstBatch(train, options, (tensors, rates) =>
      trial(async (step) => {
        step.run(tensors, rates);
        await step.totals.read();
      }));
  } finally {
    assignValues(state, before);
    tf.dispose(before);
  }
}

/** Steps that a profile times. */
const PROFILED_STEPS = 5;

/** Where a step's time goes on the first batch; undefined where the step, or the backend, cannot say. */
export async function profileStep(
  train: TrainStep,
  step: CompiledStep,
  options: TrialOptions,
): Promise<FunctionProfile | undefined> {
  return await onFirstBatch(
    train,
    options,
    (tensors, rates) => tf.tidy(() => step.profile?.(tensors, rates, PROFILED_STEPS) as never),
  );
}

/** Milliseconds of something. */
export async function milliseconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
