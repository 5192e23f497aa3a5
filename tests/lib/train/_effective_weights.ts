/** What of a model's weights makes a difference. @module */
import type { tf } from "../../../lib/engine/mod.ts";

/**
 * What a layer's weights do, with those of the layers in it. A bias in front of a batch normalisation does nothing: that takes
 * it out again. Its gradient is rounding alone, of which Adam makes whole steps, and the moving mean follows it.
 */
export function effectiveWeights(layer: tf.layers.Layer): number[] {
  const inside = (layer as Partial<tf.LayersModel>).layers;
  if (inside) return inside.flatMap(effectiveWeights);
  const hasIdleBias = (other: tf.layers.Layer) =>
    isIdle(other) && other.weights.some(({ name }) => /bias/.test(name));
  const isAfterOne = isBatchNorm(layer) && neighbours(layer, "before").some(hasIdleBias);
  const idle = hasIdleBias(layer) ? /bias/ : isAfterOne ? /moving_mean/ : undefined;
  return layer.weights.flatMap((weight) => idle?.test(weight.name) ? [] : [...weight.read().dataSync()]);
}

const isBatchNorm = (layer: tf.layers.Layer) => layer.getClassName() === "BatchNormalization";

/** Whether batch normalisation alone sees what a layer gives, its bias included. */
function isIdle(layer: tf.layers.Layer): boolean {
  const { activation } = layer as { activation?: tf.serialization.Serializable },
    next = neighbours(layer, "after");
  return (activation?.getClassName() ?? "linear") === "linear" && next.length > 0 && next.every(isBatchNorm);
}

/** The layers on one side of a layer; one that only reshapes is looked through. */
function neighbours(layer: tf.layers.Layer, side: "before" | "after"): tf.layers.Layer[] {
  const next = side === "after"
    ? layer.outboundNodes.map(({ outboundLayer }) => outboundLayer)
    : layer.inboundNodes.flatMap(({ inboundLayers }) => inboundLayers);
  return next.flatMap((other) => other.getClassName() === "Reshape" ? neighbours(other, side) : [other]);
}
