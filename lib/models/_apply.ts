/** Layers put behind each other. @module */
import type { tf } from "../engine/mod.ts";

/** The one output of a layer on that of another, or on those of several. */
export function apply(
  layer: tf.layers.Layer,
  x: tf.SymbolicTensor | tf.SymbolicTensor[],
): tf.SymbolicTensor {
  return layer.apply(x) as tf.SymbolicTensor;
}
