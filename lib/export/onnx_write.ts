/**
 * Writes a model as `.onnx`, opset 17, which ONNX Runtime and many others run.
 *
 * Inputs and outputs keep TensorFlow's order of axes, channels last; inside, convolutions run channels first, and a
 * tensor is turned only where an operation needs it. Weights are turned here. The batch axis is open. @module
 */
import type { tf } from "../engine/mod.ts";
import type { Flow, Settings } from "../layers/onnx.ts";
import { LAYERS } from "../layers/registry.ts";
import { type Call, readGraph, type Value } from "./_graph.ts";
import { OnnxBuilder } from "./_onnx_builder.ts";

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

const FLOAT = 1; // onnx.TensorProto.FLOAT

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
  for (const [i, call] of graph.calls.entries()) {
    const key = keys.get(call.layer) ?? `${call.layer.name} ${i}`;
    keys.set(call.layer, key);
    emit(build, call, key, call.inputs.map(flow), call.outputs.map(flow));
  }
  graph.outputs.forEach((value, i) => build.output(outputNames[i], flow(value)));
  return build.finish(graph.name, ONNX_OPSET, metadata);
}

/** Whole numbers as the floats that every layer but a few computes with. */
function asFloats(build: OnnxBuilder, input: Flow): Flow {
  if (input.dtype === "float32") return input;
  const name = build.node("Cast", [build.as(input, "last")], { to: FLOAT });
  return { shape: input.shape, dtype: "float32", names: { last: name } };
}

/**
 * Writes one call of a layer.
 *
 * @param key The layer's own, under which constants are shared.
 * @throws {TypeError} If the layer or one of its settings has no counterpart; it is named.
 */
function emit(
  build: OnnxBuilder,
  call: Pick<Call, "layer" | "className">,
  key: string,
  inputs: Flow[],
  outputs: Flow[],
): void {
  const { layer, className } = call;
  const fail = (why: string) =>
    new TypeError(`Cannot write layer "${layer.name}" (${className}) as ONNX: ${why}`);
  const definition = LAYERS.get(className);
  if (!definition) throw fail(`the class must be one of ${[...LAYERS.keys()].join(", ")}`);
  const settings = layer.getConfig() as unknown as Settings & { dataFormat?: string };
  if (settings.dataFormat === "channelsFirst") throw fail("channels must be last");
  const weights = layer.getWeights().map((weight) => ({
    data: weight.dataSync<"float32">(),
    shape: weight.shape,
  }));
  const given = definition.takesIntegers ? inputs : inputs.map((input) => asFloats(build, input));
  definition.onnx({
    build,
    layer,
    settings,
    weights,
    key,
    inputs: given,
    outputs,
    output: outputs[0],
    emitInner: (inner, role, inputs, outputs) =>
      emit(build, { layer: inner, className: inner.getClassName() }, `${key} ${role}`, inputs, outputs),
    fail,
  });
}

/** The names of the layers that make the outputs, told apart where one makes several. */
function endNames(model: tf.LayersModel): string[] {
  const ends = model.outputs.map(({ sourceLayer }) => sourceLayer.name);
  return ends.map((name, i) => {
    if (ends.indexOf(name) === i) return name;
    let free = `${name}_${i}`;
    while (ends.includes(free)) free += "_"; // another layer has that name
    return free;
  });
}

function names(given: readonly string[], count: number, what: string): readonly string[] {
  if (given.length === count && new Set(given).size === count && given.every((name) => name !== "")) {
    return given;
  }
  throw new RangeError(
    `Cannot write ONNX as its ${count} ${what} need as many different names: got ${JSON.stringify(given)}`,
  );
}
