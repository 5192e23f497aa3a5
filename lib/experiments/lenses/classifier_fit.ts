/** One training of a {@linkcode Classifier}: its network, what it watches, when it stops. @module */
import type { AugmentationStep } from "../../augment/mod.ts";
import { fromArrays } from "../../data/source.ts";
import { tf } from "../../engine/mod.ts";
import type { PreprocessingStep } from "../../image/preprocessing/mod.ts";
import * as train from "../../train/mod.ts";
import type { LabelledImages } from "./classifier_sets.ts";
import { lossOf, optimizerOf } from "./experiment.ts";
import {
  type Architecture,
  checkArchitecture,
  FOLLOWING,
  LENS,
  type NetworkName,
  NETWORKS,
  OPEN_NETWORKS,
} from "./networks.ts";
import type { LensesOptions } from "./options.ts";

/** A number of the history that can be watched; the document's names are `binary_accuracy`, `loss`, `f1_score` and `val_` of each. */
export type WatchedMetric =
  | "loss"
  | "accuracy"
  | "f1Score"
  | "validationLoss"
  | "validationAccuracy"
  | "validationF1Score";

/** A loss by its name. */
export type LossName = LensesOptions["loss"];

/** How one model is trained. */
export interface FitSettings {
  /** Architecture. @default {"alexnet"} */
  clf?: NetworkName;
  /**
   * Settings of the document's architectures: activations, initialisers, regulariser, pooling; stages and dense layers of
   * `alexnet`, `vgg16` and `custom_cnn`; stem and blocks of `pybia_resnet18`. @default {their own}
   */
  architecture?: Partial<Architecture>;
  /** @default {25} */
  epochs?: number;
  /** @default {32} */
  batch?: number;
  /** Epochs without progress of `metric` after which to stop; 0 never does. @default {5} */
  patience?: number;
  /** @default {"loss"} */
  metric?: WatchedMetric;
  /** Training ends once one of these is reached: losses from above, the others from below. @default {none} */
  monitors?: readonly { metric: WatchedMetric; threshold: number }[];
  /** Whether one of the `monitors` must be reached, as in pyBIA, or all of them. @default {"any"} */
  stopAt?: "any" | "all";
  /** Steps that are drawn anew for every batch, on images as the network sees them; their sides must stay. @default {none} */
  augmentation?: readonly AugmentationStep[];
  /** Weights of the negative and the positive class. @default {[1, 1]} */
  classWeights?: readonly [negative: number, positive: number];
  /** @default {"binaryCrossEntropy"} */
  loss?: LossName;
  /** Of positives in the weighted loss. @default {1} */
  weight?: number;
  /** @default {sgd with momentum 0.9} */
  optimizer?: train.OptimizerRule;
  /** @default {1e-4} */
  rate?: number;
}

/** One trained model with what is done to an image before it. */
export interface Trained {
  model: tf.LayersModel;
  steps: readonly PreprocessingStep[];
}

/** 1 for a positive example that is found. */
function truePositives(): train.Metric {
  return {
    name: "found",
    better: "higher",
    perExample(targets, output, { logits }) {
      const isFound = tf.greater(output, logits ? 0 : 0.5);
      const isPositive = tf.greater(tf.reshape(targets, output.shape), 0.5);
      return tf.reshape(tf.cast(tf.logicalAnd(isFound, isPositive), "float32"), [-1]);
    },
  };
}

/** 2 TP / (2 TP + FP + FN) of the shares of those that are found and of those that are right. */
export function f1Score(found: number, accuracy: number): number {
  const wrong = 1 - accuracy;
  return found + wrong === 0 ? 0 : 2 * found / (2 * found + wrong);
}

/** Numbers of an epoch with F1 scores in place of what they are made of. */
export function withF1({ found, validationFound, ...numbers }: train.EpochNumbers): train.EpochNumbers {
  return {
    ...numbers,
    f1Score: f1Score(found, numbers.accuracy),
    ...(validationFound !== undefined && {
      validationF1Score: f1Score(validationFound, numbers.validationAccuracy),
    }),
  };
}

/** A callback that sees F1 scores. */
function seeingF1(inner: train.Callback): train.Callback {
  return { ...inner, onEpoch: (numbers, control) => inner.onEpoch?.(withF1(numbers), control) };
}

/** Whether less is better. */
export const isLoss = (metric: WatchedMetric) => /loss/i.test(metric);

/** Ends the training once one number has reached its threshold, or every one. */
function stopWhenReached(
  monitors: NonNullable<FitSettings["monitors"]>,
  stopAt: "any" | "all",
): train.Callback {
  return {
    name: "stopWhenReached",
    onEpoch(numbers, control) {
      const reached = monitors.filter(({ metric, threshold }) =>
        isLoss(metric) ? numbers[metric] <= threshold : numbers[metric] >= threshold
      );
      if (reached.length >= (stopAt === "all" ? monitors.length : 1)) control.stop();
    },
  };
}

