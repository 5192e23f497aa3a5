/**
 * What a run minimises and watches: a loss for each output of the model by name, or one function of all of them, with
 * the metrics beside it; paired with the source's targets and checked before anything is trained.
 * @module
 */
import { tf } from "../engine/mod.ts";
import type { Batch, NdArray, Source } from "../data/source.ts";
import type { Loss } from "./loss.ts";
import type { Metric } from "./metric.ts";

/** Targets or outputs by name. */
export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** A loss of one output with its weight among several. */
export interface WeightedLoss {
  loss: Loss;
  /** @default {1} */
  weight?: number;
  /** The source's target that the output is compared with. @default {the one of the output's name} */
  target?: string;
}

/** A loss that needs several outputs or targets at once. */
export interface JointLoss {
  /** Name and settings, as written in `run.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Outputs that it wants before their last softmax or sigmoid. */
  readonly logits: "all" | readonly string[];
  /** Sums of parts that are shown beside the loss, by name. */
  readonly parts?: readonly string[];
  /**
   * Whether examples are compared with each other, so that it must see the whole batch at once whatever the shards.
   * @default {false}
   */
  readonly whole?: boolean;
  /** Loss of every example, [batch]; with `parts`, those too, [batch] each. */
  together(
    targets: NamedTensors,
    outputs: NamedTensors,
    inputs: NamedTensors,
  ): tf.Tensor | { loss: tf.Tensor; parts: NamedTensors };
}

/** A loss for a single output, for each output by name, or for all together. */
export type LossSpec = Loss | JointLoss | Readonly<Record<string, Loss | WeightedLoss>>;

/** Metrics of a single output, or of each output by name. */
export type MetricSpec = readonly Metric[] | Readonly<Record<string, readonly Metric[]>>;

/**
 * Weight in the loss of each class by its number, for a single output or by output: of one class an example. A joint loss
 * weighs by itself.
 */
export type ClassWeights = readonly number[] | Readonly<Record<string, readonly number[]>>;

/** One output against one target. */
interface Term {
  output: string;
  target: string;
  loss: Loss;
  weight: number;
  classWeights?: readonly number[];
}

interface MetricTerm {
  name: string;
  output: string;
  target: string;
  metric: Metric;
}

/** Loss and metrics of some examples: sums over them. */
export interface Measured {
  /** Sum of the weighted losses. */
  loss: tf.Tensor;
  /** Sums of {@linkcode Objective.names}, in order. */
  sums: tf.Tensor[];
}

/** Examples with what a model says to them. */
export interface Judged {
  inputs: NamedTensors;
  targets: NamedTensors;
  outputs: NamedTensors;
  weight?: tf.Tensor;
}

/** A loss and metrics, tied to a model's outputs and a source's targets. */
export interface Objective {
  readonly config: Readonly<Record<string, unknown>>;
  /** Outputs wanted before their last softmax or sigmoid. */
  readonly logits: "all" | ReadonlySet<string>;
  /** Whether it must see all shards at once. */
  readonly whole: boolean;
  /** Numbers counted beside the loss. */
  readonly names: readonly string[];
  /** Which way each of them, and the loss, improves. */
  readonly better: Readonly<Record<string, "lower" | "higher">>;
  /** Sums over examples, inside a compiled step; `trained` counts class weights as well. */
  measure(examples: Judged, options: { trained: boolean }): Measured;
  /** Refuses targets that no loss here can mean. */
  check(batch: Batch, indices: Uint32Array): void;
}

/** Options for {@linkcode createObjective}. */
export interface ObjectiveOptions {
  loss: LossSpec;
  metrics?: MetricSpec;
  classWeights?: ClassWeights;
}

/** What is known of a model's outputs before it runs. */
export interface ModelOutputs {
  /** Shape of each output by name, [null, …]. */
  readonly shapes: Readonly<Record<string, readonly (number | null)[]>>;
  /** Outputs whose last softmax or sigmoid can be left off, or that have none. */
  readonly logits: ReadonlySet<string>;
  /** What each of these ends in. @default {what its loss expects} */
  readonly ends?: Readonly<Record<string, "softmax" | "sigmoid" | "none">>;
}

