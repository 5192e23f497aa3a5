/** One pass over a source that only measures. @module */
import { evenParts, tf } from "../engine/mod.ts";
import type { Source } from "../data/source.ts";
import type { Batches } from "./batch.ts";
import { batches as cutBatches } from "./order.ts";
import { ALONE, ownRows, type Together } from "./together.ts";
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
  /** The workers that go through it together, and what adds up the totals of all of them. */
  shared?: Pick<Together, "rank" | "workers"> & { join: () => unknown };
}

/** The rows of a pass; of several workers each has its own, where a batch has some for it. */
function* rowsOf({ source, batch, shared }: EvaluationPass): Generator<Uint32Array> {
  const among = shared ?? ALONE;
  for (const rows of cutBatches(source.size, batch, { shuffle: false })) {
    if (evenParts(rows.length, among.workers)[among.rank] > 0) yield ownRows(rows, among);
  }
}

/**
 * Measures every example once, in order.
 *
 * @returns Means over the source: `loss`, then the metrics by name.
 * @throws {DOMException} `AbortError` if the signal was raised.
 * @throws {RangeError} If the source is empty.
 */
export async function runEvaluation(pass: EvaluationPass): Promise<Record<string, number>> {
  const { source, batches, totals, step, signal, shared } = pass;
  if (source.size === 0) throw new RangeError("Cannot measure anything on a source without examples");
  totals.reset();
  const turn = createTurns();
  for await (const { tensors } of batches.feed(rowsOf(pass))) {
    step(...tensors);
    tf.dispose(tensors);
    await turn();
    signal?.throwIfAborted();
  }
  shared?.join();
  return (await totals.read()).means;
}
