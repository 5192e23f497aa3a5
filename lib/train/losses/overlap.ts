/** Losses of overlap: what is wanted and predicted together, against either. @module */
import { tf } from "../../engine/mod.ts";
import type { JointLoss } from "../objective.ts";
import { type Loss, targetsLike } from "../loss.ts";

/** Which overlap: Dice's 2 |A ∩ B| / (|A| + |B|), or Jaccard's |A ∩ B| / |A ∪ B|. */
export type Overlap = "dice" | "jaccard";

/** Keeps an empty pair at an overlap of 1. */
const SMOOTH = 1e-7;

/** 1 − overlap along the last axis. */
function apart(how: Overlap, truth: tf.Tensor, output: tf.Tensor): tf.Tensor {
  const both = tf.sum(tf.mul(truth, output), -1);
  const sum = tf.add(tf.sum(truth, -1), tf.sum(output, -1));
  const [above, below] = how === "dice" ? [tf.mul(both, 2), sum] : [both, tf.sub(sum, both)];
  return tf.sub(1, tf.div(tf.add(above, SMOOTH), tf.add(below, SMOOTH)));
}

function overlap(how: Overlap): Loss {
  return {
    config: { name: how },
    logits: false,
    target: "values",
    perExample(targets, output) {
      const truth = targetsLike(targets, output);
      const rows = (values: tf.Tensor) => tf.reshape(values, [output.shape[0], -1]);
      return apart(how, rows(truth), rows(output));
    },
  };
}

/**
 * 1 − 2 Σ y p / (Σ y + Σ p) over the values of each example: for masks. Where an example is a single yes or no, its
 * value says nothing of negative labels; use {@linkcode overlapOfBatch}.
 *
 * Source: Keras 3 `Dice` with `axis` of all but the first.
 *
 * @example Half of a mask found
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { dice } from "./overlap.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * dice().perExample(tf.tensor2d([[1, 1]]), tf.tensor2d([[1, 0]]), { logits: false }).dataSync(); // 0.3333…
 * ```
 */
export function dice(): Loss {
  return overlap("dice");
}

/**
 * 1 − Σ y p / (Σ y + Σ p − Σ y p) over the values of each example.
 *
 * Source: P. Jaccard, 1912; pyBIA's `jaccard_loss`.
 *
 * @example Half of a mask found
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { jaccard } from "./overlap.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * jaccard().perExample(tf.tensor2d([[1, 1]]), tf.tensor2d([[1, 0]]), { logits: false }).dataSync(); // 0.5
 * ```
 */
export function jaccard(): Loss {
  return overlap("jaccard");
}

/**
 * The overlap of what is positive in a whole batch: with Dice's, one minus a soft F1 score. Every example has the
 * batch's value, so that the batch's loss is that value.
 *
 * Source: pyBIA's `dice_loss` and `jaccard_loss`, which sum over the batch too, but over both columns of a one-hot pair.
 *
 * @param name Of the output and its target.
 * @example
 * ```ts
 * import { overlapOfBatch } from "./overlap.ts";
 * overlapOfBatch("dice", "lens").whole; // true
 * ```
 */
export function overlapOfBatch(how: Overlap, name: string): JointLoss {
  return {
    config: { name: `${how}OfBatch`, output: name },
    logits: [],
    whole: true, // the overlap is the batch's, whatever its shards
    together(targets, outputs) {
      const output = outputs[name], truth = targetsLike(targets[name], output);
      const batch = output.shape[0];
      const value = apart(how, tf.reshape(truth, [-1]), tf.reshape(output, [-1]));
      return tf.mul(tf.ones([batch]), value);
    },
  };
}
