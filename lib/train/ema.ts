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
  moveAverages(averages, weights, tf.minimum(momentum, tf.div(tf.add(step, 1), tf.add(step, 10))));
}

function moveAverages(
  averages: readonly tf.Variable[],
  weights: readonly tf.Variable[],
  momentum: tf.Tensor,
): void {
  const share = tf.sub(1, momentum);
  averages.forEach((average, i) =>
    average.assign(tf.add(average, tf.mul(share, tf.sub(weights[i], average))))
  );
}

/** How an optimizer of Keras averages the weights that it trains (`use_ema`). */
export interface KerasEma {
  /** Keras's `ema_momentum`, from 0 to 1. */
  momentum: number;
  /** Steps after which weights take the values of their averages (`ema_overwrite_frequency`). @default {never before the end} */
  overwriteEvery?: number;
}

/**
 * Moves averages as an optimizer of Keras does, which starts from the weights behind the first step, and gives weights
 * their averages where a step of {@linkcode KerasEma.overwriteEvery} is reached.
 *
 * Source: `_update_model_variables_moving_average` of Keras 3's `BaseOptimizer`.
 *
 * @param step Number of this step, from 1.
 */
export function averageAsKeras(
  averages: readonly tf.Variable[],
  weights: readonly tf.Variable[],
  { momentum, overwriteEvery }: KerasEma,
  step: tf.Tensor,
): void {
  moveAverages(averages, weights, tf.mul(momentum, tf.cast(tf.greater(step, 1), "float32")));
  if (overwriteEvery === undefined) return;
  const isDue = tf.equal(tf.mod(step, overwriteEvery), 0);
  weights.forEach((weight, i) => weight.assign(tf.where(isDue, averages[i], weight)));
}

/** Checks what is asked of averages. @throws {RangeError} If a number makes no sense. @throws {TypeError} If both kinds are asked for. */
export function checkAverages(
  { emaMomentum, kerasEma }: { emaMomentum?: number; kerasEma?: KerasEma },
): void {
  if (emaMomentum !== undefined && !(emaMomentum > 0 && emaMomentum < 1)) {
    throw new RangeError(`Cannot train as emaMomentum must lie between 0 and 1: got ${emaMomentum}`);
  }
  if (kerasEma === undefined) return;
  if (emaMomentum !== undefined) {
    throw new TypeError("Cannot train with both emaMomentum and kerasEma: say one");
  }
  const { momentum, overwriteEvery = 1 } = kerasEma;
  if (!(momentum >= 0 && momentum <= 1)) {
    throw new RangeError(`Cannot train as kerasEma.momentum must be from 0 to 1: got ${momentum}`);
  }
  if (!Number.isInteger(overwriteEvery) || overwriteEvery < 1) {
    throw new RangeError(
      `Cannot train as kerasEma.overwriteEvery must be a whole number of at least 1: got ${overwriteEvery}`,
    );
  }
}
