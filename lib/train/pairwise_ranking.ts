/** Pairwise ranking: a loss on the order of scores: what AUC counts, made smooth. @module */
import { tf } from "../engine/mod.ts";

/** Options for {@linkcode pairwiseRanking}. */
export interface PairwiseRankingOptions {
  /** A quantity of each example, [batch]: only examples that are alike in it are compared. @default {all are compared} */
  alike?: tf.Tensor;
  /** Standard deviation of the Gaussian that weighs a pair by its difference in `alike`. @default {1} */
  width?: number;
  /** How sharply a pair counts as right or wrong, per unit of the scores' difference. @default {1} */
  steepness?: number;
}

/**
 * How far the scores of the two kinds of a batch are from being in order: for each example the mean of log(1 + exp(-steepness ·
 * (score of the one labelled 1 - score of the one labelled 0))) over the examples of the other kind.
 *
 * Cross-entropy wants the best probabilities over all examples together; this wants the best order, and with `alike` the best
 * order among examples that are alike, whatever that does to the others. An example without partners costs nothing. In a
 * loss it needs the whole batch at once: see `JointLoss.whole`.
 *
 * Shapes: labels [batch], 0 or 1; scores [batch], logits rather than probabilities; [batch] out.
 * Source: Burges et al., "Learning to rank using gradient descent" (RankNet), ICML 2005.
 *
 * @example Three in order cost less than three out of it
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { pairwiseRanking } from "./pairwise_ranking.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const labels = tf.tensor1d([0, 0, 1]);
 * const cost = (scores: number[]) => pairwiseRanking(labels, tf.tensor1d(scores)).sum().dataSync()[0];
 * cost([-1, 0, 2]) < cost([2, 0, -1]); // true
 * ```
 */
export function pairwiseRanking(
  labels: tf.Tensor,
  scores: tf.Tensor,
  options: PairwiseRankingOptions = {},
): tf.Tensor {
  const { alike, width = 1, steepness = 1 } = options;
  const differences = (values: tf.Tensor) => tf.sub(tf.expandDims(values, 1), tf.expandDims(values, 0));
  const order = differences(labels); // [batch, batch]: 1 where the row's label is the greater one, 0 for no pair
  let weights = tf.abs(order);
  if (alike) {
    const apart = tf.square(tf.div(differences(alike), width));
    weights = tf.mul(weights, tf.exp(tf.mul(apart, -0.5)));
  }
  const costs = tf.softplus(tf.mul(tf.mul(differences(scores), order), -steepness));
  const total = tf.sum(weights, 1);
  return tf.div(tf.sum(tf.mul(weights, costs), 1), tf.maximum(total, 1e-3)); // few partners count little
}
