/**
 * The step of supervised learning: gather, preprocess, augment, forward, loss, gradients, clipping, update, and the sums
 * behind an epoch's numbers, as one compiled function. JavaScript passes the rows of the batch and the learning rate,
 * and reads nothing back until somebody asks.
 * @module
 */
import {
  applySharded,
  compile,
  inPart,
  lastActivations,
  logitOutputs,
  rowsOfAll,
  sumOverWorkers,
  tf,
} from "../../engine/mod.ts";
import type { Source } from "../../data/source.ts";
import { adam } from "../adam.ts";
import { type Batches, createBatches, type Examples, type Preparation } from "../batch.ts";
import { clipByGlobalNorm, clipByNorm, clipByValue } from "../clip.ts";
import { applyConstraints } from "../constraints.ts";
import { averageAsKeras, averageInto, checkAverages, type KerasEma } from "../ema.ts";
import { createObjective, type ModelOutputs, type Objective, type ObjectiveOptions } from "../objective.ts";
import { createOptimizer, type OptimizerRule } from "../optimizer.ts";
import { regularization } from "../regularization.ts";
import { type Evaluation, mainModel, type Models, type StepPlan, type TrainStep } from "../step.ts";
import { ALONE, type StepPart, type Together } from "../together.ts";
import { addUp, createTotals } from "../totals.ts";
import { compileStep, type Measured, penalties, scaled } from "./shared_step.ts";
import { allVariables, gradientsOf, trainedVariables } from "../weights.ts";
import { runEvaluation } from "../evaluation.ts";
import { orderInputs } from "../model_inputs.ts";

/** Options for {@linkcode supervised}. */
export interface SupervisedOptions extends Preparation, ObjectiveOptions {
  /** @default {adam()} */
  optimizer?: OptimizerRule;
  /** Decoupled weight decay of kernels; see {@linkcode createOptimizer}. @default {0} */
  weightDecay?: number;
  /** What decays: as in PyTorch's usual recipes, or as in Keras's. @default {"kernels", weights of rank 2 and more} */
  decays?: "kernels" | "all";
  /** Largest norm of a weight's gradient. */
  clipNorm?: number;
  /** Largest joint norm of all gradients. */
  globalClipNorm?: number;
  /** Largest component of a gradient. */
  clipValue?: number;
  /** Momentum of moving averages of the weights; they are what is validated and what the model ends with. */
  emaMomentum?: number;
  /** Averages of the trained weights as an optimizer of Keras keeps them: the model ends with them, but is validated without. */
  kerasEma?: KerasEma;
}

/** What is known of a model's outputs before it runs. */
export function outputsOf(model: tf.LayersModel): ModelOutputs {
  const shapes = Object.fromEntries(model.outputs.map(({ shape }, i) => [model.outputNames[i], shape]));
  const ends = Object.fromEntries(
    Object.entries(lastActivations(model)).map(([name, { activation }]) => [name, activation]),
  );
  return { shapes, logits: logitOutputs(model), ends };
}

/** Examples and what the model says to them, shard by shard; all in one where the loss compares examples. */
function judge(
  model: tf.LayersModel,
  parts: readonly Examples[],
  { logits, whole }: Objective,
  training: boolean,
) {
  const outputs = applySharded(model, parts.map(({ inputs }) => orderInputs(model, inputs)), {
    training,
    logits,
  });
  const judged = parts.map((part, shard) => ({
    ...part,
    outputs: Object.fromEntries(model.outputNames.map((name, i) => [name, outputs[shard][i]])),
  }));
  return whole ? [judgedByAll(judged.length > 1 ? joined(judged) : judged[0])] : judged;
}

type Judgement = Examples & { outputs: Record<string, tf.Tensor> };

function joined(parts: readonly Judgement[]): Judgement {
  const join = (pick: (part: Judgement) => Record<string, tf.Tensor>) =>
    Object.fromEntries(
      Object.keys(pick(parts[0])).map((name) => [name, tf.concat(parts.map((part) => pick(part)[name]), 0)]),
    );
  return {
    inputs: join(({ inputs }) => inputs),
    targets: join(({ targets }) => targets),
    outputs: join(({ outputs }) => outputs),
    weight: parts[0].weight && tf.concat(parts.map(({ weight }) => weight!), 0),
  };
}

