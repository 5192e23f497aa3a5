/** A model's outputs, and its numbers, on a source: compiled, batch by batch. @module */
import { applySharded, compile, engineReport, tf } from "../engine/mod.ts";
import { batchParts, type Preparation } from "./batch_parts.ts";
import type { Loss } from "./loss.ts";
import type { Metric } from "./metric.ts";
import { batches } from "./order.ts";
import { feed, type Source } from "./source.ts";
import { addUp, createTotals, weightedSum } from "./train_step.ts";
import { createTurns } from "./turn_taking.ts";

/** Options for {@linkcode predict}. */
export interface PredictOptions {
  /** Examples a call. @default {256} */
  batch?: number;
  /** As in training. */
  prepare?: Preparation["prepare"];
  /** Parts of a batch that are worked on side by side. @default {one a thread of the engine} */
  shards?: number;
  /** Ends the work after the batch at hand. */
  signal?: AbortSignal;
}

/**
 * The outputs of a model for every example, in the source's order.
 *
 * @returns For each output of the model its values, [size, …] row-major.
 * @throws {DOMException} `AbortError` if the signal was raised.
 */
export async function predict(
  model: tf.LayersModel,
  source: Source,
  options: PredictOptions = {},
): Promise<Float32Array[]> {
  const { batch = 256, prepare, shards = engineReport().threads, signal } = options;
  const results: Float32Array[] = [];
  const step = compile((...tensors: tf.Tensor[]) => {
    const parts = batchParts(source, tensors, shards, { prepare, training: false });
    const outputs = applySharded(model, parts.map(({ x }) => [x]), {
      training: false,
    });
    return outputs[0].map((_, output) => {
      const shares = outputs.map((shard) => shard[output]);
      return shares.length === 1 ? shares[0] : tf.concat(shares, 0);
    });
  });
  try {
    const turn = createTurns();
    let done = 0;
    for await (const { indices, tensors } of feed(source, batches(source.size, batch, { shuffle: false }))) {
      const outputs = step(...tensors);
      tf.dispose(tensors);
      for (const [i, output] of outputs.entries()) {
        const values = await output.data<"float32">();
        const width = values.length / indices.length;
        results[i] ??= new Float32Array(source.size * width);
        results[i].set(values, done * width);
      }
      tf.dispose(outputs);
      done += indices.length;
      await turn();
      signal?.throwIfAborted();
    }
    return results;
  } finally {
    step.dispose();
  }
}

/** Options for {@linkcode createEvaluation}. */
export interface EvaluationOptions extends PredictOptions {
  loss: Loss;
  metrics: readonly Metric[];
}

/** Loss and metrics of a model on one source, as often as wanted. */
export interface Evaluation {
  /** Means over the source: `loss`, then the metrics by name. */
  run(): Promise<Record<string, number>>;
  dispose(): void;
}

/** Compiles the evaluation of a model on a source. */
export function createEvaluation(
  model: tf.LayersModel,
  source: Source,
  options: EvaluationOptions,
): Evaluation {
  const { batch = 256, prepare, shards = engineReport().threads, loss, metrics, signal } = options;
  const totals = createTotals(metrics);
  const step = compile((...tensors: tf.Tensor[]) => {
    const parts = batchParts(source, tensors, shards, { prepare, training: false });
    const outputs = applySharded(model, parts.map(({ x }) => [x]), {
      training: false,
      logits: loss.logits ? "all" : undefined,
    });
    const examples = tensors[0].shape[0]!;
    const losses = parts.map((part, i) => weightedSum(loss.perExample(part.y, ...outputs[i]), part));
    const sums = metrics.map((metric) =>
      addUp(parts.map(({ y }, i) => tf.sum(metric.perExample(y, ...outputs[i]))))
    );
    totals.add(tf.div(addUp(losses), examples) as tf.Scalar, examples, sums);
    return null;
  });
  return {
    async run() {
      totals.reset();
      const turn = createTurns();
      for await (const { tensors } of feed(source, batches(source.size, batch, { shuffle: false }))) {
        step(...tensors);
        tf.dispose(tensors);
        await turn();
        signal?.throwIfAborted();
      }
      return (await totals.read()).means;
    },
    dispose() {
      step.dispose();
      totals.dispose();
    },
  };
}
