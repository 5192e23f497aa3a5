/**
 * Batch normalisation in training followed by max-pooling, as one step on the native backend.
 *
 * Scaling a channel by a positive number and shifting it keeps the order of its values, so each shard is pooled as soon
 * as it is normalised by its own moments, with scale 1 or -1; the moments of the whole batch, gamma and beta come in
 * after the pooling. On the way back the sums that the gradient needs, of dy and of dy · x̂, run over the pooled values
 * alone, as dy is zero elsewhere: no pass over the unpooled values is made for them.
 * @module
 */
import {
  batchMoments,
  folded,
  fusedBatchNorm,
  type NormalizedShards,
  scaleChannels,
  sharesOf,
} from "./batch_norm.ts";
import { nativeOp } from "../native/native_op.ts";
import { DataType, stringAttribute, typeAttribute } from "../native/native_types.ts";
import { tf } from "../tf.ts";
import { countOfAllRows, sumsOfAllRows } from "../workers/step_rows.ts";

/** Normalises shards by their own moments, and gives all that puts this right later; several results need a kernel. */
const KERNEL = "CloudchamberPooledBatchNorm";
let registered = false;

interface Attributes {
  epsilon: number;
  shares: number[];
}

/** 1 / σ of each channel. */
const inverseOf = (variance: tf.Tensor, epsilon: number) =>
  tf.rsqrt(tf.add(variance, epsilon)) as tf.Tensor1D;

/** 1 where gamma is at least zero, else -1. */
const signOf = (gamma: tf.Tensor) =>
  tf.sub(tf.mul(tf.cast(tf.greaterEqual(gamma, 0), "float32"), 2), 1) as tf.Tensor1D;

/**
 * Normalises the shards of a batch by the moments of the whole batch and pools each.
 *
 * Where gamma is exactly zero all values of a window are equal, and any of them may be the one that the gradient meets.
 *
 * @param xs Shards, each [rows, …, channels].
 * @param pool Max-pooling of one shard, differentiable.
 * @returns The pooled shards, differentiable in all of the inputs; and the moments of the batch, not differentiable.
 */
export function normalizeAndPool(
  xs: readonly tf.Tensor[],
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  epsilon: number,
  pool: (x: tf.Tensor) => tf.Tensor,
): NormalizedShards {
  registerKernel();
  const flats = xs.map((x) => tf.reshape(x, folded(x.shape)) as tf.Tensor4D), count = xs.length;
  const attributes: Attributes = { epsilon, shares: sharesOf(flats) };
  const [mean, variance, scale, offset, ...perShard] = tf.engine().runKernel(
    KERNEL,
    [gamma, beta, ...flats] as never,
    attributes as never,
  ) as tf.Tensor[];
  const inverse = inverseOf(variance, epsilon), sign = signOf(gamma);
  const values = xs.map(({ shape }, i) => {
    const pooled = pool(tf.reshape(perShard[i], shape));
    return correct(pooled, scale, offset, {
      ratio: perShard[count + i],
      shift: perShard[2 * count + i],
      inverse,
      sign,
    });
  });
  return { values, mean: mean as tf.Tensor1D, variance: variance as tf.Tensor1D };
}

/** How a channel normalised by the shard's moments, times `sign`, becomes x̂ of the whole batch, times `sign`. */
interface Correction {
  ratio: tf.Tensor;
  shift: tf.Tensor;
  /** 1 / σ of the whole batch. */
  inverse: tf.Tensor;
  sign: tf.Tensor;
}

/**
 * gamma · x̂ + beta from pooled values. What goes back to the pooling is already gamma / σ · dy, the first term of the
 * gradient of x; what goes back to gamma and beta are their gradients, which are also the sums in its other terms.
 */
function correct(
  pooled: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  { ratio, shift, inverse, sign }: Correction,
): tf.Tensor {
  const corrected = tf.customGrad((...inputs) => {
    const [p, scale, offset, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([p, scale, ratio, shift, inverse, sign]);
    const size = tf.mul(scale, sign);
    const value = scaleChannels(
      tf.reshape(p, folded(p.shape)),
      tf.mul(size, ratio),
      tf.add(tf.mul(size, shift), offset),
    );
    return {
      value: tf.reshape(value, p.shape),
      gradFunc: (dy: tf.Tensor, [p, scale, ratio, shift, inverse, sign]: tf.Tensor[]) => {
        const flat = tf.reshape(dy, folded(dy.shape)), sum = sumRows(dy);
        const product = tf.mul(ratio, sumRows(tf.mul(dy, p)));
        const back = scaleChannels(flat, tf.mul(scale, inverse), tf.zerosLike(scale));
        return [
          tf.reshape(back, dy.shape),
          tf.mul(sign, tf.add(product, tf.mul(shift, sum))) as tf.Tensor,
          sum,
        ];
      },
    };
  });
  return corrected(pooled, gamma, beta);
}

/** Sum over all but the last axis. */
function sumRows(x: tf.Tensor): tf.Tensor {
  return nativeOp(
    "BiasAddGrad",
    [typeAttribute("T", DataType.FLOAT), stringAttribute("data_format", "NHWC")],
    [x],
  )[0];
}

function registerKernel(): void {
  if (registered) return;
  registered = true;
  tf.registerKernel({
    kernelName: KERNEL,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs }) => {
      const [gamma, beta, ...xs] = inputs as unknown as tf.Tensor[];
      const { epsilon, shares } = attrs as unknown as Attributes;
      const sign = signOf(gamma), none = tf.zerosLike(beta);
      const parts = xs.map((x, i) => {
        const [value, , , mean, variance] = fusedBatchNorm(x, sign, none, epsilon);
        return { value, mean, variance, share: shares[i] };
      });
      const { mean, variance } = batchMoments(parts);
      const inverse = inverseOf(variance, epsilon);
      const ratios = parts.map((part) => tf.mul(inverse, tf.sqrt(tf.add(part.variance, epsilon))));
      const shifts = parts.map((part) => tf.mul(tf.mul(sign, inverse), tf.sub(part.mean, mean)));
      const values = parts.map(({ value }) => value);
      return [mean, variance, tf.clone(gamma), tf.clone(beta), ...values, ...ratios, ...shifts];
    },
  });
  tf.registerGradient({
    kernelName: KERNEL,
    saveAllInputs: true,
    outputsToSave: [true, true],
    gradFunc: (dys, saved, attrs) => {
      const { epsilon, shares } = attrs as unknown as Attributes, count = shares.length;
      const [, , dGamma, dBeta, ...unpooled] = dys as tf.Tensor[];
      const gamma = saved[0], xs = saved.slice(2, 2 + count), [mean, variance] = saved.slice(2 + count);
      const total = countOfAllRows(xs.reduce((sum, { shape }) => sum + shape[0] * shape[1]!, 0));
      const [gammaSum, betaSum] = sumsOfAllRows([dGamma, dBeta]);
      const inverse = inverseOf(variance, epsilon), gain = tf.div(tf.mul(gamma, inverse), -total);
      const slope = tf.mul(tf.mul(gain, inverse), gammaSum);
      const level = tf.sub(tf.mul(gain, betaSum), tf.mul(slope, mean));
      const inputs = xs.map((x, i) => tf.add(unpooled[i], scaleChannels(x, slope, level)));
      return Object.fromEntries(
        [dGamma, dBeta, ...inputs].map((gradient, i) => [i, () => gradient as tf.Tensor]),
      );
    },
  });
}
