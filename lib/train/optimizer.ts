/**
 * Optimizers as pure update rules, and the variables that such a rule works on.
 *
 * A rule says how one weight moves given its gradient and its slots (running moments); it owns nothing, so it can be
 * tested with plain tensors. {@linkcode createOptimizer} gives each trained weight its slots and applies the rule
 * inside a compiled step. Formulas, defaults and the place of epsilon are Keras 3's, so that results compare.
 * @module
 */
import { afterAll, onePass, prepareOnePass, tf } from "../engine/mod.ts";

/** What every weight's update shares in one step; scalars, float32. */
export interface StepState {
  /** Learning rate. */
  rate: tf.Scalar;
  /** Number of this step, from 1. */
  step: tf.Scalar;
}

/** How one weight moves. */
export interface OptimizerRule {
  /** Name and settings, as written in `run.json` and compared at resume. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** Names of the slots, each a tensor of the weight's shape that starts at zero. */
  readonly slots: readonly string[];
  /**
   * New weight and new slots; changes nothing.
   *
   * Shapes: weight, gradient and every slot are equal.
   */
  update(
    weight: tf.Tensor,
    gradient: tf.Tensor,
    slots: readonly tf.Tensor[],
    state: StepState,
  ): { weight: tf.Tensor; slots: tf.Tensor[] };
}

/** Options for {@linkcode createOptimizer}. */
export interface OptimizerOptions {
  /** Decoupled weight decay: each step first takes `rate · weightDecay · weight` off the weight. @default {0} */
  weightDecay?: number;
  /** Which weights decay. @default {those of rank 2 and more, that is kernels, not biases or batch norm} */
  decays?: (weight: tf.Variable) => boolean;
}

/** A rule with its slots, for a given list of weights. */
export interface Optimizer {
  /** What it does with a gradient. */
  readonly rule: OptimizerRule;
  /** Everything that must be saved to go on later: the step count, then the slots weight by weight. */
  readonly variables: readonly tf.Variable[];
  /**
   * Moves the weights by one step.
   *
   * @param gradients One for each weight, in order.
   * @param rate Learning rate.
   * @param reached By weight, whether the loss depends on it; one that it does not reach stays as it is. @default {all}
   * @throws {RangeError} If the numbers of gradients and weights differ.
   */
  apply(gradients: readonly tf.Tensor[], rate: tf.Scalar, reached?: readonly boolean[]): void;
  /** The state as arrays, for a file; see `lib/export`. */
  snapshot(rate: number): OptimizerSnapshot;
  /** Frees the slots; the weights stay. */
  dispose(): void;
}

/** An optimizer's state as arrays. */
export interface OptimizerSnapshot {
  /** Settings as Keras names them. */
  config: OptimizerRule["config"];
  /** Names of the numbers kept beside each weight. */
  slots: readonly string[];
  /** Learning rate of the last step. */
  rate: number;
  /** Decoupled weight decay. */
  weightDecay: number;
  /** Steps done. */
  step: number;
  /** `values[weight][slot]`. */
  values: Float32Array[][];
}

/**
 * Gives a rule its slots.
 *
 * @param rule How a weight moves.
 * @param weights The variables to train; they stay the caller's.
 * @throws {RangeError} If the weight decay is negative.
 * @example One step of gradient descent
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { createOptimizer } from "./optimizer.ts";
 * import { sgd } from "./sgd.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const weight = tf.variable(tf.tensor1d([1, 2]));
 * createOptimizer(sgd(), [weight]).apply([tf.tensor1d([1, 1])], tf.scalar(0.5));
 * weight.dataSync(); // 0.5, 1.5
 * ```
 */
export function createOptimizer(
  rule: OptimizerRule,
  weights: readonly tf.Variable[],
  options: OptimizerOptions = {},
): Optimizer {
  const { weightDecay = 0, decays = (weight) => weight.rank >= 2 } = options;
  if (!(weightDecay >= 0)) {
    throw new RangeError(
      `Cannot create optimizer as weight decay must be a number of at least 0: got ${weightDecay}`,
    );
  }
  const count = tf.tidy(() => tf.variable(tf.scalar(0), false));
  const slots = weights.map((weight) =>
    rule.slots.map(() => tf.tidy(() => tf.variable(tf.zeros(weight.shape), false)))
  );
  const variables = [count, ...slots.flat()];
  prepareOnePass(weights);

  /** One weight's update as a function of tensors alone. */
  const moveBy =
    (isDecaying: boolean) =>
    (weight: tf.Tensor, gradient: tf.Tensor, rate: tf.Tensor, step: tf.Tensor, ...own: tf.Tensor[]) => {
      const decayed = isDecaying ? tf.sub(weight, tf.mul(weight, tf.mul(rate, weightDecay))) : weight;
      const next = rule.update(decayed, gradient, own, { rate: rate as tf.Scalar, step: step as tf.Scalar });
      return [next.weight, ...next.slots];
    };

  function apply(gradients: readonly tf.Tensor[], rate: tf.Scalar, reached?: readonly boolean[]): void {
    if (gradients.length !== weights.length) {
      throw new RangeError(
        `Cannot apply gradients as there must be one for each of ${weights.length} weights: got ${gradients.length}`,
      );
    }
    tf.tidy(() => {
      const step = tf.add(count, 1) as tf.Scalar;
      count.assign(step);
      // New moments are made when the layers' values are free again: a step holds one or the other.
      const ready = afterAll(gradients);
      weights.forEach((variable, i) => {
        if (reached?.[i] === false) return;
        const moving = [variable, ready[i], rate, step, ...slots[i]];
        const [moved, ...kept] = onePass(moveBy(weightDecay > 0 && decays(variable)), moving);
        variable.assign(moved);
        kept.forEach((slot, j) => slots[i][j].assign(slot));
      });
    });
  }

  return {
    rule,
    variables,
    apply,
    snapshot: (rate) => ({
      config: rule.config,
      slots: rule.slots,
      rate,
      weightDecay,
      step: count.dataSync()[0],
      values: slots.map((list) => list.map((slot) => slot.dataSync<"float32">().slice())),
    }),
    dispose: () => tf.dispose(variables),
  };
}
