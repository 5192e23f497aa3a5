/** A batch inside the compiled step: gathered, prepared, augmented, and cut into shards. @module */
import { splitBatch, takeRows, type tf } from "../engine/mod.ts";
import type { BatchTensors, Examples, Source } from "./source.ts";

/** What is done to inputs between the source and the model. */
export interface Preparation {
  /** Brings raw inputs to what the model takes, such as counts to [0, 1]; in training and in use. */
  prepare?: (x: tf.Tensor, state: { training: boolean }) => tf.Tensor;
  /** Varies prepared inputs at random, in training only; keeps the labels true. */
  augment?: (x: tf.Tensor) => tf.Tensor;
}

/**
 * The examples of one batch, in shards that later ops can work on side by side.
 *
 * @param source Where the batch is from.
 * @param tensors What {@linkcode feed} gave for it.
 * @param shards Into how many parts to cut it.
 */
export function batchParts(
  source: Source,
  tensors: BatchTensors,
  shards: number,
  options: Preparation & { training: boolean },
): Examples[] {
  const { prepare, augment, training } = options;
  const columns = tensors.map((tensor) => splitBatch(tensor, shards));
  return columns[0].map((_, shard) => {
    const [first, y, weight] = columns.map((parts) => parts[shard]);
    const examples: Examples = { x: first, y, weight };
    if (source.kind === "held") {
      const rows = first as tf.Tensor1D;
      examples.x = takeRows(source.x, rows);
      examples.y = takeRows(source.y, rows);
      examples.weight = source.weight && takeRows(source.weight, rows);
    }
    let x = prepare ? prepare(examples.x, { training }) : examples.x;
    if (training && augment) x = augment(x);
    return { ...examples, x };
  });
}
