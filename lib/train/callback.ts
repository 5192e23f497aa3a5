/** What may listen to a training run, and may change its course. @module */
import type { EpochNumbers } from "./history.ts";
import type { Totals } from "./totals.ts";

/** What a callback is told before a run begins. */
export interface RunInfo {
  /** Epochs that are wanted. */
  epochs: number;
  /** The numbers of the history that improve one way, by column, those of the validation examples included. */
  better: Readonly<Record<string, "lower" | "higher">>;
}

/** What a callback may do at the end of an epoch. */
export interface TrainingControl {
  /** Ends training after this epoch. */
  stop(): void;
  /** Keeps the weights as they are now, as those to go back to at the end. */
  keepWeights(): void;
  /** Whether the weights kept last shall be the model's when training ends. */
  restoreKept(restore: boolean): void;
}

/** One step that was taken. */
export interface StepReport {
  /** Epoch under way and batch of it, both from 1. */
  epoch: number;
  /** Batch of the epoch, from 1. */
  batch: number;
  /** Examples of the batch. */
  examples: number;
  /** Reads the means over the epoch so far, which waits for the step to end. */
  read(): Promise<Totals>;
}

/** A listener. */
export interface Callback {
  /** Unique among the callbacks of a run; under it a checkpoint keeps the state. */
  readonly name: string;
  /** Is told that a run begins, and forgets what it knew of another one; then a resumed run restores its state. */
  begin?(info: RunInfo): void;
  /** Is told of every step. */
  onBatch?(report: StepReport): void | Promise<void>;
  /** Is told the numbers of each epoch once it is complete, validation included. */
  onEpoch?(numbers: EpochNumbers, control: TrainingControl): void | Promise<void>;
  /** What a checkpoint has to keep, as JSON; the history holds it at the end. */
  state?(): unknown;
  /** Takes up what {@linkcode Callback.state} gave. */
  restore?(state: unknown): void;
}
