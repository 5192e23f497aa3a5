/** A tensor once more, for a layer or a model that takes one tensor twice. @module */
import { tf } from "../engine/mod.ts";

/**
 * Gives what it gets: any shape.
 *
 * TensorFlow.js frees too early what one layer takes twice, and forgets the second of two equal outputs; with a twin for
 * each further use both are right. A file that is written does not have it.
 */
export class Twin extends tf.layers.Layer {
  static className = "Twin";

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => tf.clone(Array.isArray(inputs) ? inputs[0] : inputs));
  }
}
tf.serialization.registerClass(Twin);

/** The same tensors, with a {@linkcode Twin} in the place of each that was there before. */
export function apart(tensors: readonly tf.SymbolicTensor[]): tf.SymbolicTensor[] {
  const seen = new Set<number>();
  return tensors.map((tensor) => {
    if (seen.has(tensor.id)) return new Twin({}).apply(tensor) as tf.SymbolicTensor;
    seen.add(tensor.id);
    return tensor;
  });
}
