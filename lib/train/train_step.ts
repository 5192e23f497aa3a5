/**
 * One training step as one compiled function: gather, prepare, augment, forward, loss, gradients, clipping, update,
 * and the sums behind an epoch's numbers. JavaScript passes the rows of the batch and the learning rate, and reads
 * nothing back until somebody asks.
 * @module
 */
import { applySharded, compile, tf } from "../engine/mod.ts";
import { batchParts, type Preparation } from "./batch_parts.ts";
import { clipByGlobalNorm, clipByValue } from "./clip.ts";
import { classNumbers, type Loss } from "./loss.ts";
import type { Metric } from "./metric.ts";
import type { Optimizer } from "./optimizer.ts";
import type { BatchTensors, Examples, Source } from "./source.ts";
import { allVariables, gradientsOf, trainedVariables } from "./weights.ts";

/** Options for {@linkcode createTrainStep}. */
export interface TrainStepOptions extends Preparation {
  loss: Loss;
  metrics: readonly Metric[];
  optimizer: Optimizer;
  /** Largest joint norm of the gradients. */
  clipNorm?: number;
  /** Largest component of a gradient. */
  clipValue?: number;
  /** Weight in the loss of each class, by class number. */
  classWeights?: readonly number[];
  /** Running averages of all weights, kept up where given; see {@linkcode averageInto}. */
  average?: { variables: readonly tf.Variable[]; decay: number };
  /** Into how many shards a batch is cut. */
  shards: number;
}

/** Sums over the batches of an epoch so far. */
export interface Totals {
  /** Means over the examples: `loss`, then the metrics by name. */
  means: Record<string, number>;
  /** Examples seen. */
  examples: number;
  /** Number, from 1, of the first batch of this epoch whose loss was not finite; 0 where all were. */
  firstBad: number;
}

/** Running sums in variables that a compiled function adds to. */
export interface TotalsSum {
  /** What a checkpoint keeps: sums of loss, examples, batches and metrics, [3 + metrics]. */
  readonly variables: readonly tf.Variable[];
  /** Adds one batch: its mean loss, its number of examples, and the sum of every metric. */
  add(loss: tf.Scalar, examples: number, metricSums: readonly tf.Tensor[]): void;
  read(): Promise<Totals>;
  reset(): void;
  dispose(): void;
}

/** Sums for a loss and the given metrics. */
export function createTotals(metrics: readonly Metric[]): TotalsSum {
  const sums = tf.tidy(() => tf.variable(tf.zeros([3 + metrics.length]), false));
  const bad = tf.tidy(() => tf.variable(tf.scalar(0), false));
  return {
    variables: [sums, bad],
    add(loss, examples, metricSums) {
      const counted = tf.tensor1d([examples, 1]);
      const added = [
        tf.reshape(tf.mul(loss, examples), [1]),
        counted,
        ...metricSums.map((sum) => tf.reshape(sum, [1])),
      ];
      const next = tf.add(sums, tf.concat(added)) as tf.Tensor1D;
      const batch = tf.reshape(tf.slice(next, [2], [1]), []);
      const here = tf.mul(batch, tf.sub(1, tf.cast(tf.isFinite(loss), "float32")));
      bad.assign(tf.where(tf.greater(bad, 0), bad, here) as tf.Scalar);
      sums.assign(next);
    },
    async read() {
      const [loss, examples, , ...rest] = await sums.data<"float32">();
      const [firstBad] = await bad.data<"float32">();
      const means: Record<string, number> = { loss: loss / examples };
      metrics.forEach(({ name }, i) => means[name] = rest[i] / examples);
      return { means, examples, firstBad };
    },
    reset() {
      tf.tidy(() => {
        sums.assign(tf.zerosLike(sums));
        bad.assign(tf.zerosLike(bad));
      });
    },
    dispose: () => tf.dispose([sums, bad]),
  };
}

