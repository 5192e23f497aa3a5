/** The loss of single batches, for a look at how training begins. @module */
import type { Callback } from "./callback.ts";

/** Options for {@linkcode batchLosses}. */
export interface BatchLossesOptions {
  /** Epochs of which every batch is kept. @default {1} */
  epochs?: number;
}

/**
 * Keeps the loss of every batch of the first epochs; the history's `states.batchLosses.losses` has them at the end.
 *
 * Each is read when its step has ended, which costs a wait a step.
 *
 * @example
 * ```ts
 * import { batchLosses } from "./batch_losses.ts";
 * batchLosses({ epochs: 2 }).name; // "batchLosses"
 * ```
 */
export function batchLosses(options: BatchLossesOptions = {}): Callback {
  const { epochs = 1 } = options;
  let losses: number[] = [], summed = 0;
  return {
    name: "batchLosses",
    begin() {
      losses = [];
      summed = 0;
    },
    async onBatch({ epoch, batch, examples, read }) {
      if (epoch > epochs) return;
      if (batch === 1) summed = 0;
      const { means, examples: seen } = await read();
      losses.push((means.loss * seen - summed) / examples);
      summed = means.loss * seen;
    },
    state: () => ({ losses, summed }),
    restore(saved) {
      const state = saved as { losses: number[]; summed: number };
      losses = [...state.losses];
      summed = state.summed;
    },
  };
}
