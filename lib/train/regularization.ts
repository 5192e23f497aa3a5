/** What layers' regularisers add to the loss. @module */
import { tf } from "../engine/mod.ts";

/** A container of layers, and what the public types hide of a layer. */
interface LayerTree {
  layers?: tf.layers.Layer[];
}

/** Every layer of a model once, those of nested models in their place, with whether training moves it. */
export function flatLayers(model: tf.LayersModel): { layer: tf.layers.Layer; trained: boolean }[] {
  const found = new Map<tf.layers.Layer, boolean>();
  const walk = (layers: readonly tf.layers.Layer[], trained: boolean) => {
    for (const layer of layers) {
      const moves = trained && layer.trainable;
      const inner = (layer as unknown as LayerTree).layers;
      if (inner) walk(inner, moves);
      else found.set(layer, (found.get(layer) ?? false) || moves);
    }
  };
  walk(model.layers, model.trainable);
  return [...found].map(([layer, trained]) => ({ layer, trained }));
}

/**
 * The regularisers' terms of all layers that training moves, each layer's once however often it is used.
 *
 * Source: Keras 3 `Layer._get_regularization_losses`, which takes the trainable weights.
 *
 * @returns Scalars; the caller's.
 */
export function regularization(model: tf.LayersModel): tf.Scalar[] {
  const terms = new Set<Term>();
  for (const { layer, trained } of flatLayers(model)) {
    if (trained) termsWithin(layer, terms);
  }
  return [...terms].map((term) => term());
}

/** One regulariser's term. */
type Term = () => tf.Scalar;

/** What a layer that is no model holds of other layers: a recurrent one's cell, what is applied at every step. */
export function layersWithin(layer: tf.layers.Layer): tf.layers.Layer[] {
  return Object.values(layer).flat().filter((held) => held instanceof tf.layers.Layer);
}

/** Terms of a layer and of the layers that it holds, such as a recurrent layer's cell: TensorFlow.js forgets the latter. */
function termsWithin(layer: tf.layers.Layer, terms: Set<Term>): void {
  if (!layer.trainable) return;
  for (const term of (layer as unknown as { losses: Term[] }).losses) terms.add(term);
  for (const held of layersWithin(layer)) termsWithin(held, terms);
}
