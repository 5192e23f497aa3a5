/**
 * Applying a model to several shards of a batch side by side.
 *
 * The shards are independent branches of one compiled function, which TensorFlow runs in parallel; batch
 * normalisation is where they must meet, since its moments belong to the whole batch, and a dense layer of many weights where they
 * had better.
 * @module
 */
import { sharingFilters } from "./layers/convolution_layers.ts";
import { isWorthJoining, runDenseTogether } from "./layers/dense_together.ts";
import { type BatchNormLayer, isTrainingBatchNorm, normalizeTogether } from "./layers/layer_overrides.ts";
import {
  type ActivatedLayer,
  findRewrites,
  type GraphNode,
  LINEAR,
  type ModelGraph,
  type RunShards,
} from "./layers/rewrites.ts";
import { graphOf } from "./model_graph.ts";
import { outputNames, squashingOf } from "./last_activation.ts";
import { inLayer } from "./trace_scope.ts";
import { drawTogether } from "./random/random.ts";
import { tf } from "./tf.ts";
import { evenParts } from "./workers/step_rows.ts";

/** Options for {@linkcode applySharded}. */
export interface ApplyOptions {
  /** Whether dropout drops and batch normalisation uses the batch. @default {false} */
  training?: boolean;
  /**
   * Names of the outputs that are wanted before their last softmax or sigmoid, or "all". An output that does not end in
   * one comes as it is: `logitOutputs` says which do. @default {none}
   */
  logits?: "all" | ReadonlySet<string>;
}

/** One tensor a shard. */
type Shards = tf.Tensor[];

/** What is known of a symbolic tensor: its values, which steps of a sequence count, and what stood before a squashing. */
interface Value {
  shards: Shards;
  mask?: Shards;
  logits?: Shards;
}

/** How a graph is run. */
interface Run {
  training: boolean;
  /** Whether the values of an output are wanted before their last softmax or sigmoid, by the output's number. */
  logits: readonly boolean[];
}

/** Calls a layer; a recurrent one takes its first state, which stands behind its input, apart from it. */
function callWith(
  layer: tf.layers.Layer,
  given: readonly tf.Tensor[],
  kwargs: Record<string, unknown>,
): tf.Tensor | tf.Tensor[] {
  const [x, ...initialState] = given;
  if (kwargs.initialState !== undefined) return layer.call(x, { ...kwargs, initialState } as never);
  return layer.call(given.length === 1 ? x : [...given], kwargs as never);
}

/** Runs a layer that is no model on every shard. */
function runLayer(
  layer: tf.layers.Layer,
  inputs: readonly Value[],
  callArgs: Record<string, unknown> | undefined,
  training: boolean,
): Shards[] { // [output][shard]
  const [x] = inputs, rows = x.shards.map(({ shape }) => shape[0]);
  if (rows.length > 1 && isTrainingBatchNorm(layer, training)) {
    return [normalizeTogether(layer as unknown as BatchNormLayer, x.shards)];
  }
  if (isWorthJoining(layer, x.shards)) return [runDenseTogether(layer, x.shards)];
  const masked = inputs.some(({ mask }) => mask !== undefined);
  const perShard = sharingFilters(() =>
    drawTogether(rows, (shard) => {
      const given = inputs.map(({ shards }) => shards[shard]);
      const mask = masked ? { mask: x.mask?.[shard] } : {};
      const kwargs = { ...callArgs, training, ...mask };
      const result = callWith(layer, given, kwargs);
      return Array.isArray(result) ? result : [result];
    })
  );
  return perShard[0].map((_, output) => perShard.map((results) => results[output]));
}

/** Layers that make a mask of their own. */
const MASKING = new Set(["Embedding", "Masking"]);

/** The mask of what a layer gives, where it gives one. */
function maskOf(layer: tf.layers.Layer, inputs: readonly Value[]): Shards | undefined {
  const masked = inputs.some(({ mask }) => mask !== undefined);
  if (!layer.supportsMasking || !(masked || MASKING.has(layer.getClassName()))) return undefined;
  const masks = inputs[0].shards.map((_, shard) => {
    const given = inputs.map(({ shards }) => shards[shard]);
    const known = inputs.map(({ mask }) => mask?.[shard] ?? null);
    return [layer.computeMask(given, known as unknown as tf.Tensor[])].flat()[0] as tf.Tensor | null;
  });
  return masks.every((mask) => mask !== null && mask !== undefined) ? masks as Shards : undefined;
}

/** Runs `fn` while a layer has no activation. */
function withoutActivation<T>(layer: ActivatedLayer, fn: () => T): T {
  const { activation } = layer;
  layer.activation = LINEAR;
  try {
    return fn();
  } finally {
    layer.activation = activation;
  }
}

