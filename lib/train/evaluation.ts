/** One pass over a source that only measures. @module */
import { tf } from "../engine/mod.ts";
import type { Source } from "../data/source.ts";
import type { Batches } from "./batch.ts";
import { batches as cutBatches } from "./order.ts";
import type { TotalsSum } from "./totals.ts";
import { createTurns } from "./turn_taking.ts";

/** What {@linkcode runEvaluation} goes through. */
export interface EvaluationPass {
  source: Source;
  batches: Batches;
  /** Examples a call. */
  batch: number;
  totals: TotalsSum;
  /** Adds a batch to the totals. */
  step: (...tensors: tf.Tensor[]) => unknown;
  signal?: AbortSignal;
}

/**
 * Measures every example once, in order.
 *
 * @returns Means over the source: `loss`, then the metrics by name.
 * @throws {DOMException} `AbortError` if the signal was raised.
 * @throws {RangeError} If the source is empty.
 */
export async function runEvaluation(pass: EvaluationPass): Promise<Record<string, number>> {
  const { source, batches, batch, totals, step, signal } = pass;
  if (source.size === 0) throw new RangeError("Cannot measure anything on a source without examples");
  totals.reset();
  const turn = createTurns();
  for await (const { tensors } of batches.feed(cutBatches(source.size, batch, { shuffle: false }))) {
    step(...tensors);
    tf.dispose(tensors);
    await turn();
    signal?.throwIfAborted();
  }
  return (await totals.read()).means;
}