/** Builds the network of some settings. @throws {RangeError} If it has no such settings. */
export function buildNetwork(
  { clf = "alexnet", architecture }: FitSettings,
  inputShape: readonly number[],
  seed: number,
): tf.LayersModel {
  if (architecture && !OPEN_NETWORKS.includes(clf)) {
    throw new RangeError(
      `Cannot change the architecture of "${clf}" as only ${OPEN_NETWORKS.join(", ")} have settings`,
    );
  }
  checkArchitecture(clf, architecture ?? {});
  return NETWORKS[clf]({ inputShape, seed, ...architecture });
}

/** Images as the source that a fit takes. */
export function sourceOf({ images, labels }: LabelledImages) {
  return fromArrays({ image: images }, { [LENS]: { data: labels, shape: [labels.length] } });
}

/** What {@linkcode fitOne} takes beside settings and examples. */
export interface FitContext {
  seed: number;
  /** Examples to watch by, through the steps already. */
  validation?: LabelledImages;
  signal?: AbortSignal;
  /** Numbers beside `metric` whose patience ends the training too. */
  also?: readonly WatchedMetric[];
  onEpoch?: (numbers: train.EpochNumbers) => void | Promise<void>;
}

/** What ends a training. The weights kept are the best of `metric`, which therefore comes last. */
function stopsOf(
  { patience = 5, metric = "loss", monitors = [], stopAt = "any" }: FitSettings,
  also: readonly WatchedMetric[],
): train.Callback[] {
  const watched = patience > 0 ? [...also, metric] : [];
  const stops = watched.map((monitor, i) => {
    const better = isLoss(monitor) ? "lower" : "higher", restoreBest = i === also.length;
    return seeingF1(train.earlyStopping({ monitor, patience, better, restoreBest }));
  });
  if (monitors.length > 0) stops.push(seeingF1(stopWhenReached(monitors, stopAt)));
  return stops;
}

/** Trains a new model on examples that went through the steps already. */
export async function fitOne(
  examples: LabelledImages,
  settings: FitSettings,
  { seed, validation, signal, also = [], onEpoch }: FitContext,
): Promise<{ model: tf.LayersModel; history: train.History }> {
  const { epochs = 25, batch = 32 } = settings;
  const { loss = "binaryCrossEntropy", weight = 1, rate = 1e-4, classWeights, augmentation } = settings;
  const { optimizer = optimizerOf("sgd") } = settings;
  const model = buildNetwork(settings, examples.images.shape.slice(1), seed);
  const callbacks = stopsOf(settings, also);
  if (onEpoch) callbacks.push(seeingF1({ name: "onEpoch", onEpoch }));
  try {
    const history = await train.fit(model, sourceOf(examples), {
      loss: lossOf({ loss, weight }),
      metrics: [train.binaryAccuracy(), truePositives()],
      ...(classWeights && { classWeights }),
      ...(augmentation && { augmentation, augmented: FOLLOWING }),
      optimizer,
      schedule: train.constant(rate),
      epochs,
      batch,
      seed,
      validation: validation && sourceOf(validation),
      callbacks,
      signal,
    });
    return { model, history: { ...history, epochs: history.epochs.map(withF1) } };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** How good answers are. */
export interface Scores {
  accuracy: number;
  f1Score: number;
}

/** Accuracy and F1 of answers. */
export function scoresOf(isPositive: readonly boolean[], labels: Float32Array): Scores {
  const right = isPositive.filter((answer, i) => answer === (labels[i] === 1)).length;
  const found = isPositive.filter((answer, i) => answer && labels[i] === 1).length;
  const accuracy = right / labels.length;
  return { accuracy, f1Score: f1Score(found / labels.length, accuracy) };
}

/** What a model says of examples that it did not learn from. */
export interface TestScores extends Scores {
  /** Mean of the loss that was trained by, without weights of classes. */
  loss: number;
}

/** Accuracy, F1 and loss of a model on examples that went through the steps already. */
export async function scoreOf(
  model: tf.LayersModel,
  { images, labels }: LabelledImages,
  { loss = "binaryCrossEntropy", weight = 1 }: Pick<FitSettings, "loss" | "weight"> = {},
): Promise<TestScores> {
  const { data } = (await train.predict(model, fromArrays({ image: images })))[model.outputNames[0]];
  const scores = scoresOf(Array.from(data, (probability) => probability >= 0.5), labels);
  const made = lossOf({ loss, weight }) as train.Loss | train.JointLoss;
  const value = tf.tidy(() => {
    const output = tf.tensor2d(data, [labels.length, 1]), targets = tf.tensor1d(labels);
    if (!("together" in made)) return tf.mean(made.perExample(targets, output, { logits: false }));
    return tf.mean(made.together({ [LENS]: targets }, { [LENS]: output }, {}) as tf.Tensor);
  });
  const [mean] = await value.data();
  value.dispose();
  return { ...scores, loss: mean };
}