const isLoss = (spec: LossSpec): spec is Loss => typeof (spec as Loss).perExample === "function";
const isJoint = (spec: LossSpec): spec is JointLoss => typeof (spec as JointLoss).together === "function";
const titled = (name: string) => name[0].toUpperCase() + name.slice(1);

/**
 * Ties losses and metrics to outputs and targets.
 *
 * With several outputs the history has a loss of each (`energyLoss`) and its metrics (`energyAbsoluteError`); with a
 * single one the plain names.
 *
 * @throws {TypeError} If a name is no output or no target, a single loss meets several outputs, or class weights meet a
 * loss that does not tell them which output's classes they are.
 */
export function createObjective(
  outputs: ModelOutputs,
  targets: Source["targets"],
  options: ObjectiveOptions,
): Objective {
  const names = Object.keys(outputs.shapes);
  const metricTerms = pairMetrics(names, targets, options);
  if (isJoint(options.loss)) {
    refuseClassWeights(options.loss, options.classWeights);
    return jointObjective(options.loss, outputs, metricTerms);
  }
  const terms = pairLosses(names, targets, options);
  checkClassWeights(terms, outputs);
  const several = names.length > 1;
  const lossNames = several ? terms.map(({ output }) => `${output}Loss`) : [];
  const logits = new Set(terms.filter((term) => takesLogits(term, outputs)).map(({ output }) => output));
  return {
    config: Object.fromEntries(terms.map(({ output, loss, weight }) => [output, { ...loss.config, weight }])),
    logits,
    whole: false,
    names: [...lossNames, ...metricTerms.map(({ name }) => name)],
    better: betterOf(lossNames, metricTerms),
    measure(examples, { trained }) {
      const parts = terms.map((term) => {
        const { loss, output, target } = term;
        const losses = loss.perExample(examples.targets[target], examples.outputs[output], {
          logits: logits.has(output),
        });
        return weightedSum(
          losses,
          examples.targets[target],
          examples.weight,
          trained ? term.classWeights : undefined,
        );
      });
      const weighted = parts.map((part, i) => terms[i].weight === 1 ? part : tf.mul(part, terms[i].weight));
      return {
        loss: weighted.length === 1 ? weighted[0] : tf.addN(weighted),
        sums: [...(several ? parts : []), ...metricSums(metricTerms, examples, logits, outputs.ends)],
      };
    },
    check: (batch, indices) => terms.forEach((term) => checkTargets(term, outputs, batch, indices)),
  };
}

function jointObjective(
  loss: JointLoss,
  outputs: ModelOutputs,
  metricTerms: readonly MetricTerm[],
): Objective {
  const parts = loss.parts ?? [];
  const wanted = loss.logits === "all" ? Object.keys(outputs.shapes) : loss.logits;
  const logits = new Set(wanted.filter((name) => outputs.logits.has(name)));
  return {
    config: loss.config,
    logits: loss.logits === "all" ? "all" : new Set(loss.logits),
    whole: loss.whole ?? false,
    names: [...parts, ...metricTerms.map(({ name }) => name)],
    better: betterOf(parts, metricTerms),
    measure(examples) {
      const result = loss.together(examples.targets, examples.outputs, examples.inputs);
      const { loss: losses, parts: values } = result instanceof tf.Tensor
        ? { loss: result, parts: {} }
        : result;
      return {
        loss: weightedSum(losses, losses, examples.weight),
        sums: [
          ...parts.map((name) => tf.sum((values as NamedTensors)[name])),
          ...metricSums(metricTerms, examples, logits, outputs.ends),
        ],
      };
    },
    check: () => {},
  };
}

/** Whether a loss gets its output before the last activation: only where that is the one that it undoes. */
function takesLogits({ loss, output }: Term, { logits, ends }: ModelOutputs): boolean {
  if (!loss.logits || !logits.has(output)) return false;
  const end = ends?.[output] ?? "none";
  return end === "none" || loss.squashing === undefined || end === loss.squashing;
}

