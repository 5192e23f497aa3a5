/**
 * Batch normalisation over the last axis, by TensorFlow's fused op where there is one.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import {
  boolAttribute,
  DataType,
  floatAttribute,
  stringAttribute,
  typeAttribute,
} from "../native/native_types.ts";
import { activeNative } from "../state.ts";
import { tf } from "../tf.ts";
import {
  countOfAllRows,
  isBatchNormSynchronized,
  momentsByWorker,
  sumsOfAllRows,
} from "../workers/step_rows.ts";

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
export function folded(shape: readonly number[]): [number, number, number, number] {
  return [shape[0], shape.slice(1, -1).reduce((product, side) => product * side, 1), 1, shape.at(-1)!];
}

/** TensorFlow's op in training: the normalised batch, two running averages, mean, variance and what its gradient reserves. */
export function fusedBatchNorm(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): tf.Tensor[] {
  const empty = tf.tensor1d([], "float32");
  return nativeOp(
    "FusedBatchNormV3",
    [...attributes(epsilon, true), floatAttribute("exponential_avg_factor", 1)],
    [x, gamma, beta, empty, empty],
    6,
  );
}

function normalizeNatively(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): Normalized {
  const [y, , , mean, variance, reserve] = fusedBatchNorm(x, gamma, beta, epsilon);
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
  if (isBatchNormSynchronized()) {
    const { values: [value], mean, variance } = normalizeShards([x], gamma, beta, epsilon);
    return { value, mean, variance };
  }
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

/** Each shard's share of all rows. */
export function sharesOf(flats: readonly tf.Tensor4D[]): number[] {
  const rows = flats.map(({ shape }) => shape[0] * shape[1]);
  const total = rows.reduce((sum, count) => sum + count, 0);
  return rows.map((count) => count / total);
}

/** Moments of the batch from those of this process's shards, together with other workers' where they take it together. */
export function batchMoments(
  moments: readonly { mean: tf.Tensor; variance: tf.Tensor; share: number }[],
): { mean: tf.Tensor1D; variance: tf.Tensor1D } {
  const own = joinMoments(moments);
  return isBatchNormSynchronized() ? joinMoments(momentsByWorker(own)) : own;
}

/** Mean and variance of the whole batch from those of its shards (law of total variance). */
export function joinMoments(
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
 * @returns The normalised shards; and the moments of the batch, not differentiable.
 */
export function normalizeShards(
  xs: readonly tf.Tensor[],
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
): NormalizedShards {
  const flats = xs.map((x) => tf.reshape(x, folded(x.shape)) as tf.Tensor4D), shares = sharesOf(flats);
  if (!activeNative()) {
    const { mean, variance } = joinMoments(
      flats.map((x, i) => ({ ...tf.moments(x, [0, 1, 2]), share: shares[i] })),
    );
    const values = flats.map((x, i) =>
      tf.reshape(tf.batchNorm4d(x, mean, variance, beta, gamma, epsilon), xs[i].shape)
    );
    return { values, mean, variance };
  }
  registerShardedKernel();
  const [mean, variance, ...values] = tf.engine().runKernel(SHARDED, [gamma, beta, ...flats] as never, {
    epsilon,
    shares,
  }) as tf.Tensor[];
  return {
    values: values.map((value, i) => tf.reshape(value, xs[i].shape)),
    mean: mean as tf.Tensor1D,
    variance: variance as tf.Tensor1D,
  };
}

/** The kernel of {@linkcode normalizeShards}: a kernel may have several results on the tape, a custom gradient not. */
const SHARDED = "CloudchamberShardedBatchNorm";
let registered = false;

interface ShardedAttributes {
  epsilon: number;
  shares: number[];
}

/** x · scale + offset for each channel, in one pass; x is [batch, positions, 1, channels]. Native backend only. */
export function scaleChannels(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor {
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
      const { epsilon, shares } = attrs as unknown as ShardedAttributes;
      const parts = xs.map((x, i) => {
        const [, , , mean, variance] = fusedBatchNorm(x, gamma, beta, epsilon);
        return { mean, variance, share: shares[i] };
      });
      const { mean, variance } = batchMoments(parts);
      const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
      const offset = tf.sub(beta, tf.mul(mean, scale));
      return [mean, variance, ...xs.map((x) => scaleChannels(x, scale, offset))];
    },
  });
  tf.registerGradient({
    kernelName: SHARDED,
    saveAllInputs: true,
    outputsToSave: [true, true],
    gradFunc: (dys, saved, attrs) => {
      const gradients = shardedGradient(
        (dys as tf.Tensor[]).slice(2),
        saved,
        attrs as unknown as ShardedAttributes,
      );
      return Object.fromEntries(gradients.map((gradient, i) => [i, () => gradient]));
    },
  });
}

/** Gradients of gamma, beta and every shard. */
function shardedGradient(
  dys: tf.Tensor[],
  saved: tf.Tensor[],
  { epsilon }: ShardedAttributes,
): tf.Tensor[] {
  const count = dys.length;
  const gamma = saved[0], xs = saved.slice(2, 2 + count), [mean, variance] = saved.slice(2 + count);
  const counts = xs.map(({ shape }) => shape[0] * shape[1]!);
  const total = countOfAllRows(counts.reduce((sum, count) => sum + count, 0));
  const empty = tf.tensor1d([], "float32");
  const parts = dys.map((dy, i) =>
    nativeOp("FusedBatchNormGradV3", attributes(epsilon, true), [dy, xs[i], gamma, mean, variance, empty], 5)
  );
  const gammaGradient = tf.addN(parts.map(([, gradient]) => gradient));
  const betaGradient = tf.addN(parts.map(([, , gradient]) => gradient));
  const [gammaSum, betaSum] = sumsOfAllRows([gammaGradient, betaGradient]);
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  const gain = tf.mul(gamma, inverse);
  const inputs = parts.map(([dx, dGamma, dBeta], i) => {
    const rows = counts[i];
    // The shard subtracted its own mean sums where those of the whole batch belong.
    const slope = tf.mul(
      tf.mul(gain, inverse),
      tf.sub(tf.div(dGamma, rows), tf.div(gammaSum, total)),
    );
    const level = tf.mul(gain, tf.sub(tf.div(dBeta, rows), tf.div(betaSum, total)));
    return tf.add(dx, scaleChannels(xs[i], slope, tf.sub(level, tf.mul(mean, slope))));
  });
  return [gammaGradient, betaGradient, ...inputs];
}
