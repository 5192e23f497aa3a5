/** Constraints of weights, such as no negative ones, put in force after a step. @module */
import { tf } from "../engine/mod.ts";

/** The parts of TensorFlow.js's weights that its types hide. */
interface ConstrainedWeight {
  val: tf.Variable;
  constraint?: { apply(weight: tf.Tensor): tf.Tensor } | null;
}

/**
 * Brings every trained weight back to where its constraint allows it to be.
 *
 * @param model The model.
 * @param untouched Weights that the step has left alone.
 * Source: Keras 3, which applies `weight.constraint` after each update of the optimizer.
 */
export function applyConstraints(
  model: tf.LayersModel,
  untouched: ReadonlySet<tf.Variable> = new Set(),
): void {
  for (const weight of model.trainableWeights as unknown as ConstrainedWeight[]) {
    const { val, constraint } = weight;
    if (constraint && !untouched.has(val)) tf.tidy(() => val.assign(constraint.apply(val)));
  }
}
