/**
 * Writes a model as `.onnx`, opset 17, which ONNX Runtime and many others run.
 *
 * Inputs and outputs keep TensorFlow's order of axes, channels last; inside, convolutions run channels first, and a
 * tensor is turned only where an operation needs it. Weights are turned here. The batch axis is open. @module
 */
import type { tf } from "../engine/mod.ts";
import { readGraph, type Value } from "./_graph.ts";
import { type Flow, OnnxBuilder } from "./_onnx_builder.ts";
import { emitLayer } from "./_onnx_layers.ts";

export { ONNX_LAYERS } from "./_onnx_layers.ts";

/** Options for {@linkcode encodeOnnx}. */
export interface OnnxWriteOptions {
  /** Names of the inputs, in the model's order. @default {"image" for a single one, else the input layers' names} */
  inputs?: readonly string[];
  /** Names of the outputs, in the model's order, as on the model's card. @default {the names of the last layers} */
  outputs?: readonly string[];
  /** Kept in the file as metadata, such as a model's name and version. @default {none} */
  metadata?: Readonly<Record<string, string>>;
}

/** The operator set that files are written for. */
export const ONNX_OPSET = 17;

/**
 * Encodes a model.
 *
 * @param model Functional or sequential; models used as its layers are opened up. Not changed.
 * @param options Names of inputs and outputs.
 * @returns The bytes of the `.onnx` file.
 * @throws {TypeError} If a layer or setting has no counterpart; it is named.
 * @throws {RangeError} If the names do not fit the model, or the file would exceed 2 GiB.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { encodeOnnx } from "./onnx_write.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * const bytes = encodeOnnx(model, { outputs: ["score"] }); // Deno.writeFile("model.onnx", bytes)
 * ```
 */
export function encodeOnnx(model: tf.LayersModel, options: OnnxWriteOptions = {}): Uint8Array {
  const graph = readGraph(model);
  const { metadata = {} } = options;
  const inputNames = names(
    options.inputs ?? (graph.inputs.length === 1 ? ["image"] : graph.inputs.map(({ name }) => name)),
    graph.inputs.length,
    "inputs",
  );
  const outputNames = names(options.outputs ?? endNames(model), graph.outputs.length, "outputs");
  if (inputNames.some((name) => outputNames.includes(name))) {
    throw new RangeError(
      `Cannot write ONNX as inputs and outputs must differ in name: got ${inputNames}, ${outputNames}`,
    );
  }

  const build = new OnnxBuilder();
  const flows = new Map<Value, Flow>();
  const flow = (value: Value): Flow => {
    let known = flows.get(value);
    if (!known) {
      const dtype = value.dtype === "int32" ? "int32" : "float32";
      flows.set(value, known = { shape: value.shape, dtype, names: {} });
    }
    return known;
  };
  graph.inputs.forEach(({ value }, i) => {
    const made = flow(value);
    made.names.last = inputNames[i];
    build.input(inputNames[i], made);
  });
  const keys = new Map<tf.layers.Layer, string>();
  for (const [i, { layer, className, inputs, outputs }] of graph.calls.entries()) {
    const key = keys.get(layer) ?? `${layer.name} ${i}`;
    keys.set(layer, key);
    emitLayer(build, layer, className, key, inputs.map(flow), flow(outputs[0]));
  }
  graph.outputs.forEach((value, i) => build.output(outputNames[i], flow(value)));
  return build.finish(graph.name, ONNX_OPSET, metadata);
}

/** The names of the layers that make the outputs, told apart where one makes several. */
function endNames(model: tf.LayersModel): string[] {
  const ends = model.outputs.map(({ sourceLayer }) => sourceLayer.name);
  return ends.map((name, i) => ends.indexOf(name) === i ? name : `${name}_${i}`);
}

function names(given: readonly string[], count: number, what: string): readonly string[] {
  if (given.length === count && new Set(given).size === count && given.every((name) => name !== "")) {
    return given;
  }
  throw new RangeError(
    `Cannot write ONNX as its ${count} ${what} need as many different names: got ${JSON.stringify(given)}`,
  );
}
