/**
 * A model as a plain list of layer calls, which is what a writer of files needs: models used as layers are opened up,
 * shared layers appear once a call. @module
 */
import { tf } from "../engine/mod.ts";
import { Twin } from "../layers/twin.ts";

/** What flows between calls. */
export interface Value {
  /** Batch axis first, null where a size is open. */
  shape: (number | null)[];
  dtype: string;
}

/** One layer applied once. */
export interface Call {
  layer: tf.layers.Layer;
  className: string;
  inputs: Value[];
  outputs: Value[];
  /** Whether the layer learns: not if it, or a model that it is part of, is frozen. */
  trainable: boolean;
}

/** A model opened up. Calls come in an order in which they can be run. */
export interface Graph {
  name: string;
  inputs: { name: string; value: Value }[];
  outputs: Value[];
  calls: Call[];
}

/** What the model builder keeps of a call; TensorFlow.js has it but does not declare it for all. */
interface Node {
  inputTensors: tf.SymbolicTensor[];
  outputTensors: tf.SymbolicTensor[];
}

const nodesOf = (layer: tf.layers.Layer) => (layer as unknown as { inboundNodes: Node[] }).inboundNodes;

/**
 * Opens up a model.
 *
 * @param model Functional or sequential; not changed.
 * @throws {TypeError} If an output is not computed from the inputs.
 */
export function readGraph(model: tf.LayersModel): Graph {
  const calls: Call[] = [];
  const value = ({ shape, dtype }: tf.SymbolicTensor): Value => ({ shape: [...shape], dtype });

  const run = (inner: tf.LayersModel, arguments_: readonly Value[], learns: boolean): Value[] => {
    const known = new Map<number, Value>(inner.inputs.map((input, i) => [input.id, arguments_[i]]));
    const compute = (tensor: tf.SymbolicTensor): Value => {
      const done = known.get(tensor.id);
      if (done) return done;
      const layer = tensor.sourceLayer;
      const node = layer && nodesOf(layer)[tensor.nodeIndex];
      if (!node || layer.getClassName() === "InputLayer") {
        throw new TypeError(
          `Cannot export model "${model.name}" as tensor "${tensor.name}" does not come from its inputs`,
        );
      }
      const inputs = node.inputTensors.map(compute), trainable = learns && layer.trainable;
      let outputs: Value[];
      if (layer instanceof Twin) outputs = inputs;
      else if (layer instanceof tf.LayersModel) outputs = run(layer, inputs, trainable);
      else {
        outputs = node.outputTensors.map(value);
        calls.push({ layer, className: layer.getClassName(), inputs, outputs, trainable });
      }
      node.outputTensors.forEach((output, i) => known.set(output.id, outputs[i]));
      return known.get(tensor.id)!;
    };
    return inner.outputs.map(compute);
  };

  const inputs = model.inputs.map((input) => ({ name: input.sourceLayer.name, value: value(input) }));
  return { name: model.name, inputs, outputs: run(model, inputs.map(({ value }) => value), true), calls };
}
