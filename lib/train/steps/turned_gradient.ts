/**
 * One way back through a discriminator for both models of a step against each other.
 *
 * Of an example that was made, the discriminator is to say 0, the generator that it says 1. With one logit l an example the slopes of both losses are
 * σ(l) and -σ(-l), so that all that comes back through the discriminator for the one is what comes back for the other times -σ(-l) / σ(l). It is
 * taken back once, for the discriminator, and turned where it leaves it. No example may change what is said of another, as by batch normalisation. @module
 */
import { tf } from "../../engine/mod.ts";
import { flatLayers, layersWithin } from "../regularization.ts";

/** The least slope that is taken back, of one example: far below what any rule sees, and far above where single precision ends. */
const LEAST = Math.exp(-40);

/** An example that was made, on its way through the discriminator. */
export interface Turned {
  /** What the discriminator is shown. */
  shown: tf.Tensor;
  /**
   * The logits of what was shown, for the discriminator's loss, and for no other.
   *
   * @param weight Of each example in that loss.
   */
  judged(logits: tf.Tensor, weight: number): tf.Tensor;
  /** Frees what was kept for the way back, behind it. */
  dispose(): void;
}

/** Has the generator's gradient made of the discriminator's, [batch, …]. */
export function turnGradient(made: tf.Tensor): Turned {
  let factor: tf.Tensor | undefined;
  const turn = tf.customGrad((x) => ({
    value: (x as tf.Tensor).clone(),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, factor!),
  }));
  return {
    shown: turn(made),
    judged(logits, weight) {
      const other = tf.neg(tf.div(tf.sigmoid(tf.neg(logits)), tf.maximum(tf.sigmoid(logits), LEAST)));
      factor = tf.keep(tf.reshape(other, [-1, ...made.shape.slice(1).map(() => 1)]));
      const least = tf.customGrad((x) => ({
        value: (x as tf.Tensor).clone(),
        gradFunc: (dy: tf.Tensor) => tf.maximum(dy, LEAST * weight),
      }));
      return least(logits);
    },
    dispose: () => factor?.dispose(),
  };
}

/** Whether an example changes what a model says of others in training. */
export function couplesExamples(model: tf.LayersModel): boolean {
  return flatLayers(model).some(({ layer }) => normalizesBatch(layer));
}

/** Whether a layer, or one that it holds, is batch normalisation. */
function normalizesBatch(layer: tf.layers.Layer): boolean {
  return layer.getClassName() === "BatchNormalization" || layersWithin(layer).some(normalizesBatch);
}
