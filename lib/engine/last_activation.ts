/**
 * What the outputs of a model end in: a softmax, a sigmoid, or neither.
 *
 * A loss on logits is steadier than one on probabilities, but only the values right before the last softmax or sigmoid
 * are logits, and only where nothing stands behind it.
 * @module
 */
import type { ActivatedLayer, GraphNode, ModelGraph } from "./layers/rewrites.ts";
import { graphOf } from "./model_graph.ts";
import type { tf } from "./tf.ts";

/** What an output of a model ends in. */
export interface LastActivation {
  /** The last softmax or sigmoid; "none" where the values are no probabilities of either. */
  activation: "softmax" | "sigmoid" | "none";
  /** Whether it is the very last thing that happens, so that `applySharded` can give the values before it. */
  logits: boolean;
}

/** Layers whose activation is the last thing they do. */
const ACTIVATED = new Set([
  "Activation",
  "Conv1D",
  "Conv2D",
  "Conv2DTranspose",
  "Conv3D",
  "Conv3DTranspose",
  "Dense",
  "DepthwiseConv2D",
  "SeparableConv2D",
]);

/** Layers that move, average or drop probabilities, and leave them probabilities. */
const KEEPING =
  /^(Average|Concatenate|Maximum|Minimum|Flatten|Permute|RepeatVector|Reshape|(Spatial)?Dropout.*|Cropping.*|ZeroPadding.*|UpSampling.*|(Global)?(Average|Max)Pooling.*)$/;

/** The node that makes a symbolic tensor. */
export function nodeOf({ sourceLayer, nodeIndex }: tf.SymbolicTensor): GraphNode {
  return sourceLayer.inboundNodes[nodeIndex] as unknown as GraphNode;
}

/** The softmax (over the last axis) or sigmoid that a layer ends with; `rank` is that of what it gives. */
export function squashingOf(layer: tf.layers.Layer, rank: number): "softmax" | "sigmoid" | undefined {
  const name = layer.getClassName();
  if (name === "Softmax") {
    const { axis } = layer as unknown as { axis: number };
    return axis === -1 || axis === rank - 1 ? "softmax" : undefined;
  }
  if (!ACTIVATED.has(name)) return undefined;
  const activation = (layer as unknown as ActivatedLayer).activation?.getClassName();
  return activation === "softmax" || activation === "sigmoid" ? activation : undefined;
}

/** What a layer ends in by itself, where that is a softmax or sigmoid. */
function endOf(layer: tf.layers.Layer, rank: number): LastActivation | undefined {
  const squashing = squashingOf(layer, rank);
  if (squashing) return { activation: squashing, logits: true };
  const name = layer.getClassName();
  if (name === "Softmax") return { activation: "softmax", logits: false }; // over another axis
  const { cell, layer: inner } = layer as unknown as { cell?: ActivatedLayer; layer?: tf.layers.Layer };
  if (name === "TimeDistributed" && inner) {
    const nested = graphOf(inner), end = nested ? formOf(nested.outputs[0]) : endOf(inner, rank - 1);
    return end && { ...end, logits: false };
  }
  const own = cell?.activation?.getClassName();
  const simple = name === "SimpleRNN" && (own === "softmax" || own === "sigmoid");
  return simple ? { activation: own, logits: false } : undefined;
}

function formOf(output: tf.SymbolicTensor): LastActivation {
  const layer = output.sourceLayer, nested = graphOf(layer);
  if (nested) return formOf(nested.outputs[output.tensorIndex]);
  const end = endOf(layer, output.rank);
  if (end) return end;
  const { inputTensors: inputs } = nodeOf(output);
  const none: LastActivation = { activation: "none", logits: false };
  if (!KEEPING.test(layer.getClassName()) || inputs.length === 0) return none;
  const forms = inputs.map(formOf), [{ activation }] = forms;
  return forms.every((form) => form.activation !== "none") ? { activation, logits: false } : none;
}

/**
 * Names of a model's outputs, each once: where several are of one layer, the later ones get a number.
 *
 * @param model Any model of layers.
 * @returns Such as `["kind", "energy"]` or `["encoder", "encoder_1"]`.
 */
export function outputNames(model: tf.LayersModel): string[] {
  const known = new Set(model.outputNames), taken = new Set<string>();
  return model.outputNames.map((name) => {
    let free = name;
    for (let i = 1; taken.has(free) || (free !== name && known.has(free)); i++) free = `${name}_${i}`;
    taken.add(free);
    return free;
  });
}

/**
 * What each output of a model ends in.
 *
 * Followed through nested models, and through layers that leave probabilities what they are (Reshape, Dropout, Average, …).
 *
 * @param model Any model of layers that is built.
 * @returns By the output's name.
 * @throws {TypeError} If the model is not built.
 * @example
 * ```ts
 * import { lastActivations, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const head = tf.layers.dense({ units: 2, inputShape: [3], activation: "softmax", name: "kind" });
 * lastActivations(tf.sequential({ layers: [head] })).kind; // { activation: "softmax", logits: true }
 * ```
 */
export function lastActivations(model: tf.LayersModel): Record<string, LastActivation> {
  const graph: ModelGraph | undefined = graphOf(model);
  if (!graph) throw new TypeError(`Cannot read the outputs of model "${model.name}" as it must be built`);
  const names = outputNames(model);
  return Object.fromEntries(graph.outputs.map((output, i) => [names[i], formOf(output)]));
}

/**
 * The outputs that come as logits where `applySharded` is asked for them: those that end in a softmax or sigmoid, which is
 * left off, and those whose values never went through one. Probabilities that other layers moved stay what they are, and
 * are not among them.
 *
 * @param model Any model of layers that is built.
 * @returns Their names.
 * @throws {TypeError} If the model is not built.
 * @example
 * ```ts
 * import { logitOutputs, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const layers = [tf.layers.softmax({ inputShape: [6] }), tf.layers.reshape({ targetShape: [2, 3] })];
 * logitOutputs(tf.sequential({ layers })).size; // 0
 * ```
 */
export function logitOutputs(model: tf.LayersModel): Set<string> {
  const ends = Object.entries(lastActivations(model));
  return new Set(
    ends.filter(([, { activation, logits }]) => logits || activation === "none").map(([name]) => name),
  );
}
