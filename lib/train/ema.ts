/** Moving averages of weights. @module */
import { tf } from "../engine/mod.ts";

/**
 * Moves averages of weights by one step: `average += (1 - m) · (weight - average)` with
 * `m = min(momentum, (1 + step) / (10 + step))`, so that the first steps count less the more follow.
 *
 * Source: TensorFlow's `ExponentialMovingAverage` with `num_updates`; the momentum is Keras's `ema_momentum`.
 */
export function averageInto(
  averages: readonly tf.Variable[],
  weights: readonly tf.Variable[],
  momentum: number,
  step: tf.Tensor,
): void {
  const share = tf.sub(1, tf.minimum(momentum, tf.div(tf.add(step, 1), tf.add(step, 10))));
  averages.forEach((average, i) =>
    average.assign(tf.add(average, tf.mul(share, tf.sub(weights[i], average))))
  );
}