function betterOf(losses: readonly string[], metrics: readonly MetricTerm[]): Objective["better"] {
  return {
    loss: "lower",
    ...Object.fromEntries(losses.map((name) => [name, "lower" as const])),
    ...Object.fromEntries(metrics.map(({ name, metric }) => [name, metric.better])),
  };
}

function metricSums(
  terms: readonly MetricTerm[],
  { targets, outputs }: Judged,
  logits: ReadonlySet<string>,
  ends: ModelOutputs["ends"] = {},
): tf.Tensor[] {
  const activated = (output: string) => {
    const value = outputs[output];
    if (!logits.has(output)) return value;
    return ends[output] === "softmax"
      ? tf.softmax(value)
      : ends[output] === "sigmoid"
      ? tf.sigmoid(value)
      : value;
  };
  return terms.map(({ metric, target, output }) => {
    const form = { logits: metric.logits === true && logits.has(output) };
    const value = metric.logits ? outputs[output] : activated(output);
    return tf.sum(metric.perExample(targets[target], value, form));
  });
}

/** Sum of losses, each by its example's and its class's weight. */
function weightedSum(
  losses: tf.Tensor,
  target: tf.Tensor,
  weight?: tf.Tensor,
  classWeights?: readonly number[],
): tf.Tensor {
  let weighted = losses;
  if (weight) weighted = tf.mul(weighted, weight);
  if (classWeights) {
    const numbers = tf.cast(tf.reshape(target, [target.shape[0]!]), "int32");
    const chosen = tf.oneHot(numbers, classWeights.length, 1, 0, "float32"); // gather would read its indices
    weighted = tf.mul(weighted, tf.sum(tf.mul(chosen, tf.tensor1d([...classWeights])), 1));
  }
  return tf.sum(weighted);
}

/** The target that belongs to an output. */
function targetOf(
  output: string,
  outputs: readonly string[],
  targets: Source["targets"],
  wanted?: string,
): string {
  const names = Object.keys(targets);
  const name = wanted ?? (output in targets ? output : undefined);
  if (name !== undefined && name in targets) return name;
  if (name === undefined && names.length === 1 && outputs.length === 1) return names[0];
  throw new TypeError(
    `Cannot compare output "${output}" as the source must have a target of its name: ` +
      (names.length > 0 ? `it has ${names.join(", ")}` : "it has no targets"),
  );
}

function pairLosses(
  outputs: readonly string[],
  targets: Source["targets"],
  { loss, classWeights }: ObjectiveOptions,
): Term[] {
  const byOutput = isLoss(loss as LossSpec)
    ? single(outputs, loss as Loss, "a loss")
    : loss as Record<string, Loss | WeightedLoss>;
  const weights = classWeights === undefined
    ? {}
    : Array.isArray(classWeights)
    ? single(outputs, classWeights as readonly number[], "class weights")
    : classWeights as Record<string, readonly number[]>;
  for (const name of [...Object.keys(byOutput), ...Object.keys(weights)]) checkOutput(name, outputs);
  for (const name of Object.keys(weights)) {
    if (!Object.hasOwn(byOutput, name)) {
      throw new TypeError(`Cannot weigh the classes of output "${name}" as it has no loss`);
    }
  }
  if (Object.keys(byOutput).length === 0) throw new TypeError("Cannot train without a loss");
  return Object.entries(byOutput).map(([output, spec]) => {
    const { loss, weight = 1, target } = isLoss(spec as LossSpec)
      ? { loss: spec as Loss } as WeightedLoss
      : spec as WeightedLoss;
    return {
      output,
      loss,
      weight,
      target: targetOf(output, outputs, targets, target),
      classWeights: weights[output],
    };
  });
}

