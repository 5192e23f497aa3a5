/**
 * The step of a variational autoencoder that learns what is alike from a discriminator (VAE/GAN): a reconstruction is compared with the input not pixel by
 * pixel but by the features that the discriminator sees in both, and must pass for real, as must what is drawn of codes from the standard normal law.
 *
 * Source: Larsen et al., Autoencoding beyond pixels using a learned similarity metric, arXiv 1512.09300, algorithm 1: the encoder follows
 * divergence and features, the decoder features and the discriminator's judgement, the discriminator its judgement alone. Here the decoder minimises the
 * cross-entropy to "real" instead of the negative of the discriminator's loss, as in `adversarial.ts`.
 * @module
 */
import { applySharded, builtModel, inPart, tf } from "../../engine/mod.ts";
import type { Source } from "../../data/source.ts";
import { adam } from "../adam.ts";
import { createBatches, type Preparation } from "../batch.ts";
import { applyConstraints } from "../constraints.ts";
import { createOptimizer, type OptimizerRule } from "../optimizer.ts";
import type { Models, StepPlan, TrainStep } from "../step.ts";
import { addUp } from "../totals.ts";
import { allVariables, gradientsOf, trainedVariables } from "../weights.ts";
import { allOf, missOf, noiseFor } from "./judgement.ts";
import { compileStep, type Measured, penalties, scaled } from "./shared_step.ts";
import { divergence } from "./variational.ts";

/** An autoencoder's two halves. */
export interface AutoencoderParts {
  /** From an input to the drawn code, its mean and its logarithmic variance, [batch, latent] each. */
  encoder: tf.LayersModel;
  /** From codes to reconstructions. */
  decoder: tf.LayersModel;
}

/** Options for {@linkcode vaeGan}. */
export interface VaeGanOptions extends Preparation {
  /** The autoencoder's two parts, models of its own layers. */
  parts(autoencoder: tf.LayersModel): AutoencoderParts;
  /** Weight of the divergence. @default {1} */
  beta?: number;
  /** Weight of the features in what the decoder learns from, beside the discriminator's judgement; γ of the paper. @default {1} */
  likeness?: number;
  /** Moves encoder and decoder. @default {adam({ beta1: 0.5 })} */
  autoencoderOptimizer?: OptimizerRule;
  /** Moves the discriminator. @default {adam({ beta1: 0.5 })} */
  discriminatorOptimizer?: OptimizerRule;
}

/** Numbers beside the loss, which is the discriminator's. */
const NAMES = ["divergence", "featureLoss", "generatorLoss", "realScore", "generatedScore"] as const;
/** Names of the learning rates. */
const RATES = ["autoencoder", "discriminator"] as const;

/**
 * A plan for `fit` with models `{ autoencoder, discriminator }`.
 *
 * The autoencoder is one as for {@linkcode variational}. The discriminator takes what the source's only input
 * holds after preprocessing, and gives one logit an example, then its features, [batch, features]. The history has the discriminator's `loss`, the
 * autoencoder's `divergence`, `featureLoss` (half the squared distance of the features) and `generatorLoss`, all means over examples, and the mean probability
 * that the discriminator gives real examples and reconstructions.
 *
 * @throws {TypeError} At the start, if a model is missing or is not of this form.
 * @example
 * ```ts
 * import { vaeGan } from "./vae_gan.ts";
 * typeof vaeGan({ parts: (all) => ({ encoder: all, decoder: all }) }).create; // "function"
 * ```
 */
export function vaeGan(options: VaeGanOptions): StepPlan {
  return { create: (models, source) => createVaeGan(models, source, options) };
}

function checkModels({ autoencoder, discriminator }: Models, source: Source): void {
  if (!autoencoder || !discriminator) {
    throw new TypeError("Cannot train a VAE/GAN without two models called autoencoder and discriminator");
  }
  const shapes = discriminator.outputs.map(({ shape }) => `[${shape}]`).join(" and ");
  if (discriminator.outputs.length !== 2 || discriminator.outputs[0].shape.at(-1) !== 1) {
    throw new TypeError(
      `Cannot train a VAE/GAN as the discriminator must give one logit and its features: it gives ${shapes}`,
    );
  }
  if (Object.keys(source.inputs).length !== 1) {
    throw new TypeError("Cannot train a VAE/GAN as the source must have one input");
  }
}

