/**
 * Layers of TensorFlow.js whose arithmetic the engine replaces: everything that draws random numbers, and batch
 * normalisation.
 *
 * Stock dropout draws its mask in JavaScript, which a trace would freeze; stock batch normalisation refuses to train
 * on rank 5, and trains where it is frozen. The classes, their settings and their weights stay TensorFlow.js's own.
 * @module
 */
import { noteParts } from "./enlargement.ts";
import { normalizeBatch, normalizeBy, normalizeShards } from "../ops/batch_norm.ts";
import { normalizeAndPool } from "../ops/pooled_norm.ts";
import { drawForAll, dropout, keepMask, normal } from "../random/random.ts";
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
  noiseShape?: (number | null)[] | null;
  getNoiseShape(input: tf.Tensor): (number | null)[] | undefined;
}

function overrideDropout(): void {
  override(tf.layers.dropout({ rate: 0.5 }), () =>
    function (this: DropoutLayer, inputs, { training }) {
      const x = only(inputs);
      if (!training || this.rate <= 0) return inputs;
      const noise = this.getNoiseShape(x)?.map((side, axis) => side ?? x.shape[axis]);
      const drop = () => dropout(x, this.rate, noise);
      return this.noiseShape?.[0] === 1 ? drawForAll(drop) : drop();
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

/** What the override reads of TensorFlow.js's recurrent layers; a stack of cells has none of this. */
interface RecurrentLayer {
  cell: { dropoutFunc?: ((x: tf.Tensor, rate: number) => tf.Tensor) | null };
}

/** Recurrent layers draw their masks in their cells. */
function overrideRecurrent(): void {
  const { simpleRNN, gru, lstm } = tf.layers;
  for (const make of [simpleRNN, gru, lstm]) {
    override(
      make({ units: 1 }) as tf.layers.Layer,
      (stock) =>
        function (this: RecurrentLayer, inputs, kwargs) {
          this.cell.dropoutFunc ??= (x, rate) => dropout(x, rate);
          return stock.call(this as never, inputs, kwargs);
        } as Call,
    );
  }
}

/** What the override reads of TensorFlow.js's BatchNormalization. */
export interface BatchNormLayer {
  trainable: boolean;
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

/** Whether a layer normalises by the batch's moments and moves its averages: in training, unless it is frozen. */
export function isTrainingBatchNorm(layer: tf.layers.Layer, training: boolean): boolean {
  return training && layer.trainable && layer.getClassName() === "BatchNormalization";
}

/** Whether a batch normalisation is over the last axis of inputs of this rank. */
export function isOverLastAxis(layer: BatchNormLayer, rank: number): boolean {
  return layer.axis === -1 || layer.axis === rank - 1;
}

/**
 * Runs a function over the last axis on tensors whose channels are along another axis: that axis is turned to the end
 * and back, since TensorFlow's fused op knows the last axis alone.
 */
function overLastAxis(
  xs: readonly tf.Tensor[],
  axis: number,
  run: (xs: readonly tf.Tensor[]) => tf.Tensor[],
): tf.Tensor[] {
  const { rank } = xs[0], axes = xs[0].shape.map((_, i) => i), [channels] = axes.splice(axis, 1);
  if (channels === rank - 1) return run(xs);
  const order = [...axes, channels], back = order.map((_, i) => order.indexOf(i));
  return run(xs.map((x) => tf.transpose(x, order))).map((y) => tf.transpose(y, back));
}

/**
 * Trains a batch normalisation on the shards of a batch, and pools what it gives where `pool` is given, for which the
 * channels must be last.
 */
export function normalizeTogether(
  layer: BatchNormLayer,
  xs: readonly tf.Tensor[],
  pool?: (x: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  return overLastAxis(xs.map(asFloats), layer.axis, (turned) => {
    const { gamma, beta } = scaleAndOffset(layer, turned[0].shape.at(-1)!);
    const { values, mean, variance } = pool
      ? normalizeAndPool(turned, gamma, beta, layer.epsilon, pool)
      : normalizeShards(turned, gamma, beta, layer.epsilon);
    moveAverages(layer, mean, variance);
    return values;
  });
}

/** Whole numbers are computed with as floats, as Keras does. */
function asFloats(x: tf.Tensor): tf.Tensor {
  return x.dtype === "float32" ? x : tf.cast(x, "float32");
}

function overrideBatchNorm(): void {
  override(
    tf.layers.batchNormalization(),
    () =>
      function (this: BatchNormLayer & tf.layers.Layer, inputs, { training = false }) {
        return tf.tidy(() => {
          const [result] = overLastAxis([asFloats(only(inputs))], this.axis, ([x]) => {
            const { gamma, beta } = scaleAndOffset(this, x.shape.at(-1)!);
            if (!isTrainingBatchNorm(this, training)) {
              const moments = { mean: this.movingMean.read(), variance: this.movingVariance.read() };
              return [normalizeBy(x, moments, gamma, beta, this.epsilon)];
            }
            const { value, mean, variance } = normalizeBatch(x, gamma, beta, this.epsilon);
            moveAverages(this, mean, variance);
            return [value];
          });
          return result;
        });
      } as Call,
  );
}

/** A model that is frozen freezes its layers, as in Keras; TensorFlow.js tells their weights alone. */
function overrideFreezing(): void {
  const container = Object.getPrototypeOf(tf.LayersModel.prototype) as object;
  const stock = Object.getOwnPropertyDescriptor(container, "trainable")!;
  // A Sequential tells the model inside it, once it is built: its layers keep what they are told themselves.
  let building = false;
  const sequential = tf.Sequential.prototype, { build } = sequential;
  sequential.build = function (inputShape) {
    building = true;
    try {
      build.call(this, inputShape);
    } finally {
      building = false;
    }
  };
  Object.defineProperty(container, "trainable", {
    ...stock,
    set(this: tf.LayersModel, trainable: boolean) {
      if (!building) this.layers.forEach((layer) => layer.trainable = trainable);
      stock.set!.call(this, trainable);
    },
  });
}

/** Concatenate takes inputs of several types for those of the widest. */
function overrideConcatenate(): void {
  const prototype = Object.getPrototypeOf(tf.layers.concatenate()) as {
    mergeFunction(this: { axis: number }, inputs: tf.Tensor[]): tf.Tensor;
  };
  const stock = prototype.mergeFunction;
  prototype.mergeFunction = function (inputs) {
    const alike = inputs.every(({ dtype }) => dtype === inputs[0].dtype);
    const joined = tf.tidy(() => stock.call(this, alike ? inputs : inputs.map(asFloats)));
    if (alike) noteParts(joined, inputs, this.axis);
    return joined;
  };
}

/** Keras cuts the result for whole numbers down to whole numbers, which nobody wants: refused. */
function overrideLayerNorm(): void {
  override(tf.layers.layerNormalization(), (stock) =>
    function (this: { name: string }, inputs, kwargs) {
      const { dtype } = only(inputs);
      if (dtype === "float32") return stock.call(this as never, inputs, kwargs);
      throw new TypeError(
        `Cannot normalise by layer "${this.name}" as its input must be floats: got ${dtype} (a Rescaling before it makes floats)`,
      );
    } as Call);
}

overrideDropout();
overrideNoise();
overrideRecurrent();
overrideBatchNorm();
overrideLayerNorm();
overrideConcatenate();
overrideFreezing();