function pairMetrics(
  outputs: readonly string[],
  targets: Source["targets"],
  { metrics = [] }: ObjectiveOptions,
): MetricTerm[] {
  if (Array.isArray(metrics) && metrics.length === 0) return [];
  const byOutput = Array.isArray(metrics)
    ? single(outputs, metrics as readonly Metric[], "metrics")
    : metrics as Record<string, readonly Metric[]>;
  return Object.entries(byOutput).flatMap(([output, list]) => {
    checkOutput(output, outputs);
    const target = targetOf(output, outputs, targets);
    return list.map((metric) => ({
      name: outputs.length > 1 ? `${output}${titled(metric.name)}` : metric.name,
      output,
      target,
      metric,
    }));
  });
}

function single<T>(outputs: readonly string[], value: T, what: string): Record<string, T> {
  if (outputs.length === 1) return { [outputs[0]]: value };
  throw new TypeError(
    `Cannot train a model of several outputs by ${what} without a name: give one for each of ${
      outputs.join(", ")
    }`,
  );
}

function checkOutput(name: string, outputs: readonly string[]): void {
  if (outputs.includes(name)) return;
  throw new TypeError(`Cannot use output "${name}" as the model has ${outputs.join(", ")}`);
}

/** A joint loss compares outputs by itself, so that nothing here knows whose classes would be weighed. */
function refuseClassWeights({ config }: JointLoss, classWeights?: ClassWeights): void {
  if (classWeights === undefined) return;
  throw new TypeError(
    `Cannot weigh classes under the joint loss "${config.name}" as it alone knows what it compares: weigh them in it, ` +
      `or give the source a weight an example`,
  );
}

/** Refuses weights of other classes than an output has, and of an output that has no class an example. */
function checkClassWeights(terms: readonly Term[], { shapes }: ModelOutputs): void {
  for (const { output, loss, classWeights } of terms) {
    if (!classWeights) continue;
    const shape = shapes[output], width = shape.at(-1)!;
    if (shape.length !== 2 || (loss.target !== "classes" && width !== 1)) {
      throw new TypeError(
        `Cannot weigh the classes of output "${output}" as an example must have one class: it has [${
          shape.slice(1)
        }] ${loss.target === "classes" ? "places and classes" : "values"}`,
      );
    }
    const classes = width === 1 ? 2 : width;
    if (classWeights.length !== classes) {
      throw new RangeError(
        `Cannot weigh the classes of output "${output}" as each of ${classes} needs a weight: got ${classWeights.length}`,
      );
    }
  }
}

/** Refuses class numbers that are none, and targets of another shape than the output's. */
function checkTargets(
  { output, target, loss }: Term,
  { shapes }: ModelOutputs,
  batch: Batch,
  indices: Uint32Array,
): void {
  const array = batch.targets[target];
  if (!array) return; // in the engine's memory alone
  const shape = shapes[output].slice(1), own = array.shape.slice(1);
  const squeezed = (sides: readonly (number | null)[]) =>
    sides.filter((side) => side !== 1).join(" × ") || "1";
  if (loss.target === "classes") {
    const places = shape.slice(0, -1);
    if (squeezed(own) !== squeezed(places)) {
      const each = places.length > 0 ? `each of [${places}] places` : "each example";
      throw new TypeError(
        `Cannot compare output "${output}" with "${target}" as one class number is wanted for ${each}: ` +
          `got [${own}]${own.at(-1) === shape.at(-1) ? ", which looks one-hot" : ""}`,
      );
    }
    checkClasses(target, array, shape.at(-1)!, indices);
  } else if (squeezed(own) !== (loss.target === "value" ? "1" : squeezed(shape))) {
    throw new TypeError(
      `Cannot compare output "${output}" of shape [${shape}] with target "${target}" of shape [${own}]`,
    );
  }
}

function checkClasses(name: string, { data, shape }: NdArray, classes: number, indices: Uint32Array): void {
  const bad = data.findIndex((value: number) => !(Number.isInteger(value) && value >= 0 && value < classes));
  if (bad < 0) return;
  const row = Math.floor(bad / (data.length / shape[0]));
  const example = shape[0] === indices.length ? indices[row] : row;
  throw new RangeError(
    `Cannot train as "${name}" must be class numbers from 0 to ${classes - 1}: example ${example} has ${
      data[bad]
    }`,
  );
}
