/** Training: `fit`, and the parts from which a loop can be written by hand. @module */
export * from "./adam.ts";
export { averageInto, createTrainStep, type TrainStep, type TrainStepOptions } from "./train_step.ts";
export type { Preparation } from "./batch_parts.ts";
export * from "./callback.ts";
export * from "./clip.ts";
export * from "./csv_log.ts";
export * from "./early_stopping.ts";
export * from "./fit.ts";
export * from "./history.ts";
export {
  binaryCrossEntropy,
  crossEntropy,
  huber,
  type Loss,
  meanAbsoluteError,
  meanSquaredError,
  type SmoothingOptions,
} from "./loss.ts";
export * from "./metric.ts";
export * from "./misordering.ts";
export * from "./optimizer.ts";
export * from "./order.ts";
export * from "./predict.ts";
export * from "./rmsprop.ts";
export * from "./schedule.ts";
export * from "./sgd.ts";
export { type HeldSource, type Source, type StreamBatch, type StreamSource, subset } from "./source.ts";
export * from "./vary.ts";
export * from "./weights.ts";
