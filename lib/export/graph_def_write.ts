/** Models as frozen TensorFlow graphs, for C, C++ and all else that stands on TensorFlow's C API. @module */
import { applySharded, builtModel, freezeGraph, type tf } from "../engine/mod.ts";

/** Options for {@linkcode encodeGraphDef}. */
export interface EncodeGraphDefOptions {
  /** Examples that the graph takes at once. @default {1} */
  batch?: number;
}

/**
 * Writes a model as a GraphDef: placeholders with its inputs' names, operations with its outputs' names, and its weights as constants.
 *
 * @throws {Error} If the engine does not run on TensorFlow's own library.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { encodeGraphDef } from "./graph_def_write.ts";
 * const tf = await startEngine({ backend: "tensorflow" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] });
 * encodeGraphDef(model).length > 0; // true
 * ```
 */
export function encodeGraphDef(
  model: tf.LayersModel,
  { batch = 1 }: EncodeGraphDefOptions = {},
): Uint8Array<ArrayBuffer> {
  const { inputNames, outputNames } = builtModel(model);
  const shapes = inputNames.map((name, i) => [name, [batch, ...model.inputs[i].shape.slice(1) as number[]]]);
  return freezeGraph(
    (inputs) => {
      const [results] = applySharded(model, [inputNames.map((name) => inputs[name])]);
      return Object.fromEntries(outputNames.map((name, i) => [name, results[i]]));
    },
    Object.fromEntries(shapes),
  );
}