/** Runs a layer that ends in a softmax or sigmoid, and keeps what stood before it. */
function runSquashing(node: GraphNode, inputs: readonly Value[], training: boolean): Value[] {
  const { outboundLayer: layer, callArgs } = node;
  if (layer.getClassName() === "Softmax") {
    const [shards] = runLayer(layer, inputs, callArgs, training);
    return [{ shards, logits: inputs[0].shards }];
  }
  const activated = layer as unknown as ActivatedLayer, { activation } = activated;
  const [logits] = withoutActivation(activated, () => runLayer(layer, inputs, callArgs, training));
  return [{ shards: logits.map((x) => activation!.apply(x)), logits }];
}

/** Runs one node of a graph; `logits` says for which of its outputs they are wanted. */
function runNode(
  node: GraphNode,
  inputs: readonly Value[],
  { training, logits }: Run,
): Value[] {
  const { outboundLayer: layer, callArgs, outputTensors } = node, nested = graphOf(layer);
  if (nested) return runGraph(nested, inputs, { training, logits });
  if (logits[0] && squashingOf(layer, outputTensors[0].rank)) return runSquashing(node, inputs, training);
  return runLayer(layer, inputs, callArgs, training).map((shards) => ({ shards }));
}

function runGraph(graph: ModelGraph, inputs: readonly Value[], { training, logits }: Run): Value[] {
  const values = new Map<number, Value>(graph.inputs.map((input, i) => [input.id, inputs[i]]));
  const wanted = new Set(graph.outputs.flatMap(({ id }, i) => logits[i] ? [id] : []));
  const seconds = findRewrites(graph, training);
  const firsts = new Map([...seconds.values()].map((rewrite) => [rewrite.first, rewrite]));
  const depths = Object.keys(graph.nodesByDepth).map(Number).sort((a, b) => b - a);
  for (const depth of depths) {
    for (const node of graph.nodesByDepth[depth]) {
      const { outboundLayer: layer, inputTensors, outputTensors, callArgs } = node;
      if (inputTensors.length === 0 || outputTensors.every(({ id }) => values.has(id))) continue;
      const known = inputTensors.map(({ id }) => values.get(id));
      if (known.some((value) => value === undefined)) continue; // a node of another model that shares the layer
      const given = known as Value[], first = firsts.get(layer), second = seconds.get(layer);
      const run: RunShards = (shards) => runLayer(layer, [{ shards }], callArgs, training)[0];
      const results = inLayer(
        layer.name,
        () =>
          first
            ? [{ shards: first.runFirst(run, given[0].shards) }]
            : second
            ? [{ shards: second.runSecond(run, given[0].shards) }]
            : runNode(node, given, { training, logits: outputTensors.map(({ id }) => wanted.has(id)) }),
      );
      const mask = graphOf(layer) ? undefined : maskOf(layer, given);
      outputTensors.forEach(({ id }, i) => values.set(id, mask ? { ...results[i], mask } : results[i]));
    }
  }
  return graph.outputs.map(({ id }) => values.get(id)!);
}

/** Which outputs are wanted as logits. @throws {RangeError} If the model has no output of such a name. */
function wantedAsLogits(model: tf.LayersModel, logits: ApplyOptions["logits"]): boolean[] {
  const names = outputNames(model);
  if (logits === undefined || logits === "all") return names.map(() => logits === "all");
  for (const name of logits) {
    if (names.includes(name)) continue;
    const known = names.map((name) => `"${name}"`).join(", ");
    throw new RangeError(
      `Cannot give the logits of output "${name}" of model "${model.name}" as its outputs are ${known}`,
    );
  }
  return names.map((name) => logits.has(name));
}

/**
 * Applies a model to shards of one batch.
 *
 * What comes out does not depend on how the batch is cut: random numbers are drawn for the whole batch, and batch
 * normalisation in training takes the moments of the whole batch and moves its averages once. The gradient reaches
 * every weight through every shard.
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
  const count = graph.inputs.length;
  for (const given of inputs) {
    if (given.length === count) continue;
    throw new TypeError(
      `Cannot apply model "${model.name}" in shards as each needs ${count} inputs: got ${given.length}`,
    );
  }
  const byInput = graph.inputs.map((_, i) => ({ shards: inputs.map((given) => given[i]) }));
  const wanted = wantedAsLogits(model, logits);
  const results = runGraph(graph, byInput, { training, logits: wanted });
  return inputs.map((_, shard) =>
    results.map(({ shards, logits }, i) => (wanted[i] && logits || shards)[shard])
  );
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
  return tf.split(x, evenParts(rows, count), 0);
}