/** What all workers judge in a step that they take together; an input is exchanged only if somebody looks at it. */
function judgedByAll({ inputs, targets, outputs, weight }: Judgement): Judgement {
  const all = (tensors: Record<string, tf.Tensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, rowsOfAll(x)]));
  const looked = Object.entries(inputs).map(([name, x]): [string, PropertyDescriptor] => {
    let found: tf.Tensor | undefined;
    return [name, { enumerable: true, get: () => found ??= rowsOfAll(x) }];
  });
  return {
    inputs: Object.defineProperties({}, Object.fromEntries(looked)),
    targets: all(targets),
    outputs: all(outputs),
    weight: weight && rowsOfAll(weight),
  };
}

/** Adds up what shards measured. */
function measureAll(objective: Objective, judged: readonly Judgement[], trained: boolean) {
  const measured = judged.map((part) => objective.measure(part, { trained }));
  return {
    loss: addUp(measured.map(({ loss }) => loss)),
    sums: objective.names.map((_, i) => addUp(measured.map(({ sums }) => sums[i]))),
  };
}

/**
 * Supervised learning of one model.
 *
 * The loss is the sum over the batch of weight times loss, divided by the number of examples, plus what the trained
 * layers' regularisers add (Keras 3's `sum_over_batch_size`).
 *
 * @example A plan for `fit`, which makes the same of plain options
 * ```ts
 * import { meanSquaredError } from "../loss.ts";
 * import { supervised } from "./supervised.ts";
 * typeof supervised({ loss: meanSquaredError() }).create; // "function"
 * ```
 */
export function supervised(options: SupervisedOptions): StepPlan {
  const { optimizer: rule = adam(), weightDecay = 0 } = options;
  checkAverages(options);
  return {
    create: (models, source) =>
      createSupervised(models, source, { ...options, optimizer: rule, weightDecay }),
  };
}

/** Names of the learning rates. */
const RATES = ["learningRate"] as const;

function createSupervised(
  models: Models,
  source: Source,
  options: SupervisedOptions & { optimizer: OptimizerRule },
): TrainStep {
  const { optimizer: rule, weightDecay = 0, emaMomentum, kerasEma } = options;
  const model = mainModel(models);
  const objective = createObjective(outputsOf(model), source.targets, options);
  const weights = allVariables(model), trained = trainedVariables(model);
  const batches = createBatches(source, { ...options, check: objective.check });
  const optimizer = createOptimizer(rule, trained, {
    weightDecay,
    ...(options.decays === "all" && { decays: () => true }),
  });
  // Keras averages what is trained; all else is its own average.
  const averaged = kerasEma ? trained : emaMomentum === undefined ? [] : weights;
  const ownAverages = averaged.map((weight) => tf.tidy(() => tf.variable(weight, false)));
  const averages = averaged.length === 0
    ? undefined
    : weights.map((weight) => ownAverages[averaged.indexOf(weight)] ?? weight);
  // Which weights the loss depends on, the same for all workers and parts; a trace finds out.
  let reached: readonly boolean[] = [];
  return {
    config: { ...settingsOf(options), loss: objective.config, numbers: objective.names },
    better: objective.better,
    variables: { weights, optimizer: optimizer.variables, ...(averages && { averages: ownAverages }) },
    weights,
    averages,
    averagesOnlyAtEnd: kerasEma !== undefined,
    rates: RATES,
    batches,
    compile(shards, precision, together = ALONE) {
      if (objective.whole && together.accumulate > 1) {
        throw new TypeError(
          `Cannot take a step in ${together.accumulate} parts as its loss compares all examples of a batch`,
        );
      }
      return compileStep({
        names: objective.names,
        weights,
        trained,
        measure: (tensors, part, all) => measure(tensors, shards, part, all),
        update: (gradients, [rate]) => move(gradients, rate as tf.Scalar),
      }, { together, rates: RATES, precision });
    },
    evaluation: (other, settings) => createEvaluation(model, other, objective, { ...options, ...settings }),
    snapshot: (rate) => optimizer.snapshot(rate),
    dispose() {
      batches.dispose();
      optimizer.dispose();
      tf.dispose(ownAverages);
    },
  };

  /** Loss and gradients of a worker's examples of a part, of `all` examples in the step. */
  function measure(tensors: tf.Tensor[], shards: number, { rank, rows }: StepPart, all: number): Measured {
    const parts = inPart("preprocessing", () => batches.parts(tensors, { shards, training: true }));
    const own = rows[rank];
    // Where the loss sees all workers' examples, each of them measures the whole.
    const share = objective.whole ? 1 / rows.length : own === 0 ? 0 : 1;
    let sums: tf.Tensor[] = [];
    const slopes = gradientsOf(() => {
      const judged = judge(model, parts, objective, true);
      const measured = inPart("loss", () => measureAll(objective, judged, true));
      sums = measured.sums.map((sum) => tf.keep(scaled(sum, share)));
      const terms = penalties(model, own / all);
      return addUp([scaled(tf.div(measured.loss, all), share), ...terms]) as tf.Scalar;
    }, trained);
    reached = slopes.reached;
    return { ...slopes, sums };
  }

  /** Moves weights, and averages after them. */
  function move(gradients: tf.Tensor[], rate: tf.Scalar): void {
    optimizer.apply(clip(gradients, options), rate, reached);
    const [steps] = optimizer.variables;
    if (kerasEma) averageAsKeras(ownAverages, trained, kerasEma, steps);
    applyConstraints(model, new Set(trained.filter((_, i) => !reached[i])));
    if (emaMomentum !== undefined) averageInto(ownAverages, weights, emaMomentum, steps);
  }
}

