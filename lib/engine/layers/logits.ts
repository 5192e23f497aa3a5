/** Which outputs of a model are logits, or can be had as such by leaving off a last softmax or sigmoid. @module */
import type { tf } from "../tf.ts";

/** Activations that make probabilities of logits. */
export const SQUASHING: ReadonlySet<string> = new Set(["softmax", "sigmoid"]);

/** Layers that move or drop values and leave what they are. */
const PASSING = new Set([
  "Reshape",
  "Flatten",
  "Dropout",
  "Permute",
  "Cropping2D",
  "RepeatVector",
  "ZeroPadding2D",
]);

interface ActivatedLayer {
  activation?: { getClassName(): string };
}

function squashes(layer: tf.layers.Layer): boolean {
  const { activation } = layer as unknown as ActivatedLayer;
  return activation !== undefined && SQUASHING.has(activation.getClassName());
}

/** Whether a tensor holds probabilities, as far as its layers say. */
function holdsProbabilities(tensor: tf.SymbolicTensor): boolean {
  const layer = tensor.sourceLayer, name = layer.getClassName();
  if (squashes(layer) || name === "Softmax") return true;
  const inner = layer as unknown as { outputs?: tf.SymbolicTensor[] };
  if (inner.outputs) return holdsProbabilities(inner.outputs[tensor.outputTensorIndex ?? 0]);
  return PASSING.has(name) && tensor.inputs.some(holdsProbabilities);
}

/**
 * Names of the outputs that `applySharded` can give as logits: those whose very last layer has softmax or sigmoid as its
 * activation, which is then left off, and those without any. Probabilities that pass through other layers stay what
 * they are, and are not among them.
 *
 * @example
 * ```ts
 * import { logitOutputs, startEngine } from "../mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const layers = [tf.layers.dense({ units: 2, inputShape: [3] }), tf.layers.softmax()];
 * logitOutputs(tf.sequential({ layers })).size; // 0
 * ```
 */
export function logitOutputs(model: tf.LayersModel): Set<string> {
  const names = model.outputNames.filter((_, i) => {
    const output = model.outputs[i];
    return squashes(output.sourceLayer) || !holdsProbabilities(output);
  });
  return new Set(names);
}
