/**
 * What the loop drives: a step that knows its models, losses and optimizers, while batches, epochs, schedules,
 * callbacks, checkpoints, resuming and the stop on a loss that is no number belong to the loop and hold for every step.
 * @module
 */
import { builtModel, type FunctionProfile, type Precision, tf } from "../engine/mod.ts";
import type { Source } from "../data/source.ts";
import type { Batches, BatchTensors } from "./batch.ts";
import type { OptimizerSnapshot } from "./optimizer.ts";
import type { Together } from "./together.ts";
import type { TotalsSum } from "./totals.ts";

/** Models by name; the first is the one that is validated, exported and predicted with. */
export type Models = Readonly<Record<string, tf.LayersModel>>;

/** Settings of a run, as a checkpoint keeps and compares them. */
export type StepConfig = Readonly<Record<string, unknown>>;

/** How to train: what a run needs beside its loop. */
export interface StepPlan {
  /** Ties the plan to models and a source: checks them and makes the variables (optimizers, averages). */
  create(models: Models, source: Source): TrainStep;
}

/** A plan with its models, source and variables. */
export interface TrainStep {
  /** All that must be the same for a run to go on. */
  readonly config: StepConfig;
  /** The numbers that it counts, `loss` first, and which way each improves. */
  readonly better: Readonly<Record<string, "lower" | "higher">>;
  /** What a checkpoint keeps, by role: `weights`, `optimizer`, …; each list in a fixed order. */
  readonly variables: Readonly<Record<string, readonly tf.Variable[]>>;
  /** The weights that are validated and kept as the best; among them all that training moves. */
  readonly weights: readonly tf.Variable[];
  /** Moving averages of {@linkcode weights}, in their order, where the plan keeps some: a model ends with them. */
  readonly averages?: readonly tf.Variable[];
  /** Whether the averages are neither validated nor kept as the best, as in Keras. @default {false} */
  readonly averagesOnlyAtEnd?: boolean;
  /** Names of its learning rates; one is called `learningRate`. */
  readonly rates: readonly string[];
  /** The source, opened. */
  readonly batches: Batches;
  /**
   * The step as one compiled function that cuts a batch into shards.
   *
   * @param precision In which numbers its layers multiply. @default {"float32"}
   * @param together Who takes it. @default {one worker, all at once}
   */
  compile(shards: number, precision?: Precision, together?: Together): CompiledStep;
  /** Loss and metrics on another source; absent where the step has none, as for a GAN. */
  evaluation?(source: Source, options: EvaluationSettings): Evaluation;
  /** The optimizer's state as arrays, for a file. */
  snapshot?(rate: number): OptimizerSnapshot;
  dispose(): void;
}

/** How to go through a source that is measured. */
export interface EvaluationSettings {
  /** Examples a call. */
  batch: number;
  shards: number;
  signal?: AbortSignal;
  /** Who goes through it: each worker through its part. @default {one worker} */
  together?: Together;
}

/** What a step that is shared has to know beside its batch. */
export interface StepOrder {
  /** Examples of all workers in this step. @default {those of the batch} */
  examples?: number;
  /** Whether this worker asks all to stop after the step. @default {false} */
  asksToStop?: boolean;
}

/** What comes of a step that is shared. */
export interface StepOutcome {
  /** Whether a worker asked all to stop: every worker is told so after the same step. */
  isAskedToStop: boolean;
  /** Seconds in which this worker exchanged or waited for others. */
  exchangeSeconds: number;
}

/** A compiled step. */
export interface CompiledStep {
  /** Takes one step on a batch of the source; the tensors stay the caller's. */
  run(batch: BatchTensors, rates: Readonly<Record<string, number>>, order?: StepOrder): StepOutcome | void;
  /** Takes some steps that change nothing, and says where their time goes; undefined where nothing is compiled. */
  profile?(
    batch: BatchTensors,
    rates: Readonly<Record<string, number>>,
    steps: number,
  ): FunctionProfile | undefined;
  /** Sums of the epoch under way. */
  readonly totals: TotalsSum;
  dispose(): void;
}

/** Loss and metrics of a model on one source, as often as wanted. */
export interface Evaluation {
  /** Means over the source: `loss`, then the metrics by name. */
  run(): Promise<Record<string, number>>;
  dispose(): void;
}

/** Models by name: a single one is called `model`. */
export function modelsOf(built: tf.LayersModel | Models): Models {
  return built instanceof tf.LayersModel ? { model: built } : built;
}

/** The first of some models, which is the one that counts, built. */
export function mainModel(models: Models): tf.LayersModel {
  const [first] = Object.values(models);
  if (!first) throw new TypeError("Cannot train without a model");
  return builtModel(first);
}