/** The networks of a step. */
interface Networks extends AutoencoderParts {
  discriminator: tf.LayersModel;
}

/** What comes of some examples, shard by shard. */
interface Passed {
  mean: tf.Tensor[];
  logVariance: tf.Tensor[];
  /** Drawn of the examples' codes, and of codes from the standard normal law. */
  again: tf.Tensor[];
  drawn: tf.Tensor[];
}

/**
 * Runs a model on several parts of a step at once: a weight has one gradient a shard, as TensorFlow adds up three and more in whatever order they come.
 *
 * @param parts Examples by part, shard by shard.
 * @returns Of each part, shard by shard, the model's outputs.
 */
function applyToAll(model: tf.LayersModel, parts: readonly (readonly tf.Tensor[])[]): tf.Tensor[][][] {
  const shards = parts[0].map((_, shard) => parts.map((part) => part[shard]));
  const outputs = applySharded(model, shards.map((all) => [tf.concat(all, 0)]), { training: true });
  const split = outputs.map((all, shard) =>
    all.map((output) => tf.split(output, shards[shard].map(({ shape }) => shape[0]!), 0))
  );
  return parts.map((_, part) => split.map((all) => all.map((output) => output[part])));
}

/** Codes and reconstructions of examples, and as many drawn. */
function passThrough({ encoder, decoder }: Networks, examples: readonly tf.Tensor[]): Passed {
  const codes = applySharded(encoder, examples.map((part) => [part]), { training: true });
  const [code, mean, logVariance] = [0, 1, 2].map((output) => codes.map((all) => all[output]));
  const noise = noiseFor(mean, mean[0].shape.slice(1));
  const [again, drawn] = applyToAll(decoder, [code, noise]).map((shards) => shards.map(([x]) => x));
  return { mean, logVariance, again, drawn };
}

/** What a discriminator says of parts of a step: a logit and features of each example, shard by shard. */
function judge({ discriminator }: Networks, parts: readonly (readonly tf.Tensor[])[]) {
  return applyToAll(discriminator, parts).map((shards) => ({
    logits: shards.map(([logit]) => logit),
    features: shards.map(([, features]) => features),
  }));
}

/** Cross-entropy of logits to one label, summed over examples. */
function missOfAll(logits: readonly tf.Tensor[], label: number): tf.Tensor {
  return missOf(allOf(logits, label), logits, true);
}

/** Half the squared distance of features, summed over examples. */
function distanceOf(real: readonly tf.Tensor[], made: readonly tf.Tensor[]): tf.Tensor {
  return addUp(real.map((part, i) => tf.mul(tf.sum(tf.square(tf.sub(part, made[i]))), 0.5)));
}

/** By how much each part of the loss counts for a group of the autoencoder's weights. */
interface Weights {
  prior: number;
  features: number;
  judgement: number;
}