/** The options that must be the same for a run to go on. */
function settingsOf(options: SupervisedOptions): Record<string, unknown> {
  const { clipNorm, globalClipNorm, clipValue, emaMomentum, weightDecay, classWeights, optimizer } = options;
  const { preprocessing, augmentation, decays, kerasEma } = options;
  return {
    ...(kerasEma && { kerasEma }),
    ...(decays && { decays }),
    optimizer: optimizer?.config,
    weightDecay,
    clipNorm,
    globalClipNorm,
    clipValue,
    emaMomentum,
    classWeights,
    preprocessing,
    augmentation,
  };
}

function clip(
  gradients: tf.Tensor[],
  { clipValue, clipNorm, globalClipNorm }: SupervisedOptions,
): tf.Tensor[] {
  let clipped = gradients;
  if (clipValue !== undefined) clipped = clipByValue(clipped, clipValue);
  if (clipNorm !== undefined) clipped = clipByNorm(clipped, clipNorm);
  if (globalClipNorm !== undefined) clipped = clipByGlobalNorm(clipped, globalClipNorm);
  return clipped;
}

/** Options for {@linkcode createEvaluation}. */
export interface EvaluationOptions extends Preparation {
  batch: number;
  shards: number;
  signal?: AbortSignal;
  /** Who goes through it. @default {one worker} */
  together?: Together;
}

/** Compiles loss and metrics of a model on a source; class weights do not count. */
export function createEvaluation(
  model: tf.LayersModel,
  source: Source,
  objective: Objective,
  options: EvaluationOptions,
): Evaluation {
  const { batch, shards, signal, preprocessing, together = ALONE } = options;
  const totals = createTotals(objective.names);
  const batches: Batches = createBatches(source, { preprocessing, check: objective.check });
  const step = compile((...tensors: tf.Tensor[]) => {
    const parts = batches.parts(tensors, { shards, training: false });
    const { loss, sums } = measureAll(objective, judge(model, parts, objective, false), false);
    const examples = tensors[0].shape[0]!;
    const total = addUp([tf.div(loss, examples), ...regularization(model)]) as tf.Scalar;
    totals.add(total, examples, sums);
    return null;
  });
  // A loss that compares examples needs them all: every worker then measures everything.
  const isShared = together.workers > 1 && !objective.whole, [counted] = totals.variables;
  const join = compile(() => {
    counted.assign(sumOverWorkers(counted));
    return null;
  });
  const shared = isShared ? { ...together, join } : undefined;
  return {
    run: () => runEvaluation({ source, batches, batch, totals, step, signal, shared }),
    dispose() {
      step.dispose();
      join.dispose();
      totals.dispose();
      batches.dispose();
    },
  };
}
