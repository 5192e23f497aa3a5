/**
 * Writes a model as `.keras`, the file that Keras 3 saves: a zip of config.json, metadata.json and model.weights.h5.
 *
 * Python needs nothing of ours to load it: `keras.saving.load_model(path)`. Weights are filed under the class of their
 * layer and its number in Keras's own order of the layers, so that order is computed here as Keras does.
 * Source: keras/src/saving/saving_lib.py and keras/src/ops/function.py of Keras 3.15. @module
 */
import { tf } from "../engine/mod.ts";
import { encodeZip } from "../io/zip.ts";
import { layerObject, layerToKeras } from "../layers/keras_form.ts";
import type { Json, JsonObject } from "../layers/keras_settings.ts";
import { layerPaths, LAYERS } from "../layers/registry.ts";
import { type Call, type Graph, readGraph, type Value } from "./_graph.ts";
import { encodeWeights, type StoredArray, type StoredGroup } from "./_weights_file.ts";
import { type OptimizerState, optimizerToKeras } from "./keras_optimizer.ts";

/** Options for {@linkcode encodeKeras}. */
export interface KerasWriteOptions {
  /** The optimizer's state, so that training can go on elsewhere. @default {none} */
  optimizer?: OptimizerState;
  /** Keras's name of the loss, for a model that is saved with its optimizer. @default {none} */
  loss?: string;
  /** Time that is written into the file. @default {now} */
  saved?: Date;
}

/** An operation of the graph as Keras sees it: an input, or a layer with all its calls. */
interface Operation {
  name: string;
  className: string;
  calls: Call[];
  layer?: tf.layers.Layer;
  input?: Value;
}

/** The version of Keras whose format is written. */
const KERAS_VERSION = "3.15.1";

/**
 * Encodes a model.
 *
 * @param model Functional or sequential; models used as its layers are opened up. Not changed.
 * @param options Optimizer state and loss.
 * @returns The bytes of the `.keras` file.
 * @throws {TypeError} If a layer, a setting or the optimizer has no counterpart in Keras 3; it is named.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { encodeKeras } from "./keras_write.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * const bytes = await encodeKeras(model); // Deno.writeFile("model.keras", bytes)
 * ```
 */
export async function encodeKeras(
  model: tf.LayersModel,
  options: KerasWriteOptions = {},
): Promise<Uint8Array> {
  const { optimizer, loss, saved = new Date() } = options;
  const graph = readGraph(model);
  const operations = inKerasOrder(graph);
  nameApart(operations);
  const straight = model instanceof tf.Sequential ? chain(graph) : undefined;
  const layers = straight ?? operations;
  const config = straight ? sequentialConfig(graph, straight) : functionalConfig(graph, operations);

  const groups: StoredGroup[] = [{ path: "", name: model.name, arrays: [] }];
  const paths = layerPaths(layers.map(({ className }) => className));
  layers.forEach(({ name, layer, className }, i) => {
    groups.push(...storedGroups(`layers/${paths[i]}`, name, layer, className));
  });

  if (optimizer) {
    const ours = model.trainableWeights.map((weight) => weight.id);
    const theirs = layers.flatMap(({ layer, calls }) =>
      layer && calls.every(({ trainable }) => trainable) ? layer.trainableWeights : []
    );
    const { config: written, arrays } = optimizerToKeras(
      optimizer,
      theirs.map((weight) => ours.indexOf(weight.id)),
    );
    config.compile_config = compileConfig(written, loss);
    const shapes = model.trainableWeights.map((weight) => weight.shape as number[]);
    groups.push({
      path: "optimizer",
      name: String(optimizer.config.name),
      arrays: [
        { data: BigInt64Array.of(BigInt(optimizer.step)), shape: [] },
        { data: Float32Array.of(optimizer.rate), shape: [] },
        ...arrays.map(({ data, weight }) => ({ data, shape: shapes[weight] })),
      ],
    });
  }
  const date = saved.toISOString().slice(0, 19).replace("T", "@");
  const text = (value: Json) => new TextEncoder().encode(JSON.stringify(value));
  return encodeZip([
    { name: "metadata.json", bytes: text({ keras_version: KERAS_VERSION, date_saved: date }) },
    { name: "config.json", bytes: text(config) },
    { name: "model.weights.h5", bytes: await encodeWeights(groups) },
  ]);
}

