/**
 * Applying a model to several shards of a batch side by side.
 *
 * The shards are independent branches of one compiled function, which TensorFlow runs in parallel; batch
 * normalisation is the one place where they meet, since its moments belong to the whole batch.
 * @module
 */
import { sharingFilters } from "./layers/convolution_layers.ts";
import { type BatchNormLayer, isTrainingBatchNorm, normalizeTogether } from "./layers/layer_overrides.ts";
import {
  type ActivatedLayer,
  findRewrites,
  LINEAR,
  type ModelGraph,
  type RunShards,
} from "./layers/rewrites.ts";
import { tf } from "./tf.ts";

/** Options for {@linkcode applySharded}. */
export interface ApplyOptions {
  /** Whether dropout drops and batch normalisation uses the batch. @default {false} */
  training?: boolean;
  /** Names of the outputs that are wanted before their last softmax or sigmoid, or "all". @default {none} */
  logits?: "all" | ReadonlySet<string>;
}

/** The graph of a model; a sequential one keeps it in a model of its own. */
function graphOf(model: tf.LayersModel | tf.layers.Layer): ModelGraph | undefined {
  if (model instanceof tf.Sequential && !model.built && model.inputs.length > 0) model.build();
  const inner = (model as unknown as { model?: ModelGraph }).model ?? model;
  const graph = inner as unknown as ModelGraph;
  return graph.nodesByDepth ? graph : undefined;
}

/** Values of every symbolic tensor: one a shard. */
type Values = Map<number, tf.Tensor[]>;

function runLayer(
  layer: tf.layers.Layer,
  inputs: tf.Tensor[][], // [input][shard]
  callArgs: Record<string, unknown> | undefined,
  training: boolean,
): tf.Tensor[][] { // [output][shard]
  const shards = inputs[0].length;
  const nested = graphOf(layer);
  if (nested) return runGraph(nested, inputs, training);
  const [x] = inputs;
  if (shards > 1 && isTrainingBatchNorm(layer, x[0].rank, training)) {
    return [normalizeTogether(layer as unknown as BatchNormLayer, x)];
  }
  const perShard = sharingFilters(() =>
    Array.from({ length: shards }, (_, shard) => {
      const given = inputs.map((input) => input[shard]);
      const result = layer.call(given.length === 1 ? given[0] : given, { ...callArgs, training } as never);
      return Array.isArray(result) ? result : [result];
    })
  );
  return perShard[0].map((_, output) => perShard.map((results) => results[output]));
}

function runGraph(graph: ModelGraph, inputs: tf.Tensor[][], training: boolean): tf.Tensor[][] {
  const values: Values = new Map(graph.inputs.map((input, i) => [input.id, inputs[i]]));
  const seconds = findRewrites(graph, training);
  const firsts = new Map([...seconds.values()].map((rewrite) => [rewrite.first, rewrite]));
  const depths = Object.keys(graph.nodesByDepth).map(Number).sort((a, b) => b - a);
  for (const depth of depths) {
    for (const { outboundLayer, inputTensors, outputTensors, callArgs } of graph.nodesByDepth[depth]) {
      if (inputTensors.length === 0 || outputTensors.every(({ id }) => values.has(id))) continue;
      const given = inputTensors.map(({ id }) => values.get(id));
      if (given.some((value) => value === undefined)) continue; // a node of another model that shares the layer
      const first = firsts.get(outboundLayer), second = seconds.get(outboundLayer);
      const run: RunShards = (xs) => runLayer(outboundLayer, [xs], callArgs, training)[0];
      const results = first
        ? [first.runFirst(run, given[0]!)]
        : second
        ? [second.runSecond(run, given[0]!)]
        : runLayer(outboundLayer, given as tf.Tensor[][], callArgs, training);
      outputTensors.forEach(({ id }, i) => values.set(id, results[i]));
    }
  }
  return graph.outputs.map(({ id }) => values.get(id)!);
}

const SQUASHING = new Set(["softmax", "sigmoid"]);