/** Sum of a batch part's losses, each by its example's and its class's weight. */
export function weightedSum(
  losses: tf.Tensor,
  { y, weight }: Examples,
  classWeights?: readonly number[],
): tf.Scalar {
  let weighted = losses;
  if (weight) weighted = tf.mul(weighted, weight);
  if (classWeights) {
    const chosen = tf.oneHot(classNumbers(y), classWeights.length, 1, 0, "float32"); // gather would read its indices
    weighted = tf.mul(weighted, tf.sum(tf.mul(chosen, tf.tensor1d([...classWeights])), 1));
  }
  return tf.sum(weighted) as tf.Scalar;
}

/**
 * Moves running averages of weights by one step: `average += (1 - d) · (weight - average)` with
 * `d = min(decay, (1 + step) / (10 + step))`, so that the first steps count less the more follow.
 *
 * Source: TensorFlow's `ExponentialMovingAverage` with `num_updates`.
 */
export function averageInto(
  averages: readonly tf.Variable[],
  weights: readonly tf.Variable[],
  decay: number,
  step: tf.Tensor,
): void {
  const share = tf.sub(1, tf.minimum(decay, tf.div(tf.add(step, 1), tf.add(step, 10))));
  averages.forEach((average, i) =>
    average.assign(tf.add(average, tf.mul(share, tf.sub(weights[i], average))))
  );
}

/** A compiled training step and its sums. */
export interface TrainStep {
  /** Takes one step on a batch of the source; the tensors stay the caller's. */
  run(batch: BatchTensors, rate: number): void;
  readonly totals: TotalsSum;
  dispose(): void;
}

/**
 * Compiles the training step of a model on a source.
 *
 * The loss is the sum over the batch of weight times loss, divided by the number of examples, plus what the layers'
 * regularisers add (Keras 3's `sum_over_batch_size`).
 */
export function createTrainStep(model: tf.LayersModel, source: Source, options: TrainStepOptions): TrainStep {
  const { loss, metrics, optimizer, clipNorm, clipValue, classWeights, average, shards } = options;
  const trained = trainedVariables(model), all = allVariables(model);
  const totals = createTotals(metrics);

  function step(rate: tf.Scalar, ...batch: BatchTensors): null {
    const parts = batchParts(source, batch, shards, { ...options, training: true });
    const examples = batch[0].shape[0]!;
    let metricSums: tf.Tensor[] = [];
    const { value, gradients } = gradientsOf(() => {
      const outputs = applySharded(model, parts.map(({ x }) => [x]), {
        training: true,
        logits: loss.logits ? "all" : undefined,
      });
      metricSums = metrics.map((metric) =>
        tf.keep(addUp(parts.map(({ y }, i) => tf.sum(metric.perExample(y, ...outputs[i])))))
      );
      const sums = parts.map((part, i) =>
        weightedSum(loss.perExample(part.y, ...outputs[i]), part, classWeights)
      );
      return addUp([tf.div(addUp(sums), examples), ...model.calculateLosses()]) as tf.Scalar;
    }, trained);
    let clipped = gradients;
    if (clipValue !== undefined) clipped = clipByValue(clipped, clipValue);
    if (clipNorm !== undefined) clipped = clipByGlobalNorm(clipped, clipNorm);
    optimizer.apply(clipped, rate);
    if (average) averageInto(average.variables, all, average.decay, optimizer.variables[0]);
    totals.add(value, examples, metricSums);
    tf.dispose(metricSums);
    return null;
  }

  const compiled = compile(step);
  return {
    totals,
    run(batch, rate) {
      const scalar = tf.scalar(rate);
      compiled(scalar, ...batch);
      scalar.dispose();
    },
    dispose() {
      compiled.dispose();
      totals.dispose();
    },
  };
}

/** Sum of tensors of one shape. */
export function addUp(tensors: tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tensors[0] : tf.addN(tensors);
}
