/**
 * The step of two models against each other: a generator makes examples of noise, or of an input, a discriminator tells them
 * from real ones, and each has its own optimizer. One compiled function moves both.
 *
 * Source: Goodfellow et al., arXiv 1406.2661, with the non-saturating loss of the generator; both gradients are taken of
 * the same forward pass, as in TensorFlow's DCGAN tutorial, and of one way back where the discriminator allows it. Paired: Isola et al., arXiv 1611.07004, whose discriminator sees the
 * input beside what was made of it. Criteria are answered by further outputs of the discriminator: numbers of what
 * was made that have no gradient of their own, such as shares beyond a threshold, become a loss by way of a network that learns to see them.
 * @module
 */
import { applySharded, builtModel, inPart, lastActivations, logitOutputs, tf } from "../../engine/mod.ts";
import type { Source } from "../../data/source.ts";
import { adam } from "../adam.ts";
import { createBatches, type Examples, type Preparation } from "../batch.ts";
import { applyConstraints } from "../constraints.ts";
import { createOptimizer, type OptimizerRule } from "../optimizer.ts";
import type { Models, StepPlan, TrainStep } from "../step.ts";
import type { StepPart } from "../together.ts";
import { addUp } from "../totals.ts";
import { allOf, missOf, noiseFor } from "./judgement.ts";
import { compileStep, type Measured, penalties, scaled } from "./shared_step.ts";
import { couplesExamples, type Turned, turnGradient } from "./turned_gradient.ts";
import { allVariables, gradientsOf, trainedVariables } from "../weights.ts";

/** Questions to a discriminator beside whether an example is real: what a generator fails at. */
export interface Criteria {
  /** Name of the questions, as `run.json` has it. */
  name: string;
  /** How many there are. */
  count: number;
  /**
   * Which of them examples pass, [batch, count], 1 or 0; a real example passes all.
   *
   * @param given What they were made of, [batch, …].
   * @param real What they were to be.
   */
  passed(made: tf.Tensor, given: tf.Tensor, real: tf.Tensor): tf.Tensor;
}

/** What a generator is to make of the source's input. */
export interface PairedOptions {
  /** Name of the target that is real. */
  target: string;
  /** Weight of the cross-entropy between the target and what is made, beside the discriminator's judgement. @default {0} */
  likeness?: number;
  /** What the discriminator, whose outputs are one more, is asked beside. @default {nothing} */
  criteria?: Criteria;
}

/** Options for {@linkcode adversarial}. */
export interface AdversarialOptions extends Preparation {
  /** Moves the generator. @default {adam({ beta1: 0.5 })} */
  generatorOptimizer?: OptimizerRule;
  /** Moves the discriminator. @default {adam({ beta1: 0.5 })} */
  discriminatorOptimizer?: OptimizerRule;
  /** Makes a target of each input, which the discriminator sees beside it. @default {examples are made of noise} */
  paired?: PairedOptions;
  /** What the discriminator is told of real examples, instead of 1. @default {1} */
  realLabel?: number;
}

/** Numbers beside the loss, which is the discriminator's. */
const NAMES = ["generatorLoss", "realScore", "generatedScore"] as const;
/** Names of the learning rates. */
const RATES = ["generator", "discriminator"] as const;

/** A worker's examples among those of the step. */
interface PartOfStep {
  /** Examples of all workers. */
  all: number;
  /** Its share of them. */
  share: number;
  /** 0 where it has none that count, else 1. */
  counts: number;
}

/**
 * A plan for `fit` with models `{ generator, discriminator }`.
 *
 * The generator takes noise [batch, …] and gives what the source's only input holds after preprocessing; the
 * discriminator gives one score an example, best as a logit. With `paired` the generator takes that input and gives the
 * target, and the discriminator has two inputs: the source's, and the target or what was made. The history has the discriminator's `loss`, `generatorLoss`,
 * and the mean probability that the discriminator gives real and generated examples (`realScore`, `generatedScore`): both
 * are 0.5 where it is at a loss, 1 and 0 where the generator has no chance. Learning rates are called `generator` and
 * `discriminator`.
 *
 * @throws {TypeError} At the start, if a model is missing or their shapes do not meet.
 * @example
 * ```ts
 * import { adversarial } from "./adversarial.ts";
 * typeof adversarial({ realLabel: 0.9 }).create; // "function"
 * ```
 */