function stored(tensor: tf.Tensor): StoredArray {
  return { data: tensor.dataSync<"float32">(), shape: tensor.shape };
}

/** A layer's weights as they are kept, in its own group or in those of its parts. */
function storedGroups(
  path: string,
  name: string,
  layer: tf.layers.Layer | undefined,
  className: string,
): StoredGroup[] {
  const arrays = layer?.getWeights().map(stored) ?? [];
  const parts = layer && LAYERS.get(className)?.keras.parts?.(layer);
  if (!parts) return [{ path, name, arrays }];
  const all = [...arrays];
  const groups = parts.map(({ path: part, count = arrays.length, repeats = [] }): StoredGroup => ({
    path: part === "" ? path : `${path}/${part}`,
    name: part === "" ? name : `${name}_${part.replaceAll("/", "_")}`,
    arrays: [...repeats.map((i) => all[i]), ...arrays.splice(0, count)],
  }));
  const own = groups.some((group) => group.path === path) ? [] : [{ path, name, arrays: [] }];
  return [...own, ...groups];
}

/**
 * The operations in the order that Keras gives them when it loads the file: by their distance from the outputs, the
 * farthest first, and among equals in the order in which a walk from the outputs back to the inputs meets them.
 */
function inKerasOrder(graph: Graph): Operation[] {
  const makers = new Map<Value, Operation>();
  const callOf = new Map<Value, Call>();
  for (const { name, value } of graph.inputs) {
    makers.set(value, { name, className: "InputLayer", calls: [], input: value });
  }
  const layers = new Map<tf.layers.Layer, Operation>();
  for (const call of graph.calls) {
    const { layer, className } = call;
    let operation = layers.get(layer);
    if (!operation) layers.set(layer, operation = { name: layer.name, className, calls: [], layer });
    operation.calls.push(call);
    for (const output of call.outputs) {
      makers.set(output, operation);
      callOf.set(output, call);
    }
  }

  // A node is a call, or an input; `ordered` has them from the inputs to the outputs.
  type Step = Call | Value;
  const ordered: Step[] = [], met = new Map<Operation, number>(), finished = new Set<Step>();
  const visit = (value: Value) => {
    const step = callOf.get(value) ?? value;
    if (finished.has(step)) return;
    const operation = makers.get(value)!;
    if (!met.has(operation)) met.set(operation, met.size);
    for (const input of callOf.get(value)?.inputs ?? []) visit(input);
    finished.add(step);
    ordered.push(step);
  };
  graph.outputs.forEach(visit);

  const operationOf = (step: Step) => makers.get("outputs" in step ? step.outputs[0] : step)!;
  const stepDepths = new Map<Step, number>(), depths = new Map<Operation, number>();
  for (const step of ordered.toReversed()) {
    const operation = operationOf(step);
    const depth = Math.max(stepDepths.get(step) ?? 0, depths.get(operation) ?? 0);
    depths.set(operation, depth);
    for (const input of "outputs" in step ? step.inputs : []) {
      const before = callOf.get(input) ?? input;
      stepDepths.set(before, Math.max(depth + 1, stepDepths.get(before) ?? 0));
    }
  }
  for (const { value } of graph.inputs) {
    const operation = makers.get(value)!;
    if (!depths.has(operation)) {
      depths.set(operation, 0);
      met.set(operation, -1);
    }
  }
  return [...depths.keys()].sort((a, b) => depths.get(b)! - depths.get(a)! || met.get(a)! - met.get(b)!);
}

/** Gives layers of opened-up models names of their own where two have the same. */
function nameApart(operations: Operation[]): void {
  const used = new Set<string>();
  for (const operation of operations) {
    const base = operation.name.replaceAll("/", "_");
    operation.name = base;
    for (let i = 1; used.has(operation.name); i++) operation.name = `${base}_${i}`;
    used.add(operation.name);
  }
}