function createVaeGan(models: Models, source: Source, options: VaeGanOptions): TrainStep {
  checkModels(models, source);
  const { preprocessing, augmentation, beta = 1, likeness = 1 } = options;
  const autoencoder = builtModel(models.autoencoder), discriminator = builtModel(models.discriminator);
  const networks: Networks = { ...options.parts(autoencoder), discriminator };
  const { autoencoderOptimizer = adam({ beta1: 0.5 }), discriminatorOptimizer = adam({ beta1: 0.5 }) } =
    options;
  const batches = createBatches(source, options);
  const decoding = trainedVariables(networks.decoder), judged = trainedVariables(discriminator);
  const encoding = trainedVariables(autoencoder).filter((variable) => !decoding.includes(variable));
  const coding = [...encoding, ...decoding], trained = [...coding, ...judged];
  const maker = createOptimizer(autoencoderOptimizer, coding);
  const judgeRule = createOptimizer(discriminatorOptimizer, judged);
  const weights = [...allVariables(autoencoder), ...allVariables(discriminator)];

  /** Gradients of one group of the autoencoder's weights, with the sums of its losses. */
  function codingStep(examples: tf.Tensor[], group: tf.Variable[], parts: Weights, share: number) {
    let sums: tf.Tensor[] = [];
    const { gradients } = gradientsOf(() => {
      const { mean, logVariance, again, drawn } = passThrough(networks, examples);
      const [real, made, invented] = judge(networks, [examples, again, drawn]);
      const prior = addUp(mean.map((part, i) => tf.sum(divergence(part, logVariance[i]))));
      const features = distanceOf(real.features, made.features);
      const judgement = tf.add(missOfAll(made.logits, 1), missOfAll(invented.logits, 1));
      sums = [prior, features, judgement].map((sum) => tf.keep(tf.clone(sum)));
      return addUp([
        tf.mul(prior, parts.prior),
        tf.mul(features, parts.features),
        tf.mul(judgement, parts.judgement),
        ...penalties(autoencoder, share),
      ]) as tf.Scalar;
    }, group);
    return { gradients, sums };
  }

  /** Gradients of the discriminator, with its loss and the sums of its probabilities. */
  function judgingStep(examples: tf.Tensor[], factor: number, share: number) {
    const { again, drawn } = passThrough(networks, examples);
    let scores: tf.Tensor[] = [];
    const { value, gradients } = gradientsOf(() => {
      const [real, made, invented] = judge(networks, [examples, again, drawn]).map(({ logits }) => logits);
      scores = [real, made].map((logits) => tf.keep(addUp(logits.map((part) => tf.sum(tf.sigmoid(part))))));
      const told = addUp([missOfAll(real, 1), missOfAll(made, 0), missOfAll(invented, 0)]);
      const terms = penalties(discriminator, share);
      return addUp([tf.mul(told, factor), ...terms]) as tf.Scalar;
    }, judged);
    return { value, gradients, scores };
  }

  return {
    config: {
      step: "vaeGan",
      ...{ beta, likeness, preprocessing, augmentation },
      autoencoderOptimizer: autoencoderOptimizer.config,
      discriminatorOptimizer: discriminatorOptimizer.config,
    },
    better: { loss: "lower", divergence: "lower", featureLoss: "lower", generatorLoss: "lower" },
    variables: {
      weights,
      autoencoderOptimizer: maker.variables,
      discriminatorOptimizer: judgeRule.variables,
    },
    weights,
    rates: RATES,
    batches,
    compile: (shards, precision, together) =>
      compileStep({
        names: NAMES,
        weights,
        trained,
        measure(tensors, { rank, rows }, all): Measured {
          const parts = inPart("preprocessing", () => batches.parts(tensors, { shards, training: true }));
          const examples = parts.map(({ inputs }) => tf.cast(Object.values(inputs)[0], "float32"));
          const own = rows[rank], share = own / all, factor = own === 0 ? 0 : 1 / all;
          const ofEncoder = { prior: beta * factor, features: factor, judgement: 0 };
          const ofDecoder = { prior: 0, features: likeness * factor, judgement: factor };
          const encoder = codingStep(examples, encoding, ofEncoder, share);
          const decoder = codingStep(examples, decoding, ofDecoder, share);
          const judging = judgingStep(examples, factor, share);
          const sums = [...encoder.sums, ...judging.scores].map((sum) => scaled(sum, own === 0 ? 0 : 1));
          tf.dispose(decoder.sums);
          return {
            value: judging.value,
            gradients: [...encoder.gradients, ...decoder.gradients, ...judging.gradients],
            sums,
          };
        },
        update(gradients, [codingRate, judgingRate]) {
          maker.apply(gradients.slice(0, coding.length), codingRate as tf.Scalar);
          judgeRule.apply(gradients.slice(coding.length), judgingRate as tf.Scalar);
          applyConstraints(autoencoder);
          applyConstraints(discriminator);
        },
      }, { together, rates: RATES, precision }),
    snapshot: (rate) => maker.snapshot(rate),
    dispose() {
      batches.dispose();
      maker.dispose();
      judgeRule.dispose();
    },
  };
}
