/**
 * The step of a variational autoencoder: supervised learning with the input as its own target, and the divergence of what
 * the encoder says from a standard normal distribution in the loss.
 *
 * Source: Kingma and Welling, arXiv 1312.6114, equation 10; β of Higgins et al. (β-VAE, ICLR 2017).
 * @module
 */
import { tf } from "../../engine/mod.ts";
import type { JointLoss, NamedTensors } from "../objective.ts";
import type { StepPlan } from "../step.ts";
import { supervised, type SupervisedOptions } from "./supervised.ts";

/** Options for {@linkcode variational}. */
export interface VariationalOptions extends Omit<SupervisedOptions, "loss" | "metrics" | "classWeights"> {
  /** How a reconstruction is compared with the input: summed over all values of an example. @default {"binaryCrossEntropy"} */
  reconstruction?: "binaryCrossEntropy" | "squaredError";
  /** Weight of the divergence. @default {1} */
  beta?: number;
  /** Names of the model's outputs. @default {{ image: "reconstruction", mean: "z_mean", logVariance: "z_log_variance" }} */
  outputs?: { image: string; mean: string; logVariance: string };
  /** The target that is to be reconstructed. @default {the input after preprocessing} */
  target?: string;
}

/**
 * 1 + v - exp(v), with the one gradient that it has: by parts it would add two to what the code's own gradient is, and TensorFlow adds up three in whatever
 * order they come, which a resumed run would not repeat to the bit.
 */
function spreadTerm(logVariance: tf.Tensor): tf.Tensor {
  return tf.customGrad((v, save) => {
    (save as tf.GradSaveFunc)([v as tf.Tensor]);
    return {
      value: tf.sub(tf.add(v as tf.Tensor, 1), tf.exp(v as tf.Tensor)),
      gradFunc: (slope: tf.Tensor, [saved]: tf.Tensor[]) => tf.mul(slope, tf.sub(1, tf.exp(saved))),
    };
  })(logVariance);
}

/**
 * Divergence of N(mean, exp(logVariance)) from N(0, 1), summed over the latent dimensions, in nats.
 *
 * Shapes: both [batch, dimensions]; [batch] out.
 *
 * @example Nothing to tell apart
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { divergence } from "./variational.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * divergence(tf.zeros([1, 2]), tf.zeros([1, 2])).dataSync(); // 0
 * ```
 */
export function divergence(mean: tf.Tensor, logVariance: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sum(tf.sub(spreadTerm(logVariance), tf.square(mean)), 1), -0.5);
}

/** Sum over an example's values of what a reconstruction is off by, [batch]. */
function missOf(
  wanted: tf.Tensor,
  image: tf.Tensor,
  kind: NonNullable<VariationalOptions["reconstruction"]>,
): tf.Tensor {
  const target = tf.reshape(tf.cast(wanted, "float32"), image.shape);
  const each = kind === "squaredError"
    ? tf.square(tf.sub(image, target))
    : crossEntropyWith(target, tf.clipByValue(image, 1e-7, 1 - 1e-7));
  return tf.sum(tf.reshape(each, [image.shape[0], -1]), 1);
}

function crossEntropyWith(target: tf.Tensor, p: tf.Tensor): tf.Tensor {
  const missed = tf.mul(tf.sub(1, target), tf.log(tf.sub(1, p)));
  return tf.neg(tf.add(tf.mul(target, tf.log(p)), missed));
}

/**
 * A plan for `fit` with one model that gives a reconstruction, and the mean and logarithmic variance of its code. The
 * history has `reconstructionLoss` and `divergence` beside the loss, which is their sum with β.
 *
 * @example
 * ```ts
 * import { variational } from "./variational.ts";
 * typeof variational({ beta: 4 }).create; // "function"
 * ```
 */
export function variational(options: VariationalOptions = {}): StepPlan {
  const { reconstruction = "binaryCrossEntropy", beta = 1, target, ...rest } = options;
  const { outputs = { image: "reconstruction", mean: "z_mean", logVariance: "z_log_variance" } } = options;
  const loss: JointLoss = {
    config: { name: "variational", reconstruction, beta, target: target ?? null },
    logits: [],
    parts: ["reconstructionLoss", "divergence"],
    together(targets: NamedTensors, given: NamedTensors, inputs: NamedTensors) {
      const wanted = target === undefined ? Object.values(inputs)[0] : targets[target];
      const miss = missOf(wanted, given[outputs.image], reconstruction);
      const apart = divergence(given[outputs.mean], given[outputs.logVariance]);
      return {
        loss: tf.add(miss, tf.mul(apart, beta)),
        parts: { reconstructionLoss: miss, divergence: apart },
      };
    },
  };
  return supervised({ ...rest, loss });
}
