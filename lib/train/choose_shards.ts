/** Into how many shards to cut a batch: a short measurement, since it depends on the machine and on the model. @module */
import { engineReport, tf } from "../engine/mod.ts";
import { batches } from "./order.ts";
import type { CompiledStep, TrainStep } from "./step.ts";
import { assignValues, copyValues } from "./weights.ts";

/** What {@linkcode chooseShards} needs of a run. */
export interface ChooseShardsOptions {
  /** Examples a step. */
  batch: number;
  /** Steps that the whole run takes; a short run is not worth measuring. */
  steps: number;
  /** Number of examples in all. */
  size: number;
}

/** Runs shorter than this take one shard a thread, unmeasured. */
const WORTH_MEASURING = 500;
/** Most shards, and fewest examples of one. */
const MOST = 8, FEWEST_EXAMPLES = 4;
const MEASURED_STEPS = 4;

/**
 * One shard a thread, as far as the examples of a batch go and in a power of two: how a batch is cut where nothing is measured, and
 * every time alike. An operation has one thread, so that one shard leaves all others idle.
 *
 * @example Of two examples there is nothing to share
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { shardsByThreads } from "./choose_shards.ts";
 * await startEngine({ backend: "tensorflow" });
 * shardsByThreads(2); // 1
 * ```
 */
export function shardsByThreads(batch: number): number {
  const { backend, threads } = engineReport();
  if (backend !== "tensorflow") return 1;
  const most = Math.min(MOST, threads, Math.floor(batch / FEWEST_EXAMPLES));
  return [1, 2, 4, 8].findLast((shards) => shards <= most) ?? 1;
}

/**
 * Measures a few steps with one, two, four … shards, up to two a thread, and takes the fastest.
 *
 * The batches are real ones and the variables are put back afterwards. Off the native backend the answer is 1.
 *
 * @returns The number and its step, ready to run; steps of other numbers are disposed.
 */
export async function chooseShards(
  train: TrainStep,
  { batch, steps, size }: ChooseShardsOptions,
): Promise<{ shards: number; step: CompiledStep }> {
  const create = (shards: number) => train.compile(shards);
  const { backend, threads } = engineReport();
  const most = Math.min(MOST, 2 * threads, Math.floor(Math.min(batch, size) / FEWEST_EXAMPLES));
  if (backend !== "tensorflow" || most < 2) return { shards: 1, step: create(1) };
  const candidates = [1, 2, 4, 8].filter((shards) => shards <= most);
  if (steps < WORTH_MEASURING) {
    const shards = shardsByThreads(Math.min(batch, size));
    return { shards, step: create(shards) };
  }
  const state = Object.values(train.variables).flat();
  const before = copyValues(state);
  const [rows] = batches(size, batch, { shuffle: false });
  const { value: first } = await train.batches.feed([rows]).next();
  const rates = Object.fromEntries(train.rates.map((name) => [name, 1e-6]));
  let best: { shards: number; step: CompiledStep; ms: number } | undefined;
  try {
    for (const shards of candidates) {
      const step = create(shards);
      step.run(first!.tensors, rates); // traces, and lets TensorFlow optimise
      let ms = Infinity;
      for (let i = 0; i < MEASURED_STEPS; i++) {
        const start = performance.now();
        step.run(first!.tensors, rates);
        await step.totals.read();
        ms = Math.min(ms, performance.now() - start);
      }
      const [winner, loser] = !best || ms < best.ms ? [{ shards, step, ms }, best] : [best, { step }];
      loser?.step.dispose();
      best = winner;
    }
  } finally {
    assignValues(state, before);
    tf.dispose([before, first!.tensors]);
  }
  best!.step.totals.reset();
  return { shards: best!.shards, step: best!.step };
}
