/**
 * Pairs of layers that are cheaper run together, in another order of the same arithmetic.
 * @module
 */
import {
  type BatchNormLayer,
  isOverLastAxis,
  isTrainingBatchNorm,
  normalizeTogether,
} from "./layer_overrides.ts";
import { drawTogether, dropoutFactor, reluAndDrop } from "../random/random.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";

/** Runs a layer on the shards of its input. */
export type RunShards = (xs: tf.Tensor[]) => tf.Tensor[];

/** Two layers, one feeding the other alone: what the first does instead, and what the second then does. */
export interface Rewrite {
  first: tf.layers.Layer;
  runFirst(run: RunShards, xs: tf.Tensor[]): tf.Tensor[];
  runSecond(run: RunShards, xs: tf.Tensor[]): tf.Tensor[];
}

/** Parts of TensorFlow.js's model classes that its public types leave out. */
export interface GraphNode {
  outboundLayer: tf.layers.Layer;
  inputTensors: tf.SymbolicTensor[];
  outputTensors: tf.SymbolicTensor[];
  callArgs?: Record<string, unknown>;
}

/** A model as nodes by their depth. */
export interface ModelGraph {
  nodesByDepth: Record<string, GraphNode[]>;
  inputs: tf.SymbolicTensor[];
  outputs: tf.SymbolicTensor[];
}

/** A layer that ends in an activation. */
export interface ActivatedLayer {
  activation?: { getClassName(): string; apply(x: tf.Tensor): tf.Tensor };
}

/** Weights of a layer, as far as the rewrites touch them. */
interface WeightedLayer extends ActivatedLayer {
  kernel: { read(): tf.Tensor };
  bias?: { read(): tf.Tensor } | null;
  dataFormat?: string;
}

const CONVOLUTIONS = new Set(["Conv1D", "Conv2D", "Conv3D"]);
const MAX_POOLS = new Set(["MaxPooling1D", "MaxPooling2D", "MaxPooling3D"]);

/** No activation. */
export const LINEAR = { getClassName: () => "linear", apply: (x: tf.Tensor) => x };

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

/**
 * A convolution before max-pooling: its bias and relu wait until after the pooling.
 *
 * A bias is the same number for the whole window and relu keeps the order, so the largest of the sums is the sum of
 * the largest, to the last bit, and so is the gradient. The element-wise work shrinks by the window's size.
 */
function poolFirst(first: tf.layers.Layer): Rewrite {
  const layer = first as unknown as WeightedLayer;
  const { bias, activation } = layer;
  return {
    first,
    runFirst: (run, xs) => withParts(layer, { bias: null, activation: LINEAR }, () => run(xs)),
    runSecond: (pool, xs) =>
      pool(xs).map((pooled) => {
        const summed = bias ? tf.add(pooled, bias.read()) as tf.Tensor : pooled;
        return activation ? activation.apply(summed) : summed;
      }),
  };
}

/**
 * A linear layer with relu before dropout, which share one gradient op. The factor that dropout scales by goes to what there is
 * less of: the weights, as those of a convolution, or the values, where a dense layer has more inputs than the batch rows.
 */
function dropScaled(first: tf.layers.Layer, rate: number): Rewrite {
  const layer = first as unknown as WeightedLayer;
  const factor = dropoutFactor(rate), { kernel, bias } = layer;
  const scaled = () => ({
    kernel: { read: () => tf.mul(kernel.read(), factor) as tf.Tensor },
    bias: bias && { read: () => tf.mul(bias.read(), factor) as tf.Tensor },
  });
  let hasFewValues = false;
  return {
    first,
    runFirst(run, xs) {
      const inputs = xs[0].shape.at(-1)!, rows = xs.reduce((sum, { size }) => sum + size, 0) / inputs;
      hasFewValues = first.getClassName() === "Dense" && rows < inputs;
      const parts = hasFewValues ? { kernel, bias } : scaled();
      return withParts(layer, { ...parts, activation: LINEAR }, () => run(xs));
    },
    runSecond: (_, xs) =>
      drawTogether(xs.map(({ shape }) => shape[0]), (shard) => {
        const kept = reluAndDrop(xs[shard], rate);
        return hasFewValues ? tf.mul(kept, factor) : kept;
      }),
  };
}

/** Batch normalisation before max-pooling: `pooled_norm.ts` says what is gained. */
function poolNormalized(first: tf.layers.Layer): Rewrite {
  return {
    first,
    runFirst: (_, xs) => xs,
    runSecond: (pool, xs) => normalizeTogether(first as unknown as BatchNormLayer, xs, (x) => pool([x])[0]),
  };
}

/** The rewrites that a graph allows, by their second layer. */
export function findRewrites(graph: ModelGraph, training: boolean): Map<tf.layers.Layer, Rewrite> {
  const uses = new Map<number, number>();
  const count = ({ id }: tf.SymbolicTensor) => uses.set(id, (uses.get(id) ?? 0) + 1);
  const nodes = Object.values(graph.nodesByDepth).flat();
  for (const { inputTensors } of nodes) inputTensors.forEach(count);
  graph.outputs.forEach(count);
  const rewrites = new Map<tf.layers.Layer, Rewrite>();
  for (const { outboundLayer, inputTensors } of nodes) {
    if (inputTensors.length !== 1 || uses.get(inputTensors[0].id) !== 1) continue;
    const first = inputTensors[0].sourceLayer as tf.layers.Layer;
    if (first.inboundNodes.length !== 1) continue; // shared layers stay as they are
    const { activation, dataFormat } = first as unknown as WeightedLayer;
    const convolution = CONVOLUTIONS.has(first.getClassName()) && dataFormat === "channelsLast";
    const activated = activation?.getClassName() ?? "linear", name = outboundLayer.getClassName();
    if (MAX_POOLS.has(name) && convolution && ["relu", "linear"].includes(activated)) {
      rewrites.set(outboundLayer, poolFirst(first));
    } else if (training && name === "Dropout" && activated === "relu") {
      const { rate, noiseShape } = outboundLayer as unknown as { rate: number; noiseShape?: unknown };
      const linear = convolution || first.getClassName() === "Dense";
      if (linear && rate > 0 && !noiseShape) rewrites.set(outboundLayer, dropScaled(first, rate));
    } else if (MAX_POOLS.has(name) && activeNative()) {
      const last = (outboundLayer as unknown as { dataFormat?: string }).dataFormat === "channelsLast";
      const { rank } = inputTensors[0];
      const overLast = isOverLastAxis(first as unknown as BatchNormLayer, rank);
      if (last && overLast && isTrainingBatchNorm(first, training)) {
        rewrites.set(outboundLayer, poolNormalized(first));
      }
    }
  }
  return rewrites;
}