export function adversarial(options: AdversarialOptions = {}): StepPlan {
  return { create: (models, source) => createAdversarial(models, source, options) };
}

/** The noise's shape without the batch. */
function noiseShape(generator: tf.LayersModel): number[] {
  return generator.inputs[0].shape.slice(1) as number[];
}

function checkModels({ generator, discriminator }: Models, source: Source, paired?: PairedOptions): void {
  if (!generator || !discriminator) {
    throw new TypeError("Cannot train adversaries without two models called generator and discriminator");
  }
  const inputs = Object.keys(source.inputs);
  if (inputs.length !== 1) {
    throw new TypeError(
      `Cannot train adversaries as the source must have one input: it has ${inputs.join(", ")}`,
    );
  }
  if (paired && !(paired.target in source.targets)) {
    throw new TypeError(
      `Cannot train adversaries as the source must have a target "${paired.target}": it has ${
        Object.keys(source.targets).join(", ") || "none"
      }`,
    );
  }
  const shown = [...(paired ? [generator.inputs[0]] : []), generator.outputs[0]];
  const made = shown.map(({ shape }) => `[${shape}]`).join(" and ");
  const judged = discriminator.inputs.map(({ shape }) => `[${shape}]`).join(" and ");
  if (made !== judged) {
    throw new TypeError(
      `Cannot train adversaries as the discriminator takes ${judged} and is to be shown ${made}`,
    );
  }
  if (!paired?.criteria) return;
  const answers = discriminator.outputs[0].shape.at(-1), wanted = 1 + paired.criteria.count;
  if (answers !== wanted) {
    throw new TypeError(
      `Cannot train adversaries as the discriminator must answer ${wanted} questions: it gives ${answers} numbers`,
    );
  }
}

/** What a batch holds for both, shard by shard: what the generator makes its examples of, and real ones. */
interface Dealt {
  given: tf.Tensor[];
  real: tf.Tensor[];
}

function deal(parts: readonly Examples[], generator: tf.LayersModel, paired?: PairedOptions): Dealt {
  const inputs = parts.map(({ inputs }) => Object.values(inputs)[0]);
  if (paired) {
    const sides = generator.outputs[0].shape.slice(1) as number[];
    const asMade = (target: tf.Tensor) => tf.reshape(tf.cast(target, "float32"), [-1, ...sides]);
    return { given: inputs, real: parts.map(({ targets }) => asMade(targets[paired.target])) };
  }
  return { given: noiseFor(inputs, noiseShape(generator)), real: inputs };
}

/** What is to be said of examples that were made: not real, and which criteria they pass. */
function verdicts(scores: tf.Tensor[], made: tf.Tensor[], { given, real }: Dealt, criteria?: Criteria) {
  if (!criteria) return allOf(scores, 0);
  return made.map((part, i) =>
    tf.concat([tf.zeros([part.shape[0]!, 1]), criteria.passed(part, given[i], real[i])], 1)
  );
}

/** Whether one way back through a discriminator serves both: it says one logit of an example, whatever the others are, and nothing beside. */
function goesBackOnce(discriminator: tf.LayersModel, logits: boolean, paired?: PairedOptions): boolean {
  const [, ...scores] = discriminator.outputs[0].shape;
  return logits && !paired?.criteria && scores.join() === "1" && !couplesExamples(discriminator);
}

/** What a generator makes of what it is given, and its values before a last sigmoid where they are asked for. */
interface Made {
  shown: tf.Tensor[];
  logits?: tf.Tensor[];
}

function make(generator: tf.LayersModel, { given }: Dealt, byLogits: boolean): Made {
  const run = { training: true, ...(byLogits && { logits: "all" as const }) };
  const outputs = applySharded(generator, given.map((part) => [part]), run).map(([x]) => x);
  return byLogits ? { shown: outputs.map((x) => tf.sigmoid(x)), logits: outputs } : { shown: outputs };
}

