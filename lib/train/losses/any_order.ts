/** Cross-entropy of groups that have no order: what a group is called costs nothing. @module */
import { tf } from "../../engine/mod.ts";
import { classNumbers, type Loss } from "../loss.ts";

/** Groups whose orders are all tried: 720 of six. */
const MOST_GROUPS = 6;

/** All orders of 0 to `count - 1`. */
function ordersOf(count: number): number[][] {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)])
  );
}

/** 1 for each pair (wanted, given) of each order, [groups², orders]. */
function pairsOfOrders(groups: number): tf.Tensor2D {
  const orders = ordersOf(groups), data = new Float32Array(groups ** 2 * orders.length);
  orders.forEach((order, column) =>
    order.forEach((given, wanted) => data[(wanted * groups + given) * orders.length + column] = 1)
  );
  return tf.tensor2d(data, [groups ** 2, orders.length]);
}

/**
 * Cross-entropy of each place's group, [batch, …] against [batch, …, 1 + groups], in that order of an example's groups that
 * costs least. Class 0, no group, is itself.
 *
 * All orders are compared, so the matching is the best there is, the one that the Hungarian algorithm finds.
 * Source: permutation-invariant training of Yu et al., arXiv 1607.00325.
 *
 * @throws {RangeError} In the step, if there are no groups or more than six.
 * @example The names of two groups exchanged
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { anyOrder } from "./any_order.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const given = tf.tensor3d([[[0, 0, 9], [0, 9, 0]]]);
 * const cost = (groups: number[]) => anyOrder().perExample(tf.tensor2d([groups]), given, { logits: true }).dataSync()[0];
 * cost([1, 2]) === cost([2, 1]); // true
 * ```
 */
export function anyOrder(): Loss {
  return {
    config: { name: "anyOrder" },
    logits: true,
    squashing: "softmax",
    target: "classes",
    perExample(targets, output, { logits }) {
      const batch = output.shape[0], classes = output.shape[output.rank - 1], groups = classes - 1;
      if (groups < 1 || groups > MOST_GROUPS) {
        throw new RangeError(`Cannot compare all orders as there must be 1 to 6 groups: got ${groups}`);
      }
      const scores = tf.reshape(output, [batch, -1, classes]) as tf.Tensor3D;
      const logs = logits ? tf.logSoftmax(scores) : tf.log(tf.clipByValue(scores, 1e-7, 1));
      const wanted = tf.reshape(tf.oneHot(classNumbers(targets), classes, 1, 0, "float32"), scores.shape);
      const costs = tf.neg(tf.matMul(wanted, logs, true)) as tf.Tensor3D; // [batch, wanted, given]
      const none = tf.reshape(tf.slice(costs, [0, 0, 0], [-1, 1, 1]), [batch]);
      const pairs = tf.reshape(tf.slice(costs, [0, 1, 1], [-1, groups, groups]), [batch, groups ** 2]);
      const ofOrders = tf.matMul(pairs as tf.Tensor2D, pairsOfOrders(groups));
      return tf.div(tf.add(none, tf.min(ofOrders, 1)), scores.shape[1]);
    },
  };
}
