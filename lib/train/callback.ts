/** What may listen to a training run, and steer it. @module */
import type { EpochNumbers } from "./history.ts";

/** What a callback may do at the end of an epoch. */
export interface Steering {
  /** Ends training after this epoch. */
  stop(): void;
  /** Keeps the weights as they are now, as those to go back to at the end. */
  keepWeights(): void;
  /** Whether the weights kept last shall be the model's when training ends. */
  restoreKept(restore: boolean): void;
}

/** A listener. */
export interface Callback {
  /** Unique among the callbacks of a run; under it a checkpoint keeps the state. */
  readonly name: string;
  /** Is told the numbers of each epoch once it is complete, validation included. */
  onEpoch?(numbers: EpochNumbers, steering: Steering): void | Promise<void>;
  /** What a checkpoint has to keep, as JSON. */
  state?(): unknown;
  /** Takes up what {@linkcode Callback.state} gave. */
  restore?(state: unknown): void;
}