/** Runs `fn` while the layers that make these outputs of the model have no softmax or sigmoid. */
function withoutSquashing<T>(outputs: readonly tf.SymbolicTensor[], fn: () => T): T {
  const changed: [ActivatedLayer, ActivatedLayer["activation"]][] = [];
  for (const output of outputs) {
    const layer = output.sourceLayer as unknown as ActivatedLayer;
    if (!layer.activation || !SQUASHING.has(layer.activation.getClassName())) continue;
    changed.push([layer, layer.activation]);
    layer.activation = LINEAR;
  }
  try {
    return fn();
  } finally {
    for (const [layer, activation] of changed) layer.activation = activation;
  }
}

/** The outputs that are wanted as logits. @throws {RangeError} If the model has no output of such a name. */
function wantedAsLogits(
  model: tf.LayersModel,
  graph: ModelGraph,
  logits: "all" | ReadonlySet<string>,
): tf.SymbolicTensor[] {
  if (logits === "all") return graph.outputs;
  const names = model.outputNames;
  for (const name of logits) {
    if (names.includes(name)) continue;
    const known = names.map((name) => `"${name}"`).join(", ");
    throw new RangeError(
      `Cannot give the logits of output "${name}" of model "${model.name}" as its outputs are ${known}`,
    );
  }
  return graph.outputs.filter((_, i) => logits.has(names[i]));
}

/**
 * Applies a model to shards of one batch.
 *
 * Dropout draws for every shard on its own. Batch normalisation in training normalises all shards by the moments of
 * the whole batch, and moves its averages once. The gradient reaches every weight through every shard.
 *
 * @param model Any model of layers; sequential, functional or nested; any number of inputs and outputs.
 * @param inputs By shard, the model's inputs in their order, each [part of the batch, …].
 * @param options Training or inference, probabilities or logits.
 * @returns By shard, the model's outputs in their order.
 * @throws {TypeError} If the model is not built, or a shard has not as many tensors as the model has inputs.
 * @throws {RangeError} If logits are wanted of an output that the model does not have.
 * @example
 * ```ts
 * import { applySharded, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * const [[first], [second]] = applySharded(model, [[tf.ones([4, 3])], [tf.ones([5, 3])]]);
 * first.shape; // 4, 2
 * second.shape; // 5, 2
 * ```
 */
export function applySharded(
  model: tf.LayersModel,
  inputs: readonly (readonly tf.Tensor[])[],
  options: ApplyOptions = {},
): tf.Tensor[][] {
  const { training = false, logits } = options;
  const graph = graphOf(model);
  if (!graph) {
    throw new TypeError(`Cannot apply model "${model.name}" in shards as it must be built`);
  }
  const wanted = graph.inputs.length;
  for (const given of inputs) {
    if (given.length === wanted) continue;
    throw new TypeError(
      `Cannot apply model "${model.name}" in shards as each needs ${wanted} inputs: got ${given.length}`,
    );
  }
  const byInput = graph.inputs.map((_, i) => inputs.map((given) => given[i])); // [input][shard]
  const run = () => runGraph(graph, byInput, training);
  const results = logits ? withoutSquashing(wantedAsLogits(model, graph, logits), run) : run(); // [output][shard]
  return inputs.map((_, shard) => results.map((output) => output[shard]));
}

/**
 * Cuts a batch into shards whose sizes differ by at most one row.
 *
 * @param x [batch, …].
 * @param shards How many; fewer are made where the batch has fewer rows.
 * @returns The shards, in order; `x` itself where there is only one.
 */
export function splitBatch(x: tf.Tensor, shards: number): tf.Tensor[] {
  const rows = x.shape[0];
  const count = Math.max(1, Math.min(shards, rows));
  if (count === 1) return [x];
  const sizes = Array.from(
    { length: count },
    (_, i) => Math.floor(rows * (i + 1) / count) - Math.floor(rows * i / count),
  );
  return tf.split(x, sizes, 0);
}
