/** A foreign network in the place of an experiment's own: its layers, and a head for what the experiment asks. @module */
import { lastActivations, tf } from "../engine/mod.ts";

/** The node of a layer's call that makes a tensor. */
function inputsOf({ sourceLayer, nodeIndex }: tf.SymbolicTensor): tf.SymbolicTensor[] {
  const node = sourceLayer.inboundNodes[nodeIndex] as unknown as { inputTensors: tf.SymbolicTensor[] };
  return node.inputTensors;
}

/** Where a network's head begins: a last Dense layer of rows, and what only activates behind it. */
function beforeHead(output: tf.SymbolicTensor): { features: tf.SymbolicTensor; head?: tf.layers.Layer } {
  for (let at = output; at.sourceLayer.weights.length === 0;) {
    const inputs = inputsOf(at);
    if (inputs.length !== 1 || inputs[0] === at) break; // an input is made of itself
    [at] = inputs;
    if (at.sourceLayer.getClassName() === "Dense" && at.rank === 2) {
      return { features: inputsOf(at)[0], head: at.sourceLayer };
    }
  }
  const { sourceLayer: last } = output;
  const isHead = last.getClassName() === "Dense" && output.rank === 2;
  return isHead ? { features: inputsOf(output)[0], head: last } : { features: output };
}

/** Features as one row an example: the mean over all places where there are any. */
function asRow(features: tf.SymbolicTensor): tf.SymbolicTensor {
  if (features.rank === 2) return features;
  const pools = [tf.layers.globalAveragePooling1d({}), tf.layers.globalAveragePooling2d({})];
  const pool = pools[features.rank - 3];
  if (!pool) throw new TypeError(`its last layer gives ${features.rank - 2} axes of places`);
  return pool.apply(features) as tf.SymbolicTensor;
}

const sidesOf = ({ shape }: tf.SymbolicTensor) => shape.slice(1);
const shown = (sides: readonly (number | null)[]) => `[${sides.map((side) => side ?? "open").join(", ")}]`;

/**
 * Puts a head on a foreign network: a Dense layer of as many values, with the same end and name, as the own model has.
 *
 * The foreign head is left off, and its weights are taken where they fit. Where the network takes any size, it becomes a
 * layer called "body" behind an input of the own size.
 *
 * @param own The model that the experiment builds; only its ends count.
 * @param foreign The network; its weights are the new model's as well.
 * @throws {TypeError} If they have several ends, or the network does not take what the experiment gives.
 */
export function adoptModel(own: tf.LayersModel, foreign: tf.LayersModel): tf.LayersModel {
  const fail = (why: string) => new TypeError(`Cannot take the network "${foreign.name}" over as ${why}`);
  if ([own, foreign].some((model) => model.inputs.length !== 1 || model.outputs.length !== 1)) {
    throw fail("it and the experiment's own must have one input and one output");
  }
  const wanted = sidesOf(own.inputs[0]), taken = sidesOf(foreign.inputs[0]);
  const fits = taken.length === wanted.length &&
    taken.every((side, i) => side === null || side === wanted[i]);
  if (!fits) throw fail(`it takes ${shown(taken)}: the experiment gives ${shown(wanted)}`);
  const [output] = own.outputs, { [own.outputNames[0]]: end } = lastActivations(own);
  if (output.rank !== 2) throw fail(`the experiment's output must be a row: it is ${shown(sidesOf(output))}`);
  const { features, head } = beforeHead(foreign.outputs[0]);
  let input = foreign.inputs[0], row: tf.SymbolicTensor;
  try {
    row = asRow(features);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (taken.includes(null)) {
    const body = tf.model({ inputs: foreign.inputs, outputs: row, name: "body" });
    input = tf.input({ shape: wanted, name: own.inputNames?.[0] ?? "image" });
    row = body.apply(input) as tf.SymbolicTensor;
  }
  const fresh = tf.layers.dense({
    units: output.shape[1]!,
    activation: end.activation === "none" ? "linear" : end.activation,
    name: own.outputNames[0],
  });
  const made = tf.model({ inputs: input, outputs: fresh.apply(row) as tf.SymbolicTensor, name: own.name });
  const old = head?.getWeights() ?? [], shapes = fresh.getWeights().map(({ shape }) => String(shape));
  if (old.length === shapes.length && old.every(({ shape }, i) => String(shape) === shapes[i])) {
    fresh.setWeights(old);
  }
  return made;
}
