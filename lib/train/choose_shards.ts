/** Into how many shards to cut a batch: a short measurement, since it depends on the machine and on the model. @module */
import { engineReport, type Precision } from "../engine/mod.ts";
import type { CompiledStep, TrainStep } from "./step.ts";
import { milliseconds, onTrial, type TrialOptions } from "./trial.ts";

/** What {@linkcode chooseShards} needs of a run. */
export interface ChooseShardsOptions extends TrialOptions {
  /** Steps that the whole run takes; a short run is not worth measuring. */
  steps: number;
  /** In which numbers layers multiply. @default {"float32"} */
  precision?: Precision;
}

/** Steps of a run from which on choices are measured; a shorter one takes one shard a thread. */
export const WORTH_MEASURING = 500;
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
  { batch, steps, size, precision = "float32" }: ChooseShardsOptions,
): Promise<{ shards: number; step: CompiledStep }> {
  const create = (shards: number) => train.compile(shards, precision);
  const { backend, threads } = engineReport();
  const most = Math.min(MOST, 2 * threads, Math.floor(Math.min(batch, size) / FEWEST_EXAMPLES));
  if (backend !== "tensorflow" || most < 2) return { shards: 1, step: create(1) };
  const candidates = [1, 2, 4, 8].filter((shards) => shards <= most);
  if (steps < WORTH_MEASURING) {
    const shards = shardsByThreads(Math.min(batch, size));
    return { shards, step: create(shards) };
  }
  const best = await onTrial(train, { batch, size }, async (take) => {
    let best: { shards: number; step: CompiledStep; ms: number } | undefined;
    for (const shards of candidates) {
      const step = create(shards);
      await take(step); // traces, and lets TensorFlow optimise
      let ms = Infinity;
      for (let i = 0; i < MEASURED_STEPS; i++) ms = Math.min(ms, await milliseconds(() => take(step)));
      const [winner, loser] = !best || ms < best.ms ? [{ shards, step, ms }, best] : [best, { step }];
      loser?.step.dispose();
      best = winner;
    }
    return best!;
  });
  best.step.totals.reset();
  return { shards: best.shards, step: best.step };
}