/** Whether a generator's likeness is measured before its last sigmoid: behind it nothing leads back from where it gives 0 or 1. */
function isLikeByLogits(generator: tf.LayersModel, paired?: PairedOptions): boolean {
  const { activation, logits } = lastActivations(generator)[generator.outputNames[0]];
  return !!paired?.likeness && activation === "sigmoid" && logits;
}

/** What a generator's loss counts beside how well it fools. */
function besides(
  generator: tf.LayersModel,
  { real }: Dealt,
  { shown, logits }: Made,
  { all, share, counts, likeness }: PartOfStep & Pick<PairedOptions, "likeness">,
): tf.Tensor[] {
  const unlike = likeness
    ? [scaled(tf.mul(missOf(real, logits ?? shown, logits !== undefined), likeness / all), counts)]
    : [];
  return [...unlike, ...penalties(generator, share)];
}

function createAdversarial(models: Models, source: Source, options: AdversarialOptions): TrainStep {
  const { realLabel = 1, paired, preprocessing, augmentation } = options;
  checkModels(models, source, paired);
  const generator = builtModel(models.generator), discriminator = builtModel(models.discriminator);
  const rule = adam({ beta1: 0.5 }), batches = createBatches(source, options);
  const { generatorOptimizer = rule, discriminatorOptimizer = rule } = options;
  const generated = trainedVariables(generator), judged = trainedVariables(discriminator);
  const maker = createOptimizer(generatorOptimizer, generated);
  const judge = createOptimizer(discriminatorOptimizer, judged);
  const logits = logitOutputs(discriminator).has(discriminator.outputNames[0]);
  const byLogits = isLikeByLogits(generator, paired);
  const weights = [...allVariables(generator), ...allVariables(discriminator)];

  const score = (shown: tf.Tensor[], { given }: Dealt) =>
    applySharded(discriminator, shown.map((part, i) => paired ? [given[i], part] : [part]), {
      training: true,
      logits: logits ? "all" : undefined,
    })
      .map(([scores]) => scores);
  const meanLoss = (scores: tf.Tensor[], wanted: tf.Tensor[], examples: number) =>
    tf.div(missOf(wanted, scores, logits), examples);
  /** Sum of the probabilities that examples are real. */
  const probabilities = (scores: tf.Tensor[]) =>
    addUp(scores.map((part) => {
      const isReal = paired?.criteria ? tf.slice(part, [0, 0], [-1, 1]) : part;
      return tf.sum(logits ? tf.sigmoid(isReal) : isReal);
    }));
  const fooled = (scores: tf.Tensor[], examples: number) => meanLoss(scores, allOf(scores, 1), examples);

  /** Gradients of the generator, with what it made. */
  function makerStep(dealt: Dealt, part: PartOfStep) {
    let made: tf.Tensor[] = [];
    const { value, gradients } = gradientsOf(() => {
      const outputs = make(generator, dealt, byLogits);
      made = outputs.shown.map((x) => tf.keep(tf.clone(x)));
      const loss = scaled(fooled(score(outputs.shown, dealt), part.all), part.counts);
      return addUp([
        loss,
        ...besides(generator, dealt, outputs, { ...part, likeness: paired?.likeness }),
      ]) as tf.Scalar;
    }, generated);
    return { loss: value, gradients, made };
  }

  /** Gradients of the discriminator on real examples and on made ones. */
  function judgeStep(dealt: Dealt, made: tf.Tensor[], part: PartOfStep) {
    const { all, counts } = part;
    let scores: tf.Tensor[] = [];
    const { value, gradients } = gradientsOf(() => {
      const onReal = score(dealt.real, dealt), onMade = score(made, dealt);
      scores = [probabilities(onReal), probabilities(onMade)].map((sum) => tf.keep(scaled(sum, counts)));
      const told = meanLoss(onReal, allOf(onReal, realLabel), all);
      const loss = tf.add(told, meanLoss(onMade, verdicts(onMade, made, dealt, paired?.criteria), all));
      return addUp([scaled(loss, counts), ...penalties(discriminator, part.share)]) as tf.Scalar;
    }, judged);
    return { loss: value, gradients, scores };
  }

  /** What {@linkcode makerStep} and {@linkcode judgeStep} give together, by one way through the discriminator and back. */
  function jointStep(dealt: Dealt, part: PartOfStep): Measured {
    const { all, counts } = part;
    let kept: tf.Tensor[] = [], turned: Turned[] = [];
    const { gradients } = gradientsOf(() => {
      const outputs = make(generator, dealt, byLogits);
      turned = outputs.shown.map(turnGradient);
      const twice = (parts: tf.Tensor[], others: tf.Tensor[]) =>
        parts.map((x, i) => tf.concat([x, others[i]], 0));
      const given = paired ? twice(dealt.given, dealt.given) : dealt.given;
      const scores = score(twice(dealt.real, turned.map(({ shown }) => shown)), { ...dealt, given });
      const halves = scores.map((part) => tf.split(part, 2, 0));
      const onReal = halves.map(([real]) => real), onMade = halves.map(([, made]) => made);
      const judgedMade = onMade.map((part, i) => turned[i].judged(part, counts / all));
      const told = tf.add(
        meanLoss(onReal, allOf(onReal, realLabel), all),
        meanLoss(judgedMade, allOf(onMade, 0), all),
      );
      const beside = besides(generator, dealt, outputs, { ...part, likeness: paired?.likeness });
      const loss = addUp([scaled(told, counts), ...penalties(discriminator, part.share)]);
      const making = addUp([scaled(fooled(onMade, all), counts), ...beside]);
      const sums = [probabilities(onReal), probabilities(onMade)].map((sum) => scaled(sum, counts));
      kept = [loss, tf.mul(making, all), ...sums].map((x) => tf.keep(tf.clone(x)));
      return addUp([loss, ...beside]) as tf.Scalar;
    }, [...generated, ...judged]);
    turned.forEach((one) => one.dispose());
    const [loss, ...sums] = kept, value = tf.clone(loss);
    loss.dispose();
    return { value, gradients, sums };
  }

  /** Losses and gradients, the generator's first, of a worker's examples of a part, of `all` examples in the step. */
  function measure(tensors: tf.Tensor[], shards: number, { rank, rows }: StepPart, all: number): Measured {
    const own = rows[rank], of = { all, share: own / all, counts: own === 0 ? 0 : 1 };
    const parts = inPart("preprocessing", () => batches.parts(tensors, { shards, training: true }));
    const dealt = deal(parts, generator, paired);
    if (goesBackOnce(discriminator, logits, paired)) return jointStep(dealt, of);
    const making = makerStep(dealt, of), judging = judgeStep(dealt, making.made, of);
    tf.dispose(making.made);
    return {
      value: judging.loss,
      gradients: [...making.gradients, ...judging.gradients],
      sums: [tf.mul(making.loss, all), ...judging.scores],
    };
  }

  function update(gradients: tf.Tensor[], [makerRate, judgeRate]: tf.Tensor[]): void {
    maker.apply(gradients.slice(0, generated.length), makerRate as tf.Scalar);
    judge.apply(gradients.slice(generated.length), judgeRate as tf.Scalar);
    applyConstraints(generator);
    applyConstraints(discriminator);
  }

  return {
    config: {
      step: "adversarial",
      generatorOptimizer: generatorOptimizer.config,
      discriminatorOptimizer: discriminatorOptimizer.config,
      realLabel,
      ...(paired && { paired: { ...paired, ...(paired.criteria && { criteria: paired.criteria.name }) } }),
      preprocessing,
      augmentation,
    },
    better: { loss: "lower", generatorLoss: "lower" },
    variables: { weights, generatorOptimizer: maker.variables, discriminatorOptimizer: judge.variables },
    weights,
    rates: RATES,
    batches,
    compile: (shards, precision, together) =>
      compileStep({
        names: NAMES,
        weights,
        trained: [...generated, ...judged],
        measure: (tensors, part, all) => measure(tensors, shards, part, all),
        update,
      }, { together, rates: RATES, precision }),
    snapshot: (rate) => maker.snapshot(rate),
    dispose() {
      batches.dispose();
      maker.dispose();
      judge.dispose();
    },
  };
}