/** The layers of a model that is one straight line, else undefined. */
function chain({ inputs, calls, outputs }: Graph): Operation[] | undefined {
  let last = inputs[0].value;
  for (const { inputs, outputs } of calls) {
    if (inputs.length !== 1 || inputs[0] !== last || outputs.length !== 1) return undefined;
    [last] = outputs;
  }
  const layers = new Set(calls.map(({ layer }) => layer));
  if (inputs.length !== 1 || outputs.length !== 1 || outputs[0] !== last || layers.size !== calls.length) {
    return undefined;
  }
  const operations = calls.map((call) => ({
    name: call.layer.name,
    className: call.className,
    calls: [call],
    layer: call.layer,
  }));
  nameApart(operations);
  return operations;
}

function inputLayer(name: string, { shape, dtype }: Value): JsonObject {
  return {
    module: "keras.layers",
    class_name: "InputLayer",
    config: { batch_shape: shape, dtype, sparse: false, ragged: false, name },
    registered_name: null,
  };
}

function operationObject({ name, className, layer, calls }: Operation): JsonObject {
  const definition = LAYERS.get(className);
  if (!definition) {
    throw new TypeError(
      `Cannot write layer "${name}" for Keras as class "${className}" is not among those that can: ` +
        [...LAYERS.keys()].join(", "),
    );
  }
  const settings = layerToKeras(layer!, definition, (className) => LAYERS.get(className));
  return layerObject(name, calls.every(({ trainable }) => trainable), definition, settings);
}

function sequentialConfig(graph: Graph, layers: readonly Operation[]): JsonObject {
  const [{ name, value }] = graph.inputs;
  return {
    module: "keras",
    class_name: "Sequential",
    config: {
      name: graph.name,
      trainable: true,
      layers: [inputLayer(name, value), ...layers.map(operationObject)],
      build_input_shape: value.shape,
    },
    registered_name: null,
    build_config: { input_shape: value.shape },
    compile_config: {},
  };
}

function functionalConfig(graph: Graph, operations: readonly Operation[]): JsonObject {
  const places = new Map<Value, Json[]>();
  for (const { name, calls, input } of operations) {
    if (input) places.set(input, [name, 0, 0]);
    calls.forEach(({ outputs }, node) => outputs.forEach((output, i) => places.set(output, [name, node, i])));
  }
  const tensor = (value: Value): JsonObject => ({
    class_name: "__keras_tensor__",
    config: { shape: value.shape, dtype: value.dtype, keras_history: places.get(value)! },
  });
  const layers = operations.map((operation): JsonObject => {
    const { name, className, calls, input } = operation;
    if (input) return { ...inputLayer(name, input), name, inbound_nodes: [] };
    return {
      ...operationObject(operation),
      name,
      inbound_nodes: calls.map(({ inputs }) => nodeObject(className, inputs.map(tensor))),
    };
  });
  const oneOrAll = (all: Json[][]): Json => all.length === 1 ? all[0] : all;
  return {
    module: "keras.src.models.functional",
    class_name: "Functional",
    config: {
      name: graph.name,
      trainable: true,
      layers,
      input_layers: oneOrAll(graph.inputs.map(({ value }) => places.get(value)!)),
      output_layers: oneOrAll(graph.outputs.map((value) => places.get(value)!)),
    },
    registered_name: "Functional",
    build_config: { input_shape: null },
    compile_config: {},
  };
}

/** How a layer is called: with one tensor, with a list, with several, or with one and its first state. */
function nodeObject(className: string, tensors: JsonObject[]): JsonObject {
  const { merges, takes = "list", calledWith } = LAYERS.get(className)?.keras ?? {};
  const dtypes = tensors.map(({ config }) => String((config as JsonObject).dtype));
  if (merges && takes === "arguments") {
    return { args: tensors.length === 1 ? [tensors[0], tensors[0]] : tensors, kwargs: {} };
  }
  if (merges) return { args: [tensors], kwargs: {} };
  const [first, ...states] = tensors;
  const told = calledWith?.(dtypes) ?? {};
  return { args: [first], kwargs: states.length > 0 ? { initial_state: states, ...told } : told };
}

function compileConfig(optimizer: JsonObject, loss: string | undefined): JsonObject {
  return {
    optimizer,
    loss: loss ?? null,
    loss_weights: null,
    metrics: null,
    weighted_metrics: null,
    run_eagerly: false,
    steps_per_execution: 1,
    jit_compile: false,
  };
}
