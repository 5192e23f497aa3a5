/** What steps of models against each other have in common: the noise they draw, and what a discriminator's answers cost. @module */
import { random, tf } from "../../engine/mod.ts";
import { binaryCrossEntropy } from "../loss.ts";
import { addUp } from "../totals.ts";

const CROSS_ENTROPY = binaryCrossEntropy();

/** Cross-entropy between what was wanted and what was given, averaged over an example's values and summed over examples. */
export function missOf(
  wanted: readonly tf.Tensor[],
  given: readonly tf.Tensor[],
  logits: boolean,
): tf.Tensor {
  return addUp(given.map((part, i) => tf.sum(CROSS_ENTROPY.perExample(wanted[i], part, { logits }))));
}

/** One label for all scores. */
export function allOf(scores: readonly tf.Tensor[], label: number): tf.Tensor[] {
  return scores.map(({ shape }) => tf.fill(shape, label));
}

/** Noise of this shape for every example, shard by shard: one draw for all of them. */
export function noiseFor(examples: readonly tf.Tensor[], shape: readonly number[]): tf.Tensor[] {
  const sizes = examples.map(({ shape }) => shape[0]!), all = sizes.reduce((sum, size) => sum + size, 0);
  return tf.split(random.normal([all, ...shape]), sizes, 0);
}
