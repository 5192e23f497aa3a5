/** Into how many shards to cut a batch: a short measurement, since it depends on the machine and on the model. @module */
import { engineReport, tf } from "../engine/mod.ts";
import { batches } from "./order.ts";
import { feed, type Source } from "./source.ts";
import type { TrainStep } from "./train_step.ts";
import { assignValues, copyValues } from "./weights.ts";

/** What {@linkcode chooseShards} needs of a run. */
export interface ChooseShardsOptions {
  /** Examples a step. */
  batch: number;
  /** Steps that the whole run takes; a short run is not worth measuring. */
  steps: number;
  /** Makes the step for a number of shards. */
  create(shards: number): TrainStep;
  /** All variables that a step changes; they get their values back. */
  state(): tf.Variable[];
}

/** Runs shorter than this take one shard a thread, unmeasured. */
const WORTH_MEASURING = 500;
/** Most shards, and fewest examples of one. */
const MOST = 8, FEWEST_EXAMPLES = 4;
const MEASURED_STEPS = 4;

/**
 * Measures a few steps with one, two, four … shards, up to two a thread, and takes the fastest.
 *
 * The batches are real ones and the variables are put back afterwards. Off the native backend the answer is 1.
 *
 * @returns The number and its step, ready to run; steps of other numbers are disposed.
 */
export async function chooseShards(
  train: Source,
  { batch, steps, create, state }: ChooseShardsOptions,
): Promise<{ shards: number; step: TrainStep }> {
  const { backend, threads } = engineReport();
  const most = Math.min(MOST, 2 * threads, Math.floor(Math.min(batch, train.size) / FEWEST_EXAMPLES));
  if (backend !== "tensorflow" || most < 2) return { shards: 1, step: create(1) };
  const candidates = [1, 2, 4, 8].filter((shards) => shards <= most);
  if (steps < WORTH_MEASURING) {
    const shards = candidates.findLast((count) => count <= threads)!;
    return { shards, step: create(shards) };
  }
  const before = copyValues(state());
  const [rows] = batches(train.size, batch, { shuffle: false });
  const { value: first } = await feed(train, [rows]).next();
  let best: { shards: number; step: TrainStep; ms: number } | undefined;
  try {
    for (const shards of candidates) {
      const step = create(shards);
      step.run(first!.tensors, 1e-6); // traces, and lets TensorFlow optimise
      let ms = Infinity;
      for (let i = 0; i < MEASURED_STEPS; i++) {
        const start = performance.now();
        step.run(first!.tensors, 1e-6);
        await step.totals.read();
        ms = Math.min(ms, performance.now() - start);
      }
      const [winner, loser] = !best || ms < best.ms ? [{ shards, step, ms }, best] : [best, { step }];
      loser?.step.dispose();
      best = winner;
    }
  } finally {
    assignValues(state(), before);
    tf.dispose([before, first!.tensors]);
  }
  best!.step.totals.reset();
  return { shards: best!.shards, step: best!.step };
}
