/**
 * Layers of TensorFlow.js whose arithmetic the engine replaces: everything that draws random numbers, and batch
 * normalisation.
 *
 * Stock dropout draws its mask in JavaScript, which a trace would freeze; stock batch normalisation refuses to train
 * on rank 5. The classes, their settings and their weights stay TensorFlow.js's own.
 * @module
 */
import { normalizeBatch, normalizeBy, normalizeShards } from "../ops/batch_norm.ts";
import { normalizeAndPool } from "../ops/pooled_norm.ts";
import { dropout, keepMask, normal } from "../random/random.ts";
import { tf } from "../tf.ts";

type Call = (
  this: never,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: { training?: boolean },
) => tf.Tensor | tf.Tensor[];

function only(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

/** Puts another `call` on the class that `layer` is an instance of. */
function override(layer: tf.layers.Layer, make: (stock: Call) => Call): void {
  const prototype = Object.getPrototypeOf(layer) as { call: Call };
  prototype.call = make(prototype.call);
}

interface DropoutLayer {
  rate: number;
  getNoiseShape(input: tf.Tensor): (number | null)[] | undefined;
}

function overrideDropout(): void {
  override(tf.layers.dropout({ rate: 0.5 }), () =>
    function (this: DropoutLayer, inputs, { training }) {
      const x = only(inputs);
      if (!training || this.rate <= 0) return inputs;
      const noise = this.getNoiseShape(x)?.map((side, axis) => side ?? x.shape[axis]);
      return dropout(x, this.rate, noise);
    } as Call);
}

function overrideNoise(): void {
  override(
    tf.layers.gaussianNoise({ stddev: 1 }),
    () =>
      function (this: { stddev: number }, inputs, { training }) {
        const x = only(inputs);
        return training ? tf.tidy(() => tf.add(x, normal(x.shape, 0, this.stddev))) : inputs;
      } as Call,
  );
  override(
    tf.layers.gaussianDropout({ rate: 0.5 }),
    () =>
      function (this: { rate: number }, inputs, { training }) {
        const x = only(inputs);
        if (!training || this.rate <= 0) return inputs;
        const deviation = Math.sqrt(this.rate / (1 - this.rate));
        return tf.tidy(() => tf.mul(x, normal(x.shape, 1, deviation)));
      } as Call,
  );
  override(
    tf.layers.alphaDropout({ rate: 0.5 }),
    () =>
      function (this: { rate: number; noiseShape?: (number | null)[] }, inputs, { training }) {
        const x = only(inputs);
        if (!training || this.rate <= 0) return inputs;
        // Self-normalising networks: dropped values go to −αλ, then mean and variance are restored.
        // Source: Klambauer et al., arXiv 1706.02515, and Keras's AlphaDropout.
        const low = -1.6732632423543772 * 1.0507009873554805;
        const keep = 1 - this.rate;
        const a = (keep * (1 + this.rate * low ** 2)) ** -0.5;
        const b = -a * low * this.rate;
        return tf.tidy(() => {
          const kept = tf.mul(keepMask(x.shape, this.rate), keep);
          return tf.add(tf.mul(tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), low)), a), b);
        });
      } as Call,
  );
}

/** What the override reads of TensorFlow.js's BatchNormalization. */
export interface BatchNormLayer {
  axis: number;
  epsilon: number;
  momentum: number;
  gamma?: { read(): tf.Tensor1D };
  beta?: { read(): tf.Tensor1D };
  movingMean: { read(): tf.Tensor1D; write(value: tf.Tensor): void };
  movingVariance: { read(): tf.Tensor1D; write(value: tf.Tensor): void };
}

/** Moves a running moment towards the batch's. */
function moveAverages(layer: BatchNormLayer, mean: tf.Tensor1D, variance: tf.Tensor1D): void {
  for (const [average, value] of [[layer.movingMean, mean], [layer.movingVariance, variance]] as const) {
    const old = average.read();
    average.write(tf.sub(old, tf.mul(tf.sub(old, value), 1 - layer.momentum)));
  }
}

/** Scale and offset of a batch normalisation, ones and zeros where the layer has none. */
function scaleAndOffset(
  layer: BatchNormLayer,
  channels: number,
): { gamma: tf.Tensor1D; beta: tf.Tensor1D } {
  return {
    gamma: layer.gamma?.read() ?? tf.ones([channels]),
    beta: layer.beta?.read() ?? tf.zeros([channels]),
  };
}

/** Whether a layer normalises inputs of this rank by the batch's moments, over the last axis. */
export function isTrainingBatchNorm(layer: tf.layers.Layer, rank: number, training: boolean): boolean {
  if (!training || layer.getClassName() !== "BatchNormalization") return false;
  const { axis } = layer as unknown as BatchNormLayer;
  return rank >= 2 && rank <= 5 && (axis === -1 || axis === rank - 1);
}

/** Trains a batch normalisation on the shards of a batch, and pools what it gives where `pool` is given. */
export function normalizeTogether(
  layer: BatchNormLayer,
  xs: readonly tf.Tensor[],
  pool?: (x: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  const { gamma, beta } = scaleAndOffset(layer, xs[0].shape.at(-1)!);
  const { values, mean, variance } = pool
    ? normalizeAndPool(xs, gamma, beta, layer.epsilon, pool)
    : normalizeShards(xs, gamma, beta, layer.epsilon);
  moveAverages(layer, mean, variance);
  return values;
}

function overrideBatchNorm(): void {
  override(tf.layers.batchNormalization(), (stock) =>
    function (this: BatchNormLayer, inputs, kwargs) {
      const x = only(inputs);
      if (x.rank < 2 || x.rank > 5) return stock.call(this as never, inputs, kwargs);
      return tf.tidy(() => {
        // The stock layer computes wrong numbers over any axis but the last, so that axis is turned to the end.
        const axes = x.shape.map((_, i) => i), [axis] = axes.splice(this.axis, 1);
        const order = [...axes, axis], last = axis === x.rank - 1;
        const turned = last ? x : tf.transpose(x, order);
        const back = (y: tf.Tensor) => last ? y : tf.transpose(y, x.shape.map((_, i) => order.indexOf(i)));
        const { gamma, beta } = scaleAndOffset(this, turned.shape.at(-1)!);
        if (!kwargs.training) {
          const moments = { mean: this.movingMean.read(), variance: this.movingVariance.read() };
          return back(normalizeBy(turned, moments, gamma, beta, this.epsilon));
        }
        const { value, mean, variance } = normalizeBatch(turned, gamma, beta, this.epsilon);
        moveAverages(this, mean, variance);
        return back(value);
      });
    } as Call);
}

overrideDropout();
overrideNoise();
overrideBatchNorm();
