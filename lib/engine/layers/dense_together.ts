/**
 * A dense layer of many weights on the shards of a batch.
 *
 * Each shard by itself would read all weights, forwards and backwards, and have a gradient of all of them, which are then added:
 * of few rows that takes longer than the products. So the rows are joined, and the layer is cut along its inputs instead: each
 * part reads its own weights, and its gradient is that part of the whole.
 * @module
 */
import { state } from "../state.ts";
import { tf } from "../tf.ts";
import { evenParts } from "../workers/step_rows.ts";

/** What is read of a dense layer. */
interface DenseLayer {
  kernel?: { read(): tf.Tensor2D };
  bias?: { read(): tf.Tensor1D } | null;
  activation?: { apply(x: tf.Tensor): tf.Tensor } | null;
}

/** Weights from which on reading them takes longer than joining the rows. */
const MANY_WEIGHTS = 2 ** 20;

/** Whether a layer is a dense one with more weights than its shards together have values. */
export function isWorthJoining(layer: tf.layers.Layer, xs: readonly tf.Tensor[]): boolean {
  const { kernel } = layer as unknown as DenseLayer, [{ rank, shape }] = xs;
  if (
    xs.length === 1 || layer.getClassName() !== "Dense" || rank !== 2 || !kernel || state.devices.length > 0
  ) {
    return false;
  }
  const rows = xs.reduce((sum, x) => sum + x.shape[0], 0);
  return rows < shape[1]! && kernel.read().size >= MANY_WEIGHTS;
}

/** A product as TensorFlow.js's layers take it, whose gradients oneDNN takes well: of a batch of one. */
const product = (x: tf.Tensor, weights: tf.Tensor) =>
  tf.matMul(tf.expandDims(x, 0), tf.expandDims(weights, 0));

/** Runs such a layer. @returns One result a shard. */
export function runDenseTogether(layer: tf.layers.Layer, xs: readonly tf.Tensor[]): tf.Tensor[] {
  const { kernel, bias, activation } = layer as unknown as DenseLayer;
  return tf.tidy(() => {
    const x = tf.concat(xs as tf.Tensor2D[], 0), inputs = evenParts(x.shape[1], xs.length);
    const weights = tf.split(kernel!.read(), inputs, 0);
    const sums = tf.split(x, inputs, 1).map((part, i) => product(part, weights[i]));
    const linear = tf.squeeze(tf.addN(sums), [0]), y = bias ? tf.add(linear, bias.read()) : linear;
    return tf.split(activation ? activation.apply(y as tf.Tensor) : y, xs.map(({ shape }) => shape[0]), 0);
  });
}
