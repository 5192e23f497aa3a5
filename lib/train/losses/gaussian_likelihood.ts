/** The likelihood of a Gaussian whose mean and standard deviation the model gives. @module */
import { tf } from "../../engine/mod.ts";
import { type Loss, targetsLike } from "../loss.ts";
import { stopGradient } from "../stop_gradient.ts";

/** Options for {@linkcode gaussianLikelihood}. */
export interface GaussianLikelihoodOptions {
  /** To which power of the σ that it has now an example counts: at 0 those that are already sure hold all others up. @default {1} */
  beta?: number;
  /** Added to σ, so that no example is ever infinitely sure; in units of the target. @default {1e-3} */
  leastSigma?: number;
}

/**
 * log σ + ((μ − target) / σ)² / 2, times σ to the power of β as it is now.
 *
 * Shapes: targets [batch] or [batch, 1]; output [batch, 2], μ and σ > 0.
 * Source: the β-NLL of Seitzer et al., arXiv 2203.09168, whose exponent of the variance is half of ours.
 *
 * @throws {TypeError} If the output has not two columns.
 * @example
 * ```ts
 * import { startEngine } from "../../engine/mod.ts";
 * import { gaussianLikelihood } from "./gaussian_likelihood.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const loss = gaussianLikelihood({ leastSigma: 0 });
 * loss.perExample(tf.tensor1d([3]), tf.tensor2d([[1, 2]]), { logits: false }).dataSync(); // 2.3862…
 * // 2 · (log 2 + 1 / 2)
 * ```
 */
export function gaussianLikelihood(options: GaussianLikelihoodOptions = {}): Loss {
  const { beta = 1, leastSigma = 1e-3 } = options;
  return {
    config: { name: "gaussianLikelihood", beta, leastSigma },
    logits: false,
    target: "value",
    perExample(targets, output) {
      if (output.rank !== 2 || output.shape[1] !== 2) {
        throw new TypeError(`Cannot take mean and σ of an output [${output.shape}] as it must be [batch, 2]`);
      }
      const [mean, sigma] = tf.split(output, 2, 1);
      const spread = tf.add(sigma, leastSigma), miss = tf.sub(mean, targetsLike(targets, mean));
      const likelihood = tf.add(tf.log(spread), tf.mul(tf.square(tf.div(miss, spread)), 0.5));
      const now = stopGradient(spread), weight = beta === 1 ? now : tf.pow(now, beta);
      return tf.reshape(tf.mul(weight, likelihood), [-1]);
    },
  };
}
