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
  /** Leave off a softmax or sigmoid at the very end, for losses on logits. @default {false} */
  logits?: boolean;
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

/** Runs `fn` while the layers that make the model's outputs have no softmax or sigmoid. */
function withoutSquashing<T>(graph: ModelGraph, fn: () => T): T {
  const changed: [ActivatedLayer, ActivatedLayer["activation"]][] = [];
  for (const output of graph.outputs) {
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

/**
 * Applies a model to shards of one batch.
 *
 * Dropout draws for every shard on its own. Batch normalisation in training normalises all shards by the moments of
 * the whole batch, and moves its averages once. The gradient reaches every weight through every shard.
 *
 * @param model Any model of layers; sequential, functional or nested.
 * @param xs Shards of the model's single input, each [part of the batch, …].
 * @param options Training or inference, probabilities or logits.
 * @returns One output a shard, in order; with several model outputs, a list of them a shard.
 * @throws {TypeError} If the model has several inputs or is not built.
 * @example
 * ```ts
 * import { applySharded, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * applySharded(model, [tf.ones([4, 3]), tf.ones([4, 3])]).length; // 2
 * ```
 */
export function applySharded(
  model: tf.LayersModel,
  xs: readonly tf.Tensor[],
  options: ApplyOptions & { outputs: "all" },
): tf.Tensor[][];
export function applySharded(
  model: tf.LayersModel,
  xs: readonly tf.Tensor[],
  options?: ApplyOptions,
): tf.Tensor[];
export function applySharded(
  model: tf.LayersModel,
  xs: readonly tf.Tensor[],
  options: ApplyOptions & { outputs?: "all" } = {},
): tf.Tensor[] | tf.Tensor[][] {
  const { training = false, logits = false, outputs } = options;
  const graph = graphOf(model);
  if (!graph || graph.inputs.length !== 1) {
    throw new TypeError(
      `Cannot apply model "${model.name}" in shards as it must be built and have one input`,
    );
  }
  const run = () => runGraph(graph, [[...xs]], training);
  const results = logits ? withoutSquashing(graph, run) : run(); // [output][shard]
  if (outputs === "all") return xs.map((_, shard) => results.map((output) => output[shard]));
  return results[0];
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
