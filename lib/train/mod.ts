/** Training: `fit`, `predict`, and the parts from which a loop can be written by hand. @module */
export * from "./adagrad.ts";
export * from "./adam.ts";
export * from "./adamax.ts";
export type { AugmentedArrays, Preparation } from "./batch.ts";
export * from "./batch_losses.ts";
export * from "./callback.ts";
export type { CheckpointOptions } from "./loop.ts";
export { shardsByThreads } from "./choose_shards.ts";
export * from "./clip.ts";
export * from "./csv_log.ts";
export * from "./early_stopping.ts";
export * from "./ema.ts";
export * from "./fit.ts";
export * from "./ftrl.ts";
export * from "./history.ts";
export type { BatchReport, LoopOptions } from "./loop.ts";
export {
  binaryCrossEntropy,
  crossEntropy,
  huber,
  type Loss,
  meanAbsoluteError,
  meanSquaredError,
  type OutputForm,
  type SmoothingOptions,
} from "./loss.ts";
export * from "./lion.ts";
export * from "./losses/any_order.ts";
export * from "./losses/cosine_similarity.ts";
export * from "./losses/focal.ts";
export * from "./losses/gaussian_likelihood.ts";
export * from "./losses/hinge.ts";
export * from "./losses/kl_divergence.ts";
export * from "./losses/log_cosh.ts";
export * from "./losses/margin.ts";
export * from "./losses/overlap.ts";
export * from "./losses/poisson.ts";
export * from "./losses/relative.ts";
export * from "./losses/weighted_binary_cross_entropy.ts";
export * from "./metric.ts";
export type {
  ClassWeights,
  JointLoss,
  LossSpec,
  MetricSpec,
  NamedTensors,
  ObjectiveOptions,
  WeightedLoss,
} from "./objective.ts";
export * from "./nadam.ts";
export * from "./optimizer.ts";
export * from "./order.ts";
export * from "./pairwise_ranking.ts";
export * from "./predict.ts";
export * from "./rmsprop.ts";
export * from "./schedule.ts";
export * from "./sgd.ts";
export { type OpShare, type PartShare, type StepProfile, summarizeProfile } from "./step_profile.ts";
export { mainModel, modelsOf } from "./step.ts";
export type {
  CompiledStep,
  Evaluation,
  EvaluationSettings,
  Models,
  StepConfig,
  StepPlan,
  TrainStep,
} from "./step.ts";
export * from "./steps/adversarial.ts";
export * from "./steps/vae_gan.ts";
export * from "./step_schedules.ts";
export * from "./stop_gradient.ts";
export { supervised, type SupervisedOptions } from "./steps/supervised.ts";
export * from "./steps/variational.ts";
export type { Totals, TotalsSum } from "./totals.ts";
export * from "./weights.ts";
export { trainingWorkers, WorkerLostError, type Workers, type WorkReport } from "./workers.ts";
