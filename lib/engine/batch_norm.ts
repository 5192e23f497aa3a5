/**
 * Batch normalisation over the last axis, by TensorFlow's fused op where there is one.
 * @module
 */
import { nativeOp } from "./native_op.ts";
import { boolAttribute, DataType, floatAttribute, stringAttribute, typeAttribute } from "./native_types.ts";
import { activeNative } from "./state.ts";
import { tf } from "./tf.ts";

/** A normalised batch, and the moments it was normalised with. */
export interface Normalized {
  value: tf.Tensor;
  /** Mean of each channel, [channels]. */
  mean: tf.Tensor1D;
  /** Variance of each channel without Bessel's correction, [channels]. */
  variance: tf.Tensor1D;
}

/** Attributes that the fused op and its gradient share. */
function attributes(epsilon: number, training: boolean) {
  return [
    typeAttribute("T", DataType.FLOAT),
    typeAttribute("U", DataType.FLOAT),
    floatAttribute("epsilon", epsilon),
    stringAttribute("data_format", "NHWC"),
    boolAttribute("is_training", training),
  ];
}

/** The shape [batch, positions, 1, channels] that every rank from 2 to 5 folds into. */
function folded(shape: readonly number[]): [number, number, number, number] {
  return [shape[0], shape.slice(1, -1).reduce((product, side) => product * side, 1), 1, shape.at(-1)!];
}

