/** How one step is shared: by several workers side by side, and by each in parts one after another. @module */
import { evenParts, type StepRows } from "../engine/mod.ts";

/** Who takes a step together. A batch is the step's, however many workers it has: each takes its part of it. */
export interface Together {
  /** This worker's number, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly workers: number;
  /** Parts that a worker takes one after another and adds up, for batches that memory does not hold. */
  readonly accumulate: number;
  /** Whether batch normalisation takes the moments of all workers' examples, as one worker would. */
  readonly syncBatchNorm: boolean;
}

/** A worker that is alone. */
export const ALONE: Together = { rank: 0, workers: 1, accumulate: 1, syncBatchNorm: true };

/** Who takes the steps of a run with these options. */
export function togetherOf(options: {
  workers?: { readonly rank: number; readonly size: number };
  accumulate?: number;
  syncBatchNorm?: boolean;
}): Together {
  const { workers, accumulate = 1, syncBatchNorm = true } = options;
  return { rank: workers?.rank ?? 0, workers: workers?.size ?? 1, accumulate, syncBatchNorm };
}

/** Whether a step is shared at all. */
export function isShared({ workers, accumulate }: Together): boolean {
  return workers > 1 || accumulate > 1;
}

/**
 * This worker's examples of a batch. A worker for which there are none takes the first example, which then does not count:
 * all workers have to take every step.
 *
 * @example The second of three workers
 * ```ts
 * import { ownRows } from "./together.ts";
 * ownRows(Uint32Array.of(7, 8, 9, 10), { rank: 1, workers: 3 }); // 8
 * ```
 */
export function ownRows(
  batch: Uint32Array,
  { rank, workers }: Pick<Together, "rank" | "workers">,
): Uint32Array {
  if (workers === 1) return batch;
  const counts = evenParts(batch.length, workers);
  const first = counts.slice(0, rank).reduce((sum, count) => sum + count, 0);
  return counts[rank] === 0 ? batch.subarray(0, 1) : batch.subarray(first, first + counts[rank]);
}

/** A part of a step: whose examples it has, and where this worker's begin among those of its batch. */
export interface StepPart extends StepRows {
  begin: number;
}

/**
 * The parts of a step on so many examples, in their order: as many for every worker.
 *
 * @example Five examples of two workers in two parts
 * ```ts
 * import { ALONE, stepParts } from "./together.ts";
 * const parts = stepParts(5, { ...ALONE, rank: 1, workers: 2, accumulate: 2 });
 * parts.map(({ rows, begin }) => [...rows, begin]); // [1, 1, 0], [1, 2, 1]
 * ```
 */
export function stepParts(examples: number, together: Together): StepPart[] {
  const { rank, workers, accumulate, syncBatchNorm } = together;
  const byWorker = evenParts(examples, workers);
  const count = Math.max(1, Math.min(accumulate, ...byWorker));
  const cut = byWorker.map((rows) => evenParts(rows, count));
  let begin = 0;
  return Array.from({ length: count }, (_, part) => {
    const rows = cut.map((parts) => parts[part]), held = Math.max(1, rows[rank]);
    const step = { rank, rows, held, syncBatchNorm, begin };
    begin += held;
    return step;
  });
}
