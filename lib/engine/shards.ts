/**
 * Applying a model to several shards of a batch side by side.
 *
 * The shards are independent branches of one compiled function, which TensorFlow runs in parallel; batch
 * normalisation is the one place where they meet, since its moments belong to the whole batch.
 * @module
 */
import { normalizeShards } from "./batch_norm.ts";
import { type BatchNormLayer, moveAverages, scaleAndOffset } from "./layer_overrides.ts";
import { tf } from "./tf.ts";

/** Options for {@linkcode applySharded}. */
export interface ApplyOptions {
  /** Whether dropout drops and batch normalisation uses the batch. @default {false} */
  training?: boolean;
  /** Leave off a softmax or sigmoid at the very end, for losses on logits. @default {false} */
  logits?: boolean;
}

/** Parts of TensorFlow.js's model classes that its public types leave out. */
interface GraphNode {
  outboundLayer: tf.layers.Layer;
  inputTensors: tf.SymbolicTensor[];
  outputTensors: tf.SymbolicTensor[];
  callArgs?: Record<string, unknown>;
}

interface ModelGraph {
  nodesByDepth: Record<string, GraphNode[]>;
  inputs: tf.SymbolicTensor[];
  outputs: tf.SymbolicTensor[];
}

/** The graph of a model; a sequential one keeps it in a model of its own. */
function graphOf(model: tf.LayersModel | tf.layers.Layer): ModelGraph | undefined {
  if (model instanceof tf.Sequential && !model.built && model.inputs.length > 0) model.build();
  const inner = (model as unknown as { model?: ModelGraph }).model ?? model;
  const graph = inner as unknown as ModelGraph;
  return graph.nodesByDepth ? graph : undefined;
}

function isTrainingBatchNorm(layer: tf.layers.Layer, rank: number, training: boolean): boolean {
  if (!training || layer.getClassName() !== "BatchNormalization") return false;
  const { axis } = layer as unknown as BatchNormLayer;
  return rank >= 2 && rank <= 5 && (axis === -1 || axis === rank - 1);
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
    const norm = layer as unknown as BatchNormLayer;
    const { gamma, beta } = scaleAndOffset(norm, x[0].shape.at(-1)!);
    const { values, mean, variance } = normalizeShards(x, gamma, beta, norm.epsilon);
    moveAverages(norm, mean, variance);
    return [values];
  }
  const perShard = Array.from({ length: shards }, (_, shard) => {
    const given = inputs.map((input) => input[shard]);
    const result = layer.call(given.length === 1 ? given[0] : given, { ...callArgs, training } as never);
    return Array.isArray(result) ? result : [result];
  });
  return perShard[0].map((_, output) => perShard.map((results) => results[output]));
}

interface ActivatedLayer {
  activation?: { getClassName(): string; apply(x: tf.Tensor): tf.Tensor };
}

/** Layers whose result may be pooled before its bias and its relu are applied. */
interface BiasedLayer extends ActivatedLayer {
  bias?: { read(): tf.Tensor1D } | null;
  dataFormat?: string;
}

const CONVOLUTIONS = new Set(["Conv1D", "Conv2D", "Conv3D"]);
const MAX_POOLS = new Set(["MaxPooling1D", "MaxPooling2D", "MaxPooling3D"]);

/** How often each symbolic tensor is used, model outputs included. */
function countUses(graph: ModelGraph): Map<number, number> {
  const uses = new Map<number, number>();
  const count = ({ id }: tf.SymbolicTensor) => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const nodes of Object.values(graph.nodesByDepth)) {
    for (const node of nodes) node.inputTensors.forEach(count);
  }
  graph.outputs.forEach(count);
  return uses;
}

/**
 * Convolutions whose bias and relu can wait until after the max-pooling that alone takes their result.
 *
 * A bias is the same number for the whole window and relu keeps the order, so the largest of the sums is the sum of
 * the largest, to the last bit, and so is the gradient. The element-wise work shrinks by the window's size.
 */
function deferrable(graph: ModelGraph): Map<tf.layers.Layer, BiasedLayer> {
  const uses = countUses(graph);
  const pools = new Map<tf.layers.Layer, BiasedLayer>();
  for (const nodes of Object.values(graph.nodesByDepth)) {
    for (const { outboundLayer, inputTensors } of nodes) {
      if (!MAX_POOLS.has(outboundLayer.getClassName()) || inputTensors.length !== 1) continue;
      const source = inputTensors[0].sourceLayer as tf.layers.Layer;
      const biased = source as unknown as BiasedLayer;
      const activation = biased.activation?.getClassName() ?? "linear";
      if (!CONVOLUTIONS.has(source.getClassName()) || biased.dataFormat !== "channelsLast") continue;
      if (!["relu", "linear"].includes(activation) || uses.get(inputTensors[0].id) !== 1) continue;
      pools.set(outboundLayer, biased);
    }
  }
  return pools;
}

const LINEAR = { getClassName: () => "linear", apply: (x: tf.Tensor) => x };

/** Runs `fn` while the layer has neither bias nor activation. */
function bare<T>(layer: BiasedLayer, fn: () => T): T {
  const { bias, activation } = layer;
  layer.bias = null;
  layer.activation = LINEAR;
  try {
    return fn();
  } finally {
    layer.bias = bias;
    layer.activation = activation;
  }
}

function finishBare({ bias, activation }: BiasedLayer, pooled: tf.Tensor): tf.Tensor {
  const summed = bias ? tf.add(pooled, bias.read()) : pooled;
  return activation ? activation.apply(summed) : summed;
}

function runGraph(graph: ModelGraph, inputs: tf.Tensor[][], training: boolean): tf.Tensor[][] {
  const values: Values = new Map(graph.inputs.map((input, i) => [input.id, inputs[i]]));
  const pools = deferrable(graph);
  const deferred = new Set<unknown>(pools.values());
  const depths = Object.keys(graph.nodesByDepth).map(Number).sort((a, b) => b - a);
  for (const depth of depths) {
    for (const { outboundLayer, inputTensors, outputTensors, callArgs } of graph.nodesByDepth[depth]) {
      if (inputTensors.length === 0 || outputTensors.every(({ id }) => values.has(id))) continue;
      const given = inputTensors.map(({ id }) => values.get(id));
      if (given.some((value) => value === undefined)) continue; // a node of another model that shares the layer
      const run = () => runLayer(outboundLayer, given as tf.Tensor[][], callArgs, training);
      let results = deferred.has(outboundLayer) ? bare(outboundLayer as unknown as BiasedLayer, run) : run();
      const waiting = pools.get(outboundLayer);
      if (waiting) results = results.map((shards) => shards.map((pooled) => finishBare(waiting, pooled)));
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