function normalizeNatively(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): Normalized {
  const empty = tf.tensor1d([], "float32");
  const [y, , , mean, variance, reserve] = nativeOp(
    "FusedBatchNormV3",
    [
      ...attributes(epsilon, true),
      floatAttribute("exponential_avg_factor", 1),
    ],
    [x, gamma, beta, empty, empty],
    6,
  );
  const taped = tf.customGrad((image, scale, _offset, save) => {
    (save as tf.GradSaveFunc)([image as tf.Tensor, scale as tf.Tensor, mean, variance, reserve]);
    return {
      value: tf.clone(y),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        nativeOp("FusedBatchNormGradV3", attributes(epsilon, true), [dy, ...saved], 5).slice(0, 3),
    };
  });
  return { value: taped(x, gamma, beta), mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/**
 * Normalises a batch by its own moments.
 *
 * @param x [batch, …, channels], rank 2 to 5.
 * @param gamma Scale of each channel, [channels].
 * @param beta Offset of each channel, [channels].
 * @param epsilon Added to the variance.
 * @returns The normalised batch, same shape, differentiable in all three; and the moments, not differentiable.
 */
export function normalizeBatch(
  x: tf.Tensor,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): Normalized {
  const flat = tf.reshape(x, folded(x.shape)) as tf.Tensor4D;
  if (activeNative()) {
    const { value, mean, variance } = normalizeNatively(flat, gamma, beta, epsilon);
    return { value: tf.reshape(value, x.shape), mean, variance };
  }
  const { mean, variance } = tf.moments(flat, [0, 1, 2]);
  const value = tf.batchNorm4d(flat, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, epsilon);
  return { value: tf.reshape(value, x.shape), mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/** Normalises a batch by given moments, for inference: one multiplication and one addition a value. */
export function normalizeBy(
  x: tf.Tensor,
  moments: { mean: tf.Tensor1D; variance: tf.Tensor1D },
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): tf.Tensor {
  const flat = tf.reshape(x, folded(x.shape)) as tf.Tensor4D;
  return tf.reshape(tf.batchNorm4d(flat, moments.mean, moments.variance, beta, gamma, epsilon), x.shape);
}

/** Shards of one batch, normalised together. */
export interface NormalizedShards {
  /** One a shard. */
  values: tf.Tensor[];
  mean: tf.Tensor1D;
  variance: tf.Tensor1D;
}

/** Mean and variance of the whole batch from those of its shards (law of total variance). */
function joinMoments(
  moments: readonly { mean: tf.Tensor; variance: tf.Tensor; share: number }[],
): { mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const mean = tf.addN(moments.map((part) => tf.mul(part.mean, part.share)));
  const variance = tf.addN(
    moments.map((part) => tf.mul(tf.add(part.variance, tf.squaredDifference(part.mean, mean)), part.share)),
  );
  return { mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/**
 * Normalises the shards of a batch by the moments of the whole batch.
 *
 * The gradient is that of one batch normalisation over all shards. On the native backend each shard runs the fused
 * gradient by itself, which takes the shard's sums for the whole batch's; what that gets wrong is linear in x for
 * each channel, and is put right by one more pass.
 *
 * @param xs Shards, each [rows, …, channels].
 * @param then What follows for each shard, of the same rank and channels: a pooling by maximum, or anything else that
 * gives the same whether each channel is scaled by a positive number and shifted before it or after it. On the native
 * backend the shard's own normalisation then goes in and the correction to the whole batch comes after, where there
 * is less to correct.
 * @returns The normalised shards; and the moments of the batch, not differentiable.
 */
export function normalizeShards(
  xs: readonly tf.Tensor[],
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
  then?: (x: tf.Tensor) => tf.Tensor,
): NormalizedShards {
  const flats = xs.map((x) => tf.reshape(x, folded(x.shape)) as tf.Tensor4D);
  const rows = flats.map(({ shape }) => shape[0] * shape[1]);
  const total = rows.reduce((sum, count) => sum + count, 0);
  const shares = rows.map((count) => count / total);
  if (!activeNative()) {
    const { mean, variance } = joinMoments(
      flats.map((x, i) => ({ ...tf.moments(x, [0, 1, 2]), share: shares[i] })),
    );
    const values = flats.map((x, i) =>
      tf.reshape(tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon), xs[i].shape)
    );
    return { values: then ? values.map(then) : values, mean, variance };
  }
  registerShardedKernel();
  const [mean, variance, ...outputs] = tf.engine().runKernel(SHARDED, [gamma, beta, ...flats] as never, {
    epsilon,
    shares,
    own: then !== undefined,
  }) as tf.Tensor[];
  const values = xs.map(({ shape }, i) => tf.reshape(outputs[i], shape));
  return {
    values: then
      ? values.map((value, i) =>
        correctShard(then(value), outputs[xs.length + i], outputs[2 * xs.length + i])
      )
      : values,
    mean: mean as tf.Tensor1D,
    variance: variance as tf.Tensor1D,
  };
}

/**
 * y · scale + offset for each channel; the gradient passes as it is, since the gradient of the sharded kernel takes
 * what comes back for that of the corrected values.
 */
function correctShard(y: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  const corrected = tf.customGrad((y) => {
    const value = scaleChannels(tf.reshape(y as tf.Tensor, folded((y as tf.Tensor).shape)), scale, offset);
    return { value: tf.reshape(value, (y as tf.Tensor).shape), gradFunc: (dy: tf.Tensor) => dy };
  });
  return corrected(y);
}

/** The kernel of {@linkcode normalizeShards}: a kernel may have several results on the tape, a custom gradient not. */
const SHARDED = "CloudchamberShardedBatchNorm";
let registered = false;

interface ShardedAttributes {
  epsilon: number;
  shares: number[];
  /** Leave each shard normalised by its own moments, and give scale and offset that correct it. */
  own: boolean;
}

/** x · scale + offset for each channel, in one pass. */
function scaleChannels(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor {
  return nativeOp("FusedBatchNormV3", attributes(0, false), [
    x,
    scale,
    offset,
    tf.zerosLike(scale),
    tf.onesLike(scale),
  ], 6)[0];
}

function registerShardedKernel(): void {
  if (registered) return;
  registered = true;
  tf.registerKernel({
    kernelName: SHARDED,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs }) => {
      const [gamma, beta, ...xs] = inputs as unknown as tf.Tensor[];
      const { epsilon, shares, own } = attrs as unknown as ShardedAttributes;
      const empty = tf.tensor1d([], "float32");
      const parts = xs.map((x, i) => {
        const [value, , , mean, variance] = nativeOp(
          "FusedBatchNormV3",
          [
            ...attributes(epsilon, true),
            floatAttribute("exponential_avg_factor", 1),
          ],
          [x, gamma, beta, empty, empty],
          6,
        );
        return { value, mean, variance, share: shares[i] };
      });
      const { mean, variance } = joinMoments(parts);
      const inverse = tf.rsqrt(tf.add(variance, epsilon)), scale = tf.mul(gamma, inverse);
      if (!own) {
        const offset = tf.sub(beta, tf.mul(mean, scale));
        return [mean, variance, ...xs.map((x) => scaleChannels(x, scale, offset))];
      }
      const ratios = parts.map((part) => tf.mul(inverse, tf.sqrt(tf.add(part.variance, epsilon))));
      const shifts = parts.map((part, i) =>
        tf.add(tf.mul(beta, tf.sub(1, ratios[i])), tf.mul(scale, tf.sub(part.mean, mean)))
      );
      return [mean, variance, ...parts.map(({ value }) => value), ...ratios, ...shifts];
    },
  });
  tf.registerGradient({
    kernelName: SHARDED,
    saveAllInputs: true,
    outputsToSave: [true, true],
    gradFunc: (dys, saved, attrs) => {
      const attributes = attrs as unknown as ShardedAttributes;
      const slopes = (dys as tf.Tensor[]).slice(2, 2 + attributes.shares.length);
      const gradients = shardedGradient(slopes, saved, attributes);
      return Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient]));
    },
  });
}

/** Gradients of gamma, beta and every shard. */
function shardedGradient(
  dys: tf.Tensor[],
  saved: tf.Tensor[],
  { epsilon, shares }: ShardedAttributes,
): tf.Tensor[] {
  const count = dys.length;
  const gamma = saved[0], xs = saved.slice(2, 2 + count), [mean, variance] = saved.slice(2 + count);
  const total = xs.reduce((sum, { shape }) => sum + shape[0] * shape[1]!, 0);
  const empty = tf.tensor1d([], "float32");
  const parts = dys.map((dy, i) =>
    nativeOp("FusedBatchNormGradV3", attributes(epsilon, true), [dy, xs[i], gamma, mean, variance, empty], 5)
  );
  const gammaGradient = tf.addN(parts.map(([, gradient]) => gradient));
  const betaGradient = tf.addN(parts.map(([, , gradient]) => gradient));
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  const gain = tf.mul(gamma, inverse);
  const inputs = parts.map(([dx, dGamma, dBeta], i) => {
    const rows = shares[i] * total;
    // The shard subtracted its own mean sums where those of the whole batch belong.
    const slope = tf.mul(
      tf.mul(gain, inverse),
      tf.sub(tf.div(dGamma, rows), tf.div(gammaGradient, total)),
    );
    const level = tf.mul(gain, tf.sub(tf.div(dBeta, rows), tf.div(betaGradient, total)));
    return tf.add(dx, scaleChannels(xs[i], slope, tf.sub(level, tf.mul(mean, slope))));
  });
  return [gammaGradient, betaGradient, ...inputs];
}
