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
 * Source: Keras 3, which applies `weight.constraint` after each update of the optimizer.
 */
export function applyConstraints(model: tf.LayersModel): void {
  for (const weight of model.trainableWeights as unknown as ConstrainedWeight[]) {
    const { val, constraint } = weight;
    if (constraint) tf.tidy(() => val.assign(constraint.apply(val)));
  }
}
