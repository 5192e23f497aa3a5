/**
 * Applying a model to several shards of a batch side by side.
 *
 * The shards are independent branches of one compiled function, which TensorFlow runs in parallel; batch
 * normalisation is the one place where they meet, since its moments belong to the whole batch.
 * @module
 */
import { normalizeShards } from "./batch_norm.ts";
import { type BatchNormLayer, moveAverages, scaleAndOffset } from "./layer_overrides.ts";
import { dropoutFactor, reluAndDrop } from "./random.ts";
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

/** Weights of a layer, as far as the rewrites below touch them. */
interface WeightedLayer extends ActivatedLayer {
  kernel: { read(): tf.Tensor };
  bias?: { read(): tf.Tensor } | null;
  dataFormat?: string;
}

const CONVOLUTIONS = new Set(["Conv1D", "Conv2D", "Conv3D"]);
const MAX_POOLS = new Set(["MaxPooling1D", "MaxPooling2D", "MaxPooling3D"]);
const LINEAR = { getClassName: () => "linear", apply: (x: tf.Tensor) => x };

/** Runs `fn` while the layer has other parts. */
function withParts<T>(layer: WeightedLayer, parts: Partial<WeightedLayer>, fn: () => T): T {
  const { kernel, bias, activation } = layer;
  Object.assign(layer, parts);
  try {
    return fn();
  } finally {
    Object.assign(layer, { kernel, bias, activation });
  }
}

/** Two layers that are cheaper run as one: what the first does instead, and what the second then does. */
interface Rewrite {
  first: WeightedLayer;
  parts(): Partial<WeightedLayer>;
  second(run: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor;
}

/**
 * A convolution before max-pooling: its bias and relu wait until after the pooling.
 *
 * A bias is the same number for the whole window and relu keeps the order, so the largest of the sums is the sum of
 * the largest, to the last bit, and so is the gradient. The element-wise work shrinks by the window's size.
 */
function poolFirst(first: WeightedLayer): Rewrite {
  const { bias, activation } = first;
  return {
    first,
    parts: () => ({ bias: null, activation: LINEAR }),
    second(pool, x) {
      const pooled = pool(x);
      const summed = bias ? tf.add(pooled, bias.read()) : pooled;
      return activation ? activation.apply(summed) : summed;
    },
  };
}

/**
 * A linear layer with relu before dropout: the factor that dropout scales by goes to the few weights instead of the
 * many values, and relu and dropout share one gradient op.
 */
function dropScaled(first: WeightedLayer, rate: number): Rewrite {
  const factor = dropoutFactor(rate);
  const { kernel, bias } = first;
  return {
    first,
    parts: () => ({
      kernel: { read: () => tf.mul(kernel.read(), factor) },
      bias: bias && { read: () => tf.mul(bias.read(), factor) },
      activation: LINEAR,
    }),
    second: (_, x) => reluAndDrop(x, rate),
  };
}

/** The rewrites that a graph allows, by their second layer. */
function findRewrites(graph: ModelGraph, training: boolean): Map<tf.layers.Layer, Rewrite> {
  const uses = new Map<number, number>();
  const count = ({ id }: tf.SymbolicTensor) => uses.set(id, (uses.get(id) ?? 0) + 1);
  const nodes = Object.values(graph.nodesByDepth).flat();
  for (const { inputTensors } of nodes) inputTensors.forEach(count);
  graph.outputs.forEach(count);
  const rewrites = new Map<tf.layers.Layer, Rewrite>();
  for (const { outboundLayer, inputTensors } of nodes) {
    if (inputTensors.length !== 1 || uses.get(inputTensors[0].id) !== 1) continue;
    const source = inputTensors[0].sourceLayer as tf.layers.Layer;
    if (source.inboundNodes.length !== 1) continue; // shared layers stay as they are
    const first = source as unknown as WeightedLayer;
    const activation = first.activation?.getClassName() ?? "linear";
    const convolution = CONVOLUTIONS.has(source.getClassName()) && first.dataFormat === "channelsLast";
    const name = outboundLayer.getClassName();
    if (MAX_POOLS.has(name) && convolution && ["relu", "linear"].includes(activation)) {
      rewrites.set(outboundLayer, poolFirst(first));
    } else if (training && name === "Dropout" && activation === "relu") {
      const { rate, noiseShape } = outboundLayer as unknown as { rate: number; noiseShape?: unknown };
      const linear = convolution || source.getClassName() === "Dense";
      if (linear && rate > 0 && !noiseShape) rewrites.set(outboundLayer, dropScaled(first, rate));
    }
  }
  return rewrites;
}

function runGraph(graph: ModelGraph, inputs: tf.Tensor[][], training: boolean): tf.Tensor[][] {
  const values: Values = new Map(graph.inputs.map((input, i) => [input.id, inputs[i]]));
  const seconds = findRewrites(graph, training);
  const firsts = new Map([...seconds.values()].map((rewrite) => [rewrite.first as unknown, rewrite]));
  const depths = Object.keys(graph.nodesByDepth).map(Number).sort((a, b) => b - a);
  for (const depth of depths) {
    for (const { outboundLayer, inputTensors, outputTensors, callArgs } of graph.nodesByDepth[depth]) {
      if (inputTensors.length === 0 || outputTensors.every(({ id }) => values.has(id))) continue;
      const given = inputTensors.map(({ id }) => values.get(id));
      if (given.some((value) => value === undefined)) continue; // a node of another model that shares the layer
      const run = (xs: tf.Tensor[][]) => runLayer(outboundLayer, xs, callArgs, training);
      const first = firsts.get(outboundLayer), second = seconds.get(outboundLayer);
      const results = first
        ? withParts(first.first, first.parts(), () => run(given as tf.Tensor[][]))
        : second
        ? [given[0]!.map((shard) => second.second((x) => run([[x]])[0][0], shard))]
        : run(given as tf.Tensor[][]);
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
